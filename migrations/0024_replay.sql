-- Replays: a consumer over a past range of the log, of type `replay`, which delivers to where its push consumer does.
-- So a replay has a cursor, lanes, retries, dead letters and attempts of its own, and goes on after a crash as every
-- consumer does. Its range ends at `until_position`.
--
-- `total` is how many updates of the range match, null when there were too many to count in time. Those of them that
-- have a deadline are not delivered: their time is over (`expired`). Of the others `passed` have positions up to
-- `counted_position`, up to which the cursor has come.
--
-- A replay's express cursor stands at the end of all positions: it has no use for those updates.

-- up
ALTER TABLE consumer DROP CONSTRAINT consumer_type;
ALTER TABLE consumer ADD CONSTRAINT consumer_type CHECK (type IN ('push', 'pull', 'replay'));

CREATE TABLE replay (
    tenant_id uuid NOT NULL,
    -- Of the consumer that it is.
    consumer_id uuid NOT NULL,
    -- The push consumer to whose endpoint it delivers.
    source_id uuid NOT NULL,
    from_time timestamptz NOT NULL,
    until_time timestamptz NOT NULL,
    chat_id bigint,
    until_position bigint NOT NULL,
    per_second integer NOT NULL DEFAULT 50 CONSTRAINT replay_per_second CHECK (per_second BETWEEN 1 AND 1000),
    total bigint CONSTRAINT replay_total CHECK (total >= expired),
    expired bigint NOT NULL DEFAULT 0 CONSTRAINT replay_expired CHECK (expired >= 0),
    counted_position bigint NOT NULL DEFAULT 0,
    passed bigint NOT NULL DEFAULT 0 CONSTRAINT replay_passed CHECK (passed >= 0),
    status text NOT NULL DEFAULT 'running'
        CONSTRAINT replay_status CHECK (status IN ('running', 'finished', 'cancelled')),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    PRIMARY KEY (tenant_id, consumer_id),
    CONSTRAINT replay_range CHECK (from_time < until_time),
    CONSTRAINT replay_consumer FOREIGN KEY (tenant_id, consumer_id)
        REFERENCES consumer (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT replay_source FOREIGN KEY (tenant_id, source_id)
        REFERENCES consumer (tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX replay_once ON replay (tenant_id, source_id) WHERE status = 'running';
CREATE INDEX replay_running ON replay (created_at) WHERE status = 'running';
CREATE INDEX replay_ended ON replay (finished_at) WHERE status <> 'running';
CREATE INDEX replay_by_source ON replay (tenant_id, source_id, consumer_id);
ALTER TABLE replay ENABLE ROW LEVEL SECURITY;
ALTER TABLE replay FORCE ROW LEVEL SECURITY;
CREATE POLICY replay_isolation ON replay TO rookery_app
    USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
CREATE POLICY replay_system ON replay TO rookery_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON replay TO rookery_app;
GRANT SELECT, UPDATE ON replay TO rookery_system;

-- down
DROP TABLE replay;
ALTER TABLE consumer NO FORCE ROW LEVEL SECURITY;
DELETE FROM consumer WHERE type = 'replay';
ALTER TABLE consumer FORCE ROW LEVEL SECURITY;
ALTER TABLE consumer DROP CONSTRAINT consumer_type;
ALTER TABLE consumer ADD CONSTRAINT consumer_type CHECK (type IN ('push', 'pull'));
