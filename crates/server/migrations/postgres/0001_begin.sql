-- Times are seconds since 1970 in UTC. Job states, rights and signs of life are JSON.

CREATE TABLE installation (
    only_row BIGINT PRIMARY KEY CHECK (only_row = 1),
    canary   BYTEA NOT NULL
);

CREATE TABLE accounts (
    id            TEXT PRIMARY KEY,
    name          TEXT COLLATE "C" NOT NULL UNIQUE,
    import_rights TEXT NOT NULL,
    export_rights TEXT NOT NULL
);

CREATE TABLE access_keys (
    seq     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id      TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL REFERENCES accounts (id),
    secret  BYTEA NOT NULL,
    created BIGINT NOT NULL,
    revoked BIGINT
);

CREATE TABLE jobs (
    seq      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id       TEXT NOT NULL UNIQUE,
    version  BIGINT NOT NULL,
    account  TEXT NOT NULL,
    created  BIGINT NOT NULL,
    custody  TEXT NOT NULL,
    progress TEXT NOT NULL,
    state    TEXT NOT NULL,
    manifest BYTEA NOT NULL
);

CREATE INDEX jobs_of_account ON jobs (account, created, seq);
CREATE INDEX jobs_by_state ON jobs (progress, custody, created);

CREATE TABLE history (
    seq   BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job   TEXT NOT NULL REFERENCES jobs (id),
    at    BIGINT NOT NULL,
    event TEXT,
    actor TEXT NOT NULL
);

CREATE INDEX history_of_job ON history (job, seq);

CREATE TABLE stations (
    name         TEXT COLLATE "C" PRIMARY KEY,
    token_sha256 BYTEA NOT NULL UNIQUE,
    registered   BIGINT NOT NULL
);

CREATE TABLE leases (
    job          TEXT PRIMARY KEY REFERENCES jobs (id),
    station      TEXT NOT NULL,
    token        TEXT NOT NULL,
    attempt      BIGINT NOT NULL,
    until        BIGINT NOT NULL,
    sign_of_life TEXT NOT NULL,
    ended        BOOLEAN NOT NULL
);
