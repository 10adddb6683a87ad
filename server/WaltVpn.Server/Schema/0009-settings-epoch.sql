-- When a daemon last had this database: one that nobody had for a while may be an old copy, whose numbers nodes are beyond. floor is the least number
-- that is told from then on. Seconds since 1970.

CREATE TABLE settings_epoch (
  only  INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
  alive INTEGER NOT NULL,
  floor INTEGER NOT NULL
) STRICT;
