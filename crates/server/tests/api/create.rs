//! `CreateJob` and `UpdateJob`: what is accepted, what is refused and with which words.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use awsproto::sign::Credentials;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::world::{World, create, ebs, export, glacier, import};

#[tokio::test]
async fn a_created_job_can_be_asked_for_and_its_signature_stays() {
    let world = World::start().await;
    let params = [
        ("Action", "CreateJob"),
        ("JobType", "IMPORT"),
        ("Manifest", &import("photos")),
    ];
    let created = world.call(&params).await;
    assert_eq!(created.text("JobType").unwrap(), "Import");
    let id = created.text("JobId").unwrap();
    let address = created.text("AwsShippingAddress").unwrap();
    assert_eq!(address.lines().nth(1), Some(format!("JOBID {id}").as_str()));
    let contents = created.text("SignatureFileContents").unwrap();
    let signature = created.text("Signature").unwrap();
    let expected =
        format!("version:2.0\nsigningMethod:HmacSHA1\njobId:{id}\nsignature:{signature}\n");
    assert_eq!(contents, expected);
    assert_eq!(signature.len(), 28);

    let manifest = format!("{}generator: a & b <c>\n", import("photos"));
    let update = [
        ("Action", "UpdateJob"),
        ("JobId", &id.to_lowercase()),
        ("JobType", "Import"),
        ("Manifest", &manifest),
    ];
    assert_eq!(world.call(&update).await.text("Success").unwrap(), "true");
    let status = world.call(&[("Action", "GetStatus"), ("JobId", &id)]).await;
    assert_eq!(status.text("CurrentManifest").unwrap(), manifest);
    assert_eq!(status.text("Signature").unwrap(), signature);
}

#[tokio::test]
async fn a_validation_answers_in_full_and_stores_nothing() {
    let world = World::start().await;
    let manifest = import("photos");
    let mut params = create(&manifest).to_vec();
    params.push(("ValidateOnly", "TRUE"));
    let answer = world.call(&params).await;
    let id = answer.text("JobId").unwrap();
    assert!(id.ends_with("-VALIDATE-ONLY") && id.len() == 19, "{id}");
    assert!(
        answer
            .text("AwsShippingAddress")
            .unwrap()
            .contains(&format!("JOBID {id}"))
    );
    assert!(
        answer
            .text("SignatureFileContents")
            .unwrap()
            .contains(&format!("jobId:{id}\n"))
    );
    let canceled = world.call(&[("Action", "CancelJob"), ("JobId", &id)]).await;
    assert_eq!(canceled.fault(), (400, "InvalidJobIdException".to_owned()));
    assert_eq!(
        canceled.message(),
        format!("No such job {id} for your account")
    );
    let list = world.call(&[("Action", "ListJobs")]).await;
    assert!(list.body.contains("<Jobs/>"), "{}", list.body);
}

#[tokio::test]
async fn a_validated_update_changes_nothing() {
    let world = World::start().await;
    let (id, _) = world.create(&import("photos")).await;
    let update = |validate_only| {
        [
            ("Action", "UpdateJob"),
            ("JobId", id.as_str()),
            ("JobType", "Export"),
            ("ValidateOnly", validate_only),
        ]
    };
    let manifest = export(&["photos"], "logs");
    let mut params = update("1").to_vec();
    params.push(("Manifest", &manifest));
    assert_eq!(world.call(&params).await.text("Success").unwrap(), "true");
    assert_eq!(world.job(id).await.manifest, import("photos"));

    let mut params = update("0").to_vec();
    params.push(("Manifest", &manifest));
    assert_eq!(world.call(&params).await.text("Success").unwrap(), "true");
    let status = world
        .call(&[("Action", "GetStatus"), ("JobId", id.as_str())])
        .await;
    assert_eq!(status.text("JobType").unwrap(), "Export");
    let list = world.call(&[("Action", "ListJobs")]).await;
    assert!(list.body.contains("<JobType>Export</JobType>"));
}

#[tokio::test]
async fn manifests_are_refused_in_the_documented_words() {
    let world = World::start().await;
    let whole = import("photos");
    let without = |line: &str| whole.replace(line, "");
    let export_of = |with: &str| export(&["photos"], "logs").replace("fileSystem: NTFS", with);
    let cases = [
        (
            "Import",
            "invalid-manifest".to_owned(),
            "MalformedManifestException",
            "not well-formed",
        ),
        (
            "Import",
            without("deviceId: 123\n"),
            "MissingManifestFieldException",
            "deviceId",
        ),
        (
            "Import",
            whole.replace("eraseDevice: no", "eraseDevice: perhaps"),
            "InvalidManifestFieldException",
            "line 4: eraseDevice",
        ),
        (
            "Import",
            without("  city: Springfield\n"),
            "InvalidAddressException",
            "city",
        ),
        (
            "Import",
            whole.replace("country: USA", "country: Germany"),
            "MissingCustomsException",
            "customs",
        ),
        (
            "Export",
            export_of("fileSystem: ZFS"),
            "InvalidFileSystemException",
            "fileSystem",
        ),
        (
            "Import",
            format!("{whole}accessKeyId: AKIAIOSFODNN7EXAMPLE\n"),
            "InvalidAccessKeyIdException",
            "accessKeyId",
        ),
        (
            "Import",
            import("no-such-bucket"),
            "NoSuchBucketException",
            "no-such-bucket",
        ),
    ];
    for (job_type, manifest, code, words) in cases {
        let params = [
            ("Action", "CreateJob"),
            ("JobType", job_type),
            ("Manifest", manifest.as_str()),
        ];
        let answer = world.call(&params).await;
        assert_eq!(answer.fault(), (400, code.to_owned()), "{}", answer.body);
        assert!(answer.message().contains(words), "{}", answer.message());
    }
    let bare = world.call(&create("invalid-manifest")).await;
    assert_eq!(bare.message(), "Your manifest is not well-formed");
    let list = world.call(&[("Action", "ListJobs")]).await;
    assert!(list.body.contains("<Jobs/>"), "something was stored");
}

#[tokio::test]
async fn all_missing_fields_are_named_at_once() {
    let world = World::start().await;
    let manifest = import("photos")
        .replace("bucket: photos\n", "")
        .replace("deviceId: 123\n", "");
    let message = world.call(&create(&manifest)).await.message();
    assert!(
        message.starts_with(
            "One or more required fields were missing from the manifest file. Please correct and \
             resubmit. "
        ),
        "{message}"
    );
    assert!(
        message.contains("bucket") && message.contains("deviceId"),
        "{message}"
    );
}

#[tokio::test]
async fn warnings_come_with_the_answer() {
    let world = World::start().await;
    let manifest = import("photos").replace("eraseDevice: no", "eraseDevice: yes");
    let created = world.call(&create(&manifest)).await;
    let warning = created.text("WarningMessage").unwrap();
    assert!(warning.to_lowercase().contains("erased"), "{warning}");
    let quiet = without_address(&import("photos"));
    let quiet = world.call(&create(&quiet)).await;
    assert_eq!(quiet.text("WarningMessage"), None);
}

fn without_address(manifest: &str) -> String {
    manifest.replace("notificationEmail: jane@example.com\n", "")
}

/// Where no mail is sent, whoever names an address is told so at once, and nobody else.
#[tokio::test]
async fn an_address_that_hears_nothing_is_warned_of() {
    let world = World::start().await;
    let created = world.call(&create(&import("photos"))).await;
    assert_eq!(
        created.text("WarningMessage").unwrap(),
        "notificationEmail: this service sends no mail; look at the job with GetStatus."
    );
    let nobody = import("photos").replace("jane@example.com", "nobody@localhost");
    let created = world.call(&create(&nobody)).await;
    assert_eq!(created.text("WarningMessage"), None);
}

#[tokio::test]
async fn an_accounts_rights_bound_its_buckets() {
    let world = World::start().await;
    let (_, other) = world.another("other", &["other-*"]).await;
    let of = |manifest: String| create_as(&world, &other, manifest);
    assert_eq!(of(import("other-bucket")).await, "OK");
    assert_eq!(of(import("photos")).await, "BucketPermissionException");
    let log_elsewhere = format!("{}logBucket: logs\n", import("other-bucket"));
    assert_eq!(of(log_elsewhere).await, "BucketPermissionException");
    assert_eq!(of(import("other-nothing")).await, "NoSuchBucketException");
}

/// The store refuses such names; the customer has to hear which it is, and that no patience helps.
#[tokio::test]
async fn a_name_that_no_bucket_can_have_is_a_fault_of_the_manifest() {
    let world = World::start().await;
    for name in [
        "Bad_Bucket",
        "UPPER",
        "under_score",
        "127.0.0.1",
        "xn--80ak",
    ] {
        let answer = world.call(&create(&import(name))).await;
        assert_eq!(answer.code(), "InvalidManifestFieldException", "{name}");
        assert!(answer.message().contains(name), "{}", answer.message());
    }
}

async fn create_as(world: &World, credentials: &Credentials, manifest: String) -> String {
    world.call_as(credentials, &create(&manifest)).await.code()
}

#[tokio::test]
async fn buckets_of_two_regions_are_refused() {
    let store = |name: &str, region: &str, endpoint: &str| {
        format!(
            "[[stores]]\nname = \"{name}\"\nendpoint = \"{endpoint}\"\nregion = \"{region}\"\n\
             access_key_id = \"{{key}}\"\nsecret_access_key = \"{{secret}}\"\n\
             path_style = true\nbuckets = [\"{name}\"]\n"
        )
    };
    // Another service's embedded store plays two stores of the operator's.
    let stores = World::start().await;
    let endpoint = stores.service.endpoints.s3.clone().unwrap();
    let settings = (store("photos", "eu-west-1", &endpoint)
        + &store("logs", "us-east-1", &endpoint))
        .replace("{key}", stores.credentials.access_key_id.as_str())
        .replace("{secret}", stores.credentials.secret.expose());
    let world = World::with(&settings).await;
    assert_eq!(world.service.s3_addr, None);
    let create_export = async |manifest: String| {
        let params = [
            ("Action", "CreateJob"),
            ("JobType", "Export"),
            ("Manifest", &manifest),
        ];
        world.call(&params).await.code()
    };
    let across = create_export(export(&["photos", "logs"], "logs")).await;
    assert_eq!(across, "MultipleRegionsException");
    assert_eq!(create_export(export(&["photos"], "photos")).await, "OK");
    assert_eq!(
        world.call(&create(&import("films"))).await.code(),
        "NoSuchBucketException"
    );

    stores.service.stop().await;
    let down = world.call(&create(&import("photos"))).await;
    assert_eq!(down.fault(), (503, "ServiceUnavailable".to_owned()));
}

#[tokio::test]
async fn a_store_that_forbids_us_is_told_as_such() {
    let stores = World::start().await;
    let (_, narrow) = stores.another("narrow", &["other-*"]).await;
    let settings = format!(
        "[[stores]]\nname = \"all\"\nendpoint = \"{}\"\nregion = \"us-east-1\"\n\
         access_key_id = \"{}\"\nsecret_access_key = \"{}\"\npath_style = true\nbuckets = [\"*\"]\n",
        stores.service.endpoints.s3.clone().unwrap(),
        narrow.access_key_id,
        narrow.secret.expose()
    );
    let world = World::with(&settings).await;
    let denied = world.call(&create(&import("photos"))).await;
    assert_eq!(
        denied.fault(),
        (400, "BucketPermissionException".to_owned())
    );
    assert_eq!(
        world.call(&create(&import("other-bucket"))).await.code(),
        "OK"
    );
}

/// The settings of a service whose buckets are all in the store at `endpoint`.
fn store_at(endpoint: &str, key_id: &str, secret: &str) -> String {
    format!(
        "[[stores]]\nname = \"cellar\"\nendpoint = \"{endpoint}\"\nregion = \"us-east-1\"\n\
         access_key_id = \"{key_id}\"\nsecret_access_key = \"{secret}\"\npath_style = true\n\
         buckets = [\"*\"]\n"
    )
}

/// Asks a service to slow down `times` times, and then lets through what is for the store at `endpoint`. Gives the
/// address to ask, and how often it was asked.
async fn busy_at_first(endpoint: &str, times: usize) -> (String, Arc<AtomicUsize>) {
    let store = endpoint.strip_prefix("http://").unwrap().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            if counter.fetch_add(1, Ordering::SeqCst) < times {
                let mut head = [0; 4096];
                let _read = client.read(&mut head).await;
                let busy =
                    "HTTP/1.1 503 Slow Down\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                let _told = client.write_all(busy.as_bytes()).await;
                continue;
            }
            let mut store = TcpStream::connect(&store).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut client, &mut store).await });
        }
    });
    (address, asked)
}

#[tokio::test]
async fn a_store_that_is_busy_for_a_moment_is_asked_again() {
    let stores = World::start().await;
    let (_, account) = stores.another("all", &["*"]).await;
    let endpoint = stores.service.endpoints.s3.clone().unwrap();
    let (address, asked) = busy_at_first(&endpoint, 2).await;
    let (key, secret) = (account.access_key_id.as_str(), account.secret.expose());
    let world = World::with(&store_at(&address, key, secret)).await;
    let created = world.call(&create(&import("photos"))).await;
    assert_eq!(created.code(), "OK", "{}", created.body);
    assert!(asked.load(Ordering::SeqCst) > 2);
}

/// The customer is told that the operator has to look, and neither which store it is nor where.
#[tokio::test]
async fn a_store_that_never_will_answer_is_told_at_once_and_without_its_address() {
    let stores = World::start().await;
    let endpoint = stores.service.endpoints.s3.clone().unwrap();
    let (address, asked) = busy_at_first(&endpoint, 0).await;
    let key = stores.credentials.access_key_id.as_str();
    let world = World::with(&store_at(&address, key, "not the secret")).await;
    let refused = world.call(&create(&import("photos"))).await;
    assert_eq!(refused.fault(), (500, "InternalFailure".to_owned()));
    let message = refused.message();
    assert!(
        message.contains("its operator finds the cause in its log"),
        "{message}"
    );
    for secret in ["cellar", "127.0.0.1", "http"] {
        assert!(!message.contains(secret), "{message}");
    }
    assert!(
        asked.load(Ordering::SeqCst) <= 2,
        "it was asked again and again"
    );
}

#[tokio::test]
async fn a_day_has_so_many_jobs() {
    let world = World::with("[jobs]\nper_day_quota = 2\n").await;
    let manifest = import("photos");
    for _ in 0..2 {
        assert_eq!(world.call(&create(&manifest)).await.code(), "OK");
    }
    let third = world.call(&create(&manifest)).await;
    assert_eq!(
        third.fault(),
        (400, "CreateJobQuotaExceededException".to_owned())
    );
    assert!(third.message().contains('2'), "{}", third.message());
    world.clock.advance(24 * 60 * 60);
    assert_eq!(world.call(&create(&manifest)).await.code(), "OK");
}

#[tokio::test]
async fn every_kind_of_job_can_be_made() {
    let world = World::start().await;
    let exports = export(&["photos", "other-bucket"], "logs");
    for (job_type, manifest) in [
        ("Import", ebs("no")),
        ("Import", glacier()),
        ("Export", exports),
    ] {
        let params = [
            ("Action", "CreateJob"),
            ("JobType", job_type),
            ("Manifest", manifest.as_str()),
        ];
        let created = world.call(&params).await;
        assert_eq!(created.code(), "OK", "{}", created.body);
        let id = created.text("JobId").unwrap();
        let status = world.call(&[("Action", "GetStatus"), ("JobId", &id)]).await;
        assert_eq!(status.text("JobType").unwrap(), job_type);
        assert_eq!(
            world
                .call(&[("Action", "CancelJob"), ("JobId", &id)])
                .await
                .code(),
            "OK"
        );
    }
}

/// An account learns nothing of buckets that are not its own, not even which there are.
#[tokio::test]
async fn buckets_of_others_are_not_told_from_those_that_do_not_exist() {
    let world = World::start().await;
    let (_, credentials) = world.another("guest", &["guest-*"]).await;
    let answers = ["photos", "no-such-bucket"].map(import);
    let mut told = Vec::new();
    for manifest in &answers {
        let answer = world.call_as(&credentials, &create(manifest)).await;
        assert_eq!(answer.code(), "BucketPermissionException");
        told.push(
            answer
                .message()
                .replace("photos", "B")
                .replace("no-such-bucket", "B"),
        );
    }
    assert_eq!(told[0], told[1]);
    let own = world
        .call_as(&credentials, &create(&import("guest-none")))
        .await;
    assert_eq!(own.code(), "NoSuchBucketException");
}
