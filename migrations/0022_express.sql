-- Updates with a short life (those that have a `deadline`) go before a backlog: a consumer reads them with a cursor
-- of their own. What the main cursor meets of them is not its business, so every update is one cursor's.
--
-- No lane holds updates of both: those kinds have lanes by kind. So order within a lane is kept.
--
-- A new index on the log keeps updates out while it is built: at about 1 s for each million updates held.

-- up
ALTER TABLE consumer_cursor
    ADD COLUMN express_position bigint NOT NULL DEFAULT 0,
    ADD COLUMN express_settled bigint[] NOT NULL DEFAULT '{}';
ALTER TABLE consumer_cursor NO FORCE ROW LEVEL SECURITY;
UPDATE consumer_cursor SET express_position = position, express_settled = settled;
ALTER TABLE consumer_cursor FORCE ROW LEVEL SECURITY;
CREATE INDEX update_log_express ON update_log (tenant_id, bot_id, position) WHERE deadline IS NOT NULL;

-- down
DROP INDEX update_log_express;
ALTER TABLE consumer_cursor
    DROP COLUMN express_position,
    DROP COLUMN express_settled;
