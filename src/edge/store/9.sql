-- Version 9. In which time zone a site is.
ALTER TABLE sites ADD COLUMN "time_zone" TEXT NOT NULL DEFAULT '';
