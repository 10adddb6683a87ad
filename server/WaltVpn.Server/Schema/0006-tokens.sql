-- Enrolment tokens: the text itself is nowhere, digest is the SHA-256 of it, hexadecimal. 128 random bits need no salt.

CREATE TABLE tokens (
  id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  digest     TEXT    NOT NULL UNIQUE CHECK (length(digest) = 64),
  uses       INTEGER NOT NULL CHECK (uses > 0),
  used       INTEGER NOT NULL DEFAULT 0 CHECK (used BETWEEN 0 AND uses),
  tag        TEXT,
  created_at INTEGER NOT NULL,
  created_by TEXT    NOT NULL,
  expires_at INTEGER NOT NULL,
  last_used  INTEGER,
  revoked_at INTEGER,
  revoked_by TEXT
) STRICT;

-- What an operator must know of a request beside the board's claims.
ALTER TABLE requests ADD COLUMN note TEXT;
