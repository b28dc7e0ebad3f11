-- One row, which counts the repositories that were ever made. What was not there before makes less untrue than any other change:
-- see docs/adr/0005.
CREATE TABLE repositories_made (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    counter BIGINT NOT NULL
);

INSERT INTO repositories_made (id, counter) VALUES (1, 1);
