-- Who vouches for those that take a role without a key: OpenID Connect identity providers of main accounts.
CREATE TABLE cam_oidc_providers (
    id {id},
    owner_id BIGINT NOT NULL REFERENCES accounts (id),
    name {text} NOT NULL,
    -- The issuer of its tokens.
    url {text} NOT NULL,
    -- Its public keys, a JSON Web Key Set.
    keys {text} NOT NULL,
    -- The audiences of its tokens, a JSON list.
    client_ids {text} NOT NULL,
    description {text} NOT NULL,
    -- Grows when something is taken away that it was trusted with.
    version BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (owner_id, name)
);
