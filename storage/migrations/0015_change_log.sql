-- The log of changes. seq is the value of the counter of changes after the change. It is taken with the row of the
-- counter locked, so that a lower one never becomes visible after a higher one. scope: 0 system, 1 account, 2
-- registry, 3 namespace, 4 repository. id is the account or the registry. name is the name of the namespace or the
-- repository in that registry. The oldest rows are deleted.
CREATE TABLE change_log (
    seq BIGINT NOT NULL,
    scope BIGINT NOT NULL CHECK (scope BETWEEN 0 AND 4),
    id BIGINT NOT NULL,
    name {text} NOT NULL,
    PRIMARY KEY (seq, scope, id, name)
);
