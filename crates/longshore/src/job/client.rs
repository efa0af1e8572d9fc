//! Speaks the public API as any AWS client does: one signed `POST` for each operation.
//!
//! Nothing is repeated by itself: CreateJob has no token that would make a second one harmless.

use std::time::Duration;

use awshttp::route::Route;
use awshttp::{SigningClock, Surroundings};
use awsproto::params::Params;
use awsproto::sign::{self, Credentials, Endpoint};
use awsproto::xml::{self, Element, RemoteError, XmlError};
use model::ids::JobType;
use model::secret::DeviceSecret;
use ureq::http::{StatusCode, Uri};

use super::answers::{
    Canceled, ConsoleLink, Created, DeviceSaid, JobLine, JobPage, Label, SecretKept, Status,
    Updated,
};
use crate::exit::{Exit, Failure};

/// The service name in the scope of a Version 4 signature (botocore, `endpoints.json`).
const SERVICE: &str = "IngestionService";

/// The version of the API (service model, `apiVersion`).
const API_VERSION: &str = "2010-06-01";

/// How long one operation may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// Longest answer, in bytes: a page of a thousand jobs is a fifth of this.
const ANSWER_BYTES: u64 = 1 << 20;

/// Longest sheet that is downloaded, in bytes. One of ours has some hundred thousand.
const SHEET_BYTES: u64 = 64 << 20;

/// Why an operation failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// The endpoint is none.
    #[error("`{0}` is not an http:// or https:// URL")]
    Endpoint(String),
    /// No answer.
    #[error("could not reach `{url}`")]
    Unreachable {
        /// The address that was asked.
        url: String,
        /// What the connection says.
        #[source]
        source: std::io::Error,
    },
    /// An error of the API, as the service names it.
    #[error("{}: {}", .error.code, .error.message)]
    Fault {
        /// Of HTTP, 300 or more.
        status: StatusCode,
        /// Code and message.
        error: RemoteError,
    },
    /// A link that gives nothing.
    #[error("could not download `{url}`: HTTP status {status}")]
    Link {
        /// The link without its query, which is a right to what it leads to.
        url: String,
        /// Of HTTP, 300 or more.
        status: StatusCode,
    },
    /// An answer that is none.
    #[error("`{url}` does not answer as the Import/Export API does (HTTP status {status})")]
    Odd {
        /// The address that was asked.
        url: String,
        /// Of HTTP, 300 or more.
        status: StatusCode,
        /// What is wrong with the document, if it is not merely another one.
        #[source]
        source: Option<XmlError>,
    },
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        let (exit, hint) = match &error {
            ApiError::Endpoint(_) => (Exit::Usage, ""),
            ApiError::Unreachable { .. } => (
                Exit::Unavailable,
                "is `longshore serve` running, and is the endpoint right?",
            ),
            ApiError::Link { status, .. } if status.is_server_error() => {
                (Exit::Unavailable, "try again later")
            }
            ApiError::Link { .. } => (Exit::Refused, ""),
            ApiError::Odd { .. } => (Exit::Unavailable, "is the endpoint right?"),
            ApiError::Fault { status, error } => fault_exit(*status, &error.code),
        };
        Failure::new(exit, error).hint(hint)
    }
}

fn fault_exit(status: StatusCode, code: &str) -> (Exit, &'static str) {
    if status == StatusCode::NOT_IMPLEMENTED && code == "NotImplemented" {
        let hint = "is the endpoint that of an S3 store? The API has another port: `longshore serve` names both";
        return (Exit::Unavailable, hint);
    }
    if code == "InternalFailure" {
        return (
            Exit::Unavailable,
            "tell the operator of the service: its log names the cause",
        );
    }
    if status.is_server_error() || code == "Throttling" {
        return (Exit::Unavailable, "try again later");
    }
    let hint = match code {
        "InvalidClientTokenId" | "SignatureDoesNotMatch" => {
            "check the access key; `longshore serve` writes its first one to DATA/credentials"
        }
        "RequestExpired" => "check this machine's clock",
        _ => "",
    };
    (Exit::Refused, hint)
}

/// A customer's way to the API.
pub(crate) struct Client {
    agent: ureq::Agent,
    route: Route,
    surroundings: Surroundings,
    clock: SigningClock,
    credentials: Credentials,
    region: String,
    url: String,
    host: String,
    path: String,
}

impl Client {
    /// A way to the API at `url`.
    ///
    /// # Errors
    /// [`ApiError::Endpoint`] if `url` is none.
    pub(crate) fn new(
        url: &str,
        region: &str,
        credentials: Credentials,
        surroundings: &Surroundings,
    ) -> Result<Self, ApiError> {
        let wrong = || ApiError::Endpoint(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let host = host_header(&uri).ok_or_else(wrong)?;
        let route = surroundings.route(uri.scheme_str().unwrap_or("http"), &host);
        let agent = agent(&route);
        let path = Some(uri.path())
            .filter(|path| !path.is_empty())
            .unwrap_or("/")
            .to_owned();
        let (url, region) = (url.to_owned(), region.to_owned());
        Ok(Self {
            agent,
            route,
            surroundings: surroundings.clone(),
            clock: SigningClock::default(),
            credentials,
            region,
            url,
            host,
            path,
        })
    }

    /// CreateJob.
    pub(crate) fn create(
        &self,
        job_type: JobType,
        manifest: &str,
        validate_only: bool,
    ) -> Result<Created, ApiError> {
        let mut params = Params::new();
        set_manifest(&mut params, job_type, manifest, validate_only);
        self.call("CreateJob", params)
            .map(|answer| Created::read(&answer))
    }

    /// UpdateJob.
    pub(crate) fn update(
        &self,
        job: &str,
        job_type: JobType,
        manifest: &str,
        validate_only: bool,
    ) -> Result<Updated, ApiError> {
        let mut params = Params::new();
        set_manifest(&mut params, job_type, manifest, validate_only);
        params.set("JobId", job);
        self.call("UpdateJob", params)
            .map(|answer| Updated::read(&answer))
    }

    /// CancelJob.
    pub(crate) fn cancel(&self, job: &str) -> Result<Canceled, ApiError> {
        let mut params = Params::new();
        params.set("JobId", job);
        self.call("CancelJob", params)
            .map(|answer| Canceled::read(&answer))
    }

    /// GetStatus.
    pub(crate) fn status(&self, job: &str) -> Result<Status, ApiError> {
        let mut params = Params::new();
        params.set("JobId", job);
        self.call("GetStatus", params)
            .map(|answer| Status::read(&answer))
    }

    /// ReleaseDevice.
    pub(crate) fn release(
        &self,
        job: &str,
        gives_up: u64,
        because: Option<&str>,
    ) -> Result<DeviceSaid, ApiError> {
        let mut params = Params::new();
        params.set("JobId", job);
        params.set("GiveUpLines", gives_up.to_string());
        if let Some(because) = because {
            params.set("Because", because);
        }
        self.call("ReleaseDevice", params)
            .map(|answer| DeviceSaid::read(&answer))
    }

    /// HoldDevice: an objection with its reason, or that there is none any more.
    pub(crate) fn hold_device(
        &self,
        job: &str,
        because: Option<&str>,
    ) -> Result<DeviceSaid, ApiError> {
        let mut params = Params::new();
        params.set("JobId", job);
        match because {
            Some(because) => params.set("Because", because),
            None => params.set("Withdraw", "true"),
        };
        self.call("HoldDevice", params)
            .map(|answer| DeviceSaid::read(&answer))
    }

    /// GiveSecret.
    pub(crate) fn give_secret(
        &self,
        job: &str,
        secret: &DeviceSecret,
    ) -> Result<SecretKept, ApiError> {
        let mut params = Params::new();
        params.set("JobId", job);
        params.set("Secret", secret.expose());
        self.call("GiveSecret", params)
            .map(|answer| SecretKept::read(&answer))
    }

    /// OpenConsole.
    pub(crate) fn open_console(&self) -> Result<ConsoleLink, ApiError> {
        self.call("OpenConsole", Params::new())
            .map(|answer| ConsoleLink::read(&answer))
    }

    /// GetShippingLabel, for these jobs and with what is said of the sender.
    pub(crate) fn label<'a>(
        &self,
        jobs: &[String],
        sender: impl Iterator<Item = (&'static str, &'a str)>,
    ) -> Result<Label, ApiError> {
        let mut params = Params::new();
        for (name, value) in sender {
            params.set(name, value);
        }
        for (index, job) in jobs.iter().enumerate() {
            params.set(format!("jobIds.member.{}", index + 1), job.as_str());
        }
        self.call("GetShippingLabel", params)
            .map(|answer| Label::read(&answer))
    }

    /// For whom secrets are sealed, as the service says.
    pub(crate) fn recipient(&self) -> Result<String, ApiError> {
        let url = format!("{}/custody/recipient", self.url.trim_end_matches('/'));
        let told = self.download(&url)?;
        Ok(String::from_utf8_lossy(&told).trim().to_owned())
    }

    /// What a link of an answer leads to. No signature goes there: the link is the right.
    pub(crate) fn download(&self, url: &str) -> Result<Vec<u8>, ApiError> {
        let bare = url.split('?').next().unwrap_or(url).to_owned();
        let uri: Uri = url.parse().map_err(|_| ApiError::Endpoint(bare.clone()))?;
        let host = host_header(&uri).ok_or_else(|| ApiError::Endpoint(bare.clone()))?;
        let route = self
            .surroundings
            .route(uri.scheme_str().unwrap_or("http"), &host);
        let unreachable = |error| unreachable(&route, &bare, error);
        let mut answer = agent(&route).get(uri).call().map_err(unreachable)?;
        let status = answer.status();
        if !status.is_success() {
            return Err(ApiError::Link { url: bare, status });
        }
        let body = answer.body_mut().with_config().limit(SHEET_BYTES);
        body.read_to_vec().map_err(unreachable)
    }

    /// ListJobs, page after page, until `max` jobs are there or no more.
    pub(crate) fn list(&self, max: Option<usize>) -> Result<Vec<JobLine>, ApiError> {
        let mut jobs: Vec<JobLine> = Vec::new();
        loop {
            let missing = max.map_or(PAGE, |max| (max - jobs.len()).min(PAGE));
            let page = self.list_page(missing, jobs.last())?;
            let more = page.is_truncated && !page.jobs.is_empty();
            jobs.extend(page.jobs);
            if !more || max.is_some_and(|max| jobs.len() >= max) {
                jobs.truncate(max.unwrap_or(usize::MAX));
                return Ok(jobs);
            }
        }
    }

    fn list_page(&self, max: usize, after: Option<&JobLine>) -> Result<JobPage, ApiError> {
        let mut params = Params::new();
        params.set("MaxJobs", max.to_string());
        if let Some(job) = after {
            params.set("Marker", job.job_id.as_str());
        }
        self.call("ListJobs", params)
            .map(|answer| JobPage::read(&answer))
    }

    /// Sends one operation and gives the element that has its result.
    fn call(&self, operation: &str, mut params: Params) -> Result<Element, ApiError> {
        params.set("Action", operation).set("Version", API_VERSION);
        let answered = self.send(&params)?;
        match self.result(operation, answered.status, &answered.body) {
            // Nothing was done. Signed once more, by the clock of the service if that is another.
            Err(ApiError::Fault { error, .. }) if error.code == "RequestExpired" => {
                let service = format!("the service at `{}`", self.host);
                self.clock.correct(answered.date.as_deref(), &service);
                let answered = self.send(&params)?;
                self.result(operation, answered.status, &answered.body)
            }
            result => result,
        }
    }

    fn send(&self, params: &Params) -> Result<Answered, ApiError> {
        let endpoint = Endpoint {
            host: &self.host,
            path: &self.path,
        };
        let now = self.clock.now();
        let form = sign::query_v4(
            &self.credentials,
            endpoint,
            &self.region,
            SERVICE,
            params,
            now,
        );
        let mut request = self.agent.post(&self.url).header("host", &self.host);
        for (name, value) in &form.headers {
            request = request.header(*name, value);
        }
        let unreachable = |error| unreachable(&self.route, &self.url, error);
        let mut answer = request.send(&form.body).map_err(unreachable)?;
        let date = answer.headers().get("date");
        let date = date.and_then(|date| Some(date.to_str().ok()?.to_owned()));
        let status = answer.status();
        let body = answer.body_mut().with_config().limit(ANSWER_BYTES);
        let body = body.read_to_vec().map_err(unreachable)?;
        Ok(Answered { status, date, body })
    }

    fn result(
        &self,
        operation: &str,
        status: StatusCode,
        body: &[u8],
    ) -> Result<Element, ApiError> {
        let odd = |source| ApiError::Odd {
            url: self.url.clone(),
            status,
            source,
        };
        let root = xml::parse(body).map_err(|e| odd(Some(e)))?;
        if let Some(error) = xml::remote_error(&root) {
            return Err(ApiError::Fault { status, error });
        }
        let result = root.child(&format!("{operation}Result")).cloned();
        result
            .filter(|_| status.is_success())
            .ok_or_else(|| odd(None))
    }
}

/// What came back.
struct Answered {
    status: StatusCode,
    /// The service's time.
    date: Option<String>,
    body: Vec<u8>,
}

fn agent(route: &Route) -> ureq::Agent {
    let config = route.config().timeout_global(Some(REQUEST_TIMEOUT));
    config.build().new_agent()
}

fn unreachable(route: &Route, url: &str, error: ureq::Error) -> ApiError {
    ApiError::Unreachable {
        url: url.to_owned(),
        source: route.no_answer("the service", error).into_io(),
    }
}

/// Jobs of one page: the most the API gives (API reference, `MaxJobs`).
const PAGE: usize = 1000;

fn set_manifest(params: &mut Params, job_type: JobType, manifest: &str, validate_only: bool) {
    params
        .set("JobType", job_type.as_str())
        .set("Manifest", manifest)
        .set("ValidateOnly", validate_only.to_string());
}

/// The `Host` header for a URL: its port only where it is not the scheme's own.
fn host_header(uri: &Uri) -> Option<String> {
    let own_port = match uri.scheme_str()? {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let host = uri.host().filter(|host| !host.is_empty())?;
    match uri.port_u16().filter(|port| *port != own_port) {
        Some(port) => Some(format!("{host}:{port}")),
        None => Some(host.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> Client {
        let credentials = Credentials {
            access_key_id: awsproto::claims::AccessKeyId::parse("AKIAIOSFODNN7EXAMPLE").unwrap(),
            secret: awsproto::secret::SecretKey::new("secret"),
            session_token: None,
        };
        let surroundings = Surroundings::default();
        Client::new(
            "http://127.0.0.1:4780",
            "us-east-1",
            credentials,
            &surroundings,
        )
        .unwrap()
    }

    #[test]
    fn the_host_has_its_port_unless_it_is_the_schemes_own() {
        let cases = [
            ("http://127.0.0.1:4780", Some("127.0.0.1:4780")),
            ("https://dock.example:443/", Some("dock.example")),
            ("http://dock.example:443", Some("dock.example:443")),
            ("http://[::1]:4780/x", Some("[::1]:4780")),
            ("ftp://dock.example", None),
            ("/only/a/path", None),
        ];
        for (url, host) in cases {
            assert_eq!(host_header(&url.parse().unwrap()).as_deref(), host, "{url}");
        }
    }

    #[test]
    fn faults_and_foreign_answers_are_told_apart() {
        let fault = br#"<ErrorResponse><Error><Type>Sender</Type><Code>InvalidJobIdException</Code>
            <Message>No such job ABCDE for your account</Message></Error></ErrorResponse>"#;
        let error = client()
            .result("GetStatus", StatusCode::BAD_REQUEST, fault)
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "InvalidJobIdException: No such job ABCDE for your account"
        );
        assert_eq!(Failure::from(error).exit, Exit::Refused);

        for body in [
            &b"<html><p>hello</html>"[..],
            b"<GetStatusResponse/>",
            b"{}",
        ] {
            let error = client()
                .result("GetStatus", StatusCode::OK, body)
                .unwrap_err();
            assert_eq!(Failure::from(error).exit, Exit::Unavailable);
        }
    }

    /// Answers one request after the other; gives their heads.
    fn answering(answers: Vec<String>) -> (String, std::thread::JoinHandle<Vec<String>>) {
        use std::io::{Read as _, Write as _};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let answered = answers.into_iter().map(|answer| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = Vec::new();
                while !request.ends_with(b"Action=CancelJob&Version=2010-06-01") {
                    let mut more = [0; 4096];
                    let count = stream.read(&mut more).unwrap();
                    assert!(count > 0, "{}", String::from_utf8_lossy(&request));
                    request.extend_from_slice(&more[..count]);
                }
                stream.write_all(answer.as_bytes()).unwrap();
                String::from_utf8_lossy(&request).to_ascii_lowercase()
            });
            answered.collect()
        });
        (url, server)
    }

    #[test]
    fn a_command_whose_time_was_found_wrong_is_signed_again_by_the_services_clock() {
        use time::format_description::well_known::Rfc2822;
        let theirs = time::OffsetDateTime::now_utc() + time::Duration::days(2);
        let date = theirs.format(&Rfc2822).unwrap().replace("+0000", "GMT");
        let answer = |head: &str, body: &str| {
            let length = body.len();
            format!(
                "HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            )
        };
        let expired = "<ErrorResponse><Error><Type>Sender</Type><Code>RequestExpired</Code>\
                       <Message>Request has expired</Message></Error></ErrorResponse>";
        let done = "<CancelJobResponse><CancelJobResult/></CancelJobResponse>";
        let (url, server) = answering(vec![
            answer(&format!("400 Bad Request\r\ndate: {date}"), expired),
            answer("200 OK", done),
        ]);
        let client = Client::new(
            &url,
            "us-east-1",
            client().credentials,
            &Surroundings::default(),
        );
        client.unwrap().call("CancelJob", Params::new()).unwrap();
        let requests = server.join().unwrap();
        let (year, month, day) = theirs.to_calendar_date();
        let signed = format!("x-amz-date: {year}{:02}{day:02}t", u8::from(month));
        let is_theirs: Vec<_> = requests.iter().map(|it| it.contains(&signed)).collect();
        assert_eq!(is_theirs, [false, true], "{requests:?}");
    }

    #[test]
    fn a_service_in_trouble_is_not_a_refusal() {
        let exit = |status: u16, code| fault_exit(StatusCode::from_u16(status).unwrap(), code).0;
        assert_eq!(exit(503, "ServiceUnavailable"), Exit::Unavailable);
        assert_eq!(exit(400, "Throttling"), Exit::Unavailable);
        assert_eq!(exit(403, "InvalidClientTokenId"), Exit::Refused);
    }
}
