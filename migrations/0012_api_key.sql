-- API keys: a program's way to act for a tenant. The key itself is shown once; its SHA-256 is what it is found by,
-- before its tenant is known, and `hint` its last characters, for people to tell keys apart.

-- up
CREATE TABLE api_key (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL CONSTRAINT api_key_name_length CHECK (char_length(name) BETWEEN 1 AND 200),
    digest bytea NOT NULL CONSTRAINT api_key_digest CHECK (octet_length(digest) = 32),
    hint text NOT NULL CONSTRAINT api_key_hint_length CHECK (char_length(hint) = 4),
    permissions text[] NOT NULL,
    -- CIDR blocks; null: from anywhere.
    allowed_addresses text[]
        CONSTRAINT api_key_addresses_few CHECK (cardinality(allowed_addresses) BETWEEN 1 AND 100),
    expires_at timestamptz,
    last_used_at timestamptz,
    -- The admin, key or account that made it: a TypeID.
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT api_key_tenant FOREIGN KEY (tenant_id) REFERENCES tenant (id)
);
CREATE INDEX api_key_by_digest ON api_key (digest);

ALTER TABLE api_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_key FORCE ROW LEVEL SECURITY;
CREATE POLICY api_key_isolation ON api_key TO rookery_app
    USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
CREATE POLICY api_key_system ON api_key TO rookery_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, DELETE ON api_key TO rookery_app;
GRANT SELECT, UPDATE ON api_key TO rookery_system;

-- down
DROP TABLE api_key;
