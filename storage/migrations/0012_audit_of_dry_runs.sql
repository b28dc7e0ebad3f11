-- Whether it was only tried (1): nothing was changed, whatever became of it.
ALTER TABLE audit_events ADD COLUMN dry_run BIGINT NOT NULL DEFAULT 0;
