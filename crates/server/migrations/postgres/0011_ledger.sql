-- What happened to devices: each event is a line in the chain of its job, or of the installation, whose job is '', and a
-- leaf of one tree.

CREATE TABLE ledger (
    leaf  BIGINT PRIMARY KEY,
    job   TEXT COLLATE "C" NOT NULL,
    seq   BIGINT NOT NULL,
    at    BIGINT NOT NULL,
    event TEXT NOT NULL,
    line  TEXT NOT NULL,
    UNIQUE (job, seq)
);

-- The hashes of the tree, each once all leaves under it are there.
CREATE TABLE ledger_nodes (
    level BIGINT NOT NULL,
    place BIGINT NOT NULL,
    hash  BYTEA NOT NULL,
    PRIMARY KEY (level, place)
);

-- One row, which everyone locks who tells anything: how many leaves there are, and the right edge of the tree.
CREATE TABLE ledger_head (
    one  BIGINT PRIMARY KEY CHECK (one = 1),
    size BIGINT NOT NULL,
    edge BYTEA NOT NULL
);

INSERT INTO ledger_head (one, size, edge) VALUES (1, 0, '');

-- The keys that receipts and checkpoints are signed with; the newest that has no end is in force.
CREATE TABLE custody_keys (
    fingerprint  TEXT PRIMARY KEY,
    installation TEXT NOT NULL,
    public       TEXT NOT NULL,
    sealed       BYTEA NOT NULL,
    since        BIGINT NOT NULL,
    until        BIGINT,
    revoked      BIGINT
);

CREATE UNIQUE INDEX custody_key_in_force ON custody_keys ((until IS NULL)) WHERE until IS NULL;

-- The last receipt of each job, and when its next is to be put into the bucket of its report.
CREATE TABLE receipts (
    job     TEXT COLLATE "C" PRIMARY KEY REFERENCES jobs (id),
    edition BIGINT NOT NULL,
    events  BIGINT NOT NULL,
    due     BIGINT,
    tries   BIGINT NOT NULL
);

CREATE INDEX receipts_due ON receipts (due) WHERE due IS NOT NULL;
