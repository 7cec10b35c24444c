-- Version 1. A table for each CSV file, with its columns as text, and for each line the change that it came with.
CREATE TABLE schema (version INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;

-- What was changed when and by whom. What a large change touched is not listed: whoever follows reads all anew.
CREATE TABLE changes (
    version INTEGER PRIMARY KEY, at INTEGER NOT NULL, author TEXT NOT NULL, summary TEXT NOT NULL, is_whole INTEGER NOT NULL
) STRICT;
CREATE TABLE touched (
    version INTEGER NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (version, kind, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE organisations (
    "id" TEXT NOT NULL, "name" TEXT NOT NULL, "wiremap_order" TEXT NOT NULL, "company" TEXT NOT NULL,
    "secrets" TEXT NOT NULL, "window_wired_hours" TEXT NOT NULL, "window_wireless_hours" TEXT NOT NULL,
    "window_address_hours" TEXT NOT NULL, "vpn" TEXT NOT NULL, "did_fallback_desk" TEXT NOT NULL,
    "did_fallback_soft" TEXT NOT NULL,
    version INTEGER NOT NULL, PRIMARY KEY ("id")
) STRICT, WITHOUT ROWID;
CREATE TABLE buildings (
    "id" TEXT NOT NULL, "country" TEXT NOT NULL, "A1" TEXT NOT NULL, "A2" TEXT NOT NULL, "A3" TEXT NOT NULL,
    "A4" TEXT NOT NULL, "A5" TEXT NOT NULL, "A6" TEXT NOT NULL, "PRM" TEXT NOT NULL, "PRD" TEXT NOT NULL,
    "RD" TEXT NOT NULL, "STS" TEXT NOT NULL, "POD" TEXT NOT NULL, "POM" TEXT NOT NULL, "RDSEC" TEXT NOT NULL,
    "RDBR" TEXT NOT NULL, "RDSUBBR" TEXT NOT NULL, "HNO" TEXT NOT NULL, "HNS" TEXT NOT NULL, "LMK" TEXT NOT NULL,
    "LOC" TEXT NOT NULL, "FLR" TEXT NOT NULL, "NAM" TEXT NOT NULL, "PC" TEXT NOT NULL, "BLD" TEXT NOT NULL,
    "UNIT" TEXT NOT NULL, "ROOM" TEXT NOT NULL, "SEAT" TEXT NOT NULL, "PLC" TEXT NOT NULL, "PCN" TEXT NOT NULL,
    "POBOX" TEXT NOT NULL, "ADDCODE" TEXT NOT NULL,
    version INTEGER NOT NULL, PRIMARY KEY ("id")
) STRICT, WITHOUT ROWID;
CREATE TABLE locations (
    "id" TEXT NOT NULL, "building" TEXT NOT NULL, "elin" TEXT NOT NULL, "ecbn" TEXT NOT NULL,
    "default" TEXT NOT NULL, "country" TEXT NOT NULL, "A1" TEXT NOT NULL, "A2" TEXT NOT NULL, "A3" TEXT NOT NULL,
    "A4" TEXT NOT NULL, "A5" TEXT NOT NULL, "A6" TEXT NOT NULL, "PRM" TEXT NOT NULL, "PRD" TEXT NOT NULL,
    "RD" TEXT NOT NULL, "STS" TEXT NOT NULL, "POD" TEXT NOT NULL, "POM" TEXT NOT NULL, "RDSEC" TEXT NOT NULL,
    "RDBR" TEXT NOT NULL, "RDSUBBR" TEXT NOT NULL, "HNO" TEXT NOT NULL, "HNS" TEXT NOT NULL, "LMK" TEXT NOT NULL,
    "LOC" TEXT NOT NULL, "FLR" TEXT NOT NULL, "NAM" TEXT NOT NULL, "PC" TEXT NOT NULL, "BLD" TEXT NOT NULL,
    "UNIT" TEXT NOT NULL, "ROOM" TEXT NOT NULL, "SEAT" TEXT NOT NULL, "PLC" TEXT NOT NULL, "PCN" TEXT NOT NULL,
    "POBOX" TEXT NOT NULL, "ADDCODE" TEXT NOT NULL,
    version INTEGER NOT NULL, PRIMARY KEY ("id")
) STRICT, WITHOUT ROWID;
CREATE TABLE sites (
    "id" TEXT NOT NULL, "organisation" TEXT NOT NULL, "country" TEXT NOT NULL, "prefixes" TEXT NOT NULL,
    "stage1" TEXT NOT NULL, "stage2" TEXT NOT NULL, "ecbn" TEXT NOT NULL, "pool" TEXT NOT NULL,
    "building" TEXT NOT NULL, "gateway" TEXT NOT NULL,
    version INTEGER NOT NULL, PRIMARY KEY ("id")
) STRICT, WITHOUT ROWID;
CREATE TABLE numbers (
    "number" TEXT NOT NULL, "site" TEXT NOT NULL, "location" TEXT NOT NULL, "ecbn" TEXT NOT NULL,
    "reachable" TEXT NOT NULL, "organisation" TEXT NOT NULL,
    version INTEGER NOT NULL, PRIMARY KEY ("organisation", "number")
) STRICT, WITHOUT ROWID;
CREATE TABLE devices (
    "id" TEXT NOT NULL, "organisation" TEXT NOT NULL, "class" TEXT NOT NULL, "mac" TEXT NOT NULL,
    "instance" TEXT NOT NULL, "model" TEXT NOT NULL, "capability" TEXT NOT NULL, "lines" TEXT NOT NULL,
    "home" TEXT NOT NULL,
    version INTEGER NOT NULL, PRIMARY KEY ("id")
) STRICT, WITHOUT ROWID;
CREATE TABLE users (
    "id" TEXT NOT NULL, "organisation" TEXT NOT NULL, "site" TEXT NOT NULL, "location" TEXT NOT NULL,
    "lines" TEXT NOT NULL, "devices" TEXT NOT NULL, "ecbn" TEXT NOT NULL, "did_fallback" TEXT NOT NULL,
    version INTEGER NOT NULL, PRIMARY KEY ("id")
) STRICT, WITHOUT ROWID;
CREATE TABLE wiremap (
    "organisation" TEXT NOT NULL, "location" TEXT NOT NULL, "chassis" TEXT NOT NULL, "port" TEXT NOT NULL,
    "bssid" TEXT NOT NULL, "gateway" TEXT NOT NULL, "subnet" TEXT NOT NULL, "public" TEXT NOT NULL,
    version INTEGER NOT NULL, PRIMARY KEY ("organisation", "chassis", "port", "bssid", "gateway", "subnet", "public")
) STRICT, WITHOUT ROWID;

-- What is derived from another line is found by it when that line changes.
CREATE INDEX locations_by_building ON locations (building);
CREATE INDEX sites_by_building ON sites (building) WHERE building <> '';
CREATE INDEX numbers_by_location ON numbers (location) WHERE location <> '';
CREATE INDEX users_by_location ON users (location) WHERE location <> '';
