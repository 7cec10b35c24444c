-- Version 5. Whose do-not-disturb must be undone, and what was before.
CREATE TABLE presence (
    adapter TEXT NOT NULL, agent TEXT NOT NULL, manner TEXT NOT NULL, ours TEXT NOT NULL, before TEXT NOT NULL,
    token TEXT NOT NULL, began INTEGER NOT NULL, ended INTEGER NOT NULL, lease_ms INTEGER NOT NULL,
    after_ms INTEGER NOT NULL, PRIMARY KEY (adapter, agent)
) STRICT, WITHOUT ROWID;
