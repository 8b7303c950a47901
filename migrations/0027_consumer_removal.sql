-- Consumers that are deleted while they hold any number of rows. The consumer is gone at once; a row here says whose
-- delivery rows and attempts are still to be cleared up, which a job does page by page. So delivery rows have no
-- foreign key to their consumer: its cascade would keep the request, and everybody who waits for its locks, waiting.

-- up
ALTER TABLE delivery DROP CONSTRAINT delivery_consumer;

CREATE TABLE consumer_removal (
    tenant_id uuid NOT NULL,
    consumer_id uuid NOT NULL,
    bot_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, consumer_id)
);
CREATE INDEX consumer_removal_created_at ON consumer_removal (created_at);
ALTER TABLE consumer_removal ENABLE ROW LEVEL SECURITY;
ALTER TABLE consumer_removal FORCE ROW LEVEL SECURITY;
CREATE POLICY consumer_removal_isolation ON consumer_removal TO rookery_app
    USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
CREATE POLICY consumer_removal_system ON consumer_removal TO rookery_system USING (true) WITH CHECK (true);
GRANT INSERT ON consumer_removal TO rookery_app;
GRANT SELECT, DELETE ON consumer_removal TO rookery_system;

-- down
DROP TABLE consumer_removal;
ALTER TABLE delivery NO FORCE ROW LEVEL SECURITY;
ALTER TABLE consumer NO FORCE ROW LEVEL SECURITY;
DELETE FROM delivery AS d WHERE NOT EXISTS (
    SELECT FROM consumer AS c WHERE c.tenant_id = d.tenant_id AND c.id = d.consumer_id);
ALTER TABLE delivery FORCE ROW LEVEL SECURITY;
ALTER TABLE consumer FORCE ROW LEVEL SECURITY;
ALTER TABLE delivery ADD CONSTRAINT delivery_consumer FOREIGN KEY (tenant_id, consumer_id)
    REFERENCES consumer (tenant_id, id) ON DELETE CASCADE;
