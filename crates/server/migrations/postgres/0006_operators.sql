-- The people who run the service, and what it takes to list the jobs of all accounts however many there are. A job
-- that was there before has its id alone for a word, until something happens to it.

CREATE TABLE operators (
    name         TEXT COLLATE "C" PRIMARY KEY,
    role         TEXT NOT NULL,
    token_sha256 BYTEA NOT NULL UNIQUE,
    added        BIGINT NOT NULL,
    revoked      BIGINT
);

ALTER TABLE jobs ADD COLUMN station TEXT;

UPDATE jobs SET station = state::json -> 'custody' ->> 'station' WHERE custody = 'AtAWS';

CREATE INDEX jobs_by_age ON jobs (created, seq);
CREATE INDEX jobs_by_progress ON jobs (progress, created, seq);
CREATE INDEX jobs_held_by_age ON jobs (created, seq) WHERE held IS NOT NULL;
CREATE INDEX jobs_at_station ON jobs (station, created, seq) WHERE station IS NOT NULL;

CREATE TABLE job_words (
    word TEXT COLLATE "C" NOT NULL,
    job  TEXT NOT NULL REFERENCES jobs (id),
    PRIMARY KEY (word, job)
);

INSERT INTO job_words (word, job) SELECT lower(id), id FROM jobs;
