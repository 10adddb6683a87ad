-- Boot files: what each kind of board boots over HTTP. A row and its image never change; the newest row of a board is what it gets.

CREATE TABLE boot_pairs (
  id           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  board        TEXT    NOT NULL,
  sha256       TEXT    NOT NULL CHECK (length(sha256) = 64),
  size         INTEGER NOT NULL CHECK (size > 0),
  signature    TEXT    NOT NULL,
  signed_at    INTEGER NOT NULL,
  published_at INTEGER NOT NULL,
  published_by TEXT    NOT NULL
) STRICT;
CREATE INDEX boot_pairs_by_board ON boot_pairs (board, id);
