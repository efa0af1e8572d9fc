-- Boxes that came and went, and the jobs whose devices were in them: one box may hold several.

CREATE TABLE parcels (
    seq       INTEGER PRIMARY KEY AUTOINCREMENT,
    direction TEXT NOT NULL,
    number    TEXT NOT NULL,
    carrier   TEXT,
    note      TEXT,
    station   TEXT,
    at        INTEGER NOT NULL,
    actor     TEXT NOT NULL,
    UNIQUE (number, direction)
) STRICT;

CREATE TABLE parcel_jobs (
    parcel INTEGER NOT NULL REFERENCES parcels (seq),
    job    TEXT NOT NULL REFERENCES jobs (id),
    at     INTEGER NOT NULL,
    actor  TEXT NOT NULL,
    PRIMARY KEY (parcel, job)
) STRICT;

CREATE INDEX parcels_of_job ON parcel_jobs (job, parcel);

-- The job whose sheet was scanned for what is in the bay.
ALTER TABLE orders ADD COLUMN job TEXT;

-- The jobs of an account in one state, however many jobs it has in others.
CREATE INDEX jobs_of_account_by_progress ON jobs (account, progress, created, seq);
