-- A store of schema 9 as its program left it, by sqlite3 .dump; its tables are those in tables/.
PRAGMA application_id = 1667395448;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE buildings (
    "id" TEXT NOT NULL, "country" TEXT NOT NULL, "A1" TEXT NOT NULL, "A2" TEXT NOT NULL, "A3" TEXT NOT NULL,
    "A4" TEXT NOT NULL, "A5" TEXT NOT NULL, "A6" TEXT NOT NULL, "PRM" TEXT NOT NULL, "PRD" TEXT NOT NULL,
    "RD" TEXT NOT NULL, "STS" TEXT NOT NULL, "POD" TEXT NOT NULL, "POM" TEXT NOT NULL, "RDSEC" TEXT NOT NULL,
    "RDBR" TEXT NOT NULL, "RDSUBBR" TEXT NOT NULL, "HNO" TEXT NOT NULL, "HNS" TEXT NOT NULL, "LMK" TEXT NOT NULL,
    "LOC" TEXT NOT NULL, "FLR" TEXT NOT NULL, "NAM" TEXT NOT NULL, "PC" TEXT NOT NULL, "BLD" TEXT NOT NULL,
    "UNIT" TEXT NOT NULL, "ROOM" TEXT NOT NULL, "SEAT" TEXT NOT NULL, "PLC" TEXT NOT NULL, "PCN" TEXT NOT NULL,
    "POBOX" TEXT NOT NULL, "ADDCODE" TEXT NOT NULL,
    version INTEGER NOT NULL, "PN" TEXT NOT NULL DEFAULT '', "MP" TEXT NOT NULL DEFAULT '', "STP" TEXT NOT NULL DEFAULT '', "HNP" TEXT NOT NULL DEFAULT '', "latitude" TEXT NOT NULL DEFAULT '', "longitude" TEXT NOT NULL DEFAULT '', "altitude" TEXT NOT NULL DEFAULT '', "radius" TEXT NOT NULL DEFAULT '', "polygon" TEXT NOT NULL DEFAULT '', PRIMARY KEY ("id")
) STRICT, WITHOUT ROWID;
INSERT INTO "buildings" VALUES('branch-main','US','IL','','Springfield','','','','','','Sample','Street','','','','','','20','','','','','','62701','','','','','','','','',1,'','','','','','','','','');
INSERT INTO "buildings" VALUES('hq-main','US','IL','','Chicago','','','','','','Example','Plaza','','','','','','100','','','','','','60601','','','','','','','','',1,'','','','','','','','','');
CREATE TABLE changes (
    version INTEGER PRIMARY KEY, at INTEGER NOT NULL, author TEXT NOT NULL, summary TEXT NOT NULL, is_whole INTEGER NOT NULL
) STRICT;
INSERT INTO "changes" VALUES(1,1800000000000,'tester','import of 28 lines',0);
CREATE TABLE devices (
    "id" TEXT NOT NULL, "organisation" TEXT NOT NULL, "class" TEXT NOT NULL, "mac" TEXT NOT NULL,
    "instance" TEXT NOT NULL, "model" TEXT NOT NULL, "capability" TEXT NOT NULL, "lines" TEXT NOT NULL,
    "home" TEXT NOT NULL,
    version INTEGER NOT NULL, "ecbn" TEXT NOT NULL DEFAULT '', PRIMARY KEY ("id")
) STRICT, WITHOUT ROWID;
INSERT INTO "devices" VALUES('hq-ata-1','acme','ata','02-00-00-00-0A-06','','Cisco ATA191-MPP','','+13125550124','',1,'');
INSERT INTO "devices" VALUES('hq-dect-1','acme','dect','02-00-00-00-0A-05','','Cisco DBS-110-3PC','','+13125550123','hq-101',1,'');
INSERT INTO "devices" VALUES('hq-desk-1','acme','nomadic','02-00-00-00-0A-01','urn:uuid:00000000-0000-1000-8000-020000000a01','Cisco CP-8851-3PCC','','4117','',1,'');
INSERT INTO "devices" VALUES('hq-desk-2','acme','fixed','02-00-00-00-0A-02','urn:uuid:00000000-0000-1000-8000-020000000a02','Cisco CP-7841-3PCC','','4118','hq-217',1,'');
INSERT INTO "devices" VALUES('hq-desk-3','acme','fixed','02-00-00-00-0A-03','','Poly VVX 411','','4118','hq-4',1,'');
INSERT INTO "devices" VALUES('hq-soft-1','acme','soft','','urn:uuid:00000000-0000-1000-8000-020000000a04','','','4119','',1,'');
CREATE TABLE locations (
    "id" TEXT NOT NULL, "building" TEXT NOT NULL, "elin" TEXT NOT NULL, "ecbn" TEXT NOT NULL,
    "default" TEXT NOT NULL, "country" TEXT NOT NULL, "A1" TEXT NOT NULL, "A2" TEXT NOT NULL, "A3" TEXT NOT NULL,
    "A4" TEXT NOT NULL, "A5" TEXT NOT NULL, "A6" TEXT NOT NULL, "PRM" TEXT NOT NULL, "PRD" TEXT NOT NULL,
    "RD" TEXT NOT NULL, "STS" TEXT NOT NULL, "POD" TEXT NOT NULL, "POM" TEXT NOT NULL, "RDSEC" TEXT NOT NULL,
    "RDBR" TEXT NOT NULL, "RDSUBBR" TEXT NOT NULL, "HNO" TEXT NOT NULL, "HNS" TEXT NOT NULL, "LMK" TEXT NOT NULL,
    "LOC" TEXT NOT NULL, "FLR" TEXT NOT NULL, "NAM" TEXT NOT NULL, "PC" TEXT NOT NULL, "BLD" TEXT NOT NULL,
    "UNIT" TEXT NOT NULL, "ROOM" TEXT NOT NULL, "SEAT" TEXT NOT NULL, "PLC" TEXT NOT NULL, "PCN" TEXT NOT NULL,
    "POBOX" TEXT NOT NULL, "ADDCODE" TEXT NOT NULL,
    version INTEGER NOT NULL, "PN" TEXT NOT NULL DEFAULT '', "MP" TEXT NOT NULL DEFAULT '', "STP" TEXT NOT NULL DEFAULT '', "HNP" TEXT NOT NULL DEFAULT '', "latitude" TEXT NOT NULL DEFAULT '', "longitude" TEXT NOT NULL DEFAULT '', "altitude" TEXT NOT NULL DEFAULT '', "radius" TEXT NOT NULL DEFAULT '', "polygon" TEXT NOT NULL DEFAULT '', PRIMARY KEY ("id")
) STRICT, WITHOUT ROWID;
INSERT INTO "locations" VALUES('hq-101','hq-main','+13125550111','','','','','','','','','','','','','','','','','','','','','','','1','','','','','101','','','','','',1,'','','','','','','','','');
INSERT INTO "locations" VALUES('hq-217','hq-main','','','','','','','','','','','','','','','','','','','','','','','','2','','','','','217','','','','','',1,'','','','','','','','','');
INSERT INTO "locations" VALUES('hq-301','hq-main','','','','','','','','','','','','','','','','','','','','','','','','3','','','','','301','','','','','',1,'','','','','','','','','');
INSERT INTO "locations" VALUES('hq-4','hq-main','','','','','','','','','','','','','','','','','','','','','','','','4','','','','','','','','','','',1,'','','','','','','','','');
CREATE TABLE numbers (
    "number" TEXT NOT NULL, "site" TEXT NOT NULL, "location" TEXT NOT NULL, "ecbn" TEXT NOT NULL,
    "reachable" TEXT NOT NULL, "organisation" TEXT NOT NULL,
    version INTEGER NOT NULL, PRIMARY KEY ("organisation", "number")
) STRICT, WITHOUT ROWID;
INSERT INTO "numbers" VALUES('+13125550123','hq','hq-101','','yes','acme',1);
INSERT INTO "numbers" VALUES('+13125550124','hq','','','yes','acme',1);
INSERT INTO "numbers" VALUES('+13125550150','branch','branch-main','','yes','acme',1);
INSERT INTO "numbers" VALUES('+13125550170','depot','','','yes','acme',1);
INSERT INTO "numbers" VALUES('4117','hq','','','no','acme',1);
INSERT INTO "numbers" VALUES('4118','hq','','','no','acme',1);
INSERT INTO "numbers" VALUES('4119','hq','','','no','acme',1);
CREATE TABLE organisations (
    "id" TEXT NOT NULL, "name" TEXT NOT NULL, "wiremap_order" TEXT NOT NULL, "company" TEXT NOT NULL,
    "secrets" TEXT NOT NULL, "window_wired_hours" TEXT NOT NULL, "window_wireless_hours" TEXT NOT NULL,
    "window_address_hours" TEXT NOT NULL, "vpn" TEXT NOT NULL, "did_fallback_desk" TEXT NOT NULL,
    "did_fallback_soft" TEXT NOT NULL,
    version INTEGER NOT NULL, "receipts_kept_days" TEXT NOT NULL DEFAULT '', "relay_bearer" TEXT NOT NULL DEFAULT '', PRIMARY KEY ("id")
) STRICT, WITHOUT ROWID;
INSERT INTO "organisations" VALUES('acme','Acme','','6f0c2f0e-0911-4000-8000-000000000911','f086ea6e618b93646ab81b285ec7b8b6131b698a70dd701e52d3609eab3acd2c','','','','','','',1,'','');
CREATE TABLE recipients (
    "id" TEXT NOT NULL, "organisation" TEXT NOT NULL, "site" TEXT NOT NULL, "place" TEXT NOT NULL, "user" TEXT NOT NULL,
    "notices" TEXT NOT NULL, "channel" TEXT NOT NULL, "to" TEXT NOT NULL, "language" TEXT NOT NULL,
    "group" TEXT NOT NULL, "step" TEXT NOT NULL,
    version INTEGER NOT NULL, PRIMARY KEY ("id")
) STRICT, WITHOUT ROWID;
CREATE TABLE schema (version INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;
INSERT INTO "schema" VALUES(1,1800000000000);
INSERT INTO "schema" VALUES(2,1800000000000);
INSERT INTO "schema" VALUES(3,1800000000000);
INSERT INTO "schema" VALUES(4,1800000000000);
INSERT INTO "schema" VALUES(5,1800000000000);
INSERT INTO "schema" VALUES(6,1800000000000);
INSERT INTO "schema" VALUES(7,1800000000000);
INSERT INTO "schema" VALUES(8,1800000000000);
INSERT INTO "schema" VALUES(9,1800000000000);
CREATE TABLE sites (
    "id" TEXT NOT NULL, "organisation" TEXT NOT NULL, "country" TEXT NOT NULL, "prefixes" TEXT NOT NULL,
    "stage1" TEXT NOT NULL, "stage2" TEXT NOT NULL, "ecbn" TEXT NOT NULL, "pool" TEXT NOT NULL,
    "building" TEXT NOT NULL, "gateway" TEXT NOT NULL,
    version INTEGER NOT NULL, "callback_first" TEXT NOT NULL DEFAULT '', "desk" TEXT NOT NULL DEFAULT '', "time_zone" TEXT NOT NULL DEFAULT '', PRIMARY KEY ("id")
) STRICT, WITHOUT ROWID;
INSERT INTO "sites" VALUES('branch','acme','US','','yes','no','','','branch-main','gateway',1,'','','');
INSERT INTO "sites" VALUES('depot','acme','US','','no','no','','','','gateway',1,'','','');
INSERT INTO "sites" VALUES('hq','acme','US','9','yes','yes','+13125550100','+13125550190 +13125550191 +13125550192 +13125550193 +13125550194 +13125550195 +13125550196 +13125550197 +13125550198 +13125550199','hq-main','gateway',1,'','','');
CREATE TABLE touched (
    version INTEGER NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (version, kind, key)
) STRICT, WITHOUT ROWID;
INSERT INTO "touched" VALUES(1,'buildings','branch-main');
INSERT INTO "touched" VALUES(1,'buildings','hq-main');
INSERT INTO "touched" VALUES(1,'devices','hq-ata-1');
INSERT INTO "touched" VALUES(1,'devices','hq-dect-1');
INSERT INTO "touched" VALUES(1,'devices','hq-desk-1');
INSERT INTO "touched" VALUES(1,'devices','hq-desk-2');
INSERT INTO "touched" VALUES(1,'devices','hq-desk-3');
INSERT INTO "touched" VALUES(1,'devices','hq-soft-1');
INSERT INTO "touched" VALUES(1,'locations','hq-101');
INSERT INTO "touched" VALUES(1,'locations','hq-217');
INSERT INTO "touched" VALUES(1,'locations','hq-301');
INSERT INTO "touched" VALUES(1,'locations','hq-4');
INSERT INTO "touched" VALUES(1,'numbers','acme+13125550123');
INSERT INTO "touched" VALUES(1,'numbers','acme+13125550124');
INSERT INTO "touched" VALUES(1,'numbers','acme+13125550150');
INSERT INTO "touched" VALUES(1,'numbers','acme+13125550170');
INSERT INTO "touched" VALUES(1,'numbers','acme4117');
INSERT INTO "touched" VALUES(1,'numbers','acme4118');
INSERT INTO "touched" VALUES(1,'numbers','acme4119');
INSERT INTO "touched" VALUES(1,'organisations','acme');
INSERT INTO "touched" VALUES(1,'sites','branch');
INSERT INTO "touched" VALUES(1,'sites','depot');
INSERT INTO "touched" VALUES(1,'sites','hq');
INSERT INTO "touched" VALUES(1,'users','client');
INSERT INTO "touched" VALUES(1,'users','desk');
INSERT INTO "touched" VALUES(1,'wiremap','acme10.1.4.0/24');
INSERT INTO "touched" VALUES(1,'wiremap','acme02-00-00-00-00-11');
INSERT INTO "touched" VALUES(1,'wiremap','acme02-00-00-00-01-017');
CREATE TABLE users (
    "id" TEXT NOT NULL, "organisation" TEXT NOT NULL, "site" TEXT NOT NULL, "location" TEXT NOT NULL,
    "lines" TEXT NOT NULL, "devices" TEXT NOT NULL, "ecbn" TEXT NOT NULL, "did_fallback" TEXT NOT NULL,
    version INTEGER NOT NULL, "presence" TEXT NOT NULL DEFAULT '', PRIMARY KEY ("id")
) STRICT, WITHOUT ROWID;
INSERT INTO "users" VALUES('client','acme','hq','','4119','hq-soft-1','','',1,'');
INSERT INTO "users" VALUES('desk','acme','hq','','4117','hq-desk-1','','',1,'');
CREATE TABLE wiremap (
    "organisation" TEXT NOT NULL, "location" TEXT NOT NULL, "chassis" TEXT NOT NULL, "port" TEXT NOT NULL,
    "bssid" TEXT NOT NULL, "gateway" TEXT NOT NULL, "subnet" TEXT NOT NULL, "public" TEXT NOT NULL,
    version INTEGER NOT NULL, PRIMARY KEY ("organisation", "chassis", "port", "bssid", "gateway", "subnet", "public")
) STRICT, WITHOUT ROWID;
INSERT INTO "wiremap" VALUES('acme','hq-4','','','','','10.1.4.0/24','',1);
INSERT INTO "wiremap" VALUES('acme','hq-301','','','02-00-00-00-00-11','','','',1);
INSERT INTO "wiremap" VALUES('acme','hq-217','02-00-00-00-01-01','7','','','','',1);
CREATE INDEX locations_by_building ON locations (building);
CREATE INDEX sites_by_building ON sites (building) WHERE building <> '';
CREATE INDEX numbers_by_location ON numbers (location) WHERE location <> '';
CREATE INDEX users_by_location ON users (location) WHERE location <> '';
CREATE INDEX devices_by_mac ON devices (organisation, mac) WHERE mac <> '';
CREATE INDEX devices_by_instance ON devices (organisation, instance) WHERE instance <> '';
COMMIT;
