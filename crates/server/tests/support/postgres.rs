//! A PostgreSQL server of a test's own: made in a temporary folder, reached through a socket there,
//! stopped and gone when dropped.
//!
//! PostgreSQL refuses to run as root; a test that runs as root starts it as the user `postgres`,
//! or `nobody` where there is none.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot have its server fails"
)]
#![expect(clippy::print_stderr, reason = "whoever skips a test is told so")]

use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long the server may take to start or stop.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A running server.
#[derive(Debug)]
pub(crate) struct PrivatePostgres {
    programs: PathBuf,
    // Removed after the server has stopped: fields are dropped after `Drop::drop`.
    folder: tempfile::TempDir,
    server: Child,
}

impl PrivatePostgres {
    /// Starts a server; `None` if the environment says `LONGSHORE_SKIP_POSTGRES=1`.
    ///
    /// # Panics
    /// If PostgreSQL is not installed or does not start.
    pub(crate) fn start() -> Option<Self> {
        if std::env::var_os("LONGSHORE_SKIP_POSTGRES").is_some_and(|value| value == "1") {
            eprintln!("skipped: LONGSHORE_SKIP_POSTGRES is 1");
            return None;
        }
        let programs = programs().expect(
            "PostgreSQL is not installed: run `cargo xtask setup`, or set \
             LONGSHORE_SKIP_POSTGRES=1 to do without this test",
        );
        // Not $TMPDIR: a socket's path has 107 bytes at most, and another user must reach it.
        let folder = tempfile::Builder::new()
            .prefix("pg-")
            .tempdir_in("/tmp")
            .unwrap();
        let owner = unprivileged_user();
        if let Some((user, group)) = owner {
            chown(folder.path(), Some(user), Some(group)).unwrap();
        }
        initialise(&programs, folder.path(), owner);
        let server = launch(&programs, folder.path(), owner);
        let mut started = Self {
            programs,
            folder,
            server,
        };
        started.wait_until_ready();
        Some(started)
    }

    /// Makes a database and gives its URL. The name is a lower-case word.
    pub(crate) fn create_database(&self, name: &str) -> String {
        let mut createdb = Command::new(self.programs.join("createdb"));
        createdb
            .arg("--host")
            .arg(self.folder.path())
            .args(["--username", "postgres", name]);
        assert!(createdb.status().unwrap().success(), "createdb {name}");
        self.url(name)
    }

    /// The URL of a database.
    pub(crate) fn url(&self, name: &str) -> String {
        format!(
            "postgres://postgres@localhost/{name}?host={}",
            self.folder.path().display()
        )
    }

    fn wait_until_ready(&mut self) {
        let begun = Instant::now();
        loop {
            let mut asked = Command::new(self.programs.join("pg_isready"));
            asked.arg("--quiet").arg("--host").arg(self.folder.path());
            if asked.status().unwrap().success() {
                return;
            }
            let ended = self.server.try_wait().unwrap();
            assert!(
                ended.is_none() && begun.elapsed() < START_TIMEOUT,
                "{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for PrivatePostgres {
    /// SIGINT is PostgreSQL's fast shutdown: sessions are cut, nothing is left behind.
    fn drop(&mut self) {
        let pid = self.server.id().to_string();
        let _ = Command::new("kill").args(["-s", "INT", &pid]).status();
        let begun = Instant::now();
        while begun.elapsed() < START_TIMEOUT {
            match self.server.try_wait() {
                Ok(None) => std::thread::sleep(Duration::from_millis(20)),
                _ => return,
            }
        }
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The folder of PostgreSQL's programs: where Debian has the newest, else one of the path.
fn programs() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = Vec::new();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    let version = |path: &PathBuf| {
        let name = path
            .parent()
            .and_then(Path::file_name)
            .and_then(|name| name.to_str());
        name.and_then(|name| name.parse::<u32>().ok())
    };
    folders.sort_by_key(version);
    folders.reverse();
    folders.extend(std::env::split_paths(
        &std::env::var_os("PATH").unwrap_or_default(),
    ));
    folders.into_iter().find(|folder| {
        ["initdb", "postgres", "createdb", "pg_isready"]
            .iter()
            .all(|p| folder.join(p).exists())
    })
}

/// User and group to run as, if we are root.
fn unprivileged_user() -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt;
    if std::fs::metadata("/proc/self").unwrap().uid() != 0 {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let find = |name: &str| {
        let line = users
            .lines()
            .find(|line| line.split(':').next() == Some(name))?;
        let mut numbers = line
            .split(':')
            .skip(2)
            .map_while(|number| number.parse().ok());
        Some((numbers.next()?, numbers.next()?))
    };
    Some(
        find("postgres")
            .or_else(|| find("nobody"))
            .expect("a user that is not root"),
    )
}

fn command(program: &Path, folder: &Path, owner: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null());
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
    command
}

fn initialise(programs: &Path, folder: &Path, owner: Option<(u32, u32)>) {
    let mut initdb = command(&programs.join("initdb"), folder, owner);
    initdb.arg("--pgdata").arg(folder.join("data"));
    initdb.args([
        "--username=postgres",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C",
    ]);
    let done = initdb.arg("--no-sync").output().unwrap();
    assert!(
        done.status.success(),
        "initdb: {}",
        String::from_utf8_lossy(&done.stderr)
    );
}

fn launch(programs: &Path, folder: &Path, owner: Option<(u32, u32)>) -> Child {
    // The test's own user speaks to the socket in the folder.
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    let log = std::fs::File::create(folder.join("log")).unwrap();
    let mut postgres = command(&programs.join("postgres"), folder, owner);
    postgres
        .arg("-D")
        .arg(folder.join("data"))
        .arg("-k")
        .arg(folder);
    // A benchmark measures what is durable.
    let fsync = std::env::var("LONGSHORE_POSTGRES_FSYNC").unwrap_or_else(|_| "off".to_owned());
    postgres.args(["-c", "listen_addresses=", "-c"]);
    postgres.arg(format!("fsync={fsync}"));
    postgres.stdout(Stdio::null()).stderr(log).spawn().unwrap()
}
