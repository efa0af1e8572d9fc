-- How many bytes of a job were in the store by a minute.
CREATE TABLE rates (
    job  TEXT   NOT NULL,
    slot BIGINT NOT NULL,
    sent BIGINT NOT NULL,
    PRIMARY KEY (job, slot)
);

CREATE INDEX rates_by_time ON rates (slot);
