-- The table that the peer and pgbench write: the columns, keys and partitioning of Rookery's update log.
CREATE SEQUENCE update_log_position;

CREATE TABLE update_log (
    tenant_id   uuid        NOT NULL,
    bot_id      uuid        NOT NULL,
    day         date        NOT NULL,
    position    bigint      NOT NULL DEFAULT nextval('update_log_position'),
    update_id   bigint      NOT NULL,
    kind        text        NOT NULL,
    lane        text        NOT NULL,
    chat_id     bigint,
    deadline    timestamptz,
    received_at timestamptz NOT NULL DEFAULT now(),
    payload     json        NOT NULL,
    PRIMARY KEY (tenant_id, bot_id, update_id, day)
) PARTITION BY RANGE (day);

CREATE INDEX update_log_by_position ON update_log (tenant_id, bot_id, position);
CREATE INDEX update_log_express ON update_log (tenant_id, bot_id, position) WHERE deadline IS NOT NULL;

-- One partition that takes yesterday to the day after tomorrow, whatever the session's time zone.
DO $$
BEGIN
    EXECUTE format('CREATE TABLE update_log_now PARTITION OF update_log FOR VALUES FROM (%L) TO (%L)',
                   current_date - 1, current_date + 3);
END $$;
