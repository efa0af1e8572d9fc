//! Every statement, in the SQL that SQLite and PostgreSQL share. What they do not share is in
//! `migrations/`.

/// Keeps the canary of the first server that opened the store.
pub(super) const PUT_CANARY: &str =
    "INSERT INTO installation (only_row, canary) VALUES (1, $1) ON CONFLICT DO NOTHING";

pub(super) const CANARY: &str = "SELECT canary FROM installation";

pub(super) const INSERT_JOB: &str = "
    INSERT INTO jobs (id, version, account, created, custody, progress, state, manifest)
    VALUES ($1, 1, $2, $3, $4, $5, $6, $7)";

pub(super) const INSERT_HISTORY: &str =
    "INSERT INTO history (job, at, event, actor) VALUES ($1, $2, $3, $4)";

pub(super) const JOB: &str = "SELECT version, state, manifest FROM jobs WHERE id = $1";

/// The compare-and-swap.
pub(super) const REPLACE_JOB: &str = "
    UPDATE jobs
    SET version = version + 1, custody = $3, progress = $4, state = $5, manifest = $6, stopped = $7
    WHERE id = $1 AND version = $2";

pub(super) const FIRST_JOBS: &str = "
    SELECT state FROM jobs WHERE account = $1
    ORDER BY created DESC, seq DESC LIMIT $2";

pub(super) const NEXT_JOBS: &str = "
    SELECT state FROM jobs
    WHERE account = $1
      AND (created, seq) < (SELECT created, seq FROM jobs WHERE id = $2 AND account = $1)
    ORDER BY created DESC, seq DESC LIMIT $3";

pub(super) const EXPIRABLE_JOBS: &str = "
    SELECT id FROM jobs
    WHERE progress = 'Pending' AND custody = 'NotReceived' AND created <= $1
    ORDER BY created, seq LIMIT $2";

pub(super) const JOBS_CREATED_SINCE: &str =
    "SELECT COUNT(*) FROM jobs WHERE account = $1 AND created >= $2";

pub(super) const HISTORY: &str = "SELECT at, event, actor FROM history WHERE job = $1 ORDER BY seq";

pub(super) const JOB_COUNTS: &str =
    "SELECT progress, COUNT(*) FROM jobs GROUP BY progress ORDER BY progress";

pub(super) const INSERT_ACCOUNT: &str =
    "INSERT INTO accounts (id, name, import_rights, export_rights) VALUES ($1, $2, $3, $4)";

pub(super) const UPDATE_ACCOUNT: &str =
    "UPDATE accounts SET name = $2, import_rights = $3, export_rights = $4 WHERE id = $1";

pub(super) const ACCOUNTS: &str =
    "SELECT id, name, import_rights, export_rights FROM accounts ORDER BY name";

pub(super) const ACCOUNT: &str =
    "SELECT id, name, import_rights, export_rights FROM accounts WHERE id = $1";

pub(super) const INSERT_KEY: &str = "
    INSERT INTO access_keys (id, account, secret, created, revoked)
    VALUES ($1, $2, $3, $4, $5)";

pub(super) const KEYS: &str =
    "SELECT id, account, created, revoked FROM access_keys ORDER BY created, seq";

/// The key and its account in one: every request asks for it.
pub(super) const KEY: &str = "
    SELECT key.id, key.account, key.created, key.revoked, key.secret,
           owner.name, owner.import_rights, owner.export_rights
    FROM access_keys AS key JOIN accounts AS owner ON owner.id = key.account
    WHERE key.id = $1";

/// Keeps the time of the first revocation.
pub(super) const REVOKE_KEY: &str =
    "UPDATE access_keys SET revoked = COALESCE(revoked, $2) WHERE id = $1";

pub(super) const PUT_STATION: &str = "
    INSERT INTO stations (name, token_sha256, registered) VALUES ($1, $2, $3)
    ON CONFLICT (name) DO UPDATE
    SET token_sha256 = excluded.token_sha256, registered = excluded.registered";

pub(super) const STATION_BY_TOKEN: &str = "SELECT name FROM stations WHERE token_sha256 = $1";

/// Grants a lease if the present one allows it. One that ends later than any that could be granted now
/// was taken by a wrong clock. The last condition makes a claim that is repeated with the token in
/// force change nothing.
pub(super) const CLAIM_LEASE: &str = "
    INSERT INTO leases (job, station, token, attempt, until, sign_of_life, ended)
    VALUES ($1, $2, $3, 1, $4, $5, FALSE)
    ON CONFLICT (job) DO UPDATE
    SET station = excluded.station, token = excluded.token, attempt = leases.attempt + 1,
        until = excluded.until, sign_of_life = excluded.sign_of_life, ended = FALSE
    WHERE (leases.ended OR leases.until < $6 OR leases.station = excluded.station
           OR leases.until > excluded.until + $7)
      AND (leases.ended OR leases.token <> excluded.token)";

pub(super) const LEASE: &str = "
    SELECT job, station, token, attempt, until, sign_of_life, ended FROM leases WHERE job = $1";

/// A lease is the station's to whom it was given, whoever knows its token.
pub(super) const RENEW_LEASE: &str = "
    UPDATE leases
    SET until = CASE WHEN until < $3 OR until > $3 + $5 THEN $3 ELSE until END, sign_of_life = $4
    WHERE job = $1 AND token = $2 AND station = $6 AND NOT ended";

pub(super) const END_LEASE: &str = "UPDATE leases SET ended = TRUE WHERE job = $1 AND token = $2";

/// Those whose job stands still already are known.
pub(super) const LAPSED_LEASES: &str = "
    SELECT leases.job FROM leases JOIN jobs ON jobs.id = leases.job
    WHERE NOT leases.ended AND leases.until < $1
      AND jobs.progress = 'InProgress' AND jobs.stopped IS NULL
    ORDER BY leases.until LIMIT $2";

pub(super) const EXTEND_LEASES: &str =
    "UPDATE leases SET until = $1 WHERE NOT ended AND (until < $1 OR until > $1 + $2)";

/// A write like any other, in the smallest row there is.
pub(super) const CHECK: &str = "UPDATE clock SET beats = beats + 1";

pub(super) const LATEST: &str = "SELECT latest FROM clock";

pub(super) const NOTE_TIME: &str =
    "UPDATE clock SET latest = $1 WHERE latest IS NULL OR latest < $1";

/// Lets one request of an account count its jobs and add one at a time.
pub(super) const LOCK_ACCOUNT: &str = "UPDATE accounts SET name = name WHERE id = $1";
