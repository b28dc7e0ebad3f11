-- Columns that nobody reads. An instance that is deleted loses its row at once, so that every instance runs.
DROP INDEX instances_in_deletion;
ALTER TABLE instances DROP COLUMN status;
ALTER TABLE refresh_tokens DROP COLUMN redeemed_at;
