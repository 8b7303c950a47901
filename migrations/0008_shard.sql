-- Which node delivers for which bots. A bot belongs to the shard that the last byte of its id names
-- (get_byte(uuid_send(id), 15) & 63). A node holds a shard until `expires_at`, which it keeps pushing out;
-- whoever takes a shard raises its epoch.

-- up
CREATE TABLE shard (
    id smallint PRIMARY KEY CONSTRAINT shard_id CHECK (id BETWEEN 0 AND 63),
    node_id uuid,
    epoch bigint NOT NULL DEFAULT 0,
    expires_at timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 40);
INSERT INTO shard (id) SELECT generate_series(0, 63);
GRANT SELECT, UPDATE ON shard TO rookery_system;

-- down
DROP TABLE shard;
