-- Version 5. Callback numbers of phones, which one a site prefers, and who guards it.
ALTER TABLE devices ADD COLUMN "ecbn" TEXT NOT NULL DEFAULT '';
ALTER TABLE sites ADD COLUMN "callback_first" TEXT NOT NULL DEFAULT '';
ALTER TABLE sites ADD COLUMN "desk" TEXT NOT NULL DEFAULT '';
