-- Passkeys of the people who run the service and of customers, the one with an access key. A session knows by which it
-- began, and when a passkey was last touched in it.

CREATE TABLE passkeys (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    credential  BLOB NOT NULL UNIQUE,
    user_handle BLOB NOT NULL,
    person      TEXT,
    access_key  TEXT,
    site        TEXT NOT NULL,
    public_key  BLOB NOT NULL,
    counter     INTEGER NOT NULL,
    name        TEXT NOT NULL,
    added       INTEGER NOT NULL,
    used        INTEGER,
    copied      INTEGER,
    CHECK ((person IS NULL) <> (access_key IS NULL))
) STRICT;

CREATE INDEX passkeys_of_person ON passkeys (person) WHERE person IS NOT NULL;
CREATE INDEX passkeys_of_key ON passkeys (access_key) WHERE access_key IS NOT NULL;

ALTER TABLE console_sessions ADD COLUMN passkey INTEGER;
ALTER TABLE console_sessions ADD COLUMN touched INTEGER;
