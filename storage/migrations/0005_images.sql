-- Every tag has a number of its own, as long as it is there: the table is made again with one.
CREATE TABLE numbered_tags (
    id {id},
    repository_id BIGINT NOT NULL REFERENCES repositories (id),
    name {text} NOT NULL,
    manifest_id BIGINT NOT NULL REFERENCES manifests (id),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (repository_id, name)
);

INSERT INTO numbered_tags (repository_id, name, manifest_id, created_at, updated_at)
SELECT repository_id, name, manifest_id, created_at, updated_at FROM tags ORDER BY created_at, repository_id, name;

DROP TABLE tags;

ALTER TABLE numbered_tags RENAME TO tags;

CREATE INDEX tags_by_manifest ON tags (manifest_id, name);
CREATE INDEX tags_by_push ON tags (repository_id, updated_at DESC, name);

-- What lists of images show of a manifest. A manifest without a row here has not been looked at yet. content_id is equal
-- for manifests with the same image: the digest of the config, or of the manifest where there is no image.
CREATE TABLE image_details (
    manifest_id BIGINT PRIMARY KEY REFERENCES manifests (id) ON DELETE CASCADE,
    repository_id BIGINT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
    content_id {text} NOT NULL,
    image_id {text},
    architecture {text} NOT NULL,
    os {text} NOT NULL,
    author {text} NOT NULL,
    docker_version {text} NOT NULL,
    built_at BIGINT,
    total_size BIGINT NOT NULL CHECK (total_size >= 0)
);

CREATE INDEX image_details_by_content ON image_details (repository_id, content_id);

-- Which tags are to be kept. Of a repository, one rule of each kind; of a main account, one for all its repositories
-- (repository_id is null).
CREATE TABLE cleanup_rules (
    id {id},
    registry_id BIGINT NOT NULL REFERENCES registries (id),
    owner_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    repository_id BIGINT REFERENCES repositories (id) ON DELETE CASCADE,
    kind {text} NOT NULL CHECK (kind IN ('keep_last_days', 'keep_last_nums')),
    value BIGINT NOT NULL CHECK (value > 0),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX cleanup_rules_by_repository ON cleanup_rules (repository_id, kind) WHERE repository_id IS NOT NULL;
CREATE UNIQUE INDEX cleanup_rules_by_owner ON cleanup_rules (owner_id, registry_id) WHERE repository_id IS NULL;

-- What is to be deployed anew when an image is pushed. A trigger goes with its repository.
CREATE TABLE application_triggers (
    id {id},
    registry_id BIGINT NOT NULL REFERENCES registries (id),
    owner_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    repository_id BIGINT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
    name {text} NOT NULL,
    invoke_method {text} NOT NULL CHECK (invoke_method IN ('all', 'taglist', 'regex')),
    invoke_expr {text} NOT NULL,
    cluster_id {text} NOT NULL,
    cluster_region BIGINT NOT NULL,
    cluster_namespace {text} NOT NULL,
    workload_type {text} NOT NULL,
    workload_name {text} NOT NULL,
    container_name {text} NOT NULL,
    -- Grows with every change, so that of two changes at once the second one sees the first.
    version BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (owner_id, registry_id, name)
);

CREATE INDEX application_triggers_by_repository ON application_triggers (repository_id);
CREATE INDEX application_triggers_by_age ON application_triggers (owner_id, registry_id, created_at DESC, id DESC);

-- What triggers did. An entry names everything as it was then, and outlives its trigger and its repository.
CREATE TABLE trigger_log (
    id {id},
    registry_id BIGINT NOT NULL REFERENCES registries (id),
    owner_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    repository_name {text} NOT NULL,
    tag_name {text} NOT NULL,
    trigger_name {text} NOT NULL,
    invoke_method {text} NOT NULL,
    invoke_expr {text} NOT NULL,
    cluster_id {text} NOT NULL,
    cluster_region BIGINT NOT NULL,
    cluster_namespace {text} NOT NULL,
    workload_type {text} NOT NULL,
    workload_name {text} NOT NULL,
    container_name {text} NOT NULL,
    return_code BIGINT NOT NULL,
    return_message {text} NOT NULL,
    invoked_at BIGINT NOT NULL
);

CREATE INDEX trigger_log_by_time ON trigger_log (owner_id, registry_id, invoked_at, id);
CREATE INDEX trigger_log_by_repository ON trigger_log (owner_id, registry_id, repository_name, invoked_at, id);
