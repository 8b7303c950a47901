-- Days of the partitioned tables are made ahead and dropped by retention. The program owns no table, so it does
-- both through these two functions, which run as the owner and do nothing else.

-- up
-- Makes what is missing from yesterday to `ahead` days from now. Yesterday counts because the append looks
-- there for repetitions. Returns how many partitions were made.
--
-- CREATE TABLE … PARTITION OF would wait for every reader (a pg_dump, for hours) and have all appends wait behind
-- it; ATTACH PARTITION keeps nobody out.
CREATE FUNCTION make_day_partitions(ahead integer) RETURNS integer
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

-- Drops the days of `parent` before `oldest`. Waits at most a fifth of a second for each lock, so that an append
-- is never held up for longer; what could not be dropped is left for the next call. Returns how many it dropped.
CREATE FUNCTION drop_day_partitions(parent text, oldest date) RETURNS integer
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

REVOKE EXECUTE ON FUNCTION make_day_partitions(integer), drop_day_partitions(text, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION make_day_partitions(integer), drop_day_partitions(text, date) TO rookery_system;
SELECT make_day_partitions(3);

-- down
DROP FUNCTION drop_day_partitions(text, date);
DROP FUNCTION make_day_partitions(integer);
