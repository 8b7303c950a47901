-- Every update of every bot, as Telegram sent it: append-only, a partition a day, retention by dropping days.
--
-- `position` orders the log. Appends take one advisory lock for the length of their (short) transaction before
-- they draw positions, so positions become visible in order: a reader that has seen position n will never meet
-- a smaller one later. `received_at` is the time of that statement, and so never runs against the positions.
--
-- A day's key makes an update_id unique within the day; under the same lock an append also leaves out what the
-- day before holds already. Telegram keeps an update for 24 hours, so no repetition escapes the two.
--
-- No foreign key and no check of `payload` beyond json's own: this is the hot path, and bots are never deleted
-- from their table, only marked.

-- up
CREATE SEQUENCE update_log_position;
CREATE TABLE update_log (
    tenant_id uuid NOT NULL,
    bot_id uuid NOT NULL,
    day date NOT NULL,
    position bigint NOT NULL,
    update_id bigint NOT NULL,
    kind text NOT NULL,
    lane text NOT NULL,
    chat_id bigint,
    deadline timestamptz,
    received_at timestamptz NOT NULL,
    payload json NOT NULL,
    PRIMARY KEY (tenant_id, bot_id, update_id, day)
) PARTITION BY RANGE (day);
CREATE INDEX update_log_by_position ON update_log (tenant_id, bot_id, position);

ALTER TABLE update_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE update_log FORCE ROW LEVEL SECURITY;
CREATE POLICY update_log_isolation ON update_log TO rookery_app
    USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
CREATE POLICY update_log_system ON update_log TO rookery_system USING (true) WITH CHECK (true);
GRANT SELECT ON update_log TO rookery_app;
GRANT SELECT, INSERT ON update_log TO rookery_system;
GRANT USAGE ON SEQUENCE update_log_position TO rookery_system;

-- down
DROP TABLE update_log;
DROP SEQUENCE update_log_position;
