-- Dead letters that hold their lane, what a consumer's answer made the bot say, and the jobs that try dead letters
-- again.
--
-- A dead row with `is_parking` keeps its lane waiting until somebody retries or skips it; a lane is held while it has
-- a row that is retrying or parking.
--
-- An attempt whose answer asked for a Bot API call keeps its method, whether Telegram did it, and the beginning of
-- what Telegram said.
--
-- A retry job walks a consumer's dead rows in the order of the log. `last_position` is how far it has come, so that
-- another node goes on there. The rows that it has put back bear its id in `retry_job_id`, so that it never puts back
-- more than are worked off.

-- up
ALTER TABLE delivery ADD COLUMN is_parking boolean NOT NULL DEFAULT false
    CONSTRAINT delivery_parking_is_dead CHECK (NOT is_parking OR status = 'dead');
-- The first dead row of a lane holds it, if its consumer wants that.
ALTER TABLE delivery NO FORCE ROW LEVEL SECURITY;
ALTER TABLE consumer NO FORCE ROW LEVEL SECURITY;
UPDATE delivery AS d SET is_parking = true
FROM consumer AS c
WHERE c.tenant_id = d.tenant_id AND c.id = d.consumer_id AND c.on_dead = 'park' AND d.status = 'dead'
    AND NOT EXISTS (
        SELECT FROM delivery AS earlier
        WHERE earlier.tenant_id = d.tenant_id AND earlier.consumer_id = d.consumer_id AND earlier.lane = d.lane
            AND earlier.status = 'dead' AND earlier.position < d.position);
ALTER TABLE delivery FORCE ROW LEVEL SECURITY;
ALTER TABLE consumer FORCE ROW LEVEL SECURITY;
DROP INDEX delivery_lane;
CREATE INDEX delivery_lane ON delivery (tenant_id, consumer_id, lane, position)
    WHERE status = 'retrying' OR is_parking;
CREATE INDEX delivery_by_status ON delivery (tenant_id, consumer_id, status, position);
ALTER TABLE delivery ADD COLUMN retry_job_id uuid;
CREATE INDEX delivery_of_retry_job ON delivery (tenant_id, retry_job_id, attempts)
    WHERE (status = 'retrying' OR is_parking) AND retry_job_id IS NOT NULL;
CREATE INDEX delivery_ended ON delivery (tenant_id, updated_at) WHERE status <> 'retrying';
-- For what a pull consumer had no use for any more.
GRANT INSERT ON delivery TO rookery_app;

ALTER TABLE delivery_attempt
    ADD COLUMN reply_method text,
    ADD COLUMN reply_ok boolean,
    ADD COLUMN reply_result text;

CREATE TABLE retry_job (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    consumer_id uuid NOT NULL,
    status text NOT NULL DEFAULT 'running'
        CONSTRAINT retry_job_status CHECK (status IN ('running', 'finished', 'cancelled')),
    last_position bigint NOT NULL DEFAULT 0,
    -- The dead rows up to here are its work; those that die later are not.
    until_position bigint NOT NULL,
    -- null when there were too many to be counted.
    total bigint CONSTRAINT retry_job_total CHECK (total >= 0),
    -- Put back among those to be delivered; of these, those that have been tried since.
    taken bigint NOT NULL DEFAULT 0 CONSTRAINT retry_job_taken CHECK (taken >= 0),
    done bigint NOT NULL DEFAULT 0 CONSTRAINT retry_job_done CHECK (done >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT retry_job_consumer FOREIGN KEY (tenant_id, consumer_id)
        REFERENCES consumer (tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX retry_job_once ON retry_job (tenant_id, consumer_id) WHERE status = 'running';
CREATE INDEX retry_job_by_consumer ON retry_job (tenant_id, consumer_id, id);
CREATE INDEX retry_job_running ON retry_job (created_at) WHERE status = 'running';
ALTER TABLE retry_job ENABLE ROW LEVEL SECURITY;
ALTER TABLE retry_job FORCE ROW LEVEL SECURITY;
CREATE POLICY retry_job_isolation ON retry_job TO rookery_app
    USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
CREATE POLICY retry_job_system ON retry_job TO rookery_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON retry_job TO rookery_app;
GRANT SELECT, UPDATE, DELETE ON retry_job TO rookery_system;
INSERT INTO job_lease (name) VALUES ('deliveries');

-- down
DELETE FROM job_lease WHERE name = 'deliveries';
DROP TABLE retry_job;
ALTER TABLE delivery_attempt
    DROP COLUMN reply_method,
    DROP COLUMN reply_ok,
    DROP COLUMN reply_result;
REVOKE INSERT ON delivery FROM rookery_app;
DROP INDEX delivery_ended;
DROP INDEX delivery_of_retry_job;
ALTER TABLE delivery DROP COLUMN retry_job_id;
DROP INDEX delivery_by_status;
DROP INDEX delivery_lane;
CREATE INDEX delivery_lane ON delivery (tenant_id, consumer_id, lane, position) WHERE status = 'retrying';
ALTER TABLE delivery DROP COLUMN is_parking;
