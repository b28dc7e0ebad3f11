CREATE TABLE namespaces (
    id {id},
    registry_id BIGINT NOT NULL REFERENCES registries (id),
    name {text} NOT NULL,
    owner_id BIGINT NOT NULL REFERENCES accounts (id),
    created_at BIGINT NOT NULL,
    UNIQUE (registry_id, name)
);

CREATE INDEX namespaces_by_owner ON namespaces (owner_id, registry_id, name);

CREATE TABLE repositories (
    id {id},
    registry_id BIGINT NOT NULL REFERENCES registries (id),
    namespace_id BIGINT NOT NULL REFERENCES namespaces (id),
    name {text} NOT NULL,
    public BIGINT NOT NULL DEFAULT 0 CHECK (public IN (0, 1)),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (registry_id, name)
);

CREATE INDEX repositories_by_namespace ON repositories (namespace_id, name);
CREATE INDEX repositories_public ON repositories (registry_id, name) WHERE public = 1;

-- state: 0 live, 1 condemned (unreachable, may be revived), 2 deleting (invisible, for good).
CREATE TABLE blobs (
    id {id},
    digest {text} NOT NULL,
    object_key {text} NOT NULL UNIQUE,
    size BIGINT NOT NULL CHECK (size >= 0),
    state BIGINT NOT NULL DEFAULT 0 CHECK (state IN (0, 1, 2)),
    lease_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

-- Content is there once. A row that is being deleted does not stand in the way of the same content's return.
CREATE UNIQUE INDEX blobs_by_digest ON blobs (digest) WHERE state <> 2;

-- Who may read a blob: a digest alone opens nothing.
CREATE TABLE repository_blobs (
    repository_id BIGINT NOT NULL REFERENCES repositories (id),
    blob_id BIGINT NOT NULL REFERENCES blobs (id),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (repository_id, blob_id)
);

CREATE INDEX repository_blobs_by_blob ON repository_blobs (blob_id, repository_id);

CREATE TABLE uploads (
    id {text} PRIMARY KEY,
    registry_id BIGINT NOT NULL REFERENCES registries (id),
    repository_name {text} NOT NULL,
    account_id BIGINT NOT NULL REFERENCES accounts (id),
    hash_algorithm {text} NOT NULL,
    hash_state {blob} NOT NULL,
    hashed_bytes BIGINT NOT NULL CHECK (hashed_bytes >= 0),
    lease_holder {text},
    lease_until BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX uploads_by_expiry ON uploads (expires_at);
CREATE INDEX uploads_by_repository ON uploads (registry_id, repository_name);
CREATE INDEX uploads_by_account ON uploads (account_id);

CREATE TABLE manifests (
    id {id},
    repository_id BIGINT NOT NULL REFERENCES repositories (id),
    digest {text} NOT NULL,
    media_type {text} NOT NULL,
    artifact_type {text},
    subject_digest {text},
    -- What a list of referrers shows of one that has a subject: a descriptor in JSON. Its size comes first, so that a page
    -- is planned without reading what may be long.
    descriptor_size BIGINT,
    descriptor {text},
    size BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    content {blob} NOT NULL,
    UNIQUE (repository_id, digest)
);

CREATE INDEX manifests_by_subject ON manifests (repository_id, subject_digest, digest) WHERE subject_digest IS NOT NULL;

CREATE TABLE manifest_blobs (
    manifest_id BIGINT NOT NULL REFERENCES manifests (id) ON DELETE CASCADE,
    -- That of the manifest. A base layer is in the manifests of many repositories, and a repository has many manifests.
    repository_id BIGINT NOT NULL REFERENCES repositories (id),
    blob_id BIGINT NOT NULL REFERENCES blobs (id),
    PRIMARY KEY (manifest_id, blob_id)
);

CREATE INDEX manifest_blobs_by_blob ON manifest_blobs (blob_id, repository_id, manifest_id);

-- A child is named by its digest, like a subject: one that is deleted and pushed again is a child again.
CREATE TABLE manifest_children (
    parent_id BIGINT NOT NULL REFERENCES manifests (id) ON DELETE CASCADE,
    repository_id BIGINT NOT NULL REFERENCES repositories (id),
    child_digest {text} NOT NULL,
    PRIMARY KEY (parent_id, child_digest)
);

CREATE INDEX manifest_children_by_child ON manifest_children (repository_id, child_digest, parent_id);

CREATE TABLE tags (
    repository_id BIGINT NOT NULL REFERENCES repositories (id),
    name {text} NOT NULL,
    manifest_id BIGINT NOT NULL REFERENCES manifests (id),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (repository_id, name)
);

CREATE INDEX tags_by_manifest ON tags (manifest_id, name);

-- What lost a reference, and is to be looked at after a while. kind: 0 blob, 1 manifest.
CREATE TABLE review_queue (
    kind BIGINT NOT NULL CHECK (kind IN (0, 1)),
    target_id BIGINT NOT NULL,
    reason {text} NOT NULL,
    review_after BIGINT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    queued_at BIGINT NOT NULL,
    PRIMARY KEY (kind, target_id)
);

CREATE INDEX review_queue_by_time ON review_queue (review_after);
