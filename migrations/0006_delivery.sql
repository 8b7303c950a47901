-- What did not go well at once, and a record of every attempt.
--
-- A delivery row is an update that left its consumer's fast path: the one whose attempt failed and, behind it,
-- its lane's followers. Rows of a lane are worked off in the order of `position`; only a lane's head has a
-- `next_attempt_at`. It carries its own copy of the payload, since it may outlive the log's retention.
--
-- delivery_attempt is append-only, a partition a day.

-- up
CREATE TABLE delivery (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    consumer_id uuid NOT NULL,
    bot_id uuid NOT NULL,
    position bigint NOT NULL,
    update_id bigint NOT NULL,
    kind text NOT NULL,
    lane text NOT NULL,
    deadline timestamptz,
    received_at timestamptz NOT NULL,
    payload json NOT NULL,
    status text NOT NULL CONSTRAINT delivery_status CHECK (status IN ('retrying', 'dead', 'expired')),
    attempts integer NOT NULL DEFAULT 0 CONSTRAINT delivery_attempts CHECK (attempts >= 0),
    next_attempt_at timestamptz,
    last_error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT delivery_once UNIQUE (tenant_id, consumer_id, position),
    CONSTRAINT delivery_consumer FOREIGN KEY (tenant_id, consumer_id)
        REFERENCES consumer (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX delivery_lane ON delivery (tenant_id, consumer_id, lane, position) WHERE status = 'retrying';

CREATE SEQUENCE delivery_attempt_id;
CREATE TABLE delivery_attempt (
    tenant_id uuid NOT NULL,
    consumer_id uuid NOT NULL,
    id bigint NOT NULL DEFAULT nextval('delivery_attempt_id'),
    day date NOT NULL,
    position bigint NOT NULL,
    update_id bigint NOT NULL,
    attempt integer NOT NULL,
    status_code integer,
    duration_ms integer NOT NULL,
    error text,
    response bytea,
    at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, consumer_id, id, day)
) PARTITION BY RANGE (day);

ALTER TABLE delivery ENABLE ROW LEVEL SECURITY;
ALTER TABLE delivery FORCE ROW LEVEL SECURITY;
CREATE POLICY delivery_isolation ON delivery TO rookery_app
    USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
CREATE POLICY delivery_system ON delivery TO rookery_system USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE ON delivery TO rookery_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON delivery TO rookery_system;

ALTER TABLE delivery_attempt ENABLE ROW LEVEL SECURITY;
ALTER TABLE delivery_attempt FORCE ROW LEVEL SECURITY;
CREATE POLICY delivery_attempt_isolation ON delivery_attempt TO rookery_app
    USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
CREATE POLICY delivery_attempt_system ON delivery_attempt TO rookery_system USING (true) WITH CHECK (true);
GRANT SELECT ON delivery_attempt TO rookery_app;
GRANT SELECT, INSERT ON delivery_attempt TO rookery_system;
GRANT USAGE ON SEQUENCE delivery_attempt_id TO rookery_system;

-- down
DROP TABLE delivery_attempt;
DROP SEQUENCE delivery_attempt_id;
DROP TABLE delivery;
