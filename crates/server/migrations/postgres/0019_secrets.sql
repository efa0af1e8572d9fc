-- What opens the device of a job and came beside its manifest, sealed; and when the job was over, from when on it is counted
-- how long that and the secrets in the manifest are kept.
CREATE TABLE device_secrets (
    job    TEXT PRIMARY KEY REFERENCES jobs (id),
    sealed BYTEA,
    number BIGINT NOT NULL,
    given  BIGINT,
    handed BIGINT,
    ended  BIGINT
);

CREATE INDEX device_secrets_ended ON device_secrets (ended) WHERE ended IS NOT NULL;

-- How many secrets came for a job or a bay since a moment.
CREATE TABLE secret_tries (
    subject TEXT PRIMARY KEY,
    since   BIGINT NOT NULL,
    tries   BIGINT NOT NULL
);

-- What opens the device in a bay, sealed, until the order is answered.
ALTER TABLE orders ADD COLUMN secret BYTEA;
