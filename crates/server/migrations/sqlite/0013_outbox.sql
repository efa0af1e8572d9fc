-- What somebody is to be told of, written with what it tells of; not spread until it is known who is told.
CREATE TABLE outbox (
    seq    INTEGER PRIMARY KEY AUTOINCREMENT,
    id     TEXT NOT NULL UNIQUE,
    job    TEXT NOT NULL,
    kind   TEXT NOT NULL,
    about  INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    spread INTEGER NOT NULL
) STRICT;

CREATE INDEX outbox_not_spread ON outbox (seq) WHERE spread = 0;

-- Where notices are sent to, beside the addresses of manifests. Address and secrets are sealed.
CREATE TABLE webhooks (
    id        TEXT PRIMARY KEY,
    account   TEXT REFERENCES accounts (id),
    kinds     TEXT NOT NULL,
    form      TEXT NOT NULL,
    sealed    BLOB NOT NULL,
    added     INTEGER NOT NULL,
    off_since INTEGER
) STRICT;

-- One notice to one receiver. Those of a lane are sent one after the other.
CREATE TABLE deliveries (
    seq    INTEGER PRIMARY KEY AUTOINCREMENT,
    notice TEXT NOT NULL,
    kind   TEXT NOT NULL,
    job    TEXT,
    lane   TEXT NOT NULL,
    sealed BLOB NOT NULL,
    at     INTEGER NOT NULL,
    state  TEXT NOT NULL,
    due    INTEGER NOT NULL,
    tries  INTEGER NOT NULL,
    taken  INTEGER NOT NULL,
    ended  INTEGER,
    answer TEXT
) STRICT;

CREATE INDEX deliveries_due ON deliveries (lane, due) WHERE state = 'waiting';

CREATE INDEX deliveries_of_job ON deliveries (lane, job, seq) WHERE state = 'waiting';

CREATE INDEX deliveries_ended ON deliveries (ended) WHERE ended IS NOT NULL;
