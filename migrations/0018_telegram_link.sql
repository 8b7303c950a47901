-- Which Telegram account a tenant's admin has, so that the platform answers them when they write to one of the tenant's
-- bots. An admin gets a code from the API and sends it to the bot; only its SHA-256 is kept.

-- up
CREATE TABLE telegram_link (
    tenant_id uuid NOT NULL,
    admin_id uuid NOT NULL,
    telegram_user_id bigint NOT NULL CONSTRAINT telegram_link_user_positive CHECK (telegram_user_id > 0),
    -- The bot through which it was linked.
    bot_id uuid NOT NULL,
    linked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, admin_id),
    CONSTRAINT telegram_link_once UNIQUE (tenant_id, telegram_user_id),
    CONSTRAINT telegram_link_admin FOREIGN KEY (tenant_id, admin_id) REFERENCES admin (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE telegram_link_code (
    tenant_id uuid NOT NULL,
    admin_id uuid NOT NULL,
    code_digest bytea NOT NULL CONSTRAINT telegram_link_code_digest CHECK (octet_length(code_digest) = 32),
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, admin_id),
    CONSTRAINT telegram_link_code_once UNIQUE (tenant_id, code_digest),
    CONSTRAINT telegram_link_code_admin FOREIGN KEY (tenant_id, admin_id)
        REFERENCES admin (tenant_id, id) ON DELETE CASCADE
);

ALTER TABLE telegram_link ENABLE ROW LEVEL SECURITY;
ALTER TABLE telegram_link FORCE ROW LEVEL SECURITY;
CREATE POLICY telegram_link_isolation ON telegram_link TO rookery_app
    USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON telegram_link TO rookery_app;

ALTER TABLE telegram_link_code ENABLE ROW LEVEL SECURITY;
ALTER TABLE telegram_link_code FORCE ROW LEVEL SECURITY;
CREATE POLICY telegram_link_code_isolation ON telegram_link_code TO rookery_app
    USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON telegram_link_code TO rookery_app;

-- down
DROP TABLE telegram_link_code;
DROP TABLE telegram_link;
