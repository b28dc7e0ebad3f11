-- An enterprise instance: a registry with a name, an owner and a host of its own. The row of its registry stays when it goes,
-- so that no number and no id is ever used again.
CREATE TABLE instances (
    registry_id BIGINT PRIMARY KEY REFERENCES registries (id),
    instance_id {text} NOT NULL UNIQUE,
    name {text} NOT NULL UNIQUE,
    owner_id BIGINT NOT NULL REFERENCES accounts (id),
    edition {text} NOT NULL,
    -- 0 running, 1 being deleted: its content goes, and no host leads to it.
    status BIGINT NOT NULL DEFAULT 0 CHECK (status IN (0, 1)),
    prepaid BIGINT NOT NULL DEFAULT 0 CHECK (prepaid IN (0, 1)),
    renew_flag BIGINT NOT NULL DEFAULT 0 CHECK (renew_flag IN (0, 1, 2)),
    -- Only what is paid in advance ends.
    expires_at BIGINT,
    deletion_protection BIGINT NOT NULL DEFAULT 0 CHECK (deletion_protection IN (0, 1)),
    versioning BIGINT NOT NULL DEFAULT 0 CHECK (versioning IN (0, 1)),
    multi_zone BIGINT NOT NULL DEFAULT 0 CHECK (multi_zone IN (0, 1)),
    -- Pairs of key and value, in JSON.
    tags {text} NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE INDEX instances_by_owner ON instances (owner_id, registry_id);
CREATE INDEX instances_in_deletion ON instances (registry_id) WHERE status = 1;

-- Passwords for docker that are good for one instance. Known by their hash only.
CREATE TABLE instance_tokens (
    id {id},
    token_id {text} NOT NULL UNIQUE,
    registry_id BIGINT NOT NULL REFERENCES registries (id),
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    -- What was made under another version of the account's credentials is void.
    credential_version BIGINT NOT NULL,
    token_hash {blob} NOT NULL,
    description {text} NOT NULL,
    enabled BIGINT NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX instance_tokens_by_registry ON instance_tokens (registry_id, id);
CREATE INDEX instance_tokens_by_account ON instance_tokens (account_id);

-- What a namespace of an instance has besides its name. Its repositories are public when it is.
CREATE TABLE instance_namespaces (
    namespace_id BIGINT PRIMARY KEY REFERENCES namespaces (id) ON DELETE CASCADE,
    public BIGINT NOT NULL DEFAULT 0 CHECK (public IN (0, 1)),
    auto_scan BIGINT NOT NULL DEFAULT 0 CHECK (auto_scan IN (0, 1)),
    prevent_vulnerable BIGINT NOT NULL DEFAULT 0 CHECK (prevent_vulnerable IN (0, 1)),
    -- low, medium, high, or empty.
    severity {text} NOT NULL,
    -- Ids of vulnerabilities, in JSON.
    ignored {text} NOT NULL,
    tags {text} NOT NULL
);

-- What a repository of an instance has besides its name; without a row, nothing.
CREATE TABLE instance_repositories (
    repository_id BIGINT PRIMARY KEY REFERENCES repositories (id) ON DELETE CASCADE,
    brief {text} NOT NULL,
    description {text} NOT NULL
);
