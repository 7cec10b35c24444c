-- Version 6. Who is told of emergency calls.
CREATE TABLE recipients (
    "id" TEXT NOT NULL, "organisation" TEXT NOT NULL, "site" TEXT NOT NULL, "place" TEXT NOT NULL, "user" TEXT NOT NULL,
    "notices" TEXT NOT NULL, "channel" TEXT NOT NULL, "to" TEXT NOT NULL, "language" TEXT NOT NULL,
    "group" TEXT NOT NULL, "step" TEXT NOT NULL,
    version INTEGER NOT NULL, PRIMARY KEY ("id")
) STRICT, WITHOUT ROWID;
