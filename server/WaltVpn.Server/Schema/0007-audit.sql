-- The audit trail: written in the transaction of the decision itself, never changed, each line with the hash of all before it.

CREATE TABLE audit (
  number  INTEGER NOT NULL PRIMARY KEY CHECK (number > 0),
  at      INTEGER NOT NULL,
  by      TEXT    NOT NULL,
  source  TEXT    NOT NULL,
  action  TEXT    NOT NULL,
  subject TEXT    NOT NULL,
  detail  TEXT    NOT NULL,
  hash    TEXT    NOT NULL UNIQUE CHECK (length(hash) = 64)
) STRICT;
CREATE INDEX audit_by_subject ON audit (subject, number);

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN
  SELECT RAISE(ABORT, 'a line of the audit trail is never changed');
END;
CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit
BEGIN
  SELECT RAISE(ABORT, 'a line of the audit trail is never deleted');
END;
CREATE TRIGGER audit_only_grows BEFORE INSERT ON audit
WHEN new.number <> (SELECT coalesce(max(number), 0) + 1 FROM audit)
BEGIN
  SELECT RAISE(ABORT, 'a line of the audit trail has the next number');
END;
