-- Resident stations: what each said last, what it is to do, and whether it may. And the leases of one station.

ALTER TABLE stations ADD COLUMN revoked INTEGER;
ALTER TABLE stations ADD COLUMN draining INTEGER;
ALTER TABLE stations ADD COLUMN watched_until INTEGER;

CREATE TABLE heartbeats (
    station     TEXT PRIMARY KEY REFERENCES stations (name),
    version     INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    release     TEXT NOT NULL,
    clock_ahead INTEGER NOT NULL,
    runs        TEXT NOT NULL,
    told        TEXT NOT NULL
) STRICT;

CREATE TABLE orders (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    id       TEXT NOT NULL UNIQUE,
    station  TEXT NOT NULL REFERENCES stations (name),
    bay      TEXT NOT NULL,
    verb     TEXT NOT NULL,
    actor    TEXT NOT NULL,
    at       INTEGER NOT NULL,
    answered INTEGER,
    outcome  TEXT
) STRICT;

CREATE INDEX orders_of_station ON orders (station, seq);
CREATE UNIQUE INDEX orders_not_answered ON orders (station, bay, verb) WHERE answered IS NULL;

CREATE INDEX leases_of_station ON leases (station) WHERE NOT ended;
