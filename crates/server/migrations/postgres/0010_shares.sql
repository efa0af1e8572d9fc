-- What each run of a station's program may use of the rate of a store that several share, and in whose turn that is decided.

CREATE TABLE share_turns (
    store TEXT COLLATE "C" PRIMARY KEY,
    turn  BIGINT NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE shares (
    store   TEXT COLLATE "C" NOT NULL,
    station TEXT COLLATE "C" NOT NULL REFERENCES stations (name),
    boot    TEXT NOT NULL,
    loading BIGINT NOT NULL,
    wants   BIGINT NOT NULL,
    granted BIGINT NOT NULL,
    counted BIGINT NOT NULL,
    until   BIGINT NOT NULL,
    PRIMARY KEY (store, station, boot)
) WITH (fillfactor = 50);

CREATE INDEX shares_of_station ON shares (station);
