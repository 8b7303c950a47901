-- How each bot fared, by the hour (UTC): what came in and what went out, and how long it took. Every node adds its share
-- every few seconds; a partition a day, dropped by retention as those of the log are.
--
-- `ingest_times` and `delivery_times` count by how long it took: element i is the number of those that took less than
-- 2^(i/2) × 0.25 ms (and no less than the element before says), the last one of all that took longer. Ingest is from
-- the request, or the poll's answer, to the commit; delivery from the commit's statement to the consumer's 2xx.

-- up
CREATE TABLE bot_hour (
    tenant_id uuid NOT NULL,
    bot_id uuid NOT NULL,
    day date NOT NULL,
    hour smallint NOT NULL,
    stored bigint NOT NULL DEFAULT 0,
    repeated bigint NOT NULL DEFAULT 0,
    -- Refused: a wrong secret (401); above the bot's limit (429); suspended or from elsewhere (403); what is no update
    -- (400, 413). Failed on our side: 5xx.
    wrong_secret bigint NOT NULL DEFAULT 0,
    limited bigint NOT NULL DEFAULT 0,
    forbidden bigint NOT NULL DEFAULT 0,
    invalid bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0,
    delivered bigint NOT NULL DEFAULT 0,
    delivery_failed bigint NOT NULL DEFAULT 0,
    ingest_times bigint[] NOT NULL DEFAULT '{}',
    delivery_times bigint[] NOT NULL DEFAULT '{}',
    last_stored_at timestamptz,
    -- Of an answer 403, 429 or 5xx.
    last_refused_at timestamptz,
    PRIMARY KEY (tenant_id, bot_id, day, hour)
) PARTITION BY RANGE (day);

ALTER TABLE bot_hour ENABLE ROW LEVEL SECURITY;
ALTER TABLE bot_hour FORCE ROW LEVEL SECURITY;
CREATE POLICY bot_hour_isolation ON bot_hour TO rookery_app
    USING (tenant_id = current_setting('app.tenant_id')::uuid)
    WITH CHECK (tenant_id = current_setting('app.tenant_id')::uuid);
CREATE POLICY bot_hour_system ON bot_hour TO rookery_system USING (true) WITH CHECK (true);
GRANT SELECT ON bot_hour TO rookery_app;
GRANT SELECT, INSERT, UPDATE ON bot_hour TO rookery_system;

-- The two functions of 0007, for one table more.
CREATE OR REPLACE FUNCTION make_day_partitions(ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    parent text;
    child text;
    day date;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('rookery.partitions'));
    FOREACH parent IN ARRAY ARRAY['update_log', 'delivery_attempt', 'bot_hour'] LOOP
        FOR day IN SELECT generate_series((now() AT TIME ZONE 'UTC')::date - 1,
                                          (now() AT TIME ZONE 'UTC')::date + least(ahead, 31), '1 day')::date LOOP
            child := parent || to_char(day, '_YYYYMMDD');
            IF to_regclass(format('public.%I', child)) IS NULL THEN
                EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING DEFAULTS)', child, parent);
                EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                               parent, child, day, day + 1);
                made := made + 1;
            END IF;
        END LOOP;
    END LOOP;
    RETURN made;
END
$$;

CREATE OR REPLACE FUNCTION drop_day_partitions(parent text, oldest date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public SET lock_timeout = '200ms' AS $$
DECLARE
    child text;
    dropped integer := 0;
BEGIN
    IF parent NOT IN ('update_log', 'delivery_attempt', 'bot_hour') THEN
        RAISE EXCEPTION 'not a table with day partitions: %', parent;
    END IF;
    IF oldest > (now() AT TIME ZONE 'UTC')::date - 1 THEN
        RAISE EXCEPTION 'today and yesterday are kept';
    END IF;
    FOR child IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                 WHERE i.inhparent = format('public.%I', parent)::regclass
                   AND c.relname < parent || to_char(oldest, '_YYYYMMDD') ORDER BY 1 LOOP
        BEGIN
            EXECUTE format('DROP TABLE public.%I', child);
            dropped := dropped + 1;
        EXCEPTION WHEN lock_not_available THEN
            RETURN dropped;
        END;
    END LOOP;
    RETURN dropped;
END
$$;
SELECT make_day_partitions(3);

-- down
DROP TABLE bot_hour;
CREATE OR REPLACE FUNCTION make_day_partitions(ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    parent text;
    child text;
    day date;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('rookery.partitions'));
    FOREACH parent IN ARRAY ARRAY['update_log', 'delivery_attempt'] LOOP
        FOR day IN SELECT generate_series((now() AT TIME ZONE 'UTC')::date - 1,
                                          (now() AT TIME ZONE 'UTC')::date + least(ahead, 31), '1 day')::date LOOP
            child := parent || to_char(day, '_YYYYMMDD');
            IF to_regclass(format('public.%I', child)) IS NULL THEN
                EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING DEFAULTS)', child, parent);
                EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                               parent, child, day, day + 1);
                made := made + 1;
            END IF;
        END LOOP;
    END LOOP;
    RETURN made;
END
$$;

CREATE OR REPLACE FUNCTION drop_day_partitions(parent text, oldest date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public SET lock_timeout = '200ms' AS $$
DECLARE
    child text;
    dropped integer := 0;
BEGIN
    IF parent NOT IN ('update_log', 'delivery_attempt') THEN
        RAISE EXCEPTION 'not a table with day partitions: %', parent;
    END IF;
    IF oldest > (now() AT TIME ZONE 'UTC')::date - 1 THEN
        RAISE EXCEPTION 'today and yesterday are kept';
    END IF;
    FOR child IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                 WHERE i.inhparent = format('public.%I', parent)::regclass
                   AND c.relname < parent || to_char(oldest, '_YYYYMMDD') ORDER BY 1 LOOP
        BEGIN
            EXECUTE format('DROP TABLE public.%I', child);
            dropped := dropped + 1;
        EXCEPTION WHEN lock_not_available THEN
            RETURN dropped;
        END;
    END LOOP;
    RETURN dropped;
END
$$;
