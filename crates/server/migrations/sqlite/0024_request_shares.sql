-- What each run of a station's program may use of the requests that a store takes, in thousandths of one each second. As `shares`
-- of the bytes; in whose turn it is decided is the store's.

CREATE TABLE request_shares (
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

CREATE INDEX request_shares_of_station ON request_shares (station);
