//! What clients do with HTTP: old signatures, odd paths, wrong methods, too much.

use awsproto::claims::AccessKeyId;
use awsproto::params::Params;
use awsproto::secret::{SecretKey, SessionToken};
use awsproto::sign::{Credentials, Endpoint, form_v2, presigned_v4, query_v4};
use awsproto::sigv2::HmacMethod;
use model::ids;

use crate::world::{World, import};

fn params(pairs: &[(&str, &str)]) -> Params {
    pairs.iter().map(|(name, value)| (*name, *value)).collect()
}

#[tokio::test]
async fn version_2_requests_with_the_old_selector_on_any_path() {
    let world = World::start().await;
    let host = world.service.api_addr.to_string();
    for (path, method) in [
        ("/", HmacMethod::Sha256),
        ("/%3FOperation%3DListJobs", HmacMethod::Sha1),
    ] {
        let endpoint = Endpoint { host: &host, path };
        let params = params(&[("Operation", "ListJobs"), ("JobType", "Import")]);
        let signed = form_v2(
            &world.credentials,
            endpoint,
            method,
            &params,
            world.now().instant(),
        );
        let headers = [("content-type", "text/plain".to_owned())];
        let answer = world.http("POST", path, &headers, &signed.body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let got = world
            .http("GET", &format!("{path}?{}", signed.body), &[], "")
            .await;
        // The method is signed.
        assert_eq!(got.fault(), (403, "SignatureDoesNotMatch".to_owned()));
    }
}

#[tokio::test]
async fn presigned_get_requests_are_answered() {
    let world = World::start().await;
    let host = world.service.api_addr.to_string();
    let endpoint = Endpoint {
        host: &host,
        path: "/",
    };
    let params = params(&[("Action", "ListJobs"), ("Version", "2010-06-01")]);
    let time = world.now().instant();
    let service = "IngestionService";
    let target = presigned_v4(
        &world.credentials,
        endpoint,
        "us-east-1",
        service,
        &params,
        time,
        300,
    );
    assert_eq!(world.http("GET", &target, &[], "").await.status, 200);
    world.clock.advance(301);
    let late = world.http("GET", &target, &[], "").await;
    assert_eq!(late.fault(), (400, "RequestExpired".to_owned()));
}

#[tokio::test]
async fn the_request_id_is_in_the_header_and_in_the_text() {
    let world = World::start().await;
    for params in [&[("Action", "ListJobs")], &[("Action", "Dance")]] {
        let answer = world.call(params).await;
        let id = answer.header("x-amzn-requestid").unwrap();
        assert_eq!(id.len(), 36);
        assert!(
            answer
                .body
                .contains(&format!("<RequestId>{id}</RequestId>"))
        );
        assert_eq!(answer.header("content-type"), Some("text/xml"));
    }
}

#[tokio::test]
async fn other_methods_are_refused_in_xml() {
    let world = World::start().await;
    for (method, target) in [
        ("PUT", "/"),
        ("DELETE", "/any/path"),
        ("OPTIONS", "/health"),
    ] {
        let answer = world.http(method, target, &[], "").await;
        assert_eq!(
            answer.fault(),
            (405, "InvalidParameterException".to_owned()),
            "{method}"
        );
        assert_eq!(answer.header("allow"), Some("GET, POST"));
    }
    let head = world.http("HEAD", "/", &[], "").await;
    assert_eq!((head.status, head.body.as_str()), (405, ""));
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_and_the_answer_can_be_read() {
    let world = World::start().await;
    let limit = model::limits::REQUEST_BODY_BYTES;
    for length in [limit + 1, 4 * limit] {
        let answer = world.http("POST", "/", &[], &filled(length)).await;
        assert_eq!(
            answer.fault(),
            (413, "InvalidParameterException".to_owned())
        );
    }
    let within = world.http("POST", "/", &[], &filled(limit)).await;
    assert_eq!(
        within.fault(),
        (403, "MissingAuthenticationToken".to_owned())
    );
}

/// A form of so many bytes.
fn filled(length: usize) -> String {
    format!("a={}", "a".repeat(length - 2))
}

#[tokio::test]
async fn requests_nobody_signed_are_refused() {
    let world = World::start().await;
    let bare = world.http("POST", "/", &[], "Action=ListJobs").await;
    assert_eq!(bare.fault(), (403, "MissingAuthenticationToken".to_owned()));
    let twice = world
        .http("POST", "/?Action=ListJobs", &[], "Action=ListJobs")
        .await;
    assert_eq!(twice.fault(), (404, "MalformedQueryString".to_owned()));
}

#[tokio::test]
async fn temporary_and_revoked_keys_are_not_known() {
    let world = World::start().await;
    let refused = (403, "InvalidClientTokenId".to_owned());
    let temporary = Credentials {
        session_token: Some(SessionToken::new("FQoTOKEN/+=")),
        ..world.credentials.clone()
    };
    let list = [("Action", "ListJobs")];
    assert_eq!(world.call_as(&temporary, &list).await.fault(), refused);
    let odd = Credentials {
        access_key_id: AccessKeyId::parse("!").unwrap(),
        secret: SecretKey::new("x"),
        session_token: None,
    };
    assert_eq!(world.call_as(&odd, &list).await.fault(), refused);
    assert_eq!(world.call(&list).await.code(), "OK");
    let id = ids::AccessKeyId::new(world.credentials.access_key_id.as_str()).unwrap();
    world.jobs().revoke_key(&id, world.now()).await.unwrap();
    assert_eq!(world.call(&list).await.fault(), refused);
}

#[tokio::test]
async fn a_request_is_valid_for_a_quarter_of_an_hour() {
    let world = World::start().await;
    let host = world.service.api_addr.to_string();
    let endpoint = Endpoint {
        host: &host,
        path: "/",
    };
    let time = world.now().instant();
    let params = params(&[("Action", "ListJobs")]);
    let signed = query_v4(
        &world.credentials,
        endpoint,
        "us-east-1",
        "importexport",
        &params,
        time,
    );
    let send = async || {
        world
            .http("POST", "/", &signed.headers, &signed.body)
            .await
            .code()
    };
    assert_eq!(send().await, "OK");
    world.clock.advance(15 * 60 + 1);
    assert_eq!(send().await, "RequestExpired");
}

#[tokio::test]
async fn health_and_metrics_tell_how_the_service_is() {
    let world = World::start().await;
    let health = world.http("GET", "/health", &[], "").await;
    assert_eq!(health.status, 200);
    let health: serde_json::Value = serde_json::from_str(&health.body).unwrap();
    assert_eq!(health["status"], "ok");
    world.create(&import("photos")).await;
    world
        .call(&[("Action", "GetStatus"), ("JobId", "ZZZZZ")])
        .await;
    let metrics = world.http("GET", "/metrics", &[], "").await.body;
    for line in [
        "longshore_requests_total{operation=\"CreateJob\",code=\"OK\"} 1",
        "longshore_requests_total{operation=\"GetStatus\",code=\"InvalidJobIdException\"} 1",
        "longshore_jobs{progress=\"Pending\"} 1",
        "longshore_request_seconds_count{operation=\"CreateJob\"} 1",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}

/// Counters tell how much business a service has.
#[tokio::test]
async fn metrics_are_for_this_machine_unless_the_operator_says_otherwise() {
    let through_a_proxy = [("x-forwarded-for", "192.0.2.1".to_owned())];
    let world = World::start().await;
    let refused = world.http("GET", "/metrics", &through_a_proxy, "").await;
    assert_eq!(refused.code(), "MissingAuthenticationToken");
    let world = World::with("[server]\nmetrics = \"everyone\"\n").await;
    let told = world.http("GET", "/metrics", &through_a_proxy, "").await;
    assert!(
        told.status == 200 && told.body.contains("longshore_"),
        "{}",
        told.body
    );
}

#[tokio::test]
async fn a_service_that_stops_takes_its_endpoints_back() {
    let world = World::start().await;
    let data = world.folder.path().join("data");
    assert!(server::data_dir::read_endpoints(&data).unwrap().is_some());
    world.service.stop().await;
    assert_eq!(server::data_dir::read_endpoints(&data).unwrap(), None);
}

#[tokio::test]
async fn a_service_that_starts_again_has_everything() {
    let world = World::start().await;
    let (id, contents) = world.create(&import("photos")).await;
    let data = world.folder.path().join("data");
    let endpoints = server::data_dir::read_endpoints(&data).unwrap().unwrap();
    assert_eq!(endpoints.api, format!("http://{}", world.service.api_addr));
    let token = std::fs::read_to_string(&world.service.station_token).unwrap();
    let credentials = world.credentials.clone();
    let world = world.restart("", 60).await;
    assert_eq!(world.credentials, credentials);
    assert_eq!(
        std::fs::read_to_string(&world.service.station_token).unwrap(),
        token
    );
    let status = world
        .call(&[("Action", "GetStatus"), ("JobId", id.as_str())])
        .await;
    assert_eq!(status.text("SignatureFileContents").unwrap(), contents);
}

/// A new key would open nothing of what is there, and look like the right one to a backup.
#[tokio::test]
async fn a_lost_secret_key_is_not_made_up() {
    let world = World::start().await;
    let data = world.folder.path().join("data");
    let overrides = server::config::Overrides {
        data: Some(data.clone()),
        listen: Some(([127, 0, 0, 1], 0).into()),
        embedded_listen: Some(([127, 0, 0, 1], 0).into()),
        ..Default::default()
    };
    let config = server::config::Config::parse("settings".as_ref(), "", &overrides).unwrap();
    world.service.stop().await;
    let kept = std::fs::read(data.join("secret.key")).unwrap();
    std::fs::remove_file(data.join("secret.key")).unwrap();
    let clock = std::sync::Arc::new(model::time::SystemClock);
    let refused = server::service::Service::start(&config, clock.clone()).await;
    assert!(refused.is_err());
    assert!(!data.join("secret.key").exists());
    durable::replace(&data.join("secret.key"), &kept).unwrap();
    server::service::Service::start(&config, clock)
        .await
        .unwrap()
        .stop()
        .await;
}

/// What is announced as far too long is refused before any of it came.
#[tokio::test]
async fn a_body_announced_as_far_too_long_is_not_waited_for() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let world = World::start().await;
    let mut stream = tokio::net::TcpStream::connect(world.service.api_addr)
        .await
        .unwrap();
    let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\nAction=";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 256];
    let patience = std::time::Duration::from_secs(10);
    let read = tokio::time::timeout(patience, stream.read(&mut answer)).await;
    let length = read.expect("an answer at once").unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]);
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}
