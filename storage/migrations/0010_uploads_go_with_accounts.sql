-- An account that is deleted takes its unfinished uploads with it. They stood in the way.
CREATE TABLE uploads_of_accounts (
    id {text} PRIMARY KEY,
    registry_id BIGINT NOT NULL REFERENCES registries (id),
    repository_name {text} NOT NULL,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    hash_algorithm {text} NOT NULL,
    hash_state {blob} NOT NULL,
    hashed_bytes BIGINT NOT NULL CHECK (hashed_bytes >= 0),
    lease_holder {text},
    lease_until BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

INSERT INTO uploads_of_accounts (
    id, registry_id, repository_name, account_id, hash_algorithm, hash_state, hashed_bytes, lease_holder, lease_until,
    created_at, expires_at
)
SELECT
    id, registry_id, repository_name, account_id, hash_algorithm, hash_state, hashed_bytes, lease_holder, lease_until,
    created_at, expires_at
FROM uploads;

DROP TABLE uploads;

ALTER TABLE uploads_of_accounts RENAME TO uploads;

CREATE INDEX uploads_by_expiry ON uploads (expires_at);
CREATE INDEX uploads_by_repository ON uploads (registry_id, repository_name);
CREATE INDEX uploads_by_account ON uploads (account_id);
