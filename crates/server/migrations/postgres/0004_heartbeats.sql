-- Resident stations: what each said last, what it is to do, and whether it may. And the leases of one station.

ALTER TABLE stations ADD COLUMN revoked BIGINT;
ALTER TABLE stations ADD COLUMN draining BIGINT;
ALTER TABLE stations ADD COLUMN watched_until BIGINT;

-- A row is written every few seconds: half of each page is left free, so that the next of its versions has room beside
-- it and no index is touched; and what is told stays in the row.
CREATE TABLE heartbeats (
    station     TEXT COLLATE "C" PRIMARY KEY REFERENCES stations (name),
    version     BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    release     TEXT NOT NULL,
    clock_ahead BIGINT NOT NULL,
    runs        TEXT NOT NULL,
    told        TEXT NOT NULL
) WITH (fillfactor = 50);

ALTER TABLE heartbeats ALTER COLUMN told SET STORAGE MAIN;

CREATE TABLE orders (
    seq      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id       TEXT NOT NULL UNIQUE,
    station  TEXT COLLATE "C" NOT NULL REFERENCES stations (name),
    bay      TEXT NOT NULL,
    verb     TEXT NOT NULL,
    actor    TEXT NOT NULL,
    at       BIGINT NOT NULL,
    answered BIGINT,
    outcome  TEXT
);

CREATE INDEX orders_of_station ON orders (station, seq);
CREATE UNIQUE INDEX orders_not_answered ON orders (station, bay, verb) WHERE answered IS NULL;

-- A lease's station is compared with stations.
ALTER TABLE leases ALTER COLUMN station TYPE TEXT COLLATE "C";
CREATE INDEX leases_of_station ON leases (station) WHERE NOT ended;
