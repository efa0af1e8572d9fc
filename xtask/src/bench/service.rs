//! Longshore as a service that has jobs, for the runs in which it races.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;

use super::peers::{Client, write};
use super::stores::end_of;
use crate::shell::{command, run};

/// Where its log is written, in the folder of the run.
const LOG: &str = "service.log";

/// How long the service may take until it says where it is.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// A service that runs, with the store as its only one.
pub(crate) struct Service<'a> {
    child: Child,
    client: Client<'a>,
    /// Its data folder.
    pub(crate) data: PathBuf,
}

/// As much of the service's `endpoints.json` as is looked at.
#[derive(Deserialize)]
struct Endpoints {
    pid: u32,
    api: String,
}

impl<'a> Service<'a> {
    /// Starts a service with default settings, but for the store, the port, and what `more` settings say.
    ///
    /// # Errors
    /// If it is not there in time.
    pub(crate) fn start(client: Client<'a>, more: &str) -> Result<Self> {
        let data = client.scratch.join("data");
        let settings = client.longshore_settings(more)?;
        let options = ["serve", "--listen", "127.0.0.1:0", "--log-format", "json"];
        let mut serve = command(&client.programs.longshore, options);
        serve.arg("--config").arg(settings).arg("--data").arg(&data);
        let log = client.scratch.join(LOG);
        let file = File::create(&log)?;
        let mut serve = client.settled(serve);
        serve.stdout(file.try_clone()?).stderr(file);
        let mut service = Self {
            child: serve.spawn().context("could not run `longshore serve`")?,
            client,
            data,
        };
        let ready = service.wait();
        ready.with_context(|| format!("the service did not start:\n{}", end_of(&log)))?;
        Ok(service)
    }

    fn wait(&mut self) -> Result<()> {
        let begun = Instant::now();
        while !self.is_ready() {
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended with {status}");
            }
            if begun.elapsed() > READY_WITHIN {
                bail!("it does not say where it is");
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    fn is_ready(&self) -> bool {
        self.endpoints()
            .is_some_and(|found| found.pid == self.child.id())
    }

    /// The file is complete when it has its name.
    fn endpoints(&self) -> Option<Endpoints> {
        let bytes = fs::read(self.data.join("endpoints.json")).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Makes a job that exports the bucket, and puts its SIGNATURE onto the device.
    ///
    /// # Errors
    /// If the service refuses the job.
    pub(crate) fn make_export(&self, device: &Path) -> Result<()> {
        self.make_job("export", device, &format!("{EXPORT}{ADDRESS}"))
    }

    /// Makes a job that imports a device below a prefix of the bucket, and puts its SIGNATURE onto the device.
    ///
    /// # Errors
    /// If the service refuses the job.
    pub(crate) fn make_import(&self, device: &Path, prefix: &str) -> Result<()> {
        self.make_job(
            "import",
            device,
            &format!("{IMPORT}prefix: {prefix}/\n{ADDRESS}"),
        )
    }

    /// The file into which it logs, a JSON document in each line.
    pub(crate) fn log(&self) -> PathBuf {
        self.client.scratch.join(LOG)
    }

    /// Where its API is.
    ///
    /// # Errors
    /// If it does not say.
    pub(crate) fn api(&self) -> Result<String> {
        let endpoints = self.endpoints().context("it does not say where it is")?;
        Ok(endpoints.api)
    }

    /// Admits a station, and gives its token.
    ///
    /// # Errors
    /// If that is refused.
    pub(crate) fn token(&self, station: &str) -> Result<String> {
        let options = ["station", "token", station, "--config"];
        let mut token = command(&self.client.programs.longshore, options);
        token.arg(self.client.settings_path());
        token.arg("--data").arg(&self.data);
        let done = self.client.settled(token).output()?;
        ensure!(
            done.status.success(),
            "there is no token: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        Ok(String::from_utf8(done.stdout)?)
    }

    fn make_job(&self, kind: &str, device: &Path, text: &str) -> Result<()> {
        let manifest = self.client.scratch.join("manifest.txt");
        write(&manifest, text)?;
        let options = ["job", "create", "--type", kind, "--json", "--sign"];
        let mut create = command(&self.client.programs.longshore, options);
        create
            .arg(device)
            .arg("--data")
            .arg(&self.data)
            .arg(manifest);
        let log = self.client.scratch.join("job.log");
        let file = File::create(&log)?;
        create.stdout(file.try_clone()?).stderr(file);
        // This service, whatever the user has.
        for name in ["LONGSHORE_ENDPOINT", "AWS_ENDPOINT_URL_IMPORTEXPORT"] {
            create.env_remove(name);
        }
        run(&mut create).with_context(|| format!("there is no job:\n{}", end_of(&log)))
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Service<'_> {
    fn drop(&mut self) {
        // Its folder is thrown away: it need not end in order.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An export of the whole bucket to where the others put it, with all that is demanded besides.
const EXPORT: &str = "manifestVersion: 2.0
deviceId: bench
notificationEmail: bench@longshore.example
fileSystem: EXT4
pinCode: 00004711
logBucket: bench-logs
targetDirectory: /
operations:
    - exportBucket: bench
";

/// An import into the bucket.
const IMPORT: &str = "manifestVersion: 2.0
deviceId: bench
notificationEmail: bench@longshore.example
eraseDevice: no
bucket: bench
";

const ADDRESS: &str = "returnAddress:
    name: Bench
    street1: 1 Pier Road
    city: Oakland
    stateOrProvince: CA
    postalCode: 94607
    country: USA
    phoneNumber: +1-510-555-0147
";
