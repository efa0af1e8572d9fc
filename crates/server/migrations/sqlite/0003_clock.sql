-- The latest time this installation has lived through, and a number that a check of health counts up.
CREATE TABLE clock (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    latest   INTEGER,
    beats    INTEGER NOT NULL
) STRICT;

INSERT INTO clock (only_row, latest, beats) VALUES (1, NULL, 0);
