-- Version 8. Who a user is at the contact center whose presence is managed.
ALTER TABLE users ADD COLUMN "presence" TEXT NOT NULL DEFAULT '';
