-- Users and groups within an account. An id is never given twice.
CREATE TABLE identities (
    id      TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (id),
    kind    TEXT NOT NULL,
    name    TEXT COLLATE "C" NOT NULL,
    created BIGINT NOT NULL,
    UNIQUE (account, kind, name)
);

-- Which users are in which groups.
CREATE TABLE memberships (
    user_id  TEXT NOT NULL REFERENCES identities (id),
    group_id TEXT NOT NULL REFERENCES identities (id),
    PRIMARY KEY (user_id, group_id)
);

CREATE INDEX memberships_of_group ON memberships (group_id);

-- What a user or a group may do. One without a document is one that the service brings, by its name.
CREATE TABLE policies (
    holder   TEXT NOT NULL REFERENCES identities (id),
    name     TEXT COLLATE "C" NOT NULL,
    document TEXT,
    PRIMARY KEY (holder, name)
);

-- Whose a key is. A key without a user is its account's own; one whose user is no more is worth nothing.
ALTER TABLE access_keys ADD COLUMN user_id TEXT;
ALTER TABLE access_keys ADD COLUMN user_name TEXT;
