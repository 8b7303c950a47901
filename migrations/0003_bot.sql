-- Telegram bots. Token and webhook secrets are sealed (AES-256-GCM, bound to tenant and bot); several secrets
-- are valid at once while one replaces another, newest first.
--
-- bot_registration says which bot of which tenant holds a Telegram bot. Its key leaves the tenant out on
-- purpose: a Telegram bot can be connected once on the whole platform, and a second tenant must learn no more
-- than that it is taken.

-- up
CREATE TABLE bot (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    telegram_id bigint NOT NULL CONSTRAINT bot_telegram_id_positive CHECK (telegram_id > 0),
    username text,
    name text NOT NULL CONSTRAINT bot_name_length CHECK (char_length(name) BETWEEN 1 AND 200),
    mode text NOT NULL CONSTRAINT bot_mode CHECK (mode IN ('webhook', 'polling', 'hybrid')),
    status text NOT NULL DEFAULT 'active'
        CONSTRAINT bot_status CHECK (status IN ('active', 'token_revoked', 'blocked', 'deleted')),
    token_sealed bytea,
    webhook_secrets bytea[] NOT NULL DEFAULT '{}'
        CONSTRAINT bot_webhook_secrets_few CHECK (cardinality(webhook_secrets) <= 4),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT bot_tenant FOREIGN KEY (tenant_id) REFERENCES tenant (id),
    CONSTRAINT bot_deleted_is_wiped
        CHECK (status <> 'deleted' OR (token_sealed IS NULL AND cardinality(webhook_secrets) = 0))
);
CREATE INDEX bot_updated_at ON bot (updated_at);

CREATE TABLE bot_registration (
    telegram_id bigint NOT NULL,
    tenant_id uuid NOT NULL,
    bot_id uuid NOT NULL,
    CONSTRAINT bot_registration_once PRIMARY KEY (telegram_id),
    CONSTRAINT bot_registration_bot FOREIGN KEY (tenant_id, bot_id) REFERENCES bot (tenant_id, id)
);

ALTER TABLE bot ENABLE ROW LEVEL SECURITY;
ALTER TABLE bot FORCE ROW LEVEL SECURITY;
CREATE POLICY bot_isolation ON bot TO rookery_app
    USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
CREATE POLICY bot_system ON bot TO rookery_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON bot TO rookery_app;
GRANT SELECT, UPDATE ON bot TO rookery_system;

ALTER TABLE bot_registration ENABLE ROW LEVEL SECURITY;
ALTER TABLE bot_registration FORCE ROW LEVEL SECURITY;
CREATE POLICY bot_registration_isolation ON bot_registration TO rookery_app
    USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
GRANT SELECT, INSERT, DELETE ON bot_registration TO rookery_app;

-- down
DROP TABLE bot_registration;
DROP TABLE bot;
