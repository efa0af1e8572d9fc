-- The latest time this installation has lived through, and a number that a check of health counts up.
CREATE TABLE clock (
    only_row BIGINT PRIMARY KEY CHECK (only_row = 1),
    latest   BIGINT,
    beats    BIGINT NOT NULL
);

INSERT INTO clock (only_row, latest, beats) VALUES (1, NULL, 0);
