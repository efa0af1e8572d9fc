//! Fills a job store with many jobs, and tells how long questions took.

use std::time::Duration;

use model::actor::Actor;
use model::device::DeviceFacts;
use model::event::Event;
use model::ids::{AccountId, JobId, JobType, StationName};
use model::job::Job;
use model::progress::LogLocation;
use model::stopped::StopCause;
use model::time::Timestamp;
use server::jobstore::{Account, JobStore};

/// Jobs of which all others are copies, each of an account of its own. Of a hundred jobs so many wait, run, stand
/// still, were canceled and have failures; the others are done.
pub(crate) const MODELS: u32 = 100;

/// When the first job was made.
pub(crate) const BEGIN: i64 = 1_700_000_000;

/// The five characters of a job's id, of the number `i` in the base of their alphabet.
const ID: &str = "substr(alphabet, 1 + CAST(i / 1336336 AS INTEGER) % 34, 1)
    || substr(alphabet, 1 + CAST(i / 39304 AS INTEGER) % 34, 1)
    || substr(alphabet, 1 + CAST(i / 1156 AS INTEGER) % 34, 1)
    || substr(alphabet, 1 + CAST(i / 34 AS INTEGER) % 34, 1)
    || substr(alphabet, 1 + i % 34, 1)";

/// Copies the jobs that are there until there are so many, each a second younger than the one before, with a serial
/// number of its own. The models are put aside first: joined with the table that it fills, each copy would have all
/// before it read.
pub(crate) fn filling(jobs: u32) -> [String; 4] {
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

pub(crate) fn id(number: u32) -> JobId {
    let alphabet = b"123456789ABCDEFGHIJKLMNPQRSTUVWXYZ";
    let digit = |unit: u32| char::from(alphabet[usize::try_from(number / unit % 34).unwrap()]);
    let text: String = [1_336_336, 39_304, 1_156, 34, 1]
        .map(digit)
        .iter()
        .collect();
    JobId::new(&text).unwrap()
}

pub(crate) fn account(number: u32) -> AccountId {
    AccountId::new(format!("{number:012}")).unwrap()
}

pub(crate) fn station(number: u32) -> StationName {
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
                untouched: false,
                words: None,
            },
        ],
        9 => vec![Event::Expired],
        10..20 => vec![arrived, started, finished(3), returned],
        _ => vec![arrived, started, finished(0), returned],
    }
}

pub(crate) async fn model_jobs(store: &dyn JobStore) {
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

pub(crate) fn print(database: &str, jobs: u32, name: &str, mut taken: Vec<Duration>) {
    taken.sort_unstable();
    let at = |percent: usize| taken[(taken.len() - 1) * percent / 100].as_secs_f64() * 1_000.0;
    println!(
        "| {database}, {jobs} | {name} | {:.1} ms | {:.1} ms | {:.1} ms |",
        at(50),
        at(95),
        at(99)
    );
}
