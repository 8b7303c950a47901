-- Answers to POST requests that carried an Idempotency-Key, written in the transaction of their effect, so that
-- there is one exactly when there is the other. Kept for 24 hours.
--
-- The answer is sealed: it may hold a key or a token. So is, before it, the SHA-256 of method, path and body: a body
-- may hold a password, which its digest would give away to whoever guesses.
-- `tenant_id` is the nil UUID for requests made in no tenant; `caller` is a TypeID or, of nobody known,
-- `address` and the client's (an IPv6 address as its /64).

-- up
CREATE TABLE idempotency_key (
    tenant_id uuid NOT NULL,
    caller text NOT NULL,
    key text NOT NULL CONSTRAINT idempotency_key_length CHECK (char_length(key) BETWEEN 1 AND 255),
    answer_sealed bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, caller, key)
);
CREATE INDEX idempotency_key_created_at ON idempotency_key (created_at);

ALTER TABLE idempotency_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE idempotency_key FORCE ROW LEVEL SECURITY;
CREATE POLICY idempotency_key_isolation ON idempotency_key TO rookery_app
    USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
CREATE POLICY idempotency_key_system ON idempotency_key TO rookery_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, DELETE ON idempotency_key TO rookery_app, rookery_system;

-- down
DROP TABLE idempotency_key;
