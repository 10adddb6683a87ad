-- WalT's HTTP protocol: what a key's owner asked by, and the addresses that stand in the EEPROMs of such boards.
-- way: 'ssh' proved the key over a nonce; 'http' came from the platform's own network, without proof (docs/protocol.md "WalT's HTTP protocol").

ALTER TABLE node_keys ADD COLUMN way TEXT NOT NULL DEFAULT 'ssh' CHECK (way IN ('ssh', 'http'));
ALTER TABLE requests ADD COLUMN way TEXT NOT NULL DEFAULT 'ssh' CHECK (way IN ('ssh', 'http'));

-- dashed is the address a board had when it enrolled, '10-77-0-20': a key into this table and nothing else. Who enrols with an address last has it.
CREATE TABLE per_ip (
  dashed  TEXT    NOT NULL PRIMARY KEY,
  node_id TEXT    NOT NULL REFERENCES nodes (id),
  since   INTEGER NOT NULL
) STRICT;
CREATE INDEX per_ip_by_node ON per_ip (node_id, since);
