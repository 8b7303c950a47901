-- Who did what: append-only, a partition a month. The program may insert and select, nothing else.
--
-- `tenant_id` is the tenant concerned, and the nil UUID for what concerns the platform alone. Every event carries
-- an Ed25519 signature over all its other columns, made by the program before it is written: a row that was
-- changed, or put in by hand, does not verify. Every few seconds the events not yet sealed are put under a seal:
-- the root of a Merkle tree over them, together with the seal before, signed with the same key. A row that was
-- taken away leaves a seal that no longer fits.
--
-- A seal names its events, since no column tells in which order transactions commit. `first_at` and `last_at`
-- bound their `created_at`, so that only the months concerned are searched.
--
-- An event's id is a UUIDv7 of its `created_at`, so that times narrow the indexes, which all end in the id. The
-- first four serve one tenant's list, the others that of the platform.

-- up
CREATE TABLE audit_key (
    -- The first 16 hexadecimal digits of the SHA-256 of the public key.
    id text PRIMARY KEY,
    public_key bytea NOT NULL CONSTRAINT audit_key_public CHECK (octet_length(public_key) = 32),
    private_key_sealed bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE audit_event (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    actor_type text NOT NULL DEFAULT 'unknown',
    -- TypeID of the admin, account or API key; null for the platform itself and for strangers.
    actor_id text,
    -- TypeID of the session or API key used.
    credential text,
    -- The tenant that a platform admin acted in.
    on_behalf_of text,
    action text NOT NULL,
    target_type text,
    target_id text,
    outcome text NOT NULL DEFAULT 'success'
        CONSTRAINT audit_event_outcome CHECK (outcome IN ('success', 'denied', 'failure')),
    -- Fields of the target: {"role": {"from": "support", "to": "trainer"}}. Text, since its bytes are signed.
    changes text,
    address text,
    user_agent text,
    request_id text,
    key_id text NOT NULL DEFAULT '',
    signature bytea NOT NULL DEFAULT '',
    PRIMARY KEY (tenant_id, id, created_at)
) PARTITION BY RANGE (created_at);
CREATE INDEX audit_event_by_actor ON audit_event (tenant_id, actor_id, id);
CREATE INDEX audit_event_by_target ON audit_event (tenant_id, target_id, id);
CREATE INDEX audit_event_by_action ON audit_event (tenant_id, action, id);
CREATE INDEX audit_event_by_outcome ON audit_event (tenant_id, outcome, id);
CREATE INDEX audit_event_by_id ON audit_event (id);
CREATE INDEX audit_event_by_any_actor ON audit_event (actor_id, id);
CREATE INDEX audit_event_by_any_target ON audit_event (target_id, id);
CREATE INDEX audit_event_by_any_action ON audit_event (action, id);
CREATE INDEX audit_event_by_any_outcome ON audit_event (outcome, id);
CREATE INDEX audit_event_by_time ON audit_event (created_at);

CREATE TABLE audit_seal (
    id bigint PRIMARY KEY CONSTRAINT audit_seal_id CHECK (id > 0),
    sealed_at timestamptz NOT NULL,
    event_ids uuid[] NOT NULL CONSTRAINT audit_seal_not_empty CHECK (cardinality(event_ids) > 0),
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    root bytea NOT NULL CONSTRAINT audit_seal_root CHECK (octet_length(root) = 32),
    -- SHA-256 of the seal before; 32 zero bytes for the first.
    previous bytea NOT NULL CONSTRAINT audit_seal_previous CHECK (octet_length(previous) = 32),
    key_id text NOT NULL,
    signature bytea NOT NULL
);
CREATE INDEX audit_seal_last_at ON audit_seal (last_at);

-- Makes the months from the last one to `ahead` months from now. Returns how many partitions were made.
CREATE FUNCTION make_month_partitions(ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    child text;
    month date;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('rookery.partitions'));
    FOR month IN SELECT generate_series(date_trunc('month', now() AT TIME ZONE 'UTC') - interval '1 month',
                                        date_trunc('month', now() AT TIME ZONE 'UTC')
                                            + make_interval(months => least(ahead, 24)), '1 month')::date LOOP
        child := to_char(month, '"audit_event_"YYYYMM');
        IF to_regclass(format('public.%I', child)) IS NULL THEN
            EXECUTE format('CREATE TABLE public.%I (LIKE public.audit_event INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
                           child);
            EXECUTE format('ALTER TABLE public.audit_event ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                           child, month || ' 00:00:00+00', (month + interval '1 month')::date || ' 00:00:00+00');
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END
$$;
REVOKE EXECUTE ON FUNCTION make_month_partitions(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION make_month_partitions(integer) TO rookery_system;
SELECT make_month_partitions(3);

ALTER TABLE audit_event ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_event FORCE ROW LEVEL SECURITY;
CREATE POLICY audit_event_isolation ON audit_event TO rookery_app
    USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
CREATE POLICY audit_event_system ON audit_event TO rookery_system USING (true) WITH CHECK (true);
-- `rookery audit verify` reads as the owner, whom row-level security holds, too.
CREATE POLICY audit_event_verify ON audit_event FOR SELECT TO CURRENT_USER USING (true);
GRANT SELECT, INSERT ON audit_event TO rookery_app, rookery_system;
GRANT SELECT, INSERT ON audit_key, audit_seal TO rookery_system;

-- down
DROP TABLE audit_seal;
DROP TABLE audit_event;
DROP TABLE audit_key;
DROP FUNCTION make_month_partitions(integer);
