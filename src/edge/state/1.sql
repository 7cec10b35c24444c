-- Version 1. What the node writes for itself. Each part adds its tables with a step of its own.
CREATE TABLE schema (version INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;
