-- Passkeys of the people who run the service and of customers, the one with an access key. A session knows by which it
-- began, and when a passkey was last touched in it.

CREATE TABLE passkeys (
    number      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    credential  BYTEA NOT NULL UNIQUE,
    user_handle BYTEA NOT NULL,
    person      TEXT COLLATE "C",
    access_key  TEXT COLLATE "C",
    site        TEXT NOT NULL,
    public_key  BYTEA NOT NULL,
    counter     BIGINT NOT NULL,
    name        TEXT NOT NULL,
    added       BIGINT NOT NULL,
    used        BIGINT,
    copied      BIGINT,
    CHECK ((person IS NULL) <> (access_key IS NULL))
);

CREATE INDEX passkeys_of_person ON passkeys (person) WHERE person IS NOT NULL;
CREATE INDEX passkeys_of_key ON passkeys (access_key) WHERE access_key IS NOT NULL;

ALTER TABLE console_sessions ADD COLUMN passkey BIGINT;
ALTER TABLE console_sessions ADD COLUMN touched BIGINT;
