-- A push consumer's cursor is written once a second, its attempts ten times. So what was delivered since is known by
-- them: whoever takes the cursor over counts as settled, besides what it says, the successful attempts from
-- `attempts_from` on, which is the last number that was given out when it was written.

-- up
ALTER TABLE consumer_cursor ADD COLUMN attempts_from bigint NOT NULL DEFAULT 0;
ALTER TABLE consumer_cursor NO FORCE ROW LEVEL SECURITY;
UPDATE consumer_cursor SET attempts_from = (SELECT last_value FROM delivery_attempt_id);
ALTER TABLE consumer_cursor FORCE ROW LEVEL SECURITY;
GRANT SELECT ON SEQUENCE delivery_attempt_id TO rookery_system;

-- down
REVOKE SELECT ON SEQUENCE delivery_attempt_id FROM rookery_system;
ALTER TABLE consumer_cursor DROP COLUMN attempts_from;
