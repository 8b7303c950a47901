-- How each bot's updates come in, and how that fares.
--
-- `bot` says what is wanted: `mode`, the webhook's settings, and whether a webhook is wanted at all
-- (`webhook_enabled`, false once somebody deleted it). `transport` is how updates come in now, as last brought about
-- at Telegram. `mode_before_rollback` is the mode that "use-webhook" goes back to after "use-polling".
--
-- `bot_webhook` is what was done and seen at Telegram. It changes with every check, the bot hardly ever, so it is a
-- table of its own. What is reported there is Telegram's word (Bot API, WebhookInfo), but of a foreign URL only
-- scheme and host are kept: the path is often the token.
--
-- Whoever works on a bot at Telegram (sets, deletes, checks, switches) holds the row for as long as `work_until`
-- says, under `work_id`: without it two would undo each other's work. What is written afterwards names `work_id`, so
-- that one who took too long writes nothing.
--
-- A job of which only one may run over all nodes holds its row of `job_lease`, which it keeps pushing out.

-- up
ALTER TABLE bot
    ADD COLUMN token_last_four text CONSTRAINT bot_token_last_four CHECK (char_length(token_last_four) = 4),
    -- Bots from before have a webhook.
    ADD COLUMN transport text NOT NULL DEFAULT 'webhook'
        CONSTRAINT bot_transport CHECK (transport IN ('webhook', 'polling', 'none')),
    ADD COLUMN webhook_enabled boolean NOT NULL DEFAULT true,
    -- null: the platform's own.
    ADD COLUMN webhook_url text CONSTRAINT bot_webhook_url_length CHECK (char_length(webhook_url) <= 2048),
    ADD COLUMN max_connections integer CONSTRAINT bot_max_connections CHECK (max_connections BETWEEN 1 AND 100),
    -- null: as it is at Telegram; empty: Telegram's defaults.
    ADD COLUMN allowed_updates text[] CONSTRAINT bot_allowed_updates_few CHECK (cardinality(allowed_updates) <= 100),
    ADD COLUMN auto_refresh boolean NOT NULL DEFAULT true,
    ADD COLUMN take_over boolean NOT NULL DEFAULT false,
    ADD COLUMN admin_commands boolean NOT NULL DEFAULT false,
    ADD COLUMN mode_before_rollback text
        CONSTRAINT bot_mode_before_rollback CHECK (mode_before_rollback IN ('webhook', 'hybrid'));
ALTER TABLE bot ALTER COLUMN transport SET DEFAULT 'none';
-- For looks at all tenants' bots: the newest, and how many there are of the last hour.
CREATE INDEX bot_id ON bot (id);
CREATE INDEX bot_created ON bot (created_at);

CREATE TABLE bot_webhook (
    tenant_id uuid NOT NULL,
    bot_id uuid NOT NULL,
    state text NOT NULL DEFAULT 'not_set'
        CONSTRAINT bot_webhook_state CHECK (state IN ('healthy', 'degraded', 'failing', 'not_set', 'conflict')),
    -- In words, for people.
    reason text,
    -- The URL last set: ours, even when it is no longer the one wanted.
    url text,
    reported_url text,
    pending_update_count integer,
    has_custom_certificate boolean,
    ip_address text,
    last_error_at timestamptz,
    last_error_message text,
    last_synchronization_error_at timestamptz,
    reported_max_connections integer,
    reported_allowed_updates text[],
    last_checked_at timestamptz,
    last_repaired_at timestamptz,
    next_check_at timestamptz NOT NULL DEFAULT now(),
    -- Checks in a row that found something wrong; the waits between repairs grow with it.
    failures integer NOT NULL DEFAULT 0,
    failing_since timestamptz,
    -- Hybrid: since when it polls because the webhook failed, and how often going back was tried since.
    fallback_since timestamptz,
    fallback_probes integer NOT NULL DEFAULT 0,
    -- When the newest secret was set at Telegram. While older ones are valid still: when a request first had the newest.
    secret_set_at timestamptz,
    secret_seen_at timestamptz,
    work_id uuid,
    work_until timestamptz NOT NULL DEFAULT '-infinity',
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, bot_id),
    CONSTRAINT bot_webhook_bot FOREIGN KEY (tenant_id, bot_id) REFERENCES bot (tenant_id, id)
) WITH (fillfactor = 70);
CREATE INDEX bot_webhook_due ON bot_webhook (next_check_at);
CREATE INDEX bot_webhook_secret_seen ON bot_webhook (secret_seen_at) WHERE secret_seen_at IS NOT NULL;

-- The owner is held by row-level security, too; for one statement it is not.
ALTER TABLE bot NO FORCE ROW LEVEL SECURITY;
INSERT INTO bot_webhook (tenant_id, bot_id) SELECT tenant_id, id FROM bot WHERE status <> 'deleted';
ALTER TABLE bot FORCE ROW LEVEL SECURITY;

ALTER TABLE bot_webhook ENABLE ROW LEVEL SECURITY;
ALTER TABLE bot_webhook FORCE ROW LEVEL SECURITY;
CREATE POLICY bot_webhook_isolation ON bot_webhook TO rookery_app
    USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
CREATE POLICY bot_webhook_system ON bot_webhook TO rookery_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON bot_webhook TO rookery_app;
GRANT SELECT, UPDATE ON bot_webhook TO rookery_system;

-- Whether a Telegram bot is connected anywhere, before Telegram is asked to do anything about it.
CREATE POLICY bot_registration_system ON bot_registration TO rookery_system USING (true);
GRANT SELECT ON bot_registration TO rookery_system;

CREATE TABLE job_lease (
    name text PRIMARY KEY,
    node_id uuid,
    expires_at timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO job_lease (name) VALUES ('bots');
GRANT SELECT, UPDATE ON job_lease TO rookery_system;

-- down
DROP TABLE job_lease;
DROP POLICY bot_registration_system ON bot_registration;
REVOKE SELECT ON bot_registration FROM rookery_system;
DROP TABLE bot_webhook;
DROP INDEX bot_created;
DROP INDEX bot_id;
ALTER TABLE bot
    DROP COLUMN mode_before_rollback,
    DROP COLUMN admin_commands,
    DROP COLUMN take_over,
    DROP COLUMN auto_refresh,
    DROP COLUMN allowed_updates,
    DROP COLUMN max_connections,
    DROP COLUMN webhook_url,
    DROP COLUMN webhook_enabled,
    DROP COLUMN transport,
    DROP COLUMN token_last_four;
