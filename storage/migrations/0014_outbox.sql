-- What has happened, for those who are to hear of it: written in the transaction that made it happen. A row is kept for a while
-- only. Nothing refers to other tables: an event outlives what it speaks of.
CREATE TABLE outbox (
    id {id},
    at BIGINT NOT NULL,
    kind {text} NOT NULL,
    -- Who made it happen, and what happened: JSON.
    actor {text} NOT NULL,
    event {text} NOT NULL
);
