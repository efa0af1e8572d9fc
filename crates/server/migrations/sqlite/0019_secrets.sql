-- What opens the device of a job and came beside its manifest, sealed; and when the job was over, from when on it is counted
-- how long that and the secrets in the manifest are kept.
CREATE TABLE device_secrets (
    job    TEXT PRIMARY KEY REFERENCES jobs (id),
    sealed BLOB,
    number INTEGER NOT NULL,
    given  INTEGER,
    handed INTEGER,
    ended  INTEGER
) STRICT;

CREATE INDEX device_secrets_ended ON device_secrets (ended) WHERE ended IS NOT NULL;

-- How many secrets came for a job or a bay since a moment.
CREATE TABLE secret_tries (
    subject TEXT PRIMARY KEY,
    since   INTEGER NOT NULL,
    tries   INTEGER NOT NULL
) STRICT;

-- What opens the device in a bay, sealed, until the order is answered.
ALTER TABLE orders ADD COLUMN secret BLOB;
