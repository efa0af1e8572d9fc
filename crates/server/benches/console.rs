//! How soon pages of the console are answered by a service with many jobs: `cargo xtask bench console`.
//!
//! A whole service on SQLite, asked over HTTP by somebody who is signed in, one page at a time: what is measured is what a
//! page costs from the request to its last byte.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be run fails")]
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

#[path = "filling/mod.rs"]
mod filling;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use filling::{BEGIN, MODELS, filling, id, model_jobs, print};
use model::time::{SystemClock, Timestamp};
use server::config::{Config, ConsoleListen, Overrides};
use server::service::{RunningService, Service};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

/// How often each page is asked for.
const TIMES: u32 = 200;

/// What happened to each copy of a job, and who did it.
const HISTORIES: &str = "INSERT INTO history (job, at, event, actor)
    SELECT jobs.id, jobs.created, history.event, history.actor
    FROM jobs JOIN models ON models.seq = 1 + (jobs.seq - 1) % (SELECT COUNT(*) FROM models)
    JOIN history ON history.job = models.id WHERE jobs.seq > (SELECT COUNT(*) FROM models)";

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    let jobs: u32 = words.next().map_or(100_000, |word| word.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let service = start(&data).await;
    model_jobs(&*service.jobs()).await;
    fill(&data, jobs).await;
    let link = service.console_link().await.unwrap();
    let asking = move || {
        let console = Console::enter(&link);
        println!("| Jobs | Page | p50 | p95 | p99 |");
        println!("| --- | --- | --: | --: | --: |");
        measure(&console, jobs);
    };
    tokio::task::spawn_blocking(asking).await.unwrap();
    service.stop().await;
}

async fn start(data: &Path) -> RunningService {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let overrides = Overrides {
        data: Some(data.to_owned()),
        listen: Some(any),
        embedded_listen: Some(any),
        console_listen: Some(ConsoleListen(Some(any))),
        ..Overrides::default()
    };
    let config = Config::parse("settings".as_ref(), "", &overrides).unwrap();
    Service::start(&config, Arc::new(SystemClock))
        .await
        .unwrap()
}

/// Copies the jobs, with what happened to them, while the service runs.
async fn fill(data: &Path, jobs: u32) {
    let url = format!("sqlite://{}", data.join("longshore.db").display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    for statement in filling(jobs) {
        connection.execute(AssertSqlSafe(statement)).await.unwrap();
    }
    connection.execute(HISTORIES).await.unwrap();
    connection.execute("ANALYZE").await.unwrap();
    connection.close().await.unwrap();
}

/// A browser of somebody who is signed in.
struct Console {
    place: String,
    cookie: String,
}

impl Console {
    fn enter(link: &str) -> Self {
        let (place, token) = link.split_once("/in/").unwrap();
        let place = place.split_once("://").unwrap().1.to_owned();
        let body = format!("token={token}");
        let head = format!(
            "POST /in HTTP/1.1\r\nhost: {place}\r\norigin: http://{place}\r\nconnection: close\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = ask(&place, &head);
        let cookie = answer.split("set-cookie: ").nth(1).unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Self { place, cookie }
    }

    fn get(&self, path: &str) {
        let Self { place, cookie } = self;
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: {place}\r\ncookie: {cookie}\r\nconnection: close\r\n\r\n"
        );
        let answer = ask(place, &head);
        assert!(
            answer.starts_with("HTTP/1.1 200"),
            "{path}: {}",
            &answer[..200.min(answer.len())]
        );
    }
}

fn ask(place: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(place).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// A page by its name, and which is asked for in each turn.
type Page<'a> = (&'static str, Box<dyn Fn(u32) -> String + 'a>);

fn measure(console: &Console, jobs: u32) {
    // Spread, so that what is asked for lies nowhere near what was asked before.
    let some = |turn: u32| turn.wrapping_mul(7_919) % jobs;
    let last = Timestamp::from_unix(BEGIN + i64::from(jobs) - 1);
    let day: String = last.to_string().chars().take(10).collect();
    let same = |path: &'static str| move |_| path.to_owned();
    let pages: Vec<Page<'_>> = vec![
        ("/jobs", Box::new(same("/jobs"))),
        (
            "/jobs, the last pages",
            Box::new(|turn| format!("/jobs?before={}", id(turn % MODELS))),
        ),
        ("/jobs, on hold", Box::new(same("/jobs?held=true"))),
        ("/jobs, Complete", Box::new(same("/jobs?state=Complete"))),
        (
            "/jobs, by a word",
            Box::new(|turn| format!("/jobs?search=WD-WCC4N{}", some(turn))),
        ),
        // The manifest of a copy is sealed for the job that it is a copy of.
        (
            "a job",
            Box::new(|turn| format!("/jobs/{}", id(turn % MODELS))),
        ),
        ("/parcels", Box::new(same("/parcels"))),
        (
            "/today, a day of 86,400 jobs",
            Box::new(|_| format!("/today?day={day}")),
        ),
        ("/today", Box::new(same("/today"))),
        ("/bench", Box::new(same("/bench"))),
        ("/audit", Box::new(same("/audit"))),
    ];
    for (name, path) in pages {
        let mut taken = Vec::new();
        for turn in 0..TIMES {
            let path = path(turn);
            let begun = Instant::now();
            console.get(&path);
            taken.push(begun.elapsed());
        }
        print("SQLite", jobs, name, taken);
    }
}
