-- When a repository, a blob or an account is deleted, the rows that refer to it are looked for.
DROP INDEX manifest_blobs_by_blob;

CREATE INDEX manifest_blobs_by_blob ON manifest_blobs (blob_id);
CREATE INDEX manifest_blobs_by_repository ON manifest_blobs (repository_id, blob_id);
CREATE INDEX cleanup_rules_by_account ON cleanup_rules (owner_id);
