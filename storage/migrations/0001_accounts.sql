CREATE TABLE registries (
    id BIGINT PRIMARY KEY,
    name {text} NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

-- The personal edition. Instances follow.
INSERT INTO registries (id, name, created_at) VALUES (1, 'personal', 0);

-- One row. Its counter moves in the transaction of every change that a cache of another process must hear of.
CREATE TABLE changes (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    counter BIGINT NOT NULL
);

INSERT INTO changes (id, counter) VALUES (1, 1);

-- One row: the random id of this database. The blob store has the same one: objects that no row names are deleted only in
-- the store that belongs to the database.
CREATE TABLE identity (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    store_id {text} NOT NULL
);

-- owner_id is null for a main account, which owns itself. status: 0 active, 1 disabled.
CREATE TABLE accounts (
    id {id},
    uin {text} NOT NULL UNIQUE,
    name {text} NOT NULL,
    owner_id BIGINT REFERENCES accounts (id),
    status BIGINT NOT NULL DEFAULT 0 CHECK (status IN (0, 1)),
    credential_version BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX accounts_by_main_name ON accounts (name) WHERE owner_id IS NULL;
CREATE UNIQUE INDEX accounts_by_owner_name ON accounts (owner_id, name) WHERE owner_id IS NOT NULL;

CREATE TABLE passwords (
    account_id BIGINT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    hash {text} NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE access_keys (
    secret_id {text} PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    sealed_secret {blob} NOT NULL,
    active BIGINT NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
    created_at BIGINT NOT NULL
);

CREATE INDEX access_keys_by_account ON access_keys (account_id, created_at);

CREATE TABLE signing_keys (
    kid {text} PRIMARY KEY,
    algorithm {text} NOT NULL,
    public_key {blob} NOT NULL,
    sealed_private {blob} NOT NULL,
    created_at BIGINT NOT NULL,
    retired_at BIGINT,
    expires_at BIGINT
);

CREATE INDEX signing_keys_by_age ON signing_keys (created_at);

-- A token is known by its hash only. All tokens that grew out of one sign-in are a family.
CREATE TABLE refresh_tokens (
    token_hash {blob} PRIMARY KEY,
    family {text} NOT NULL,
    registry_id BIGINT NOT NULL REFERENCES registries (id),
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    service {text} NOT NULL,
    client_id {text} NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- What was issued under another version of the account's credentials is void.
    credential_version BIGINT NOT NULL,
    -- 0 for the first of a sign-in, one more for each successor.
    generation BIGINT NOT NULL,
    redeemed_at BIGINT,
    -- A token ends when its successor is used: until then its holder may not have got the successor.
    used_at BIGINT,
    revoked_at BIGINT
);

CREATE INDEX refresh_tokens_by_family ON refresh_tokens (family, generation);
CREATE INDEX refresh_tokens_by_account ON refresh_tokens (account_id);
CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at);
