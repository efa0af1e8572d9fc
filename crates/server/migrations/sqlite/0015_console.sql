-- Who is signed in at the console. A person of none is whoever is at the host of the service.

CREATE TABLE console_links (
    token_sha256 BLOB PRIMARY KEY,
    person       TEXT,
    made         INTEGER NOT NULL,
    until        INTEGER NOT NULL
) STRICT;

CREATE TABLE console_sessions (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    token_sha256 BLOB NOT NULL UNIQUE,
    person       TEXT,
    address      TEXT,
    began        INTEGER NOT NULL,
    until        INTEGER NOT NULL,
    seen         INTEGER NOT NULL,
    ended        INTEGER
) STRICT;

-- What was sent with a form, so that nothing is done twice.
CREATE TABLE console_forms (
    key_sha256 BLOB PRIMARY KEY,
    until      INTEGER NOT NULL
) STRICT;

CREATE INDEX console_forms_by_end ON console_forms (until);
