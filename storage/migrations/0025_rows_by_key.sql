-- A push writes to these tables. SQLite stores them in the order of their keys now, and needs no second tree for the
-- key. Only the deletion of a namespace looks for uploads by repository, so uploads have no index for it.
CREATE TABLE keyed_repository_blobs (
    repository_id BIGINT NOT NULL REFERENCES repositories (id),
    blob_id BIGINT NOT NULL REFERENCES blobs (id),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (repository_id, blob_id)
){by key};

INSERT INTO keyed_repository_blobs (repository_id, blob_id, created_at)
SELECT repository_id, blob_id, created_at FROM repository_blobs ORDER BY repository_id, blob_id;

DROP TABLE repository_blobs;

ALTER TABLE keyed_repository_blobs RENAME TO repository_blobs;

CREATE INDEX repository_blobs_by_blob ON repository_blobs (blob_id, repository_id);

CREATE TABLE keyed_manifest_blobs (
    manifest_id BIGINT NOT NULL REFERENCES manifests (id) ON DELETE CASCADE,
    repository_id BIGINT NOT NULL REFERENCES repositories (id),
    blob_id BIGINT NOT NULL REFERENCES blobs (id),
    PRIMARY KEY (manifest_id, blob_id)
){by key};

INSERT INTO keyed_manifest_blobs (manifest_id, repository_id, blob_id)
SELECT manifest_id, repository_id, blob_id FROM manifest_blobs ORDER BY manifest_id, blob_id;

DROP TABLE manifest_blobs;

ALTER TABLE keyed_manifest_blobs RENAME TO manifest_blobs;

CREATE INDEX manifest_blobs_by_blob ON manifest_blobs (blob_id);
CREATE INDEX manifest_blobs_by_repository ON manifest_blobs (repository_id, blob_id);

CREATE TABLE keyed_manifest_children (
    parent_id BIGINT NOT NULL REFERENCES manifests (id) ON DELETE CASCADE,
    repository_id BIGINT NOT NULL REFERENCES repositories (id),
    child_digest {text} NOT NULL,
    PRIMARY KEY (parent_id, child_digest)
){by key};

INSERT INTO keyed_manifest_children (parent_id, repository_id, child_digest)
SELECT parent_id, repository_id, child_digest FROM manifest_children ORDER BY parent_id, child_digest;

DROP TABLE manifest_children;

ALTER TABLE keyed_manifest_children RENAME TO manifest_children;

CREATE INDEX manifest_children_by_child ON manifest_children (repository_id, child_digest, parent_id);

CREATE TABLE keyed_review_queue (
    kind BIGINT NOT NULL CHECK (kind IN (0, 1)),
    target_id BIGINT NOT NULL,
    reason {text} NOT NULL,
    review_after BIGINT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    queued_at BIGINT NOT NULL,
    PRIMARY KEY (kind, target_id)
){by key};

INSERT INTO keyed_review_queue (kind, target_id, reason, review_after, attempts, queued_at)
SELECT kind, target_id, reason, review_after, attempts, queued_at FROM review_queue ORDER BY kind, target_id;

DROP TABLE review_queue;

ALTER TABLE keyed_review_queue RENAME TO review_queue;

CREATE INDEX review_queue_by_time ON review_queue (review_after);

CREATE TABLE keyed_uploads (
    id {text} NOT NULL PRIMARY KEY,
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
){by key};

INSERT INTO keyed_uploads (
    id, registry_id, repository_name, account_id, hash_algorithm, hash_state, hashed_bytes, lease_holder, lease_until,
    created_at, expires_at
)
SELECT
    id, registry_id, repository_name, account_id, hash_algorithm, hash_state, hashed_bytes, lease_holder, lease_until,
    created_at, expires_at
FROM uploads ORDER BY id;

DROP TABLE uploads;

ALTER TABLE keyed_uploads RENAME TO uploads;

CREATE INDEX uploads_by_expiry ON uploads (expires_at);
CREATE INDEX uploads_by_account ON uploads (account_id);
