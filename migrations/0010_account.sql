-- People. An account is one person of the whole platform (e-mail, password); an admin is what an account is in one
-- tenant (role), and carries the e-mail and a name of its own, so that a tenant's people can be listed without a
-- look into the accounts, which belong to no tenant and which rookery_app cannot read.
--
-- `email_folded` is the e-mail in lower case and Unicode's composed form, made by the program: unlike lower(), it
-- does not depend on the database's locale.
--
-- An invitation's token is 256 random bits, of which only the SHA-256 is kept. Accepting it marks the row, once.

-- up
CREATE TABLE account (
    id uuid PRIMARY KEY,
    email text NOT NULL
        CONSTRAINT account_email_form CHECK (email ~ '^[^@[:space:]]+@[^@[:space:]]+$' AND char_length(email) <= 254),
    email_folded text NOT NULL,
    name text NOT NULL CONSTRAINT account_name_length CHECK (char_length(name) BETWEEN 1 AND 200),
    password_hash text NOT NULL CONSTRAINT account_password_phc CHECK (password_hash LIKE '$scrypt$%'),
    is_platform_admin boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT account_email UNIQUE (email_folded)
);
GRANT SELECT, INSERT, UPDATE ON account TO rookery_system;

CREATE TABLE admin (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    email text NOT NULL,
    name text NOT NULL CONSTRAINT admin_name_length CHECK (char_length(name) BETWEEN 1 AND 200),
    role text NOT NULL CONSTRAINT admin_role CHECK (role IN ('owner', 'trainer', 'support')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT admin_once UNIQUE (tenant_id, account_id),
    CONSTRAINT admin_tenant FOREIGN KEY (tenant_id) REFERENCES tenant (id),
    CONSTRAINT admin_account FOREIGN KEY (account_id) REFERENCES account (id)
);
CREATE INDEX admin_by_account ON admin (account_id);

CREATE TABLE invitation (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    email text NOT NULL
        CONSTRAINT invitation_email_form CHECK (email ~ '^[^@[:space:]]+@[^@[:space:]]+$' AND char_length(email) <= 254),
    role text NOT NULL CONSTRAINT invitation_role CHECK (role IN ('owner', 'trainer', 'support')),
    token_digest bytea NOT NULL CONSTRAINT invitation_token_digest CHECK (octet_length(token_digest) = 32),
    -- The admin, key or account that invited: a TypeID.
    invited_by text NOT NULL,
    expires_at timestamptz NOT NULL,
    accepted_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT invitation_tenant FOREIGN KEY (tenant_id) REFERENCES tenant (id)
);
CREATE INDEX invitation_by_token ON invitation (token_digest);

ALTER TABLE admin ENABLE ROW LEVEL SECURITY;
ALTER TABLE admin FORCE ROW LEVEL SECURITY;
CREATE POLICY admin_isolation ON admin TO rookery_app
    USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
CREATE POLICY admin_system ON admin TO rookery_system USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE, DELETE ON admin TO rookery_app;
GRANT SELECT, INSERT, UPDATE ON admin TO rookery_system;

ALTER TABLE invitation ENABLE ROW LEVEL SECURITY;
ALTER TABLE invitation FORCE ROW LEVEL SECURITY;
CREATE POLICY invitation_isolation ON invitation TO rookery_app
    USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
CREATE POLICY invitation_system ON invitation TO rookery_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, DELETE ON invitation TO rookery_app;
GRANT SELECT, INSERT, UPDATE ON invitation TO rookery_system;

-- down
DROP TABLE invitation;
DROP TABLE admin;
DROP TABLE account;
