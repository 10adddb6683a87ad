-- When the node, having proved its key, last asked for its settings; null: never. Told to operators, decides nothing.
ALTER TABLE nodes ADD COLUMN last_seen INTEGER;
