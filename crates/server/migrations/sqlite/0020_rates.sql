-- How many bytes of a job were in the store by a minute.
CREATE TABLE rates (
    job  TEXT    NOT NULL,
    slot INTEGER NOT NULL,
    sent INTEGER NOT NULL,
    PRIMARY KEY (job, slot)
) STRICT, WITHOUT ROWID;

CREATE INDEX rates_by_time ON rates (slot);
