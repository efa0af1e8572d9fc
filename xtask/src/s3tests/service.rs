//! The service under test, and the settings by which the suite finds it.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use crate::shell::{command, described};
use crate::suites::binary;

/// Where the service listens.
pub(crate) const HOST: &str = "127.0.0.1";

/// How long it may take to be ready; a debug build on a busy machine takes seconds.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// The sections of the suite's settings, and the account whose key each gets. Only the first has rights: the
/// suite means the others to be strangers.
const SECTIONS: [(&str, &str); 6] = [
    ("s3 main", "main"),
    ("s3 alt", "alt"),
    ("s3 tenant", "tenant"),
    ("iam", "iam"),
    ("iam root", "iam-root"),
    ("iam alt root", "iam-alt-root"),
];

/// A service with a data folder of its own, ended when this is dropped.
pub(crate) struct Service {
    child: Child,
    data: PathBuf,
    settings: PathBuf,
}

#[derive(Deserialize)]
struct Endpoints {
    s3: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Key {
    /// The account's number, which the store gives as its id and its name.
    account: String,
    access_key_id: String,
    secret_access_key: String,
}

impl Service {
    /// Starts it on a free port with an empty store, and writes the suite's settings.
    ///
    /// # Errors
    /// If it does not start.
    pub(crate) fn start(folder: &Path) -> Result<Self> {
        let data = folder.join("data");
        if data.exists() {
            fs::remove_dir_all(&data).context("could not remove the store of an earlier run")?;
        }
        fs::create_dir_all(folder)?;
        let log = folder.join("service.log");
        println!("the service's log: {}", log.display());
        let free = format!("{HOST}:0");
        let child = longshore(&data, &["serve", "--listen", &free, "--s3-listen", &free])
            .stderr(File::create(&log)?)
            .stdout(Stdio::null())
            .spawn()
            .context("could not start the service")?;
        let settings = folder.join("s3tests.conf");
        let mut service = Self {
            child,
            data,
            settings,
        };
        let endpoints = service.ready()?;
        fs::write(&service.settings, service.sections(&endpoints)?)?;
        Ok(service)
    }

    /// The file for the suite's `S3TEST_CONF`.
    pub(crate) fn settings(&self) -> &Path {
        &self.settings
    }

    fn ready(&mut self) -> Result<Endpoints> {
        let begun = Instant::now();
        while begun.elapsed() < READY_WITHIN {
            // It is written when both ports are open.
            let text = fs::read_to_string(self.data.join("endpoints.json")).unwrap_or_default();
            if let Ok(endpoints) = serde_json::from_str(&text) {
                return Ok(endpoints);
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the service ended with {status}; its log says why");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!("the service was not ready within {READY_WITHIN:?}; its log may say why")
    }

    fn sections(&self, endpoints: &Endpoints) -> Result<String> {
        let port = endpoints.s3.rsplit(':').next().unwrap_or_default();
        let mut text = format!(
            "[DEFAULT]\nhost = {HOST}\nport = {port}\nis_secure = False\nssl_verify = False\n\n\
             [fixtures]\nbucket prefix = s3tests-{{random}}-\n"
        );
        for (section, account) in SECTIONS {
            let rights: &[&str] = match account {
                "main" => &["--import", "*", "--export", "*"],
                _ => &[],
            };
            self.run(&[&["account", "create", account], rights].concat())?;
            let key = self.run(&["key", "create", "--account", account, "--json"])?;
            let key: Key = serde_json::from_str(&key).context("could not read a new key")?;
            write!(
                text,
                "\n[{section}]\nuser_id = {id}\ndisplay_name = {id}\n\
                 email = {account}@example.com\ntenant = {account}\n\
                 access_key = {}\nsecret_key = {}\n",
                key.access_key_id,
                key.secret_access_key,
                id = key.account
            )?;
        }
        Ok(text)
    }

    /// Runs a command on the data folder; the result is what it prints.
    fn run(&self, words: &[&str]) -> Result<String> {
        let mut command = longshore(&self.data, words);
        let done = command.output()?;
        if !done.status.success() {
            let told = String::from_utf8_lossy(&done.stderr);
            bail!(
                "`{}` ended with {}: {told}",
                described(&command),
                done.status
            );
        }
        Ok(String::from_utf8(done.stdout)?)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // The store goes away with it, so there is nothing that an orderly end would save.
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            eprintln!("warning: could not end the service: {error}");
        }
    }
}

/// The binary on a data folder, without what the caller's environment would tell it.
fn longshore(data: &Path, words: &[&str]) -> Command {
    let mut command = command(binary(), words);
    command.arg("--data").arg(data);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LONGSHORE_") {
            command.env_remove(name);
        }
    }
    command
}
