-- The serving processes, and how far each has read the log of changes. A process that crashes counts until
-- `alive_until`.
CREATE TABLE servers (
    id {text} PRIMARY KEY,
    seen BIGINT NOT NULL,
    alive_until BIGINT NOT NULL
);
