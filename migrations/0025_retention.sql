-- What consumers have missed because the retention was over before they had it, with exact bounds: of the updates
-- of one day that were dropped, the first and the last that the consumer wanted and did not get, and how many.
--
-- Days are dropped as a whole by the longest retention of any tenant. What a tenant with a shorter one must not keep
-- is deleted from the days that stay, for which rookery_system may delete.

-- up
CREATE TABLE consumer_gap (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    consumer_id uuid NOT NULL,
    first_position bigint NOT NULL,
    last_position bigint NOT NULL,
    first_received_at timestamptz NOT NULL,
    last_received_at timestamptz NOT NULL,
    count bigint NOT NULL CONSTRAINT consumer_gap_count CHECK (count > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT consumer_gap_once UNIQUE (tenant_id, consumer_id, first_position),
    CONSTRAINT consumer_gap_bounds CHECK (first_position <= last_position),
    CONSTRAINT consumer_gap_consumer FOREIGN KEY (tenant_id, consumer_id)
        REFERENCES consumer (tenant_id, id) ON DELETE CASCADE
);
ALTER TABLE consumer_gap ENABLE ROW LEVEL SECURITY;
ALTER TABLE consumer_gap FORCE ROW LEVEL SECURITY;
CREATE POLICY consumer_gap_isolation ON consumer_gap TO rookery_app
    USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
CREATE POLICY consumer_gap_system ON consumer_gap TO rookery_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON consumer_gap TO rookery_app;
GRANT SELECT, INSERT, DELETE ON consumer_gap TO rookery_system;
GRANT DELETE ON update_log, delivery_attempt TO rookery_system;

-- down
REVOKE DELETE ON update_log, delivery_attempt FROM rookery_system;
DROP TABLE consumer_gap;
