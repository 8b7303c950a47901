-- Customers. `limits` holds only what differs from the defaults; a null there lifts that limit.

-- up
CREATE TABLE tenant (
    id uuid PRIMARY KEY,
    name text NOT NULL CONSTRAINT tenant_name_length CHECK (char_length(name) BETWEEN 1 AND 200),
    slug text NOT NULL CONSTRAINT tenant_slug_form CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    status text NOT NULL DEFAULT 'active' CONSTRAINT tenant_status CHECK (status IN ('active', 'suspended')),
    limits jsonb NOT NULL DEFAULT '{}' CONSTRAINT tenant_limits_object CHECK (jsonb_typeof(limits) = 'object'),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tenant_slug UNIQUE (slug)
);
-- Read whole every second by every node: a suspension must be felt soon, however it was made.
CREATE INDEX tenant_not_active ON tenant (id) WHERE status <> 'active';
CREATE INDEX tenant_updated_at ON tenant (updated_at);

ALTER TABLE tenant ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenant FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON tenant TO rookery_app
    USING (id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (id = current_setting('app.tenant_id')::uuid);
CREATE POLICY tenant_system ON tenant TO rookery_system USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE ON tenant TO rookery_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON tenant TO rookery_system;

-- down
DROP TABLE tenant;
