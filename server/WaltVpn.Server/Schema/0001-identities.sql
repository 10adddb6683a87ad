-- Identities: nodes, their keys, the journal of certificates, and the requests they came from.
-- Times are seconds since 1970, UTC. A claim is what the board said of itself.

CREATE TABLE nodes (
  id           TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 32),
  name         TEXT    NOT NULL UNIQUE,
  state        TEXT    NOT NULL CHECK (state IN ('accepted', 'revoked')),
  vpn_mac      TEXT    NOT NULL UNIQUE,
  claim_model  TEXT    NOT NULL,
  claim_serial TEXT    NOT NULL,
  claim_mac    TEXT    NOT NULL,
  accepted_at  INTEGER NOT NULL,
  accepted_by  TEXT    NOT NULL,
  revoked_at   INTEGER,
  revoked_by   TEXT
) STRICT;
CREATE INDEX nodes_by_serial ON nodes (claim_serial);
CREATE INDEX nodes_by_mac ON nodes (claim_mac);

-- Every key that was ever accepted; a revoked one stays, so that it is never accepted again.
CREATE TABLE node_keys (
  public_key TEXT    NOT NULL PRIMARY KEY,
  node_id    TEXT    NOT NULL REFERENCES nodes (id),
  since      INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;
CREATE UNIQUE INDEX one_live_key_per_node ON node_keys (node_id) WHERE revoked_at IS NULL;

-- The journal: a row stands here before anything is signed. certificate is null until the signed text was read back and agreed.
CREATE TABLE certificates (
  serial       INTEGER NOT NULL PRIMARY KEY CHECK (serial > 0),
  node_id      TEXT    NOT NULL REFERENCES nodes (id),
  number       INTEGER NOT NULL CHECK (number > 0),
  key_id       TEXT    NOT NULL UNIQUE,
  public_key   TEXT    NOT NULL REFERENCES node_keys (public_key),
  valid_after  INTEGER NOT NULL,
  valid_before INTEGER NOT NULL CHECK (valid_before > valid_after),
  journalled_at INTEGER NOT NULL,
  certificate  TEXT,
  revoked_at   INTEGER,
  UNIQUE (node_id, number)
) STRICT;

CREATE TABLE requests (
  id           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  public_key   TEXT    NOT NULL UNIQUE,
  state        TEXT    NOT NULL CHECK (state IN ('pending', 'accepted', 'denied')),
  claim_model  TEXT    NOT NULL,
  claim_serial TEXT    NOT NULL,
  claim_mac    TEXT    NOT NULL,
  source       TEXT    NOT NULL,
  first_asked  INTEGER NOT NULL,
  last_asked   INTEGER NOT NULL,
  decided_by   TEXT,
  reason       TEXT,
  node_id      TEXT    REFERENCES nodes (id),
  CHECK ((state = 'accepted') = (node_id IS NOT NULL))
) STRICT;
CREATE INDEX requests_by_state ON requests (state, source);
CREATE INDEX requests_by_serial ON requests (claim_serial);
CREATE INDEX requests_by_mac ON requests (claim_mac);
