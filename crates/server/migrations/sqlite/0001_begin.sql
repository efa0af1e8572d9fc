-- Times are seconds since 1970 in UTC. Job states, rights and signs of life are JSON.

CREATE TABLE installation (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    canary   BLOB NOT NULL
) STRICT;

CREATE TABLE accounts (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE,
    import_rights TEXT NOT NULL,
    export_rights TEXT NOT NULL
) STRICT;

CREATE TABLE access_keys (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    id      TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL REFERENCES accounts (id),
    secret  BLOB NOT NULL,
    created INTEGER NOT NULL,
    revoked INTEGER
) STRICT;

CREATE TABLE jobs (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    id       TEXT NOT NULL UNIQUE,
    version  INTEGER NOT NULL,
    account  TEXT NOT NULL,
    created  INTEGER NOT NULL,
    custody  TEXT NOT NULL,
    progress TEXT NOT NULL,
    state    TEXT NOT NULL,
    manifest BLOB NOT NULL
) STRICT;

CREATE INDEX jobs_of_account ON jobs (account, created, seq);
CREATE INDEX jobs_by_state ON jobs (progress, custody, created);

CREATE TABLE history (
    seq   INTEGER PRIMARY KEY AUTOINCREMENT,
    job   TEXT NOT NULL REFERENCES jobs (id),
    at    INTEGER NOT NULL,
    event TEXT,
    actor TEXT NOT NULL
) STRICT;

CREATE INDEX history_of_job ON history (job, seq);

CREATE TABLE stations (
    name         TEXT PRIMARY KEY,
    token_sha256 BLOB NOT NULL UNIQUE,
    registered   INTEGER NOT NULL
) STRICT;

CREATE TABLE leases (
    job          TEXT PRIMARY KEY REFERENCES jobs (id),
    station      TEXT NOT NULL,
    token        TEXT NOT NULL,
    attempt      INTEGER NOT NULL,
    until        INTEGER NOT NULL,
    sign_of_life TEXT NOT NULL,
    ended        INTEGER NOT NULL
) STRICT;
