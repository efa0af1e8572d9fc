//! A data folder of its own, the built binary, and services that end with the test.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// The built binary, with an environment that has nothing of the machine's.
pub(crate) fn longshore() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_longshore"));
    command
        .env_clear()
        .env("HOME", "/nonexistent")
        .stdin(Stdio::null());
    command
}

/// What a command said and how it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the program speaks UTF-8");
        Self {
            code: output.status.code(),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }
}

impl Ended {
    /// Fails the test unless the command ended with `code`.
    #[track_caller]
    pub(crate) fn with(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "stdout: {}\nstderr: {}",
            self.out,
            self.err
        );
        self
    }

    /// Fails the test unless stderr has `words`.
    #[track_caller]
    pub(crate) fn saying(self, words: &str) -> Self {
        assert!(
            self.err.contains(words),
            "`{words}` is not in: {}",
            self.err
        );
        self
    }
}

/// A folder for one test.
pub(crate) struct World(tempfile::TempDir);

impl World {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A world on another file system.
    pub(crate) fn on(root: &Path) -> Self {
        Self(tempfile::tempdir_in(root).unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// A device with a few files.
    pub(crate) fn device(&self, name: &str) -> PathBuf {
        let device = self.path(name);
        fs::create_dir_all(device.join("folder")).unwrap();
        fs::write(device.join("a.txt"), "a").unwrap();
        fs::write(device.join("folder/b c.txt"), "b c").unwrap();
        device
    }

    /// A manifest for `bucket`.
    pub(crate) fn manifest(&self, bucket: &str) -> PathBuf {
        let path = self.path("manifest.yaml");
        let text = format!(
            "manifestVersion: 2.0\nbucket: {bucket}\ndeviceId: D-1\neraseDevice: no\n\
             notificationEmail: a@b.example\nreturnAddress:\n    name: N\n    street1: S\n    \
             city: C\n    stateOrProvince: WA\n    postalCode: 98000\n    country: USA\n    \
             phoneNumber: 1\n"
        );
        fs::write(&path, text).unwrap();
        path
    }

    /// A command on this world's data folder.
    pub(crate) fn command<S: AsRef<std::ffi::OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = longshore();
        command.args(arguments).env("LONGSHORE_DATA", self.data());
        command
    }

    /// Runs a command on this world's data folder.
    pub(crate) fn run<S: AsRef<std::ffi::OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Ended {
        self.command(arguments).output().unwrap().into()
    }

    /// Runs `longshore job … --json` and gives what it printed.
    pub(crate) fn job(&self, arguments: &[&str]) -> serde_json::Value {
        let all = [&["job"], arguments, &["--json"]].concat();
        let ended = self.run(all).with(0);
        serde_json::from_str(&ended.out).unwrap()
    }

    /// Starts a service on free ports and waits until it says where it is.
    pub(crate) fn serve(&self) -> Service {
        self.serve_by(&[])
    }

    /// The same by settings in a file.
    pub(crate) fn serve_with(&self, settings: &Path) -> Service {
        let data = self.data();
        let [settings, data] = [settings, &data].map(|path| path.to_str().unwrap());
        self.serve_by(&["--config", settings, "--data", data])
    }

    fn serve_by(&self, more: &[&str]) -> Service {
        let addresses = ["--listen", "127.0.0.1:0", "--s3-listen", "127.0.0.1:0"];
        let mut command = self.command(["serve"].iter().chain(&addresses).chain(more));
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let mut places = BTreeMap::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            let (name, place) = line.split_once("  ").expect("a name and a place");
            places.insert(name.to_owned(), place.trim().to_owned());
            if name == "Data folder" {
                break;
            }
        }
        Service { child, places }
    }

    /// The report of a job, as file → rest of the line after the time.
    pub(crate) fn report(&self, job: &str) -> Vec<String> {
        let path = self
            .data()
            .join("station/jobs")
            .join(job)
            .join("report.csv");
        let report = fs::read_to_string(path).unwrap();
        let rest = |line: &str| line.split_once(',').unwrap().1.to_owned();
        report.lines().skip(1).map(rest).collect()
    }

    /// Where the embedded store has a bucket.
    pub(crate) fn objects(&self, bucket: &str) -> PathBuf {
        self.data().join("objects").join(bucket)
    }
}

/// A service that is killed with the test, if it was not stopped.
pub(crate) struct Service {
    child: Child,
    /// What it says about itself.
    pub(crate) places: BTreeMap<String, String>,
}

impl Service {
    /// Sends SIGTERM and gives the exit code.
    pub(crate) fn stop(mut self) -> Option<i32> {
        signal(&self.child, "TERM");
        self.child.wait().unwrap().code()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Stopped already, or the test has failed anyway.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal by its short name.
pub(crate) fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .arg(format!("-{name}"))
        .arg(child.id().to_string())
        .status();
    assert!(sent.unwrap().success());
}

/// Every file below a folder with its content, by path relative to it.
pub(crate) fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}
