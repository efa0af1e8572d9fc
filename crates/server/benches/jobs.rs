//! How soon the jobs of all accounts are listed: `cargo xtask bench jobs`.
//!
//! Fills a job store of each database and asks the same questions of both, one at a time: what is measured is what a
//! page costs, not how many can be had at once.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be run fails")]
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

#[path = "filling/mod.rs"]
mod filling;
#[path = "../tests/support/postgres.rs"]
mod postgres;

use std::time::Instant;

use filling::{MODELS, account, filling, id, model_jobs, print, station};
use model::words::Word;
use postgres::PrivatePostgres;
use server::jobstore::{JobFilter, JobStore, PostgresJobStore, SqliteJobStore, WORD_MATCHES};
use server::sealing::MasterKey;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

/// How often each question is asked.
const TIMES: u32 = 200;

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
