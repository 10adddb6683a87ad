-- Words of an operator for nodes.
CREATE TABLE node_tags (
  node_id TEXT NOT NULL REFERENCES nodes (id),
  tag     TEXT NOT NULL,
  PRIMARY KEY (node_id, tag)
) STRICT;

-- Boards that may join without a further word, each once: known by serial number, MAC address or key. node_id: who came.
CREATE TABLE expected_boards (
  id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  serial     TEXT,
  mac        TEXT,
  public_key TEXT,
  name       TEXT,
  tags       TEXT    NOT NULL,
  added_at   INTEGER NOT NULL,
  added_by   TEXT    NOT NULL,
  node_id    TEXT    REFERENCES nodes (id),
  CHECK ((serial IS NOT NULL) + (mac IS NOT NULL) + (public_key IS NOT NULL) = 1)
) STRICT;
CREATE UNIQUE INDEX expected_by_serial ON expected_boards (serial) WHERE node_id IS NULL;
CREATE UNIQUE INDEX expected_by_mac ON expected_boards (mac) WHERE node_id IS NULL;
CREATE UNIQUE INDEX expected_by_key ON expected_boards (public_key) WHERE node_id IS NULL;
CREATE UNIQUE INDEX expected_by_name ON expected_boards (name) WHERE node_id IS NULL;
