//! A whole service in a temporary folder, spoken to over HTTP as clients and stations do.

use std::net::SocketAddr;
use std::sync::Arc;

use awsproto::claims::AccessKeyId;
use awsproto::params::Params;
use awsproto::secret::SecretKey;
use awsproto::sign::{Credentials, Endpoint, query_v4};
use awsproto::xml::{self, Element};
use model::actor::Actor;
use model::control::Tally;
use model::custody::Custody;
use model::ids::{BucketName, JobId, JobType, ObjectKey, StationName};
use model::job::Job;
use model::progress::{AbortReason, LogLocation, Progress};
use model::time::{ManualClock, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use server::config::{Config, Overrides};
use server::jobstore::{Account, JobStore};
use server::ops::{Caller, Rights, accounts, keys};
use server::service::{RunningService, Service};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The buckets that exist, all in the embedded store.
pub(crate) const BUCKETS: [&str; 3] = ["photos", "logs", "other-bucket"];

/// An address in the country of the facility.
const ADDRESS: &str = "returnAddress:\n  name: Jane Roe\n  street1: 1 Example Way\n  city: Springfield\n  stateOrProvince: WA\n  postalCode: 98000\n  phoneNumber: 206-555-0100\n  country: USA\n";

/// A running service.
pub(crate) struct World {
    pub(crate) service: RunningService,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) account: Account,
    pub(crate) credentials: Credentials,
    // Held: the folder goes when it does.
    pub(crate) folder: tempfile::TempDir,
}

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with("").await
    }

    /// A service with these settings, whose first account may use every bucket.
    pub(crate) async fn with(settings: &str) -> Self {
        let clock = ManualClock::at("2026-11-21T12:00:00Z".parse().unwrap());
        Self::at(tempfile::tempdir().unwrap(), settings, clock).await
    }

    /// A service on a folder that may have served before.
    pub(crate) async fn at(folder: tempfile::TempDir, settings: &str, clock: ManualClock) -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let overrides = Overrides {
            data: Some(folder.path().join("data")),
            listen: Some(any),
            embedded_listen: Some(any),
            ..Overrides::default()
        };
        let config = Config::parse("settings".as_ref(), settings, &overrides).unwrap();
        let clock = Arc::new(clock);
        let service = Service::start(&config, clock.clone()).await.unwrap();
        let first = service.first_key.clone().unwrap();
        for bucket in BUCKETS {
            if let Some(store) = service.embedded_store() {
                store
                    .create_bucket(bucket, first.account.id.as_str())
                    .await
                    .unwrap();
            }
        }
        let credentials = credentials(first.id.as_str(), &first.secret);
        Self {
            service,
            clock,
            account: first.account,
            credentials,
            folder,
        }
    }

    pub(crate) fn jobs(&self) -> Arc<dyn JobStore> {
        self.service.jobs()
    }

    /// Stops the service and starts it again some seconds later.
    pub(crate) async fn restart(self, settings: &str, seconds: i64) -> Self {
        let clock = ManualClock::at(self.now().plus_seconds(seconds));
        self.service.stop().await;
        Self::at(self.folder, settings, clock).await
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.service.context().clock.now()
    }

    /// A new account with these rights, and a key of it.
    pub(crate) async fn another(&self, name: &str, rights: &[&str]) -> (Account, Credentials) {
        let rights: Vec<String> = rights.iter().map(ToString::to_string).collect();
        let (admin, operator) = (self.service.context().admin(), Caller::Operator);
        let rights = Rights {
            import: rights.clone(),
            export: rights,
        };
        let account = accounts::create(&admin, &operator, name, rights).await;
        let account = account.unwrap();
        let new = keys::create(&admin, &operator, name, None).await.unwrap();
        (account, credentials(new.key.id.as_str(), &new.secret))
    }

    /// Sends an API request of the first account.
    pub(crate) async fn call(&self, params: &[(&str, &str)]) -> Answer {
        self.call_as(&self.credentials, params).await
    }

    pub(crate) async fn call_as(
        &self,
        credentials: &Credentials,
        params: &[(&str, &str)],
    ) -> Answer {
        let params: Params = params.iter().map(|(name, value)| (*name, *value)).collect();
        let host = self.service.api_addr.to_string();
        let endpoint = Endpoint {
            host: &host,
            path: "/",
        };
        let time = self.now().instant();
        let signed = query_v4(
            credentials,
            endpoint,
            "eu-west-1",
            "IngestionService",
            &params,
            time,
        );
        self.http("POST", "/", &signed.headers, &signed.body).await
    }

    /// Creates a job with this manifest, and gives its id and its SIGNATURE file.
    pub(crate) async fn create(&self, manifest: &str) -> (JobId, String) {
        self.create_as_type("Import", manifest).await
    }

    pub(crate) async fn create_as_type(&self, job_type: &str, manifest: &str) -> (JobId, String) {
        let mut params = create(manifest);
        params[1].1 = job_type;
        let answer = self.call(&params).await;
        let text = |name| {
            answer
                .text(name)
                .unwrap_or_else(|| panic!("{}", answer.body))
        };
        (
            JobId::new(&text("JobId")).unwrap(),
            text("SignatureFileContents"),
        )
    }

    /// Puts a job into the store as it might stand after some events.
    pub(crate) async fn plant(&self, custody: Custody, progress: Progress) -> Job {
        let id = JobId::from_entropy(rand_bytes());
        let account = self.account.id.clone();
        let mut job = Job::open(id, account, JobType::Import, import("photos"), self.now());
        (job.custody, job.progress) = (custody, progress);
        self.jobs()
            .insert_job(&job, &Actor::Service, None)
            .await
            .unwrap();
        job
    }

    pub(crate) async fn job(&self, id: JobId) -> Job {
        self.jobs().job(id).await.unwrap().unwrap().job
    }

    /// Sends a station's message with the token of the service's own station.
    pub(crate) async fn tell<A: DeserializeOwned>(
        &self,
        path: &str,
        message: &impl Serialize,
    ) -> Result<A, (u16, String)> {
        let token = std::fs::read_to_string(&self.service.station_token).unwrap();
        self.tell_as(token.trim(), path, message).await
    }

    pub(crate) async fn tell_as<A: DeserializeOwned>(
        &self,
        token: &str,
        path: &str,
        message: &impl Serialize,
    ) -> Result<A, (u16, String)> {
        let headers = [
            ("authorization", format!("Bearer {token}")),
            ("content-type", "application/json".to_owned()),
        ];
        let body = serde_json::to_string(message).unwrap();
        let answer = self
            .http("POST", &format!("/station/v1/{path}"), &headers, &body)
            .await;
        if answer.status == 200 {
            return Ok(serde_json::from_str(&answer.body).unwrap());
        }
        let fault: model::control::ControlFault = serde_json::from_str(&answer.body).unwrap();
        Err((answer.status, fault.code))
    }

    /// Sends one request on a connection of its own.
    pub(crate) async fn http(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, String)],
        body: &str,
    ) -> Answer {
        let mut text = format!(
            "{method} {target} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {}\r\n",
            self.service.api_addr,
            body.len()
        );
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        let mut stream = TcpStream::connect(self.service.api_addr).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream.write_all(body.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        // A PDF is no text; what is looked at of it is.
        Answer::read(&String::from_utf8_lossy(&answer))
    }
}

impl Answer {
    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let status = lines
            .next()
            .unwrap()
            .split(' ')
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers
            .map(|(n, v)| (n.to_ascii_lowercase(), v.to_owned()))
            .collect();
        Self {
            status,
            headers,
            body: body.to_owned(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(given, _)| given == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn xml(&self) -> Element {
        xml::parse(self.body.as_bytes()).unwrap()
    }

    /// The text of an element of the result.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.xml()
            .children
            .first()?
            .text_of(name)
            .map(str::to_owned)
    }

    /// Status and code of an error.
    pub(crate) fn fault(&self) -> (u16, String) {
        let code = self
            .text("Code")
            .unwrap_or_else(|| panic!("no error: {}", self.body));
        (self.status, code)
    }

    /// `OK`, or the code of the error.
    pub(crate) fn code(&self) -> String {
        if self.status == 200 {
            "OK".to_owned()
        } else {
            self.fault().1
        }
    }

    pub(crate) fn message(&self) -> String {
        self.text("Message")
            .unwrap_or_else(|| panic!("no error: {}", self.body))
    }
}

pub(crate) fn credentials(id: &str, secret: &SecretKey) -> Credentials {
    let access_key_id = AccessKeyId::parse(id).unwrap();
    Credentials {
        access_key_id,
        secret: secret.clone(),
        session_token: None,
    }
}

/// A manifest that has all an import needs.
pub(crate) fn import(bucket: &str) -> String {
    format!(
        "manifestVersion: 2.0\nbucket: {bucket}\ndeviceId: 123\neraseDevice: no\n\
         notificationEmail: jane@example.com\n{ADDRESS}"
    )
}

/// A manifest that has all an export needs.
pub(crate) fn export(buckets: &[&str], log_bucket: &str) -> String {
    let operations: String = buckets
        .iter()
        .map(|bucket| format!("  - exportBucket: {bucket}\n"))
        .collect();
    format!(
        "manifestVersion: 2.0\nlogBucket: {log_bucket}\ndeviceId: 123\nfileSystem: NTFS\n\
         trueCryptPassword: correct horse\n\
         notificationEmail: jane@example.com\n{ADDRESS}operations:\n{operations}"
    )
}

/// A manifest that has all an EBS import needs.
pub(crate) fn ebs(over_1tb: &str) -> String {
    image(&format!(
        "destination: ebs-snapshot\n    deviceCapacityGreaterThan1TB: {over_1tb}\n"
    ))
}

/// A manifest that has all a Glacier import needs.
pub(crate) fn glacier() -> String {
    image("destination: glacier\n    vaultName: films\n    archiveComment: reels\n")
}

fn image(operation: &str) -> String {
    format!(
        "manifestVersion: 3.0\ndeviceId: 123\nlogBucket: logs\nlogPrefix: l/\neraseDevice: yes\n\
         notificationEmail: jane@example.com\n{ADDRESS}operations:\n  - source: device\n    \
         region: eu-west-1\n    {operation}"
    )
}

/// The parameters of a `CreateJob`.
pub(crate) fn create(manifest: &str) -> [(&str, &str); 3] {
    [
        ("Action", "CreateJob"),
        ("JobType", "Import"),
        ("Manifest", manifest),
    ]
}

pub(crate) fn station() -> StationName {
    StationName::new("dock-9").unwrap()
}

pub(crate) fn log() -> LogLocation {
    LogLocation {
        bucket: BucketName::new("logs").unwrap(),
        key: ObjectKey::new("import-log-ABCDE").unwrap(),
    }
}

pub(crate) fn at_station(since: Timestamp) -> Custody {
    Custody::AtStation {
        station: station(),
        since,
        device: None,
    }
}

pub(crate) fn returned(at: Timestamp) -> Custody {
    let (carrier, tracking_number) = ("Example Post".to_owned(), "1Z999AA1".to_owned());
    Custody::Returned {
        carrier,
        tracking_number,
        at,
    }
}

pub(crate) fn finished(errors: u64, at: Timestamp) -> Progress {
    Progress::Finished {
        errors,
        log: log(),
        at,
        remark: None,
    }
}

pub(crate) fn aborted(at: Timestamp) -> Progress {
    Progress::Aborted {
        reason: AbortReason::DeviceError,
        at,
        because: None,
    }
}

pub(crate) fn tally(stored: u64, bytes: u64, failed: u64) -> Tally {
    Tally {
        stored,
        bytes,
        failed,
        ..Tally::default()
    }
}

fn rand_bytes() -> [u8; 8] {
    let uuid = uuid::Uuid::new_v4();
    uuid.as_bytes()[..8].try_into().unwrap()
}
