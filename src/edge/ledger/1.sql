-- Version 1. One line for each entry; a line stays, and of what it says nothing changes but that its content goes.
CREATE TABLE schema (version INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;

CREATE TABLE entries (
    place INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, organisation TEXT NOT NULL, call TEXT NOT NULL,
    seal BLOB NOT NULL, link BLOB NOT NULL, salt BLOB, body TEXT
) STRICT;
CREATE INDEX entries_by_age ON entries (organisation, at) WHERE body IS NOT NULL;
CREATE INDEX entries_by_call ON entries (call, kind) WHERE call <> '';

CREATE TRIGGER entries_stay BEFORE DELETE ON entries BEGIN SELECT raise(ABORT, 'an entry is never deleted'); END;
CREATE TRIGGER entries_hold BEFORE UPDATE ON entries
    WHEN NEW.place IS NOT OLD.place OR NEW.at IS NOT OLD.at OR NEW.kind IS NOT OLD.kind
        OR NEW.organisation IS NOT OLD.organisation OR NEW.call IS NOT OLD.call OR NEW.seal IS NOT OLD.seal
        OR NEW.link IS NOT OLD.link OR NEW.salt IS NOT NULL OR NEW.body IS NOT NULL
    BEGIN SELECT raise(ABORT, 'an entry is never changed'); END;
