-- What a pull consumer has handed out and not had acknowledged. While an update is out, nobody else gets it or
-- anything behind it in its lane; at `visible_at` it, and what is out of its lane with it, may be handed out again.
-- What is acknowledged is gone from here, and settled in the consumer's cursor.
--
-- `consumer_cursor.pull_from` and `express_pull_from` say where to look on in the log: up to there all that is not
-- settled is out (or was: it is still here). They save reading over again what others have acknowledged behind one
-- update that is still out.
--
-- `awaited_until` is set while somebody waits for what is held up by what is out: only then does an acknowledgement
-- tell the other nodes.

-- up
CREATE TABLE pull_handout (
    tenant_id uuid NOT NULL,
    consumer_id uuid NOT NULL,
    position bigint NOT NULL,
    lane text NOT NULL,
    -- Of those with one the express cursor keeps account.
    deadline timestamptz,
    -- Of payload.
    bytes integer NOT NULL,
    times integer NOT NULL DEFAULT 1 CONSTRAINT pull_handout_times CHECK (times >= 1),
    visible_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, consumer_id, position),
    CONSTRAINT pull_handout_consumer FOREIGN KEY (tenant_id, consumer_id)
        REFERENCES consumer (tenant_id, id) ON DELETE CASCADE
);
ALTER TABLE pull_handout ENABLE ROW LEVEL SECURITY;
ALTER TABLE pull_handout FORCE ROW LEVEL SECURITY;
CREATE POLICY pull_handout_isolation ON pull_handout TO rookery_app
    USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
CREATE POLICY pull_handout_system ON pull_handout TO rookery_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON pull_handout TO rookery_app;
GRANT SELECT, DELETE ON pull_handout TO rookery_system;
ALTER TABLE consumer_cursor
    ADD COLUMN pull_from bigint NOT NULL DEFAULT 0,
    ADD COLUMN express_pull_from bigint NOT NULL DEFAULT 0,
    ADD COLUMN awaited_until timestamptz;
-- For the bots whose updates somebody may wait for.
CREATE INDEX consumer_pull ON consumer (tenant_id, bot_id) WHERE type = 'pull';

-- down
DROP INDEX consumer_pull;
ALTER TABLE consumer_cursor
    DROP COLUMN pull_from,
    DROP COLUMN express_pull_from,
    DROP COLUMN awaited_until;
DROP TABLE pull_handout;
