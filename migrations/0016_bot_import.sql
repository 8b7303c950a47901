-- Many bots connected at once: Telegram lets one address show it only so many new tokens a minute and an hour, so they
-- wait here, and one node connects them at that pace. Tokens are sealed, and wiped as soon as a bot is connected, is
-- refused, or its import cancelled.

-- up
CREATE TABLE bot_import (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    status text NOT NULL DEFAULT 'running'
        CONSTRAINT bot_import_status CHECK (status IN ('running', 'finished', 'cancelled')),
    -- What all its bots get.
    mode text NOT NULL CONSTRAINT bot_import_mode CHECK (mode IN ('webhook', 'polling', 'hybrid')),
    max_connections integer CONSTRAINT bot_import_max_connections CHECK (max_connections BETWEEN 1 AND 100),
    allowed_updates text[],
    auto_refresh boolean NOT NULL DEFAULT true,
    take_over boolean NOT NULL DEFAULT false,
    total integer NOT NULL CONSTRAINT bot_import_total CHECK (total > 0),
    registered integer NOT NULL DEFAULT 0,
    failed integer NOT NULL DEFAULT 0,
    -- TypeID of the admin, account or API key.
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT bot_import_tenant FOREIGN KEY (tenant_id) REFERENCES tenant (id),
    CONSTRAINT bot_import_counts CHECK (registered >= 0 AND failed >= 0 AND registered + failed <= total)
);

-- How many wait is counted by these, not by their items.
CREATE INDEX bot_import_running ON bot_import (tenant_id) WHERE status = 'running';

CREATE TABLE bot_import_item (
    tenant_id uuid NOT NULL,
    import_id uuid NOT NULL,
    -- The place in the request, from 0.
    place integer NOT NULL CONSTRAINT bot_import_item_place CHECK (place >= 0),
    telegram_id bigint NOT NULL CONSTRAINT bot_import_item_telegram_id CHECK (telegram_id > 0),
    name text CONSTRAINT bot_import_item_name_length CHECK (char_length(name) BETWEEN 1 AND 200),
    token_sealed bytea,
    status text NOT NULL DEFAULT 'waiting'
        CONSTRAINT bot_import_item_status CHECK (status IN ('waiting', 'registered', 'failed', 'cancelled')),
    error_code text,
    error_detail text,
    bot_id uuid,
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, import_id, place),
    CONSTRAINT bot_import_item_import FOREIGN KEY (tenant_id, import_id)
        REFERENCES bot_import (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT bot_import_item_is_wiped CHECK ((status = 'waiting') = (token_sealed IS NOT NULL))
);
-- The next few of each tenant, without looking at the others.
CREATE INDEX bot_import_item_waiting ON bot_import_item (tenant_id, next_attempt_at, import_id, place)
    WHERE status = 'waiting';

ALTER TABLE bot_import ENABLE ROW LEVEL SECURITY;
ALTER TABLE bot_import FORCE ROW LEVEL SECURITY;
CREATE POLICY bot_import_isolation ON bot_import TO rookery_app
    USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
CREATE POLICY bot_import_system ON bot_import TO rookery_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON bot_import TO rookery_app;
GRANT SELECT, UPDATE, DELETE ON bot_import TO rookery_system;

ALTER TABLE bot_import_item ENABLE ROW LEVEL SECURITY;
ALTER TABLE bot_import_item FORCE ROW LEVEL SECURITY;
CREATE POLICY bot_import_item_isolation ON bot_import_item TO rookery_app
    USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
CREATE POLICY bot_import_item_system ON bot_import_item TO rookery_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON bot_import_item TO rookery_app;
GRANT SELECT, UPDATE, DELETE ON bot_import_item TO rookery_system;

-- down
DROP TABLE bot_import_item;
DROP TABLE bot_import;
