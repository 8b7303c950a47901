-- Who may do what in this database.
--
-- The owner (whoever runs the migrations) owns every table and is used for nothing else. The program connects
-- as rookery_app, which owns nothing, cannot bypass row-level security and sees a tenant's rows only after
-- `SET LOCAL app.tenant_id`. rookery_system is a second role that rookery_app can put on (SET ROLE) but does
-- not inherit: the few jobs that run before a tenant is known, or for all tenants at once (the bot directory,
-- the append, delivery), use it on connections of their own.
--
-- Roles belong to the whole server, so they may be here already, made for another database. rookery_app gets
-- no password here: `rookery migrate up` sets the one that DATABASE_URL names.

-- up
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'rookery_app') THEN
        CREATE ROLE rookery_app LOGIN NOINHERIT;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'rookery_system') THEN
        CREATE ROLE rookery_system NOLOGIN;
    END IF;
    IF NOT pg_has_role('rookery_app', 'rookery_system', 'MEMBER') THEN
        GRANT rookery_system TO rookery_app;
    END IF;
END
$$;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO rookery_app, rookery_system;
-- For the readiness check: is this database as new as the program?
GRANT SELECT ON schema_migration TO rookery_app;

-- down
-- The roles stay: other databases of the server may use them.
REVOKE SELECT ON schema_migration FROM rookery_app;
REVOKE USAGE ON SCHEMA public FROM rookery_app, rookery_system;
