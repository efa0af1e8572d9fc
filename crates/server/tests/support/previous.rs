//! A job store as the release before heartbeats left it: its schema, which is that of the first three migrations, and rows
//! as it wrote them. What the installation's key seals is sealed when the rows are made.

#![expect(clippy::unwrap_used, reason = "a test that cannot have its rows fails")]

use std::path::Path;

use model::ids::{AccessKeyId, JobId};
use server::sealing::{Purpose, Sealer};
use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// The migrations that it had.
const MIGRATIONS: [(i64, &str); 3] = [(1, "begin"), (2, "stopped"), (3, "clock")];

/// What it had of the manifest of each job.
pub(crate) const MANIFEST: &str = "manifestVersion: 2.0\nbucket: films\n";

/// What it sealed of its only access key.
pub(crate) const SECRET: &str = "a secret of the previous release";

/// Its migrations for a database, `sqlite` or `postgres`.
pub(crate) fn migrations(database: &str) -> Migrator {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("migrations")
        .join(database);
    let read = MIGRATIONS.map(|(number, name)| {
        let file = folder.join(format!("{number:04}_{name}.sql"));
        let statements = std::fs::read_to_string(file).unwrap();
        let statements = sqlx::AssertSqlSafe(statements).into_sql_str();
        Migration::new(
            number,
            name.into(),
            MigrationType::Simple,
            statements,
            false,
        )
    });
    Migrator::with_migrations(read.to_vec())
}

/// Its rows, as statements; `blob` writes bytes as the database wants them.
pub(crate) fn rows(sealer: &Sealer, blob: fn(&[u8]) -> String) -> String {
    let manifest = |job: &str| {
        let purpose = Purpose::Manifest(JobId::new(job).unwrap());
        blob(&sealer.seal(purpose, MANIFEST.as_bytes()))
    };
    let canary = blob(&sealer.seal(Purpose::Installation, b"longshore"));
    let key = AccessKeyId::new("LSIAABCDEFGHIJKLMNOP").unwrap();
    let secret = blob(&sealer.seal(Purpose::AccessKeySecret(&key), SECRET.as_bytes()));
    let (pending, running, finished) = (manifest("PEND1"), manifest("RUNS2"), manifest("ENDS3"));
    format!(
        r#"
INSERT INTO installation (only_row, canary) VALUES (1, {canary});
INSERT INTO accounts (id, name, import_rights, export_rights)
VALUES ('123456789012', 'default', '["films"]', '[]');
INSERT INTO access_keys (id, account, secret, created, revoked)
VALUES ('{key}', '123456789012', {secret}, 1700000000, NULL);
INSERT INTO jobs (id, version, account, created, custody, progress, state, manifest, stopped) VALUES
('PEND1', 1, '123456789012', 1700000000, 'NotReceived', 'Pending',
 '{{"id":"PEND1","account":"123456789012","job_type":"Import","created":"2023-11-14T22:13:20Z",
   "custody":{{"where":"not-received"}},"progress":{{"is":"pending"}}}}', {pending}, NULL),
('RUNS2', 4, '123456789012', 1700000100, 'AtAWS', 'InProgress',
 '{{"id":"RUNS2","account":"123456789012","job_type":"Import","created":"2023-11-14T22:15:00Z",
   "custody":{{"where":"at-station","station":"dock-1","since":"2023-11-14T22:16:40Z"}},
   "progress":{{"is":"in-progress","since":"2023-11-14T22:16:40Z"}},
   "stopped":{{"at":"2023-11-14T22:20:00Z","cause":"BucketMissing","bucket":"films"}}}}', {running}, 'BucketMissing'),
('ENDS3', 5, '123456789012', 1700000200, 'Returned', 'Complete',
 '{{"id":"ENDS3","account":"123456789012","job_type":"Import","created":"2023-11-14T22:16:40Z",
   "custody":{{"where":"returned","carrier":"UPS","tracking_number":"1Z","at":"2023-11-15T22:16:40Z"}},
   "progress":{{"is":"finished","errors":0,"log":{{"bucket":"films","key":"log"}},"at":"2023-11-15T02:16:40Z"}}}}',
 {finished}, NULL);
INSERT INTO history (job, at, event, actor) VALUES
('PEND1', 1700000000, NULL, 'account:123456789012'),
('RUNS2', 1700000100, NULL, 'account:123456789012'),
('RUNS2', 1700000200, '{{"event":"device-arrived","station":"dock-1"}}', 'station:dock-1'),
('RUNS2', 1700000200, '{{"event":"transfer-started"}}', 'station:dock-1');
INSERT INTO stations (name, token_sha256, registered) VALUES ('dock-1', {token}, 1700000000);
INSERT INTO leases (job, station, token, attempt, until, sign_of_life, ended) VALUES
('RUNS2', 'dock-1', 'a-token-of-a-lease', 2, 1700000260,
 '{{"tally":{{"stored":3,"bytes":4096,"ignored":1,"failed":0}},"current":"film.mov"}}', FALSE);
UPDATE clock SET latest = 1700000260, beats = 7;
"#,
        token = blob(&[7; 32]),
    )
}

/// What a server of that release does beside one of today, on the schema that the latter has made.
pub(crate) fn statements_beside_todays(sealer: &Sealer, blob: fn(&[u8]) -> String) -> String {
    let purpose = Purpose::Manifest(JobId::new("LATE4").unwrap());
    let manifest = blob(&sealer.seal(purpose, MANIFEST.as_bytes()));
    format!(
        r#"
INSERT INTO jobs (id, version, account, created, custody, progress, state, manifest)
VALUES ('LATE4', 1, '123456789012', 1700000300, 'NotReceived', 'Pending',
 '{{"id":"LATE4","account":"123456789012","job_type":"Export","created":"2023-11-14T22:18:20Z",
   "custody":{{"where":"not-received"}},"progress":{{"is":"pending"}}}}', {manifest});
INSERT INTO history (job, at, event, actor) VALUES ('LATE4', 1700000300, NULL, 'account:123456789012');
UPDATE jobs
SET version = version + 1, custody = 'NotReceived', progress = 'Canceled',
    state = '{{"id":"PEND1","account":"123456789012","job_type":"Import","created":"2023-11-14T22:13:20Z",
      "custody":{{"where":"not-received"}},"progress":{{"is":"canceled","at":"2023-11-14T22:20:00Z"}}}}',
    manifest = manifest, stopped = NULL
WHERE id = 'PEND1' AND version = 1;
INSERT INTO leases (job, station, token, attempt, until, sign_of_life, ended)
VALUES ('LATE4', 'dock-1', 'another', 1, 1700000400, '{{"tally":{{"stored":0,"bytes":0,"ignored":0,"failed":0}}}}', FALSE);
UPDATE leases
SET until = CASE WHEN until < 1700000500 OR until > 1700000500 + 86400 THEN 1700000500 ELSE until END,
    sign_of_life = '{{"tally":{{"stored":9,"bytes":9000,"ignored":1,"failed":0}}}}'
WHERE job = 'RUNS2' AND token = 'a-token-of-a-lease' AND station = 'dock-1' AND NOT ended;
INSERT INTO stations (name, token_sha256, registered) VALUES ('dock-2', {token}, 1700000000)
ON CONFLICT (name) DO UPDATE
SET token_sha256 = excluded.token_sha256, registered = excluded.registered;
"#,
        token = blob(&[8; 32]),
    )
}
