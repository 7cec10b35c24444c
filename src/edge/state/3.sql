-- Version 3. Who can be called back, and under which number; when each number of a pool has become free.
-- A window's times are what is left of it, as of the moment `at` of the calendar and `up_ms` of the system's own clock.
CREATE TABLE windows (
    holder TEXT PRIMARY KEY, organisation TEXT NOT NULL, site TEXT NOT NULL, source TEXT NOT NULL,
    line TEXT NOT NULL, shown TEXT NOT NULL, device TEXT NOT NULL, contact TEXT NOT NULL, place TEXT NOT NULL,
    asked TEXT NOT NULL, tokens TEXT NOT NULL, lent TEXT NOT NULL, elin TEXT NOT NULL, shared TEXT NOT NULL,
    rank INTEGER NOT NULL, open INTEGER NOT NULL, left_ms INTEGER NOT NULL, kept_free_ms INTEGER NOT NULL,
    has_ended INTEGER NOT NULL, ended_ms_ago INTEGER NOT NULL,
    at INTEGER NOT NULL, boot TEXT NOT NULL, up_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE freed (number TEXT PRIMARY KEY, rank INTEGER NOT NULL) STRICT, WITHOUT ROWID;
-- One row when the router has kept everything and ended.
CREATE TABLE windows_closed (at INTEGER NOT NULL) STRICT;
INSERT INTO windows_closed VALUES (0);
