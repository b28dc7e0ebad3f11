-- Numbers that are known outside, and never used again. The numbers of custom policies are above those of all preset ones.
CREATE TABLE cam_sequences (
    name {text} PRIMARY KEY,
    last BIGINT NOT NULL
);

INSERT INTO cam_sequences (name, last) VALUES ('group', 10000), ('policy', 200000000), ('role', 4611686018427387904);

ALTER TABLE access_keys ADD COLUMN description {text} NOT NULL DEFAULT '';
ALTER TABLE access_keys ADD COLUMN last_used_at BIGINT;

-- The policies that accounts have written. Preset ones are no rows: where a policy is referred to, custom_id is null for them.
CREATE TABLE cam_policies (
    id BIGINT PRIMARY KEY,
    owner_id BIGINT NOT NULL REFERENCES accounts (id),
    name {text} NOT NULL,
    description {text} NOT NULL,
    -- As it was written, and as it was understood.
    document {text} NOT NULL,
    canonical {text} NOT NULL,
    tags {text} NOT NULL DEFAULT '[]',
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (owner_id, name)
);

CREATE INDEX cam_policies_by_owner ON cam_policies (owner_id, id);

-- What there is to know of an account that has an owner. Every one of them has a row here.
CREATE TABLE cam_users (
    account_id BIGINT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    remark {text} NOT NULL DEFAULT '',
    console_login BIGINT NOT NULL DEFAULT 0 CHECK (console_login IN (0, 1)),
    phone_number {text} NOT NULL DEFAULT '',
    country_code {text} NOT NULL DEFAULT '',
    email {text} NOT NULL DEFAULT '',
    last_login_at BIGINT,
    last_login_ip {text},
    boundary_id BIGINT,
    boundary_custom_id BIGINT REFERENCES cam_policies (id),
    CHECK (boundary_custom_id IS NULL OR boundary_custom_id = boundary_id)
);

CREATE INDEX cam_users_by_boundary ON cam_users (boundary_custom_id) WHERE boundary_custom_id IS NOT NULL;
CREATE INDEX accounts_by_owner ON accounts (owner_id, id) WHERE owner_id IS NOT NULL;

CREATE TABLE cam_groups (
    id BIGINT PRIMARY KEY,
    owner_id BIGINT NOT NULL REFERENCES accounts (id),
    name {text} NOT NULL,
    remark {text} NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (owner_id, name)
);

CREATE INDEX cam_groups_by_owner ON cam_groups (owner_id, id);

CREATE TABLE cam_group_members (
    group_id BIGINT NOT NULL REFERENCES cam_groups (id) ON DELETE CASCADE,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (group_id, account_id)
);

CREATE INDEX cam_group_members_by_account ON cam_group_members (account_id, group_id);

CREATE TABLE cam_roles (
    id BIGINT PRIMARY KEY,
    owner_id BIGINT NOT NULL REFERENCES accounts (id),
    name {text} NOT NULL,
    description {text} NOT NULL,
    -- Who may take the role: as it was written, and as it was understood.
    trust {text} NOT NULL,
    trust_canonical {text} NOT NULL,
    -- The longest session, in seconds.
    session_duration BIGINT NOT NULL,
    console_login BIGINT NOT NULL DEFAULT 0 CHECK (console_login IN (0, 1)),
    tags {text} NOT NULL DEFAULT '[]',
    -- Grows when the trust changes.
    version BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    boundary_id BIGINT,
    boundary_custom_id BIGINT REFERENCES cam_policies (id),
    UNIQUE (owner_id, name),
    CHECK (boundary_custom_id IS NULL OR boundary_custom_id = boundary_id)
);

CREATE INDEX cam_roles_by_owner ON cam_roles (owner_id, id);
CREATE INDEX cam_roles_by_boundary ON cam_roles (boundary_custom_id) WHERE boundary_custom_id IS NOT NULL;

-- Which policy applies to whom: to one user, one group or one role.
CREATE TABLE cam_attachments (
    id {id},
    owner_id BIGINT NOT NULL REFERENCES accounts (id),
    policy_id BIGINT NOT NULL,
    custom_id BIGINT REFERENCES cam_policies (id) ON DELETE CASCADE,
    user_id BIGINT REFERENCES accounts (id) ON DELETE CASCADE,
    group_id BIGINT REFERENCES cam_groups (id) ON DELETE CASCADE,
    role_id BIGINT REFERENCES cam_roles (id) ON DELETE CASCADE,
    -- Who attached it.
    operator_uin {text} NOT NULL,
    created_at BIGINT NOT NULL,
    CHECK (custom_id IS NULL OR custom_id = policy_id),
    CHECK (
        CASE WHEN user_id IS NULL THEN 0 ELSE 1 END + CASE WHEN group_id IS NULL THEN 0 ELSE 1 END
        + CASE WHEN role_id IS NULL THEN 0 ELSE 1 END = 1
    )
);

CREATE UNIQUE INDEX cam_attachments_of_user ON cam_attachments (user_id, policy_id);
CREATE UNIQUE INDEX cam_attachments_of_group ON cam_attachments (group_id, policy_id);
CREATE UNIQUE INDEX cam_attachments_of_role ON cam_attachments (role_id, policy_id);
CREATE INDEX cam_attachments_of_policy ON cam_attachments (owner_id, policy_id, id);
CREATE INDEX cam_attachments_of_custom ON cam_attachments (custom_id) WHERE custom_id IS NOT NULL;
