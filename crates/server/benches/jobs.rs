//! How soon the jobs of all accounts are listed: `cargo xtask bench jobs`.
//!
//! Fills a job store of each database and asks the same questions of both, one at a time: what is measured is what a
//! page costs, not how many can be had at once.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be run fails")]
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

#[path = "../tests/support/postgres.rs"]
mod postgres;

use std::time::{Duration, Instant};

use model::actor::Actor;
use model::device::DeviceFacts;
use model::event::Event;
use model::ids::{AccountId, JobId, JobType, StationName};
use model::job::Job;
use model::progress::LogLocation;
use model::stopped::StopCause;
use model::time::Timestamp;
use model::words::Word;
use postgres::PrivatePostgres;
use server::jobstore::{
    Account, JobFilter, JobStore, PostgresJobStore, SqliteJobStore, WORD_MATCHES,
};
use server::sealing::MasterKey;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

/// Jobs of which all others are copies, each of an account of its own. Of a hundred jobs so many wait, run, stand
/// still, were canceled and have failures; the others are done.
const MODELS: u32 = 100;

/// How often each question is asked.
const TIMES: u32 = 200;

/// When the first job was made.
const BEGIN: i64 = 1_700_000_000;

/// The five characters of a job's id, of the number `i` in the base of their alphabet.
const ID: &str = "substr(alphabet, 1 + CAST(i / 1336336 AS INTEGER) % 34, 1)
    || substr(alphabet, 1 + CAST(i / 39304 AS INTEGER) % 34, 1)
    || substr(alphabet, 1 + CAST(i / 1156 AS INTEGER) % 34, 1)
    || substr(alphabet, 1 + CAST(i / 34 AS INTEGER) % 34, 1)
    || substr(alphabet, 1 + i % 34, 1)";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    let mut count = |default: u32| words.next().map_or(default, |word| word.parse().unwrap());
    let (in_postgres, in_sqlite) = (count(1_000_000), count(100_000));
    println!("| Database, jobs | Question | p50 | p95 | p99 |");
    println!("| --- | --- | --: | --: | --: |");
    let sealer = || MasterKey::new([9; 32]).sealer();

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    let store = SqliteJobStore::open(&path, sealer()).await.unwrap();
    model_jobs(&store).await;
    let url = format!("sqlite://{}", path.display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    for statement in filling(in_sqlite) {
        connection.execute(AssertSqlSafe(statement)).await.unwrap();
    }
    connection.close().await.unwrap();
    measure(&store, "SQLite", in_sqlite).await;

    let Some(server) = PrivatePostgres::start() else {
        return;
    };
    let url = server.create_database("bench");
    let store = PostgresJobStore::connect(&url, sealer()).await.unwrap();
    model_jobs(&store).await;
    let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
    for statement in filling(in_postgres) {
        connection.execute(AssertSqlSafe(statement)).await.unwrap();
    }
    // As autovacuum does it in time.
    connection.execute("VACUUM ANALYZE").await.unwrap();
    connection.close().await.unwrap();
    measure(&store, "PostgreSQL", in_postgres).await;
}

/// Copies the jobs that are there until there are so many, each a second younger than the one before, with a serial
/// number of its own. The models are put aside first: joined with the table that it fills, each copy would have all
/// before it read.
fn filling(jobs: u32) -> [String; 4] {
    let numbers = format!(
        "WITH RECURSIVE numbers (i) AS
             (SELECT {MODELS} UNION ALL SELECT i + 1 FROM numbers WHERE i < {jobs} - 1),
         ids (i, id) AS
             (SELECT i, {ID} FROM numbers, (SELECT '123456789ABCDEFGHIJKLMNPQRSTUVWXYZ' AS alphabet) AS letters)"
    );
    [
        format!("CREATE TEMPORARY TABLE models AS SELECT * FROM jobs WHERE seq <= {MODELS}"),
        format!(
            "{numbers} INSERT INTO jobs
                 (id, version, account, created, custody, progress, state, manifest, stopped, held, held_since, station)
             SELECT ids.id, 1, account, {BEGIN} + i, custody, progress,
                 replace(state, models.id, ids.id), manifest, stopped, held, held_since, station
             FROM ids JOIN models ON models.seq = 1 + i % {MODELS}"
        ),
        format!("{numbers} INSERT INTO job_words (word, job) SELECT lower(id), id FROM ids"),
        format!("{numbers} INSERT INTO job_words (word, job) SELECT 'wd-wcc4n' || i, id FROM ids"),
    ]
}

fn id(number: u32) -> JobId {
    let alphabet = b"123456789ABCDEFGHIJKLMNPQRSTUVWXYZ";
    let digit = |unit: u32| char::from(alphabet[usize::try_from(number / unit % 34).unwrap()]);
    let text: String = [1_336_336, 39_304, 1_156, 34, 1]
        .map(digit)
        .iter()
        .collect();
    JobId::new(&text).unwrap()
}

fn account(number: u32) -> AccountId {
    AccountId::new(format!("{number:012}")).unwrap()
}

fn station(number: u32) -> StationName {
    StationName::new(format!("dock-{}", number % 8)).unwrap()
}

/// What happened to the job that all of this number are copies of.
fn events(number: u32) -> Vec<Event> {
    let arrived = Event::DeviceArrived {
        station: station(number),
        device: Some(DeviceFacts {
            serial: Some(format!("WD-WCC4N{number}")),
            ..DeviceFacts::default()
        }),
        signature: None,
    };
    let returned = Event::DeviceReturned {
        carrier: "UPS".to_owned(),
        tracking_number: format!("1Z999AA{number}"),
        unerased: None,
    };
    let finished = |errors| Event::TransferFinished {
        errors,
        log: LogLocation {
            bucket: "logs".to_owned().try_into().unwrap(),
            key: "import-log".to_owned().try_into().unwrap(),
        },
        remark: None,
        files: Vec::new(),
        sums: None,
    };
    let started = Event::TransferStarted;
    match number {
        0..5 => Vec::new(),
        5..8 => vec![arrived, started],
        8 => vec![
            arrived,
            Event::Stopped {
                cause: StopCause::StoreFull,
                bucket: None,
                detail: String::new(),
                words: None,
            },
        ],
        9 => vec![Event::Expired],
        10..20 => vec![arrived, started, finished(3), returned],
        _ => vec![arrived, started, finished(0), returned],
    }
}

async fn model_jobs(store: &dyn JobStore) {
    for number in 0..MODELS {
        let account = Account {
            id: account(number),
            name: format!("customer-{number}"),
            import: Vec::new(),
            export: Vec::new(),
        };
        store.insert_account(&account).await.unwrap();
        let created = Timestamp::from_unix(BEGIN + i64::from(number));
        let manifest = "manifestVersion: 2.0\n".to_owned();
        let job = Job::open(id(number), account.id, JobType::Import, manifest, created);
        store.insert_job(&job, &Actor::Service, None).await.unwrap();
        let happened = events(number);
        let after = happened
            .iter()
            .fold(job, |job, event| job.apply(event, created).unwrap());
        store
            .replace_job(&after, 1, &happened, &Actor::Service, created)
            .await
            .unwrap();
    }
}

/// A question by its name, and what is asked in each turn.
type Question<'a> = (&'static str, Box<dyn Fn(u32) -> JobFilter + 'a>);

/// Asks all questions.
async fn measure(store: &dyn JobStore, database: &str, jobs: u32) {
    let all = JobFilter::default;
    let word = |text: String| JobFilter {
        word: Word::new(&text),
        ..all()
    };
    // Spread, so that what is asked for lies nowhere near what was asked before.
    let some = |turn: u32| turn.wrapping_mul(7_919) % jobs;
    let progress = |code: &str| JobFilter {
        progress: Some(code.to_owned()),
        ..all()
    };
    let held = JobFilter {
        held: true,
        ..all()
    };
    let at_station = |turn: u32| JobFilter {
        station: Some(station(turn)),
        ..all()
    };
    let of_account = |turn: u32| JobFilter {
        account: Some(account(turn % MODELS)),
        ..all()
    };
    let behind = |turn: u32| JobFilter {
        before: Some(id(some(turn))),
        ..all()
    };
    let rare = |turn: u32| JobFilter {
        progress: Some("Expired".to_owned()),
        account: Some(account(turn % MODELS)),
        ..all()
    };
    let questions: Vec<Question<'_>> = vec![
        ("newest", Box::new(|_| all())),
        ("behind any job", Box::new(behind)),
        ("Pending", Box::new(|_| progress("Pending"))),
        ("Complete", Box::new(|_| progress("Complete"))),
        ("no such state", Box::new(|_| progress("MissingDevice"))),
        ("held", Box::new(|_| held.clone())),
        ("of an account", Box::new(of_account)),
        ("of an account, Expired", Box::new(rare)),
        ("at a station", Box::new(at_station)),
        ("id", Box::new(|turn| word(id(some(turn)).to_string()))),
        (
            "beginning of ids",
            Box::new(|turn| word(id(some(turn)).as_str()[..4].to_owned())),
        ),
        (
            "serial",
            Box::new(|turn| word(format!("WD-WCC4N{}", some(turn)))),
        ),
        (
            "no such word",
            Box::new(|turn| word(format!("none-{turn}"))),
        ),
    ];
    for (name, filter) in questions {
        let mut taken = Vec::new();
        for turn in 0..TIMES {
            let filter = filter(turn);
            let begun = Instant::now();
            if let Some(word) = &filter.word {
                assert!(
                    !store.is_common(word, WORD_MATCHES).await.unwrap(),
                    "{word:?}"
                );
            }
            store.find_jobs(&filter, 20).await.unwrap();
            taken.push(begun.elapsed());
        }
        print(database, jobs, name, taken);
    }
    let mut taken = Vec::new();
    for turn in 0..TIMES {
        let begun = Instant::now();
        store
            .list_jobs(&account(turn % MODELS), None, 20)
            .await
            .unwrap();
        taken.push(begun.elapsed());
    }
    print(database, jobs, "ListJobs of a customer", taken);
}

fn print(database: &str, jobs: u32, name: &str, mut taken: Vec<Duration>) {
    taken.sort_unstable();
    let at = |percent: usize| taken[(taken.len() - 1) * percent / 100].as_secs_f64() * 1_000.0;
    println!(
        "| {database}, {jobs} | {name} | {:.1} ms | {:.1} ms | {:.1} ms |",
        at(50),
        at(95),
        at(99)
    );
}
