-- Version 4. Messages that are to be delivered, and what became of them.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY, made INTEGER NOT NULL, notice TEXT NOT NULL, call TEXT NOT NULL, way TEXT NOT NULL,
    grp TEXT NOT NULL, step INTEGER NOT NULL, tries INTEGER NOT NULL, state TEXT NOT NULL, token BLOB NOT NULL,
    template TEXT NOT NULL, parcel TEXT NOT NULL, changed INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_open ON outbox (id) WHERE state IN ('waiting', 'delivered');
