-- A node may be disabled and enabled again, or forgotten. state keeps what was decided of its trust; standing is what all of it comes to.

ALTER TABLE nodes ADD COLUMN disabled_at INTEGER;
ALTER TABLE nodes ADD COLUMN disabled_by TEXT;
-- A forgotten node's name is free for another: its own stands here, and its id in its place.
ALTER TABLE nodes ADD COLUMN forgotten_at INTEGER;
ALTER TABLE nodes ADD COLUMN forgotten_by TEXT;
ALTER TABLE nodes ADD COLUMN forgotten_name TEXT;
ALTER TABLE nodes ADD COLUMN standing TEXT NOT NULL GENERATED ALWAYS AS (
  CASE
    WHEN forgotten_at IS NOT NULL THEN 'forgotten'
    WHEN state = 'revoked' THEN 'revoked'
    WHEN disabled_at IS NOT NULL THEN 'disabled'
    ELSE 'accepted'
  END) VIRTUAL;

-- What WalT calls these tables, for scripts that read them. device_label outlives the node: its key can still be revoked.
CREATE VIEW vpnauth AS
  SELECT vpn_mac AS vpnmac, certificate AS pubkeycert, key_id AS certid,
         coalesce(forgotten_name, name) || ' (' || claim_mac || ')' AS device_label, state = 'revoked' AS revoked
  FROM nodes LEFT JOIN certificates ON node_id = id AND number = (SELECT max(number) FROM certificates AS newer WHERE newer.node_id = id);
CREATE VIEW vpnnodes AS SELECT claim_mac AS mac, vpn_mac AS vpnmac FROM nodes WHERE standing = 'accepted';
