-- What each run of a station's program may use of the requests that a store takes, in thousandths of one each second. As `shares`
-- of the bytes; in whose turn it is decided is the store's.

CREATE TABLE request_shares (
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

CREATE INDEX request_shares_of_station ON request_shares (station);
