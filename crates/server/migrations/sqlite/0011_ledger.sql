-- What happened to devices: each event is a line in the chain of its job, or of the installation, whose job is '', and a
-- leaf of one tree.

CREATE TABLE ledger (
    leaf  INTEGER PRIMARY KEY,
    job   TEXT NOT NULL,
    seq   INTEGER NOT NULL,
    at    INTEGER NOT NULL,
    event TEXT NOT NULL,
    line  TEXT NOT NULL,
    UNIQUE (job, seq)
) STRICT;

-- The hashes of the tree, each once all leaves under it are there.
CREATE TABLE ledger_nodes (
    level INTEGER NOT NULL,
    place INTEGER NOT NULL,
    hash  BLOB NOT NULL,
    PRIMARY KEY (level, place)
) STRICT;

-- One row, which everyone locks who tells anything: how many leaves there are, and the right edge of the tree.
CREATE TABLE ledger_head (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    size INTEGER NOT NULL,
    edge BLOB NOT NULL
) STRICT;

INSERT INTO ledger_head (one, size, edge) VALUES (1, 0, x'');

-- The keys that receipts and checkpoints are signed with; the newest that has no end is in force.
CREATE TABLE custody_keys (
    fingerprint  TEXT PRIMARY KEY,
    installation TEXT NOT NULL,
    public       TEXT NOT NULL,
    sealed       BLOB NOT NULL,
    since        INTEGER NOT NULL,
    until        INTEGER,
    revoked      INTEGER
) STRICT;

CREATE UNIQUE INDEX custody_key_in_force ON custody_keys ((until IS NULL)) WHERE until IS NULL;

-- The last receipt of each job, and when its next is to be put into the bucket of its report.
CREATE TABLE receipts (
    job     TEXT PRIMARY KEY REFERENCES jobs (id),
    edition INTEGER NOT NULL,
    events  INTEGER NOT NULL,
    due     INTEGER,
    tries   INTEGER NOT NULL
) STRICT;

CREATE INDEX receipts_due ON receipts (due) WHERE due IS NOT NULL;
