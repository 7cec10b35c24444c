-- Version 2. Where devices said they are, the addresses that their users gave, and the tokens that name them, by their SHA-256.
CREATE TABLE whereabouts (device TEXT PRIMARY KEY, at INTEGER NOT NULL, told TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE typed (device TEXT PRIMARY KEY, seen INTEGER NOT NULL, addresses TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE tokens (
    sum BLOB PRIMARY KEY, device TEXT NOT NULL, organisation TEXT NOT NULL, expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
