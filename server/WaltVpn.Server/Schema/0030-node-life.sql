-- What nodes told of their boots: how far each came, and its log. Told to operators, decides nothing, and bounded per node.

CREATE TABLE node_boots (
  id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  node_id    TEXT    NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
  boot       TEXT    NOT NULL CHECK (length(boot) = 32),
  -- Milliseconds since 1970, by the server's clock; null: it never reached the server.
  started_at INTEGER,
  heard_at   INTEGER NOT NULL,
  -- JSON, a list of StageReport.
  stages     TEXT    NOT NULL,
  UNIQUE (node_id, boot)
) STRICT;

CREATE TABLE node_lines (
  boot_id INTEGER NOT NULL REFERENCES node_boots (id) ON DELETE CASCADE,
  number  INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  stage   TEXT    NOT NULL,
  warning INTEGER NOT NULL,
  text    TEXT    NOT NULL,
  PRIMARY KEY (boot_id, number)
) STRICT, WITHOUT ROWID;
