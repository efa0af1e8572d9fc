//! A store behind a port of its own, and a client that signs.

#![expect(dead_code, reason = "every test needs its own part")]

use async_trait::async_trait;
use awsproto::sign::{self, Payload};
use awsproto::sigv4::{Scope, SigningKey};
use awsproto::{AccessKeyId, params, sigv4};
use listen::Limits;
use localstore::{
    BucketRights, Durability, Everything, KeyHolder, Keyring, KeyringError, LocalStore, SecretKey,
};
use s3s::crypto::{Checksum, Sha256};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use time::OffsetDateTime;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

const SECRET: &str = "a secret";

/// A running store as seen with one access key.
pub(crate) struct Door {
    world: Arc<World>,
    address: String,
    key: String,
}

struct World {
    folder: tempfile::TempDir,
    keys: Keys,
    running: Mutex<Option<Running>>,
}

struct Running {
    runtime: Runtime,
    store: LocalStore,
    stop: oneshot::Sender<()>,
}

#[derive(Clone, Default)]
struct Keys(Arc<Mutex<HashMap<String, Arc<dyn BucketRights>>>>);

/// Rights to buckets whose names begin so.
#[derive(Debug)]
pub(crate) struct Beginning {
    pub(crate) import: &'static [&'static str],
    pub(crate) export: &'static [&'static str],
}

impl BucketRights for Beginning {
    fn may_import(&self, bucket: &str) -> bool {
        self.import.iter().any(|start| bucket.starts_with(start))
    }

    fn may_export(&self, bucket: &str) -> bool {
        self.export.iter().any(|start| bucket.starts_with(start))
    }
}

/// An answer.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// The texts of all elements of this name, in order.
    pub(crate) fn texts(&self, element: &str) -> Vec<String> {
        let (open, close) = (format!("<{element}>"), format!("</{element}>"));
        let pieces = self.text().split(&open).skip(1);
        pieces
            .map(|piece| piece.split(&close).next().unwrap().to_owned())
            .collect()
    }

    /// Status and error code; the code is empty where there is no document.
    pub(crate) fn outcome(&self) -> (u16, &str) {
        let is_error = self.status >= 300 && !self.body.is_empty();
        (self.status, if is_error { self.code() } else { "" })
    }

    /// The error code.
    pub(crate) fn code(&self) -> &str {
        let text = self.text();
        let start = text.find("<Code>").map_or(text.len(), |start| start + 6);
        text[start..].split('<').next().unwrap()
    }
}

#[async_trait]
impl Keyring for Keys {
    async fn find(&self, access_key_id: &str) -> Result<Option<KeyHolder>, KeyringError> {
        Ok(self
            .0
            .lock()
            .unwrap()
            .get(access_key_id)
            .map(|rights| KeyHolder {
                secret: SecretKey::new(SECRET),
                account: access_key_id.to_owned(),
                rights: rights.clone(),
            }))
    }
}

impl Door {
    /// Starts an empty store; this door may do everything.
    pub(crate) fn open() -> Self {
        Self::open_in(&std::env::temp_dir())
    }

    /// As [`Door::open`], on the file system of a folder.
    pub(crate) fn open_in(parent: &Path) -> Self {
        let keys = Keys::default();
        keys.0
            .lock()
            .unwrap()
            .insert("KEY0".to_owned(), Arc::new(Everything));
        let folder = tempfile::tempdir_in(parent).unwrap();
        let (running, address) = start(folder.path(), &keys);
        let world = World {
            folder,
            keys,
            running: Mutex::new(Some(running)),
        };
        Self {
            world: Arc::new(world),
            address,
            key: "KEY0".to_owned(),
        }
    }

    /// Another door to the same store.
    pub(crate) fn key(&self, rights: impl BucketRights) -> Self {
        let mut keys = self.world.keys.0.lock().unwrap();
        let key = format!("KEY{}", keys.len());
        keys.insert(key.clone(), Arc::new(rights));
        Self {
            world: Arc::clone(&self.world),
            address: self.address.clone(),
            key,
        }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.world.folder.path().to_owned()
    }

    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn reopen(&mut self) {
        let mut running = self.world.running.lock().unwrap();
        stop(running.take().unwrap());
        let (started, address) = start(self.world.folder.path(), &self.world.keys);
        *running = Some(started);
        self.address = address;
    }

    /// Begins a multipart upload; its id.
    pub(crate) fn begin_upload(&self, path: &str, headers: &[(&str, &str)]) -> String {
        let begun = self.ok("POST", path, &[("uploads", "")], headers, b"");
        begun.texts("UploadId").remove(0)
    }

    /// Puts a part.
    pub(crate) fn put_part(&self, path: &str, id: &str, number: u32, body: &[u8]) -> Reply {
        let number = number.to_string();
        let query = [("partNumber", number.as_str()), ("uploadId", id)];
        self.ask("PUT", path, &query, &[], body)
    }

    /// Completes an upload with the parts of these numbers and tags.
    pub(crate) fn complete(&self, path: &str, id: &str, parts: &[(u32, String)]) -> Reply {
        let parts: String = parts
            .iter()
            .map(|(number, tag)| {
                format!("<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>")
            })
            .collect();
        let body = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
        self.ask("POST", path, &[("uploadId", id)], &[], body.as_bytes())
    }

    /// Asks and expects success.
    pub(crate) fn ok(
        &self,
        method: &str,
        path: &str,
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        let reply = self.ask(method, path, query, headers, body);
        assert!(
            reply.status < 300,
            "{method} {path}: {} {}",
            reply.status,
            reply.text()
        );
        reply
    }

    /// Asks; `path` is encoded already.
    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        self.send(method, path, query, headers, body, body)
    }

    /// Signs one body and sends another.
    pub(crate) fn ask_signed_for(
        &self,
        method: &str,
        path: &str,
        body: &[u8],
        signed: &[u8],
    ) -> Reply {
        self.send(method, path, &[], &[], body, signed)
    }

    pub(crate) fn anonymous(&self, method: &str, path: &str) -> Reply {
        exchange(
            http::Request::builder()
                .method(method)
                .uri(self.url(path, "")),
            method,
            b"",
        )
    }

    /// Sends headers as they are, without a signature.
    pub(crate) fn unsigned(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.follow(method, path, headers, b"")
    }

    /// A presigned link, whose signature covers the host, and the query as it is given here.
    pub(crate) fn link(
        &self,
        method: &str,
        path: &str,
        seconds: u32,
        query: &[(&str, &str)],
    ) -> String {
        let now = OffsetDateTime::now_utc();
        let date = stamp(now);
        let scope = Scope::new(now, "us-east-1", "s3");
        let key = SigningKey::derive(&SecretKey::new(SECRET), scope);
        let (credential, seconds) = (format!("{}/{}", self.key, key.scope()), seconds.to_string());
        let link = [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", &credential),
            ("X-Amz-Date", &date),
            ("X-Amz-Expires", &seconds),
            ("X-Amz-SignedHeaders", "host"),
        ];
        let query = sigv4::canonical_query(query.iter().chain(&link).copied());
        let canonical = sigv4::CanonicalRequest {
            method,
            path,
            query: &query,
            headers: &[("host".to_owned(), self.address.clone())],
            payload: sigv4::UNSIGNED_PAYLOAD,
        };
        let text = sigv4::string_to_sign(&date, key.scope(), &canonical.text());
        format!("{path}?{query}&X-Amz-Signature={}", key.sign(&text))
    }

    /// Sends a request to a path with its query as they are.
    pub(crate) fn follow(
        &self,
        method: &str,
        link: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        let mut builder = http::Request::builder()
            .method(method)
            .uri(format!("http://{}{link}", self.address));
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        exchange(builder, method, body)
    }

    /// Puts bytes in chunks that are not signed, with a CRC-32 announced, and a trailer as it is given.
    pub(crate) fn put_with_trailer(&self, path: &str, bytes: &[u8], trailer: &str) -> Reply {
        let now = OffsetDateTime::now_utc();
        let date = stamp(now);
        let scope = Scope::new(now, "us-east-1", "s3");
        let key = SigningKey::derive(&SecretKey::new(SECRET), scope);
        let payload = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
        let length = bytes.len().to_string();
        let headers = [
            ("host", self.address.as_str()),
            ("x-amz-content-sha256", payload),
            ("x-amz-date", &date),
            ("x-amz-decoded-content-length", &length),
            ("x-amz-trailer", "x-amz-checksum-crc32"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let canonical = sigv4::CanonicalRequest {
            method: "PUT",
            path,
            query: "",
            headers: &headers,
            payload,
        };
        let text = sigv4::string_to_sign(&date, key.scope(), &canonical.text());
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
            self.key,
            key.scope(),
            canonical.signed_headers(),
            key.sign(&text)
        );
        let mut builder = http::Request::builder()
            .method("PUT")
            .uri(self.url(path, ""))
            .header("authorization", authorization);
        for (name, value) in &headers[1..] {
            builder = builder.header(name, value);
        }
        let mut body = format!("{:x}\r\n", bytes.len()).into_bytes();
        body.extend_from_slice(bytes);
        body.extend_from_slice(format!("\r\n0\r\n{trailer}\r\n").as_bytes());
        exchange(builder, "PUT", &body)
    }

    /// Sends a header that the signature does not cover.
    pub(crate) fn ask_with_unsigned(
        &self,
        method: &str,
        path: &str,
        (name, value): (&str, &str),
    ) -> Reply {
        let signed = self.signed(method, path, &[], &[], b"");
        exchange(signed.header(name, value), method, b"")
    }

    fn send(
        &self,
        method: &str,
        path: &str,
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
        body: &[u8],
        signed: &[u8],
    ) -> Reply {
        exchange(
            self.signed(method, path, query, headers, signed),
            method,
            body,
        )
    }

    fn signed(
        &self,
        method: &str,
        path: &str,
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
        signed: &[u8],
    ) -> http::request::Builder {
        let now = OffsetDateTime::now_utc();
        let scope = Scope::new(now, "us-east-1", "s3");
        let hash = hex::encode(Sha256::checksum(signed));
        let request = sign::S3Request {
            method,
            host: &self.address,
            path,
            query,
            headers,
            payload: Payload::Sha256(&hash),
        };
        let key = SigningKey::derive(&SecretKey::new(SECRET), scope);
        let id = AccessKeyId::parse(&self.key).unwrap();
        let added = sign::s3(&id, None, &key, &request, now);
        let query = sigv4::canonical_query(query.iter().copied());
        let mut builder = http::Request::builder()
            .method(method)
            .uri(self.url(path, &query));
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        for (name, value) in added {
            builder = builder.header(name, value);
        }
        builder
    }

    fn url(&self, path: &str, query: &str) -> String {
        let mark = if query.is_empty() { "" } else { "?" };
        format!("http://{}{path}{mark}{query}", self.address)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(running) = self.running.lock().unwrap().take() {
            stop(running);
        }
    }
}

/// The encoded path of an object.
pub(crate) fn path(bucket: &str, key: &str) -> String {
    format!("/{bucket}/{}", params::encode_path(key))
}

/// A time as signatures write it.
fn stamp(at: OffsetDateTime) -> String {
    let (date, time) = (at.date(), at.time());
    format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

fn exchange(builder: http::request::Builder, method: &str, body: &[u8]) -> Reply {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let answer = match method {
        "PUT" | "POST" => agent.run(builder.body(body).unwrap()),
        _ => agent.run(builder.body(()).unwrap()),
    };
    let (head, mut body) = answer.unwrap().into_parts();
    let body = body.with_config().limit(1 << 30).read_to_vec().unwrap();
    Reply {
        status: head.status.as_u16(),
        headers: head.headers,
        body,
    }
}

fn start(root: &Path, keys: &Keys) -> (Running, String) {
    let runtime = Runtime::new().unwrap();
    let (stop, stopped) = oneshot::channel();
    let (store, address) = runtime.block_on(async {
        let store = LocalStore::open_with(root, Durability::Relaxed)
            .await
            .unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let service = store.service(keys.clone());
        tokio::spawn(localstore::serve(
            listener,
            service,
            Limits::default(),
            async {
                let _ = stopped.await;
            },
        ));
        (store, address)
    });
    (
        Running {
            runtime,
            store,
            stop,
        },
        address,
    )
}

fn stop(running: Running) {
    let Running {
        runtime,
        store,
        stop,
    } = running;
    let _ = stop.send(());
    runtime.block_on(store.close());
}
