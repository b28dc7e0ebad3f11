-- Background work. state: 0 waiting, 1 running, 2 done, 3 failed, 4 cancelled.
CREATE TABLE jobs (
    id {id},
    kind {text} NOT NULL,
    -- Two jobs of one kind with the same key are the same work. A job without a key is always separate work.
    key {text},
    -- The input of the work, in JSON.
    payload {text} NOT NULL,
    -- The thing that the job works on, for people.
    scope {text} NOT NULL,
    state BIGINT NOT NULL DEFAULT 0 CHECK (state IN (0, 1, 2, 3, 4)),
    run_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    -- The process that runs the job, and until when no other one may claim it.
    lease_id {text},
    lease_until BIGINT NOT NULL DEFAULT 0,
    -- The same work was requested again while the job ran, so it is done once more.
    again BIGINT NOT NULL DEFAULT 0 CHECK (again IN (0, 1)),
    -- An operator wants the job to stop.
    cancel BIGINT NOT NULL DEFAULT 0 CHECK (cancel IN (0, 1)),
    progress {text} NOT NULL,
    last_error {text},
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    finished_at BIGINT
);

CREATE UNIQUE INDEX jobs_by_key ON jobs (kind, key) WHERE state < 2 AND key IS NOT NULL;
CREATE INDEX jobs_to_do ON jobs (run_at, id) WHERE state < 2;
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE state >= 2;

-- When a regular job is due next.
CREATE TABLE schedules (
    name {text} PRIMARY KEY,
    -- How often the job runs, for people, and to notice a change.
    rule {text} NOT NULL,
    next_run BIGINT NOT NULL,
    last_run BIGINT
);

-- Some instances were not deleted completely. Their rows are deleted here, and a job deletes their content.
INSERT INTO jobs (kind, key, payload, scope, state, run_at, progress, created_at)
SELECT 'registry.empty', CAST(registry_id AS TEXT), '{"registry":' || registry_id || '}', 'instance ' || instance_id, 0, 0, '', 0
FROM instances WHERE status = 1;

DELETE FROM instance_tokens WHERE registry_id IN (SELECT registry_id FROM instances WHERE status = 1);
DELETE FROM instances WHERE status = 1;
