-- What a pull consumer has handed out and not had acknowledged. While an update is out, nobody else gets it or
-- anything behind it in its lane; at `visible_at` it, and what is out of its lane with it, may be handed out again.
-- What is acknowledged is gone from here, and settled in the consumer's cursor.

-- up
CREATE TABLE pull_handout (
    tenant_id uuid NOT NULL,
    consumer_id uuid NOT NULL,
    position bigint NOT NULL,
    lane text NOT NULL,
    times integer NOT NULL DEFAULT 1 CONSTRAINT pull_handout_times CHECK (times >= 1),
    visible_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, consumer_id, position),
    CONSTRAINT pull_handout_consumer FOREIGN KEY (tenant_id, consumer_id)
        REFERENCES consumer (tenant_id, id) ON DELETE CASCADE
);
ALTER TABLE pull_handout ENABLE ROW LEVEL SECURITY;
ALTER TABLE pull_handout FORCE ROW LEVEL SECURITY;
CREATE POLICY pull_handout_isolation ON pull_handout TO rookery_app
    USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
CREATE POLICY pull_handout_system ON pull_handout TO rookery_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON pull_handout TO rookery_app;
GRANT SELECT, DELETE ON pull_handout TO rookery_system;

-- down
DROP TABLE pull_handout;
