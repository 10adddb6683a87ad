-- What is published and what nodes run, so that the one can be told from the other (docs/security.md BOOT-4).

-- Of the image's manifest; null: it has none, or it was published before this was looked at. Seconds since 1970.
ALTER TABLE boot_pairs ADD COLUMN epoch INTEGER;
ALTER TABLE boot_pairs ADD COLUMN built INTEGER;

-- As the node told it; null: it runs what its card itself holds, or does not tell.
ALTER TABLE node_boots ADD COLUMN image_epoch INTEGER;
ALTER TABLE node_boots ADD COLUMN image_built INTEGER;
ALTER TABLE node_boots ADD COLUMN image_sha256 TEXT;
