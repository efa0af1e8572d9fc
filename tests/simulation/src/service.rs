//! The real service in this process, and its customer.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use awsproto::claims::AccessKeyId;
use awsproto::params::Params;
use awsproto::sign::{Credentials, Endpoint, query_v4};
use awsproto::xml::{self, Element};
use model::actor::Actor;
use model::control::{HoldRequest, ResumeRequest};
use model::ids::{BayName, JobId, JobType, OrderId, StationName};
use model::job::Job;
use model::order::OrderVerb;
use model::signature::SignatureFile;
use model::time::{Clock as _, ManualClock, Timestamp};
use server::access::BearerToken;
use server::config::{Config, Overrides};
use server::jobstore::{HistoryLine, Lease};
use server::ops::{Caller, jobs, orders, stations};
use server::service::{RunningService, Service};
use time::OffsetDateTime;
use tokio::runtime::Runtime;

/// Seconds a lease holds: short, so that stations give signs of life within a run.
pub const LEASE_SECONDS: u32 = 1;

/// Times a service is started that cannot take over its folder yet.
const STARTS: u32 = 100;

/// Times a job is created anew that could not be for the moment.
const CREATIONS: u32 = 10;

/// How a service goes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Down {
    /// It is asked to stop.
    Stopped,
    /// Its threads end wherever they are.
    Killed,
}

/// A service that may be restarted on the same data.
pub struct Server {
    config: Config,
    clock: Arc<ManualClock>,
    running: Mutex<Option<Running>>,
}

struct Running {
    service: RunningService,
    runtime: Runtime,
}

impl Server {
    /// A service on the folder `data`, with these buckets, and with these settings of the services that
    /// take images.
    #[must_use]
    pub fn start(data: &Path, clock: Arc<ManualClock>, buckets: &[&str], images: &str) -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let overrides = Overrides {
            data: Some(data.to_owned()),
            listen: Some(any),
            embedded_listen: Some(any),
            ..Overrides::default()
        };
        let settings = format!("[jobs]\ncancel_in_progress = true\n{images}");
        let mut config = Config::parse("settings".as_ref(), &settings, &overrides)
            .expect("the settings are right");
        config.jobs.lease_seconds = LEASE_SECONDS;
        let running = Running::start(&config, &clock);
        let store = running
            .service
            .embedded_store()
            .expect("it is on by default");
        for bucket in buckets {
            let owner = &running.key().account.id;
            running
                .runtime
                .block_on(store.create_bucket(bucket, owner.as_str()))
                .expect("a new bucket");
        }
        Self {
            config,
            clock,
            running: Mutex::new(Some(running)),
        }
    }

    /// Stops the service and starts it again.
    pub fn restart(&self, down: Down) {
        let mut running = self.lock();
        if let Some(running) = running.take() {
            running.stop(down);
        }
        *running = Some(Running::start(&self.config, &self.clock));
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.with(|running| running.service.api_addr)
    }

    /// Registers a station and gives its token.
    #[must_use]
    pub fn register(&self, station: &StationName) -> String {
        let token = BearerToken::draw();
        self.with(|running| {
            let jobs = running.service.jobs();
            let put = jobs.put_station(station, token.sha256(), &Actor::Service, self.clock.now());
            running.runtime.block_on(put).expect("a new station");
        });
        token.expose().to_owned()
    }

    /// `CreateJob`: the job and its SIGNATURE file. Asked again where a busy host kept the service from trying the bucket in
    /// time, as clients do.
    #[must_use]
    pub fn create_job(&self, job_type: JobType, manifest: &str) -> (JobId, String) {
        let create = || {
            self.call(&[
                ("Action", "CreateJob"),
                ("JobType", job_type.as_str()),
                ("Manifest", manifest),
            ])
        };
        let is_tried_again =
            |answer: &Element| text(answer, "Code").as_deref() == Some("ServiceUnavailable");
        let mut answer = create();
        for _ in 0..CREATIONS {
            if is_tried_again(&answer) {
                answer = create();
            }
        }
        let text = |name: &str| {
            text(&answer, name).unwrap_or_else(|| panic!("CreateJob answers {answer:?}"))
        };
        let id = JobId::new(&text("JobId")).expect("a job id");
        (id, text("SignatureFileContents"))
    }

    /// `GetStatus`: progress code, error count, and where the report lies.
    #[must_use]
    pub fn status(&self, job: JobId) -> Status {
        let answer = self.call(&[("Action", "GetStatus"), ("JobId", job.as_str())]);
        let text = |name: &str| text(&answer, name).unwrap_or_default();
        Status {
            location: text("LocationCode"),
            progress: text("ProgressCode"),
            errors: text("ErrorCount"),
            log_bucket: text("LogBucket"),
            log_key: text("LogKey"),
        }
    }

    /// `CancelJob`; whether it was canceled.
    #[must_use]
    pub fn cancel(&self, job: JobId) -> bool {
        let answer = self.call(&[("Action", "CancelJob"), ("JobId", job.as_str())]);
        text(&answer, "Success").as_deref() == Some("true")
    }

    /// Puts a job on hold, as an operator does; whether it was.
    #[must_use]
    pub fn hold(&self, job: JobId) -> bool {
        let because = "something is to be found out first".to_owned();
        let request = HoldRequest { job, because };
        self.with(|running| {
            let held = jobs::hold(running.service.context(), &Caller::Operator, request);
            running.runtime.block_on(held).is_ok()
        })
    }

    /// Lets a job go on that is on hold; whether it was.
    #[must_use]
    pub fn resume(&self, job: JobId) -> bool {
        let request = ResumeRequest { job };
        self.with(|running| {
            let resumed = jobs::resume(running.service.context(), &Caller::Operator, request);
            running.runtime.block_on(resumed).is_ok()
        })
    }

    /// Orders something of a bay, as an operator does; why not, if the server does not take it.
    ///
    /// # Errors
    /// What the operator reads.
    pub fn order(
        &self,
        station: &StationName,
        bay: &BayName,
        verb: OrderVerb,
    ) -> Result<(), String> {
        self.with(|running| {
            let admin = running.service.context().admin();
            let ordered = orders::order(&admin, &Caller::Operator, station, bay, verb);
            let ordered = running.runtime.block_on(ordered);
            ordered.map(drop).map_err(|why| why.to_string())
        })
    }

    /// Has what is in a bay loaded as the device of a sheet, as an operator does.
    ///
    /// # Errors
    /// As [`Server::order`].
    pub fn present(
        &self,
        station: &StationName,
        bay: &BayName,
        sheet: SignatureFile,
    ) -> Result<(), String> {
        self.with(|running| {
            let context = running.service.context();
            let presented = orders::present(context, &Caller::Operator, station, bay, sheet);
            let presented = running.runtime.block_on(presented);
            presented.map(drop).map_err(|why| why.to_string())
        })
    }

    /// The orders of a station that it has not answered.
    #[must_use]
    pub fn unanswered(&self, station: &StationName) -> Vec<OrderId> {
        self.with(|running| {
            let jobs = running.service.jobs();
            let ever = Timestamp::from_unix(0);
            let orders = running.runtime.block_on(jobs.orders(station, ever));
            let orders = orders.expect("the job store works").into_iter();
            let open = orders.filter(|order| order.answered.is_none());
            open.map(|open| open.order.id).collect()
        })
    }

    /// Drains a station, or drains it no more.
    pub fn drain(&self, station: &StationName, is_drained: bool) {
        self.with(|running| {
            let admin = running.service.context().admin();
            let drained = running.runtime.block_on(async {
                match is_drained {
                    true => stations::drain(&admin, &Caller::Operator, station).await,
                    false => stations::undrain(&admin, &Caller::Operator, station).await,
                }
            });
            drained.expect("the job store works");
        });
    }

    /// Takes a station's right away.
    pub fn revoke(&self, station: &StationName) {
        self.with(|running| {
            let admin = running.service.context().admin();
            let revoked = stations::revoke(&admin, &Caller::Operator, station);
            running.runtime.block_on(revoked).expect("it was there");
        });
    }

    /// Gives a station a new token.
    #[must_use]
    pub fn admit(&self, station: &StationName) -> String {
        let token = self.with(|running| {
            let admin = running.service.context().admin();
            let admitted = stations::admit(&admin, &Caller::Operator, station);
            running.runtime.block_on(admitted)
        });
        token.expect("the job store works").expose().to_owned()
    }

    /// The job as the job store has it, with its history.
    #[must_use]
    pub fn job(&self, id: JobId) -> (Job, Vec<HistoryLine>) {
        self.with(|running| {
            let jobs = running.service.jobs();
            running.runtime.block_on(async {
                let job = jobs.job(id).await.expect("the job store works");
                let history = jobs.history(id).await.expect("the job store works");
                (job.expect("the job is there").job, history)
            })
        })
    }

    /// The job's last lease.
    #[must_use]
    pub fn lease(&self, id: JobId) -> Option<Lease> {
        self.with(|running| {
            let jobs = running.service.jobs();
            let lease = running.runtime.block_on(jobs.lease(id));
            lease.expect("the job store works")
        })
    }

    /// Asks the service as its customer does. It is not restarted meanwhile, whatever becomes of other jobs.
    fn call(&self, params: &[(&str, &str)]) -> Element {
        self.with(|running| running.ask(params, self.clock.now().instant()))
    }

    fn with<T>(&self, ask: impl FnOnce(&Running) -> T) -> T {
        let running = self.lock();
        ask(running.as_ref().expect("it runs but for a restart"))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(running) = self.lock().take() {
            running.stop(Down::Killed);
        }
    }
}

impl Running {
    fn start(config: &Config, clock: &Arc<ManualClock>) -> Self {
        let mut starts = 0;
        loop {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .expect("a runtime can be had");
            let clock = Arc::<ManualClock>::clone(clock);
            match runtime.block_on(Service::start(config, clock)) {
                Ok(service) => return Self { service, runtime },
                // What was killed may hold its files for a moment.
                Err(_) if starts < STARTS => {
                    starts += 1;
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(error) => panic!("the service does not start: {error:?}"),
            }
        }
    }

    fn stop(self, down: Down) {
        match down {
            Down::Stopped => self.runtime.block_on(self.service.stop()),
            Down::Killed => {
                self.runtime.shutdown_timeout(Duration::from_secs(5));
                drop(self.service);
            }
        }
    }

    fn ask(&self, params: &[(&str, &str)], now: OffsetDateTime) -> Element {
        let params: Params = params.iter().map(|(name, value)| (*name, *value)).collect();
        let host = self.service.api_addr.to_string();
        let endpoint = Endpoint {
            host: &host,
            path: "/",
        };
        let signed = query_v4(
            &self.credentials(),
            endpoint,
            "eu-west-1",
            "IngestionService",
            &params,
            now,
        );
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build();
        let mut request = config.new_agent().post(format!("http://{host}/"));
        for (name, value) in &signed.headers {
            request = request.header(*name, value);
        }
        let answer = request
            .send(&signed.body)
            .and_then(|mut answer| answer.body_mut().read_to_vec());
        xml::parse(&answer.expect("the service answers")).expect("it answers in XML")
    }

    fn credentials(&self) -> Credentials {
        let key = self.key();
        Credentials {
            access_key_id: AccessKeyId::parse(key.id.as_str()).expect("a key id"),
            secret: key.secret.clone(),
            session_token: None,
        }
    }

    fn key(&self) -> &server::ops::first_start::FirstKey {
        self.service.first_key.as_ref().expect("nobody revokes it")
    }
}

/// What `GetStatus` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// `LocationCode`.
    pub location: String,
    /// `ProgressCode`.
    pub progress: String,
    /// `ErrorCount`.
    pub errors: String,
    /// `LogBucket`.
    pub log_bucket: String,
    /// `LogKey`.
    pub log_key: String,
}

fn text(answer: &Element, name: &str) -> Option<String> {
    answer.children.first()?.text_of(name).map(str::to_owned)
}
