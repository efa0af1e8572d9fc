//! The process is killed in the middle of puts; what it acknowledged must be there, whole.
//!
//! The test starts itself as the process to kill: `victim` puts objects for as long as it lives and
//! says on its output which ones were acknowledged.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use http::{HeaderMap, Method, Uri};
use localstore::{Durability, LocalStore};
use s3s::crypto::{Checksum, Md5};
use s3s::dto::{GetObjectInput, ListObjectsV2Input, PutObjectInput, StreamingBlob};
use s3s::{Body, S3, S3Request};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROOT: &str = "LOCALSTORE_CRASH_TEST_ROOT";

fn request<T>(input: T) -> S3Request<T> {
    S3Request {
        input,
        method: Method::GET,
        uri: Uri::from_static("/"),
        headers: HeaderMap::new(),
        extensions: http::Extensions::new(),
        credentials: None,
        region: None,
        service: None,
        trailing_headers: None,
    }
}

/// Contents that tell to which key and round they belong.
fn contents(key: usize, round: usize) -> Vec<u8> {
    format!("{key}:{round};")
        .repeat(1 + (key * 7919 + round * 104_729) % 6000)
        .into_bytes()
}

async fn put(store: &LocalStore, key: usize, round: usize) {
    let body = Body::from(bytes::Bytes::from(contents(key, round)));
    let input = PutObjectInput {
        bucket: "bucket".to_owned(),
        key: format!("folder{}/key{key}", key % 3),
        body: Some(StreamingBlob::from(body)),
        // An `x-amz-acl` that lets the checks below read without a keyring.
        acl: Some("public-read".to_owned().into()),
        ..Default::default()
    };
    store.put_object(request(input)).await.unwrap();
}

/// Not a test of its own: the process that is killed.
#[test]
#[ignore = "started by the test below"]
fn victim() {
    let root = PathBuf::from(std::env::var_os(ROOT).unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = LocalStore::open_with(&root, Durability::Full)
            .await
            .unwrap();
        store.create_bucket("bucket", "owner").await.unwrap();
        let workers = (0..8).map(|worker| {
            let store = store.clone();
            tokio::spawn(async move {
                for round in 0..usize::MAX {
                    for key in (worker..40).step_by(8) {
                        put(&store, key, round).await;
                        println!("acknowledged {key} {round}");
                    }
                }
            })
        });
        futures::future::join_all(workers).await;
    });
}

/// Runs the victim for a while, kills it, and returns the last acknowledged round of each key.
fn run_and_kill(root: &Path, life: Duration) -> Vec<Option<usize>> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "victim", "--ignored", "--nocapture"])
        .env(ROOT, root)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let mut last = vec![None; 40];
    let mut born = None;
    for line in output.lines() {
        let Ok(line) = line else { break };
        // The test harness may have begun the first line.
        let Some(at) = line.find("acknowledged ") else {
            continue;
        };
        let mut numbers = line[at..]
            .split(' ')
            .skip(1)
            .map(|number| number.parse().unwrap());
        let (key, round): (usize, usize) = (numbers.next().unwrap(), numbers.next().unwrap());
        last[key] = Some(round);
        // SIGKILL, while the other workers are anywhere, and not before something was replaced: a slow
        // disk takes longer than that to a first round. What is in the pipe is still read.
        let has_lived = born.get_or_insert_with(Instant::now).elapsed() > life;
        if has_lived && last.iter().any(|round| *round > Some(0)) {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    last
}

#[test]
fn acknowledged_objects_survive_a_kill_whole() {
    let folder = tempfile::tempdir().unwrap();
    for life in [300, 500, 700] {
        let last = run_and_kill(folder.path(), Duration::from_millis(life));
        assert!(
            last.iter()
                .any(|round| round.is_some_and(|round| round > 0)),
            "nothing replaced"
        );
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(check(folder.path(), &last));
    }
}

async fn check(root: &Path, last: &[Option<usize>]) {
    let store = LocalStore::open_with(root, Durability::Relaxed)
        .await
        .unwrap();
    let mut kept = Vec::new();
    for (key, acknowledged) in last.iter().enumerate() {
        let Some(acknowledged) = acknowledged else {
            continue;
        };
        let input = GetObjectInput {
            bucket: "bucket".to_owned(),
            key: format!("folder{}/key{key}", key % 3),
            ..Default::default()
        };
        let got = store.get_object(request(input)).await.unwrap().output;
        let etag = got.e_tag.unwrap();
        // The one acknowledged last, or the one after it, whose acknowledgement did not get out.
        let round = (0..=1)
            .map(|more| acknowledged + more)
            .find(|round| etag.value() == hex::encode(Md5::checksum(&contents(key, *round))));
        let expected = contents(key, round.expect("neither the last object nor the next"));
        let body: Vec<_> = futures::TryStreamExt::try_collect(got.body.unwrap())
            .await
            .unwrap();
        let body: Vec<bytes::Bytes> = body;
        assert_eq!(body.concat(), expected);
        kept.push(key);
    }
    let input = ListObjectsV2Input {
        bucket: "bucket".to_owned(),
        ..Default::default()
    };
    let listed = store
        .list_objects_v2(request(input))
        .await
        .unwrap()
        .output
        .key_count
        .unwrap();
    assert!(usize::try_from(listed).unwrap() >= kept.len());
    store.close().await;
    assert_eq!(
        files(&root.join("bucket")),
        usize::try_from(listed).unwrap(),
        "files without a row"
    );
    assert_eq!(files(&root.join(".incoming")), 0);
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| if path.is_dir() { files(&path) } else { 1 })
        .sum()
}
