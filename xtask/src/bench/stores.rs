//! The stores: for imports started anew and empty for every run, for exports filled once.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::data::DataSet;
use super::options::Direction;
use super::peers::{Client, Programs, Tool};
use super::uploads::Load;
use crate::shell::{command, described, run};

pub(crate) const ACCESS_KEY: &str = "BENCHSTOREKEY0000001";
pub(crate) const SECRET_KEY: &str = "bench-store-secret-00000000000000000001";
pub(crate) const REGION: &str = "us-east-1";
pub(crate) const BUCKET: &str = "bench";
/// Where our reports of exports go.
pub(crate) const LOG_BUCKET: &str = "bench-logs";

/// How long a store may take until it takes an object. One that serves a set reads it before.
const READY_WITHIN: Duration = Duration::from_secs(120);

/// Where to load to, or to fetch from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoreKind {
    /// The store that forgets, or serves from memory: what is measured is the client.
    Sink,
    /// A real store, which shares the machine with its client.
    Seaweed,
}

impl StoreKind {
    pub(crate) const ALL: [Self; 2] = [Self::Sink, Self::Seaweed];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sink => "sink",
            Self::Seaweed => "seaweed",
        }
    }

    /// What a table is headed with.
    pub(crate) fn title(self, direction: Direction) -> &'static str {
        match (self, direction) {
            (Self::Sink, Direction::Import) => "into a store that forgets",
            (Self::Sink, Direction::Export) => "from a store that serves from memory",
            (Self::Seaweed, Direction::Import) => "into SeaweedFS on the same machine",
            (Self::Seaweed, Direction::Export) => "from SeaweedFS on the same machine",
        }
    }
}

/// A store that runs.
pub(crate) struct Store<'a> {
    child: Child,
    programs: &'a Programs,
    pub(crate) url: String,
}

impl<'a> Store<'a> {
    /// Starts a store with an empty bucket that keeps what it keeps in `folder`.
    ///
    /// # Errors
    /// If it does not take objects in time.
    pub(crate) fn start(kind: StoreKind, programs: &'a Programs, folder: &Path) -> Result<Self> {
        let ports = free_ports()?;
        let server = match kind {
            StoreKind::Sink => sink(ports[0])?,
            StoreKind::Seaweed => seaweed(ports, programs, folder)?,
        };
        Self::started(server, ports[0], programs, folder)
    }

    /// Starts a store whose bucket has the files of `set`.
    ///
    /// # Errors
    /// If it does not take objects in time, or not the files.
    pub(crate) fn filled(
        kind: StoreKind,
        programs: &'a Programs,
        folder: &Path,
        set: &DataSet,
    ) -> Result<Self> {
        let store = match kind {
            StoreKind::Sink => {
                let ports = free_ports()?;
                let mut server = sink(ports[0])?;
                server.arg(BUCKET).arg(&set.folder);
                Self::started(server, ports[0], programs, folder)?
            }
            StoreKind::Seaweed => {
                let store = Self::start(kind, programs, folder)?;
                store.fill(set, folder)?;
                store
            }
        };
        store.check(set, None)?;
        Ok(store)
    }

    /// Loads a set, and makes the bucket for reports.
    fn fill(&self, set: &DataSet, scratch: &Path) -> Result<()> {
        let load = Load {
            client: Client {
                programs: self.programs,
                set: set.kind,
                url: &self.url,
                scratch,
            },
            folder: &set.folder,
        };
        run(&mut load.command(Tool::RcloneTuned)?)?;
        let mut rclone = self.programs.rclone(&self.url);
        run(rclone.arg("mkdir").arg(format!(":s3:{LOG_BUCKET}")))
    }

    /// Starts `server`, which listens on `port`, and waits until it takes objects.
    fn started(
        mut server: Command,
        port: u16,
        programs: &'a Programs,
        folder: &Path,
    ) -> Result<Self> {
        let log = folder.join("store.log");
        let file = File::create(&log)?;
        let line = described(&server);
        let child = server
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("could not run `{line}`"))?;
        let mut store = Self {
            child,
            programs,
            url: format!("http://127.0.0.1:{port}"),
        };
        let ready = store.wait();
        ready.with_context(|| {
            format!(
                "the store did not start:
{}",
                end_of(&log)
            )
        })?;
        Ok(store)
    }

    /// Waits until an object can be put into the bucket, and takes it away again.
    fn wait(&mut self) -> Result<()> {
        let begun = Instant::now();
        let object = format!(":s3:{BUCKET}/ready");
        while !self.rclone_works(&["touch", &object]) {
            if let Some(status) = self.child.try_wait()? {
                bail!("the store ended with {status}");
            }
            if begun.elapsed() > READY_WITHIN {
                bail!("the store takes no objects");
            }
            thread::sleep(Duration::from_millis(300));
        }
        if !self.rclone_works(&["deletefile", &object]) {
            bail!("the store does not delete");
        }
        Ok(())
    }

    fn rclone_works(&self, arguments: &[&str]) -> bool {
        let mut rclone = self.programs.rclone(&self.url);
        rclone
            .args(["--retries=1", "--low-level-retries=1", "--timeout=10s"])
            .args(arguments)
            .stderr(Stdio::null());
        rclone.status().is_ok_and(|status| status.success())
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Checks that the bucket has every file of the set under its name with its size, and nothing
    /// else but the report that Longshore leaves.
    ///
    /// # Errors
    /// What is missing or different.
    pub(crate) fn check(&self, set: &DataSet, report: Option<&str>) -> Result<()> {
        let mut rclone = self.programs.rclone(&self.url);
        rclone.args(["check", "--size-only", "--fast-list", "--checkers=16"]);
        rclone.arg(&set.folder).arg(format!(":s3:{BUCKET}"));
        if let Some(report) = report {
            rclone.args(["--exclude", report]);
        }
        rclone.args(["--log-level", "ERROR"]);
        run(&mut rclone).context("the store does not have the files of the set")
    }
}

impl Drop for Store<'_> {
    fn drop(&mut self) {
        // Its folder is thrown away: it need not end in order.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn sink(port: u16) -> Result<Command> {
    let own = std::env::current_exe().context("could not find this program")?;
    let address = format!("127.0.0.1:{port}");
    Ok(command(own, ["null-sink", &address]))
}

/// Master, volume server, filer and S3 gateway in one process.
fn seaweed(ports: [u16; 4], programs: &Programs, folder: &Path) -> Result<Command> {
    let [s3, master, volume, filer] = ports;
    let data: PathBuf = folder.join("weed");
    fs::create_dir(&data)?;
    let identities = folder.join("s3.json");
    let text = format!(
        r#"{{"identities": [{{"name": "bench", "actions": ["Admin", "Read", "Write", "List"],
        "credentials": [{{"accessKey": "{ACCESS_KEY}", "secretKey": "{SECRET_KEY}"}}]}}]}}"#
    );
    fs::write(&identities, text)?;
    let mut weed = command(programs.in_venv("weed"), ["server"]);
    weed.current_dir(folder).args([
        format!("-dir={}", data.display()),
        "-ip=127.0.0.1".to_owned(),
        "-ip.bind=127.0.0.1".to_owned(),
        format!("-master.port={master}"),
        "-master.volumeSizeLimitMB=1024".to_owned(),
        format!("-volume.port={volume}"),
        "-volume.max=100".to_owned(),
        "-filer".to_owned(),
        format!("-filer.port={filer}"),
        "-s3".to_owned(),
        format!("-s3.port={s3}"),
        format!("-s3.config={}", identities.display()),
        "-s3.port.iceberg=0".to_owned(),
        "-s3.port.lance=0".to_owned(),
    ]);
    Ok(weed)
}

/// Four ports that are free, low enough for companions 10,000 above, which SeaweedFS takes.
fn free_ports() -> Result<[u16; 4]> {
    let mut ports = [0; 4];
    let mut candidates = (20_000..50_000).step_by(7).filter(|&port| {
        let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
        free(port) && free(port + 10_000)
    });
    for port in &mut ports {
        *port = candidates.next().context("no port is free")?;
    }
    Ok(ports)
}

/// The last lines of a log.
pub(crate) fn end_of(log: &Path) -> String {
    let bytes = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}
