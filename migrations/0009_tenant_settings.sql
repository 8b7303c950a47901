-- What a tenant says of itself (`settings`), what it pays (`billing`, for holders of view_revenue), and its end.
--
-- A deleted tenant keeps its row, so that its audit trail still has a name; its bots' secrets are wiped, and its
-- log goes with the retention. Its slug becomes free: the row's gets the id behind it.
--
-- Limits may be set by hand. What is no number is refused; a number that is not a whole one counts as not there.
--
-- Every node reads the suspended ones every second. Deleted ones stay for ever, so they are not in that index.

-- up
ALTER TABLE tenant
    ADD COLUMN settings jsonb NOT NULL DEFAULT '{}'
        CONSTRAINT tenant_settings_object CHECK (jsonb_typeof(settings) = 'object'),
    ADD COLUMN billing jsonb
        CONSTRAINT tenant_billing_object CHECK (jsonb_typeof(billing) = 'object'),
    ADD CONSTRAINT tenant_limits_numbers CHECK (NOT jsonb_path_exists(
        limits, 'strict $.* ? (@.type() != "number" && @.type() != "null")', '{}', true)),
    DROP CONSTRAINT tenant_status,
    ADD CONSTRAINT tenant_status CHECK (status IN ('active', 'suspended', 'deleted'));
DROP INDEX tenant_not_active;
CREATE INDEX tenant_suspended ON tenant (id) WHERE status = 'suspended';

-- down
DROP INDEX tenant_suspended;
CREATE INDEX tenant_not_active ON tenant (id) WHERE status <> 'active';
ALTER TABLE tenant
    DROP CONSTRAINT tenant_status,
    ADD CONSTRAINT tenant_status CHECK (status IN ('active', 'suspended')),
    DROP CONSTRAINT tenant_limits_numbers,
    DROP COLUMN billing,
    DROP COLUMN settings;
