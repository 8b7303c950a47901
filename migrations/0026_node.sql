-- The nodes that are running, so that each holds its share of the shards and no more. A node writes its row anew
-- while it lives, and takes it away when it ends.

-- up
CREATE TABLE node (
    id uuid PRIMARY KEY,
    expires_at timestamptz NOT NULL
) WITH (fillfactor = 40);
GRANT SELECT, INSERT, UPDATE, DELETE ON node TO rookery_system;

-- down
DROP TABLE node;
