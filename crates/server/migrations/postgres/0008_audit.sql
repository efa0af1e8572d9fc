-- What people have done to the service and its jobs, or tried to. A row is there before the act is begun; it gets its
-- outcome afterwards, once, and is otherwise never changed.

CREATE TABLE audit (
    seq      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       BIGINT NOT NULL,
    actor    TEXT NOT NULL,
    role     TEXT,
    action   TEXT NOT NULL,
    resource TEXT NOT NULL,
    job      TEXT,
    said     TEXT NOT NULL,
    address  TEXT,
    outcome  TEXT
);

CREATE INDEX audit_by_time ON audit (at, seq);
CREATE INDEX audit_of_actor ON audit (actor, at, seq);
CREATE INDEX audit_of_action ON audit (action, at, seq);
CREATE INDEX audit_of_job ON audit (job, at, seq) WHERE job IS NOT NULL;
