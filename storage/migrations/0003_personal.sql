-- The uin of who made it by a call of the API, the main account or one of its sub-accounts; null where nobody was noted.
ALTER TABLE namespaces ADD COLUMN creator_uin {text};
ALTER TABLE repositories ADD COLUMN creator_uin {text};

ALTER TABLE repositories ADD COLUMN description {text} NOT NULL DEFAULT '';
ALTER TABLE repositories ADD COLUMN pull_count BIGINT NOT NULL DEFAULT 0;

-- What a main account may have, where that is not the default of the settings.
CREATE TABLE account_quotas (
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    kind {text} NOT NULL CHECK (kind IN ('namespaces', 'repositories', 'triggers')),
    value BIGINT NOT NULL CHECK (value >= 0),
    PRIMARY KEY (account_id, kind)
);

CREATE TABLE favorites (
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    repository_id BIGINT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, repository_id)
);

CREATE INDEX favorites_by_repository ON favorites (repository_id);
