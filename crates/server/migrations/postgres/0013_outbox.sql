-- What somebody is to be told of, written with what it tells of; not spread until it is known who is told.
CREATE TABLE outbox (
    seq    BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id     TEXT NOT NULL UNIQUE,
    job    TEXT NOT NULL,
    kind   TEXT NOT NULL,
    about  BIGINT NOT NULL,
    at     BIGINT NOT NULL,
    spread BIGINT NOT NULL
);

CREATE INDEX outbox_not_spread ON outbox (seq) WHERE spread = 0;

-- Where notices are sent to, beside the addresses of manifests. Address and secrets are sealed.
CREATE TABLE webhooks (
    id        TEXT PRIMARY KEY,
    account   TEXT REFERENCES accounts (id),
    kinds     TEXT NOT NULL,
    form      TEXT NOT NULL,
    sealed    BYTEA NOT NULL,
    added     BIGINT NOT NULL,
    off_since BIGINT
);

-- One notice to one receiver. Those of a lane are sent one after the other.
CREATE TABLE deliveries (
    seq    BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    notice TEXT NOT NULL,
    kind   TEXT NOT NULL,
    job    TEXT,
    lane   TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    at     BIGINT NOT NULL,
    state  TEXT NOT NULL,
    due    BIGINT NOT NULL,
    tries  BIGINT NOT NULL,
    taken  BIGINT NOT NULL,
    ended  BIGINT,
    answer TEXT
);

CREATE INDEX deliveries_due ON deliveries (lane, due) WHERE state = 'waiting';

CREATE INDEX deliveries_of_job ON deliveries (lane, job, seq) WHERE state = 'waiting';

CREATE INDEX deliveries_ended ON deliveries (ended) WHERE ended IS NOT NULL;
