//! Both job stores, put to the suite and to what only a real one can show: opening again, opening
//! at once, another key, what lies on the disk.

#![expect(clippy::unwrap_used, reason = "this is a test")]

#[path = "support/postgres.rs"]
mod postgres;
#[path = "support/previous.rs"]
mod previous;

use std::path::Path;

use awsproto::secret::SecretKey;
use model::actor::Actor;
use model::event::Event;
use model::ids::{AccessKeyId, AccountId, JobId, JobType};
use model::job::Job;
use model::progress::Progress;
use model::time::Timestamp;
use postgres::PrivatePostgres;
use server::jobstore::{
    AccessKey, Account, JobStore, JobStoreError, Jobs as _, LatestTime as _, PostgresJobStore,
    SqliteJobStore, suite,
};
use server::sealing::{MasterKey, Sealer};
use sqlx::{AssertSqlSafe, Connection as _, raw_sql};

const PASSWORD: &str = "correct horse battery staple";

fn sealer() -> Sealer {
    MasterKey::new([9; 32]).sealer()
}

fn stranger() -> Sealer {
    MasterKey::new([8; 32]).sealer()
}

fn job() -> Job {
    let account = AccountId::new("123456789012").unwrap();
    let manifest = format!("trueCryptPassword: {PASSWORD}\n");
    let created = Timestamp::from_unix(1_700_000_000);
    Job::open(
        JobId::new("ABCDE").unwrap(),
        account,
        JobType::Import,
        manifest,
        created,
    )
}

fn key() -> (Account, AccessKey) {
    let everything = vec!["*".to_owned()];
    let account = Account {
        id: job().account,
        name: "default".to_owned(),
        import: everything.clone(),
        export: everything,
    };
    let id = AccessKeyId::new("LSIAABCDEFGHIJKLMNOP").unwrap();
    let key = AccessKey {
        id,
        account: account.id.clone(),
        user: None,
        created: job().created,
        revoked: None,
    };
    (account, key)
}

/// Fills a store with something secret of every kind.
async fn fill(store: &dyn JobStore) {
    let (account, key) = key();
    store
        .insert_job(&job(), &Actor::Account(job().account), None)
        .await
        .unwrap();
    store.insert_account(&account).await.unwrap();
    store
        .insert_key(&key, &SecretKey::new(PASSWORD))
        .await
        .unwrap();
}

/// Whether a store has what [`fill`] put there.
async fn assert_filled(store: &dyn JobStore) {
    let (account, key) = key();
    assert_eq!(store.job(job().id).await.unwrap().unwrap().job, job());
    let found = store.key(&key.id).await.unwrap();
    assert_eq!(found, Some((key, SecretKey::new(PASSWORD), account)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sqlite_passes_the_suite() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteJobStore::open(&folder.path().join("db"), sealer())
        .await
        .unwrap();
    suite::run_all(&store).await;
}

#[tokio::test]
async fn sqlite_has_everything_after_it_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    let store = SqliteJobStore::open(&path, sealer()).await.unwrap();
    fill(&store).await;
    store.close().await;
    drop(store);
    let store = SqliteJobStore::open(&path, sealer()).await.unwrap();
    assert_filled(&store).await;
}

/// What is confirmed is in the file and its log, though the store was never closed.
#[tokio::test]
async fn sqlite_has_everything_that_was_confirmed_before_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteJobStore::open(&folder.path().join("db"), sealer())
        .await
        .unwrap();
    fill(&store).await;
    let copy = tempfile::tempdir().unwrap();
    for name in ["db", "db-wal"] {
        std::fs::copy(folder.path().join(name), copy.path().join(name)).unwrap();
    }
    let revived = SqliteJobStore::open(&copy.path().join("db"), sealer())
        .await
        .unwrap();
    assert_filled(&revived).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sqlite_can_be_opened_by_several_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    let opened = (0..6).map(|_| {
        let path = path.clone();
        tokio::spawn(async move { SqliteJobStore::open(&path, sealer()).await })
    });
    let stores: Vec<SqliteJobStore> = futures::future::join_all(opened)
        .await
        .into_iter()
        .map(|store| store.unwrap().unwrap())
        .collect();
    fill(&stores[0]).await;
    for store in &stores {
        assert_filled(store).await;
    }
}

#[tokio::test]
async fn sqlite_is_not_opened_with_another_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    SqliteJobStore::open(&path, sealer())
        .await
        .unwrap()
        .close()
        .await;
    let refused = SqliteJobStore::open(&path, stranger()).await;
    assert!(matches!(refused, Err(JobStoreError::WrongKey)));
}

#[tokio::test]
async fn sqlite_keeps_no_secret_in_clear_and_its_files_to_itself() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteJobStore::open(&folder.path().join("db"), sealer())
        .await
        .unwrap();
    fill(&store).await;
    let mut seen = 0;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(
            path.metadata().unwrap().permissions().mode() & 0o077,
            0,
            "{path:?}"
        );
        assert!(!contains(&path, PASSWORD), "{path:?}");
        seen += usize::from(contains(&path, "123456789012"));
    }
    assert!(
        seen > 0,
        "what is not secret can be found, so the search works"
    );
}

fn contains(path: &Path, text: &str) -> bool {
    std::fs::read(path)
        .unwrap()
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn a_file_that_is_no_database_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    std::fs::write(
        &path,
        "this is not a database, but long enough to be looked at",
    )
    .unwrap();
    let error = SqliteJobStore::open(&path, sealer()).await.unwrap_err();
    assert!(matches!(error, JobStoreError::Unavailable(_)), "{error:?}");
}

/// What the previous release has left, as today's sees it.
async fn assert_carried_over(store: &dyn JobStore) {
    let job = async |id: &str| {
        store
            .job(JobId::new(id).unwrap())
            .await
            .unwrap()
            .unwrap()
            .job
    };
    let pending = job("PEND1").await;
    assert_eq!(pending.progress, Progress::Pending);
    assert_eq!(pending.manifest, previous::MANIFEST);
    let running = job("RUNS2").await;
    assert_eq!(
        running.hold().unwrap().bucket.as_ref().unwrap().as_str(),
        "films"
    );
    assert_eq!(job("ENDS3").await.custody.code(), "Returned");
    let history = store.history(running.id).await.unwrap();
    assert_eq!(history.len(), 3);
    let lease = store.lease(running.id).await.unwrap().unwrap();
    assert_eq!((lease.attempt, lease.figures.tally.stored), (2, 3));
    let (_, key) = key();
    let (_, secret, account) = store.key(&key.id).await.unwrap().unwrap();
    assert_eq!(secret, SecretKey::new(previous::SECRET));
    assert_eq!(account.import, ["films"]);
    let stations = store.stations(None, 10).await.unwrap();
    assert_eq!(stations.len(), 1, "{stations:?}");
}

/// What a server of the previous release has done meanwhile, as today's sees it.
async fn assert_seen(store: &dyn JobStore) {
    let job = async |id: &str| {
        store
            .job(JobId::new(id).unwrap())
            .await
            .unwrap()
            .unwrap()
            .job
    };
    assert_eq!(job("LATE4").await.job_type, JobType::Export);
    assert_eq!(job("PEND1").await.progress.code(), "Canceled");
    let lease = store
        .lease(JobId::new("RUNS2").unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(lease.until, Timestamp::from_unix(1_700_000_500));
    assert_eq!(store.stations(None, 10).await.unwrap().len(), 2);
    assert_told_from_now_on(store).await;
}

/// Of what was there before the ledger nothing was told, and its attempts count on.
async fn assert_told_from_now_on(store: &dyn JobStore) {
    let id = JobId::new("RUNS2").unwrap();
    assert_eq!(store.told_of(Some(id)).await.unwrap(), []);
    let found = store.job(id).await.unwrap().unwrap();
    let now = Timestamp::from_unix(1_700_001_000);
    let events = [Event::TransferStarted];
    let job = found.job.apply(&events[0], now).unwrap();
    store
        .replace_job(&job, found.version, &events, &Actor::Service, now)
        .await
        .unwrap();
    let told = store.told_of(Some(id)).await.unwrap();
    assert!(told[0].line.starts_with("{\"seq\":0,"), "{told:?}");
    assert!(told[0].line.contains("\"event\":\"attempt\""), "{told:?}");
    assert!(told[0].line.contains("\"number\":2"), "{told:?}");
}

/// A migration of a later release, as it would be noted.
const LATER: &str = "
    INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
    SELECT 9999, 'later', success, checksum, execution_time FROM _sqlx_migrations WHERE version = 1";

#[tokio::test]
async fn sqlite_of_the_previous_release_is_carried_over_and_a_later_one_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let options = options.create_if_missing(true);
    let mut old = sqlx::SqliteConnection::connect_with(&options)
        .await
        .unwrap();
    previous::migrations("sqlite").run(&mut old).await.unwrap();
    let blob = |bytes: &[u8]| format!("X'{}'", hex::encode(bytes));
    let rows = previous::rows(&sealer(), blob);
    raw_sql(AssertSqlSafe(rows))
        .execute(&mut old)
        .await
        .unwrap();
    let store = SqliteJobStore::open(&path, sealer()).await.unwrap();
    assert_carried_over(&store).await;
    let beside = previous::statements_beside_todays(&sealer(), blob);
    raw_sql(AssertSqlSafe(beside))
        .execute(&mut old)
        .await
        .unwrap();
    assert_seen(&store).await;
    store.close().await;
    raw_sql(LATER).execute(&mut old).await.unwrap();
    let refused = SqliteJobStore::open(&path, sealer()).await;
    assert!(matches!(refused, Err(JobStoreError::Migration(_))));
}

async fn assert_postgres_carries_over(url: &str) {
    let mut old = sqlx::PgConnection::connect(url).await.unwrap();
    previous::migrations("postgres")
        .run(&mut old)
        .await
        .unwrap();
    let blob = |bytes: &[u8]| format!("'\\x{}'", hex::encode(bytes));
    let rows = previous::rows(&sealer(), blob);
    raw_sql(AssertSqlSafe(rows))
        .execute(&mut old)
        .await
        .unwrap();
    let store = PostgresJobStore::connect(url, sealer()).await.unwrap();
    assert_carried_over(&store).await;
    let beside = previous::statements_beside_todays(&sealer(), blob);
    raw_sql(AssertSqlSafe(beside))
        .execute(&mut old)
        .await
        .unwrap();
    assert_seen(&store).await;
    store.close().await;
    raw_sql(LATER).execute(&mut old).await.unwrap();
    let refused = PostgresJobStore::connect(url, sealer()).await;
    assert!(matches!(refused, Err(JobStoreError::Migration(_))));
}

/// One test, so that one server is started: the suite, opening again and at once, another key, and
/// what happens when the server is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn postgres_does_what_sqlite_does() {
    let Some(server) = PrivatePostgres::start() else {
        return;
    };
    let url = server.create_database("suite");
    let store = PostgresJobStore::connect(&url, sealer()).await.unwrap();
    suite::run_all(&store).await;
    store.close().await;

    let url = server.create_database("rush");
    let stores = connect_at_once(&url).await;
    fill(&stores[0]).await;
    for store in &stores {
        assert_filled(store).await;
        store.close().await;
    }
    assert_filled(&PostgresJobStore::connect(&url, sealer()).await.unwrap()).await;
    let refused = PostgresJobStore::connect(&url, stranger()).await;
    assert!(matches!(refused, Err(JobStoreError::WrongKey)));

    assert_postgres_carries_over(&server.create_database("previous")).await;

    let store = PostgresJobStore::connect(&url, sealer()).await.unwrap();
    store.check().await.unwrap();
    drop(server);
    assert!(matches!(
        store.check().await,
        Err(JobStoreError::Unavailable(_))
    ));
    assert!(matches!(
        store.job(job().id).await,
        Err(JobStoreError::Unavailable(_))
    ));
}

async fn connect_at_once(url: &str) -> Vec<PostgresJobStore> {
    let connected = (0..4).map(|_| {
        let url = url.to_owned();
        tokio::spawn(async move { PostgresJobStore::connect(&url, sealer()).await })
    });
    let stores = futures::future::join_all(connected).await;
    stores
        .into_iter()
        .map(|store| store.unwrap().unwrap())
        .collect()
}
