-- The processes that serve, and how far each has acted on the log of changes. A process that ends without a word counts until
-- `alive_until`.
CREATE TABLE servers (
    id {text} PRIMARY KEY,
    seen BIGINT NOT NULL,
    alive_until BIGINT NOT NULL
);
