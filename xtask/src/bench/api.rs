//! `cargo xtask bench api`: how many requests the API answers, and how soon.
//!
//! One service as it comes, on an empty data folder; so many clients, each with a connection that it
//! keeps and a request at a time. First they make all jobs, then they ask for the status of each.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitCode};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use awsproto::AccessKeyId;
use awsproto::params::Params;
use awsproto::secret::SecretKey;
use awsproto::sign::{self, Credentials, Endpoint, Payload, S3Request};
use awsproto::sigv4::{Scope, SigningKey};
use serde::Deserialize;
use time::OffsetDateTime;

use crate::shell::{command, target};
use crate::suites;

const USAGE: &str = "\
usage: cargo xtask bench api [OPTION]…

  --jobs N             jobs that are made, and asked for (100000)
  --connections N      clients at once (64)
  --seconds N          how long statuses are asked for (10)";

const BUCKET: &str = "bench";
const REGION: &str = "us-east-1";
const READY_WITHIN: Duration = Duration::from_secs(60);

struct Options {
    jobs: usize,
    connections: usize,
    seconds: u64,
}

/// A service that runs, and ends with this value.
struct Service {
    child: Child,
    folder: PathBuf,
    api: String,
    s3: String,
    credentials: Credentials,
}

/// As much of `endpoints.json` as is looked at.
#[derive(Deserialize)]
struct Endpoints {
    pid: u32,
    api: String,
    s3: String,
}

/// `cargo xtask bench api`
///
/// # Errors
/// If the service does not run, or an answer is not 200.
pub(super) fn command_api(arguments: &[String]) -> Result<ExitCode> {
    let options = Options::parse(arguments)?;
    suites::build()?;
    let service = Service::start(&target().join("bench-api"))?;
    service.make_bucket()?;
    println!("| Request | Clients | Number | A second | p50 | p99 | Processor time each |");
    println!("| --- | --: | --: | --: | --: | --: | --: |");
    let ids = Mutex::new(Vec::with_capacity(options.jobs));
    service.measure("CreateJob", options.connections, |client, n| {
        if n >= options.jobs {
            return Ok(false);
        }
        let id = client.create_job(&service)?;
        ids.lock().expect("no client panics").push(id);
        Ok(true)
    })?;
    let ids = ids.into_inner().expect("no client panics");
    let requests: Vec<String> = ids.iter().map(|id| service.status_request(id)).collect();
    let end = Instant::now() + Duration::from_secs(options.seconds);
    service.measure("GetStatus", options.connections, |client, n| {
        // Spread, so that jobs are not asked for in the order in which they lie.
        let request = &requests[(n * 7919) % requests.len()];
        client.send(request.as_bytes())?;
        Ok(Instant::now() < end)
    })?;
    Ok(ExitCode::SUCCESS)
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self {
            jobs: 100_000,
            connections: 64,
            seconds: 10,
        };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let value = words.next().with_context(|| USAGE.to_owned())?;
            match word.as_str() {
                "--jobs" => options.jobs = value.parse()?,
                "--connections" => options.connections = value.parse()?,
                "--seconds" => options.seconds = value.parse()?,
                _ => bail!("{USAGE}"),
            }
        }
        ensure!(options.jobs > 0 && options.connections > 0, "{USAGE}");
        Ok(options)
    }
}

impl Service {
    fn start(folder: &Path) -> Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
        let data = folder.join("data");
        let settings = folder.join("longshore.toml");
        fs::write(
            &settings,
            "[server]\nlisten = \"127.0.0.1:0\"\n[embedded_store]\nlisten = \"127.0.0.1:0\"\n",
        )?;
        let log = File::create(folder.join("service.log"))?;
        let child = command(suites::binary(), ["serve", "--config"])
            .arg(&settings)
            .arg("--data")
            .arg(&data)
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("could not run `longshore serve`")?;
        let begun = Instant::now();
        let endpoints = loop {
            let found: Option<Endpoints> = fs::read(data.join("endpoints.json"))
                .ok()
                .and_then(|bytes| serde_json::from_slice(&bytes).ok());
            match found.filter(|found| found.pid == child.id()) {
                Some(endpoints) => break endpoints,
                None if begun.elapsed() > READY_WITHIN => bail!("the service does not start"),
                None => thread::sleep(Duration::from_millis(50)),
            }
        };
        let text = fs::read_to_string(data.join("credentials"))?;
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|rest| rest.trim().strip_prefix('='))
                .map(str::trim)
                .with_context(|| format!("no `{name}` in the credentials"))
        };
        let credentials = Credentials {
            access_key_id: AccessKeyId::parse(value("aws_access_key_id")?)
                .context("not an access key id")?,
            secret: SecretKey::new(value("aws_secret_access_key")?),
            session_token: None,
        };
        let host = |url: &str| url.trim_start_matches("http://").to_owned();
        Ok(Self {
            child,
            folder: folder.to_owned(),
            api: host(&endpoints.api),
            s3: host(&endpoints.s3),
            credentials,
        })
    }

    fn make_bucket(&self) -> Result<()> {
        let now = OffsetDateTime::now_utc();
        let key = SigningKey::derive(&self.credentials.secret, Scope::new(now, REGION, "s3"));
        let path = format!("/{BUCKET}");
        let request = S3Request {
            method: "PUT",
            host: &self.s3,
            path: &path,
            query: &[],
            headers: &[],
            payload: Payload::Unsigned,
        };
        let headers = sign::s3(&self.credentials.access_key_id, None, &key, &request, now);
        let text = request_text("PUT", &path, &self.s3, &headers, "");
        Client::connect(&self.s3)?.send(text.as_bytes())?;
        Ok(())
    }

    fn status_request(&self, id: &str) -> String {
        let params: Params = [("Action", "GetStatus"), ("JobId", id)]
            .into_iter()
            .collect();
        let endpoint = Endpoint {
            host: &self.api,
            path: "/",
        };
        let now = OffsetDateTime::now_utc();
        let seconds = 3600;
        let path = sign::presigned_v4(
            &self.credentials,
            endpoint,
            REGION,
            "importexport",
            &params,
            now,
            seconds,
        );
        request_text("GET", &path, &self.api, &[], "")
    }

    /// Lets the clients send until they have had enough, and prints a line of the table.
    fn measure(
        &self,
        name: &str,
        connections: usize,
        act: impl Fn(&mut Client, usize) -> Result<bool> + Sync,
    ) -> Result<()> {
        let (next, begun, used) = (AtomicUsize::new(0), Instant::now(), self.processor_time()?);
        let taken: Vec<Result<Vec<Duration>>> = thread::scope(|scope| {
            let clients: Vec<_> = (0..connections)
                .map(|_| {
                    scope.spawn(|| {
                        let mut client = Client::connect(&self.api)?;
                        let mut taken = Vec::new();
                        loop {
                            let begun = Instant::now();
                            if !act(&mut client, next.fetch_add(1, Ordering::Relaxed))? {
                                return Ok(taken);
                            }
                            taken.push(begun.elapsed());
                        }
                    })
                })
                .collect();
            clients
                .into_iter()
                .map(|client| client.join().expect("no client panics"))
                .collect()
        });
        let elapsed = begun.elapsed();
        let used = self.processor_time()?.saturating_sub(used);
        let mut all: Vec<Duration> = Vec::new();
        for one in taken {
            all.extend(one?);
        }
        all.sort_unstable();
        ensure!(!all.is_empty(), "no answer to {name}");
        let at = |percent: usize| all[(all.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
        let number = u32::try_from(all.len())?;
        println!(
            "| {name} | {connections} | {number} | {:.0} | {:.1} ms | {:.1} ms | {:.0} µs |",
            f64::from(number) / elapsed.as_secs_f64(),
            at(50),
            at(99),
            used.as_secs_f64() * 1e6 / f64::from(number),
        );
        Ok(())
    }

    /// Processor time of the service so far, user and system.
    fn processor_time(&self) -> Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<&str> = stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        let ticks = |n: usize| -> Result<u64> { Ok(fields.get(n).context("a field")?.parse()?) };
        let all = ticks(11)? + ticks(12)?;
        Ok(Duration::from_millis(
            all * 1000 / rustix::param::clock_ticks_per_second(),
        ))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Its folder is thrown away: it need not end in order.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A connection that is kept.
struct Client(BufReader<TcpStream>);

impl Client {
    fn connect(host: &str) -> Result<Self> {
        let stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Sends a request, and gives the body of its answer.
    fn send(&mut self, request: &[u8]) -> Result<String> {
        self.0.get_mut().write_all(request)?;
        let (mut status, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            ensure!(
                self.0.read_line(&mut line)? > 0,
                "the connection was closed"
            );
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            if status.is_empty() {
                line.clone_into(&mut status);
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        let body = String::from_utf8(body)?;
        ensure!(status.starts_with("HTTP/1.1 200"), "{status}\n{body}");
        Ok(body)
    }

    fn create_job(&mut self, service: &Service) -> Result<String> {
        let manifest = manifest();
        let params: Params = [
            ("Action", "CreateJob"),
            ("JobType", "Import"),
            ("Manifest", manifest.as_str()),
        ]
        .into_iter()
        .collect();
        let endpoint = Endpoint {
            host: &service.api,
            path: "/",
        };
        let now = OffsetDateTime::now_utc();
        let form = sign::query_v4(
            &service.credentials,
            endpoint,
            REGION,
            "importexport",
            &params,
            now,
        );
        let text = request_text("POST", "/", &service.api, &form.headers, &form.body);
        let answer = self.send(text.as_bytes())?;
        let id = answer.split("<JobId>").nth(1);
        let id = id.and_then(|rest| rest.split('<').next());
        Ok(id.context("no job id in the answer")?.to_owned())
    }
}

fn request_text(
    method: &str,
    path: &str,
    host: &str,
    headers: &[(&'static str, String)],
    body: &str,
) -> String {
    let mut text = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    text + "\r\n" + body
}

/// A manifest as customers write them.
fn manifest() -> String {
    format!(
        "manifestVersion: 2.0
deviceId: bench
bucket: {BUCKET}
prefix: photos/2011/
eraseDevice: no
notificationEmail: bench@longshore.example
ignore:
    - \\.psd$
    - ^lost\\+found/
contentTypes:
    csv: text/csv
returnAddress:
    name: Bench
    street1: 1 Pier Road
    city: Oakland
    stateOrProvince: CA
    postalCode: 94607
    country: USA
    phoneNumber: +1-510-555-0147
"
    )
}
