-- What was done, and what was refused. Nothing refers to other tables: an event outlives what it speaks of.
CREATE TABLE audit_events (
    id {id},
    at BIGINT NOT NULL,
    -- The main account that it concerns; null where it is not known.
    owner_id BIGINT,
    -- Who it was, or claimed to be.
    uin {text} NOT NULL,
    principal {text} NOT NULL,
    source {text} NOT NULL,
    action {text} NOT NULL,
    resource {text} NOT NULL,
    address {text} NOT NULL,
    user_agent {text} NOT NULL,
    request_id {text} NOT NULL,
    -- 0 done, 1 denied, 2 failed.
    outcome BIGINT NOT NULL CHECK (outcome IN (0, 1, 2)),
    code {text} NOT NULL,
    -- How many alike it stands for, in a flood of them.
    repeated BIGINT NOT NULL DEFAULT 1
);

CREATE INDEX audit_events_by_time ON audit_events (at, id);
CREATE INDEX audit_events_by_owner ON audit_events (owner_id, at, id);
CREATE INDEX audit_events_by_uin ON audit_events (uin, at, id);
CREATE INDEX audit_events_by_action ON audit_events (action, at, id);
CREATE INDEX audit_events_of_denials ON audit_events (at, id) WHERE outcome = 1;
