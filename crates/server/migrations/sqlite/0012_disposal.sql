-- The right to erase the device of a job, which one station has at a time, and how far its erase is.

CREATE TABLE erases (
    job      TEXT PRIMARY KEY REFERENCES jobs (id),
    station  TEXT NOT NULL,
    bay      TEXT,
    grant_id TEXT NOT NULL,
    token    TEXT NOT NULL,
    until    INTEGER NOT NULL,
    progress TEXT NOT NULL,
    ended    INTEGER NOT NULL
) STRICT;

-- What a person gave of the device that is to be erased.
ALTER TABLE orders ADD COLUMN serial_end TEXT;
