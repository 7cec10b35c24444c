-- Version 2. Whether a call has its receipt is all that is asked by a call, so only receipts are found by theirs: an entry of
-- a call's beginning changes no page in the midst of the file.
CREATE INDEX receipts_by_call ON entries (call) WHERE kind = 'receipt';
DROP INDEX entries_by_call;
