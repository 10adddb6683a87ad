-- The number of each node's settings document: it rises exactly when the digest of everything else in the document changes, and never falls.

CREATE TABLE settings_counters (
  node_id TEXT    NOT NULL PRIMARY KEY REFERENCES nodes (id),
  counter INTEGER NOT NULL CHECK (counter > 0),
  digest  TEXT    NOT NULL
) STRICT;

CREATE TRIGGER settings_counters_only_rise BEFORE UPDATE ON settings_counters
WHEN new.counter <= old.counter OR new.node_id <> old.node_id
BEGIN
  SELECT RAISE(ABORT, 'the number of a settings document never falls');
END;
