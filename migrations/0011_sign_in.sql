-- Signing in: sessions and their refresh tokens, failed attempts, the keys of access tokens, and what was revoked.
-- None of it belongs to a tenant's rows: it is needed before a tenant is known, so only rookery_system reads it.
--
-- A session is a family of refresh tokens, each used once; every token ever handed out stays (as its SHA-256)
-- until the session ends, so that an old one is recognized when somebody uses it again. `successor_sealed` is the
-- token that replaced this one, for a client that did not get the answer and asks again within seconds.
--
-- Access tokens are not looked up. `revocation` says that what was issued to a subject (session, admin, account,
-- API key or tenant: its id) before a moment counts no more. Nodes hear of a row as it commits and keep it as long
-- as an access token can live. Both moments are the database's clock_timestamp(), taken under the subject's row
-- lock, so that no token issued earlier can carry a later time. `tenant_id` is the nil UUID for what belongs to
-- no tenant.

-- up
CREATE TABLE session (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    -- Both null: a platform admin's own session, in no tenant.
    tenant_id uuid,
    admin_id uuid,
    address text NOT NULL,
    user_agent text,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    -- At the latest; 14 days after last_used_at it ends, too.
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT session_in_a_tenant CHECK ((tenant_id IS NULL) = (admin_id IS NULL)),
    CONSTRAINT session_account FOREIGN KEY (account_id) REFERENCES account (id)
);
CREATE INDEX session_by_account ON session (account_id, id);
CREATE INDEX session_expires_at ON session (expires_at);

CREATE TABLE refresh_token (
    digest bytea PRIMARY KEY CONSTRAINT refresh_token_digest CHECK (octet_length(digest) = 32),
    session_id uuid NOT NULL,
    issued_at timestamptz NOT NULL,
    used_at timestamptz,
    successor_sealed bytea,
    CONSTRAINT refresh_token_session FOREIGN KEY (session_id) REFERENCES session (id) ON DELETE CASCADE
);
CREATE INDEX refresh_token_by_session ON refresh_token (session_id);

-- Failures by e-mail (whether or not there is such an account) and by address; `subject` is a SHA-256.
CREATE TABLE sign_in_failure (
    subject bytea PRIMARY KEY CONSTRAINT sign_in_failure_subject CHECK (octet_length(subject) = 32),
    failures integer NOT NULL CONSTRAINT sign_in_failure_count CHECK (failures > 0),
    last_at timestamptz NOT NULL,
    blocked_until timestamptz NOT NULL
);
CREATE INDEX sign_in_failure_last_at ON sign_in_failure (last_at);

-- ES256 keys. One signs from `active_at` on, until a newer one is active; it verifies until `retired_at`.
CREATE TABLE signing_key (
    -- RFC 7638 thumbprint
    id text PRIMARY KEY,
    -- Uncompressed point, SEC 1 section 2.3.3
    public_key bytea NOT NULL CONSTRAINT signing_key_point CHECK (octet_length(public_key) = 65),
    private_key_sealed bytea NOT NULL,
    active_at timestamptz NOT NULL,
    retired_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE revocation (
    tenant_id uuid NOT NULL,
    subject_id uuid NOT NULL,
    revoked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, subject_id, revoked_at)
);
CREATE INDEX revocation_revoked_at ON revocation (revoked_at);

ALTER TABLE revocation ENABLE ROW LEVEL SECURITY;
ALTER TABLE revocation FORCE ROW LEVEL SECURITY;
CREATE POLICY revocation_isolation ON revocation TO rookery_app
    USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
CREATE POLICY revocation_system ON revocation TO rookery_system USING (true) WITH CHECK (true);
GRANT INSERT ON revocation TO rookery_app;

GRANT SELECT, INSERT, UPDATE, DELETE ON session, refresh_token, sign_in_failure TO rookery_system;
GRANT SELECT, INSERT, UPDATE ON signing_key TO rookery_system;
GRANT SELECT, INSERT, DELETE ON revocation TO rookery_system;

-- down
DROP TABLE revocation;
DROP TABLE signing_key;
DROP TABLE sign_in_failure;
DROP TABLE refresh_token;
DROP TABLE session;
