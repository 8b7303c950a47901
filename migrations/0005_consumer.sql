-- Consumers: cursors over a bot's log. A push consumer's updates go to `url`, a pull consumer's are asked for.
--
-- The cursor is a table of its own because it changes many times a second and the consumer hardly ever.
-- Everything up to `position` is settled (delivered, moved to a delivery row, expired or not wanted), and so are
-- the positions in `settled`, which lie above it. `epoch` is that of the shard lease under which the cursor was
-- last written: a node that has lost its lease writes with a smaller one and changes nothing.

-- up
CREATE TABLE consumer (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    bot_id uuid NOT NULL,
    type text NOT NULL CONSTRAINT consumer_type CHECK (type IN ('push', 'pull')),
    name text NOT NULL CONSTRAINT consumer_name_length CHECK (char_length(name) BETWEEN 1 AND 200),
    status text NOT NULL DEFAULT 'active'
        CONSTRAINT consumer_status CHECK (status IN ('active', 'paused', 'disabled')),
    url text CONSTRAINT consumer_url_length CHECK (char_length(url) <= 2048),
    secrets_sealed bytea[] NOT NULL DEFAULT '{}',
    telegram_secret_sealed bytea,
    kinds text[],
    ordering text NOT NULL DEFAULT 'lane' CONSTRAINT consumer_ordering CHECK (ordering IN ('lane', 'none')),
    concurrency integer NOT NULL DEFAULT 40 CONSTRAINT consumer_concurrency CHECK (concurrency BETWEEN 1 AND 200),
    timeout_ms integer NOT NULL DEFAULT 10000
        CONSTRAINT consumer_timeout CHECK (timeout_ms BETWEEN 100 AND 60000),
    retry_schedule_ms bigint[] NOT NULL
        DEFAULT '{0,2000,10000,60000,300000,1800000,7200000,21600000,43200000}'
        CONSTRAINT consumer_retry_schedule CHECK (cardinality(retry_schedule_ms) BETWEEN 1 AND 30
            AND 0 <= ALL (retry_schedule_ms) AND 86400000 >= ALL (retry_schedule_ms)),
    on_dead text NOT NULL DEFAULT 'skip' CONSTRAINT consumer_on_dead CHECK (on_dead IN ('skip', 'park')),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT consumer_bot FOREIGN KEY (tenant_id, bot_id) REFERENCES bot (tenant_id, id),
    CONSTRAINT consumer_push_has_url CHECK (type <> 'push' OR (url IS NOT NULL AND cardinality(secrets_sealed) > 0))
);
CREATE INDEX consumer_by_bot ON consumer (tenant_id, bot_id);
CREATE INDEX consumer_updated_at ON consumer (updated_at);

CREATE TABLE consumer_cursor (
    tenant_id uuid NOT NULL,
    consumer_id uuid NOT NULL,
    position bigint NOT NULL,
    settled bigint[] NOT NULL DEFAULT '{}',
    epoch bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, consumer_id),
    CONSTRAINT consumer_cursor_consumer FOREIGN KEY (tenant_id, consumer_id)
        REFERENCES consumer (tenant_id, id) ON DELETE CASCADE
) WITH (fillfactor = 40);

ALTER TABLE consumer ENABLE ROW LEVEL SECURITY;
ALTER TABLE consumer FORCE ROW LEVEL SECURITY;
CREATE POLICY consumer_isolation ON consumer TO rookery_app
    USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
CREATE POLICY consumer_system ON consumer TO rookery_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON consumer TO rookery_app;
GRANT SELECT, UPDATE ON consumer TO rookery_system;

ALTER TABLE consumer_cursor ENABLE ROW LEVEL SECURITY;
ALTER TABLE consumer_cursor FORCE ROW LEVEL SECURITY;
CREATE POLICY consumer_cursor_isolation ON consumer_cursor TO rookery_app
    USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
CREATE POLICY consumer_cursor_system ON consumer_cursor TO rookery_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON consumer_cursor TO rookery_app;
GRANT SELECT, INSERT, UPDATE ON consumer_cursor TO rookery_system;

-- down
DROP TABLE consumer_cursor;
DROP TABLE consumer;
