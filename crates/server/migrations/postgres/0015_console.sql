-- Who is signed in at the console. A person of none is whoever is at the host of the service.

CREATE TABLE console_links (
    token_sha256 BYTEA PRIMARY KEY,
    person       TEXT COLLATE "C",
    made         BIGINT NOT NULL,
    until        BIGINT NOT NULL
);

CREATE TABLE console_sessions (
    number       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_sha256 BYTEA NOT NULL UNIQUE,
    person       TEXT COLLATE "C",
    address      TEXT,
    began        BIGINT NOT NULL,
    until        BIGINT NOT NULL,
    seen         BIGINT NOT NULL,
    ended        BIGINT
);

-- What was sent with a form, so that nothing is done twice.
CREATE TABLE console_forms (
    key_sha256 BYTEA PRIMARY KEY,
    until      BIGINT NOT NULL
);

CREATE INDEX console_forms_by_end ON console_forms (until);
