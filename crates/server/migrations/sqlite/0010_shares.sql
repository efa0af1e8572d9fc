-- What each run of a station's program may use of the rate of a store that several share, and in whose turn that is decided.

CREATE TABLE share_turns (
    store TEXT PRIMARY KEY,
    turn  INTEGER NOT NULL
) STRICT;

CREATE TABLE shares (
    store   TEXT NOT NULL,
    station TEXT NOT NULL REFERENCES stations (name),
    boot    TEXT NOT NULL,
    loading INTEGER NOT NULL,
    wants   INTEGER NOT NULL,
    granted INTEGER NOT NULL,
    counted INTEGER NOT NULL,
    until   INTEGER NOT NULL,
    PRIMARY KEY (store, station, boot)
) STRICT;

CREATE INDEX shares_of_station ON shares (station);
