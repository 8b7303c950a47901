-- What an owner can set of a consumer beyond its making, and what the platform has found out about it.
--
-- `secrets_sealed[1]` signs for good; each older one behind it signs until its moment in `older_secrets_until`,
-- which is one shorter. `status_reason` says why the platform has changed `status` by itself: `gone` (the endpoint
-- answered 410, paused) or `failing` (nothing could be delivered for `disable_after_ms`, disabled). `failing_since`
-- is the first failure after which nothing succeeded, `warned_at` when the owners were told of it.
--
-- `lanes_changed_at` is set by whoever changes delivery rows from outside (a retry, a skip): the node that delivers
-- looks for it as it looks for `updated_at`, and looks at the consumer's lanes again.

-- up
ALTER TABLE consumer
    ADD COLUMN older_secrets_until timestamptz[] NOT NULL DEFAULT '{}',
    ADD COLUMN visibility_ms integer NOT NULL DEFAULT 30000
        CONSTRAINT consumer_visibility CHECK (visibility_ms BETWEEN 1000 AND 43200000),
    ADD COLUMN disable_after_ms bigint DEFAULT 432000000
        CONSTRAINT consumer_disable_after CHECK (disable_after_ms BETWEEN 60000 AND 2592000000),
    ADD COLUMN status_reason text CONSTRAINT consumer_status_reason CHECK (status_reason IN ('gone', 'failing')),
    ADD COLUMN failing_since timestamptz,
    ADD COLUMN warned_at timestamptz,
    ADD COLUMN lanes_changed_at timestamptz;
ALTER TABLE consumer NO FORCE ROW LEVEL SECURITY;
UPDATE consumer SET older_secrets_until =
    array_fill(now() + interval '24 hours', ARRAY[cardinality(secrets_sealed) - 1])
WHERE cardinality(secrets_sealed) > 1;
ALTER TABLE consumer FORCE ROW LEVEL SECURITY;
ALTER TABLE consumer ADD CONSTRAINT consumer_older_secrets
    CHECK (cardinality(older_secrets_until) = greatest(cardinality(secrets_sealed) - 1, 0));
CREATE INDEX consumer_lanes_changed_at ON consumer (lanes_changed_at) WHERE lanes_changed_at IS NOT NULL;
CREATE INDEX consumer_older_secrets_until ON consumer (tenant_id, id) WHERE cardinality(older_secrets_until) > 0;
CREATE INDEX consumer_failing ON consumer (failing_since) WHERE failing_since IS NOT NULL;

-- down
ALTER TABLE consumer
    DROP CONSTRAINT consumer_older_secrets,
    DROP COLUMN older_secrets_until,
    DROP COLUMN visibility_ms,
    DROP COLUMN disable_after_ms,
    DROP COLUMN status_reason,
    DROP COLUMN failing_since,
    DROP COLUMN warned_at,
    DROP COLUMN lanes_changed_at;
