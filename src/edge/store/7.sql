-- Version 7. How long an organisation's receipts are kept, and who pays for its relay calls.
ALTER TABLE organisations ADD COLUMN "receipts_kept_days" TEXT NOT NULL DEFAULT '';
ALTER TABLE organisations ADD COLUMN "relay_bearer" TEXT NOT NULL DEFAULT '';
