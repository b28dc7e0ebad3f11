-- Events for subscribers, written in the transaction that causes them. A row is kept only for a while. It refers to
-- no other table, because an event outlives the things that it names.
CREATE TABLE outbox (
    id {id},
    at BIGINT NOT NULL,
    kind {text} NOT NULL,
    -- The actor and the event, in JSON.
    actor {text} NOT NULL,
    event {text} NOT NULL
);
