//! The tools that race, and what they have in common whichever way they carry.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::data::SetKind;
use super::options::Direction;
use super::stores::{ACCESS_KEY, BUCKET, REGION, SECRET_KEY};
use crate::shell::command;

/// What races.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    Longshore,
    /// We again, with the set as the image of a disk.
    LongshoreImage,
    RcloneTuned,
    Rclone,
    S5cmd,
    Aws,
    Juicefs,
}

impl Tool {
    /// All of them; we are the first.
    pub(crate) const ALL: [Self; 7] = [
        Self::Longshore,
        Self::LongshoreImage,
        Self::RcloneTuned,
        Self::Rclone,
        Self::S5cmd,
        Self::Aws,
        Self::Juicefs,
    ];

    /// Whether it is us.
    pub(crate) fn is_ours(self) -> bool {
        matches!(self, Self::Longshore | Self::LongshoreImage)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Longshore => "longshore",
            Self::LongshoreImage => "longshore-image",
            Self::RcloneTuned => "rclone-tuned",
            Self::Rclone => "rclone",
            Self::S5cmd => "s5cmd",
            Self::Aws => "aws",
            Self::Juicefs => "juicefs",
        }
    }

    /// What is known of the content once the tool has ended.
    pub(crate) fn proves(self, direction: Direction) -> &'static str {
        match direction {
            Direction::Import => self.proves_of_upload(),
            Direction::Export => self.proves_of_download(),
        }
    }

    fn proves_of_upload(self) -> &'static str {
        match self {
            Self::Longshore | Self::LongshoreImage => {
                "MD5 and SHA-256 of every whole file in a report; Content-MD5 on every request; \
                 a journal that outlives a crash"
            }
            Self::RcloneTuned => {
                "Content-MD5 on every request, signed SHA-256 on parts; nothing of whole files in parts"
            }
            Self::Rclone => "Content-MD5 on every request; MD5 of whole files as metadata",
            Self::S5cmd => "Content-MD5 and signed SHA-256 on every request; nothing is kept",
            Self::Aws => "CRC32 and signed SHA-256 on every request; nothing is kept",
            Self::Juicefs => "nothing of parts; CRC32C of small files as metadata",
        }
    }

    fn proves_of_download(self) -> &'static str {
        match self {
            Self::Longshore | Self::LongshoreImage => {
                "every file read again from the device and compared; its MD5 and SHA-256 in a \
                 report; a name only for what is whole; a journal that outlives a crash"
            }
            Self::Rclone => "MD5 of files whose entity tag is one, as they came in",
            Self::RcloneTuned | Self::S5cmd | Self::Aws | Self::Juicefs => "sizes",
        }
    }
}

/// Where the programs are.
#[derive(Debug)]
pub(crate) struct Programs {
    pub(crate) longshore: PathBuf,
    venv: PathBuf,
    s5cmd: PathBuf,
}

impl Programs {
    /// Finds the programs in a virtual environment.
    ///
    /// # Errors
    /// If s5cmd is not there.
    pub(crate) fn find(longshore: PathBuf, venv: PathBuf) -> Result<Self> {
        if !longshore.is_file() {
            bail!("there is no `{}`", longshore.display());
        }
        // What is in `bin` is a Python script that starts the program: that start is not s5cmd's.
        let libraries = fs::read_dir(venv.join("lib")).context("the environment has no `lib`")?;
        let mut programs = libraries
            .flatten()
            .map(|library| library.path().join("site-packages/s5cmd/bin/s5cmd"));
        let s5cmd = programs.find(|program| program.is_file());
        Ok(Self {
            longshore,
            s5cmd: s5cmd.context("s5cmd is not in the environment")?,
            venv,
        })
    }

    pub(crate) fn in_venv(&self, name: &str) -> PathBuf {
        self.venv.join("bin").join(name)
    }

    /// rclone as a client of the store at `url`, with the settings all its uses share.
    pub(crate) fn rclone(&self, url: &str) -> Command {
        let mut rclone = command(self.in_venv("rclone"), ["--config", "/dev/null"]);
        rclone.env("RCLONE_S3_ENDPOINT", url).envs([
            ("RCLONE_S3_PROVIDER", "Other"),
            ("RCLONE_S3_ACCESS_KEY_ID", ACCESS_KEY),
            ("RCLONE_S3_SECRET_ACCESS_KEY", SECRET_KEY),
            ("RCLONE_S3_REGION", REGION),
        ]);
        rclone
    }
}

/// What every command has in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client<'a> {
    pub(crate) programs: &'a Programs,
    pub(crate) set: SetKind,
    /// The store.
    pub(crate) url: &'a str,
    /// An empty folder of this run.
    pub(crate) scratch: &'a Path,
}

impl Client<'_> {
    /// A command that sees nothing of the user's own settings, but the store's key.
    pub(crate) fn settled(&self, mut command: Command) -> Command {
        command.env("HOME", self.scratch).envs([
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
            ("AWS_REGION", REGION),
            ("AWS_DEFAULT_REGION", REGION),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]);
        command
    }

    /// Settings of the service with the store as its only one, and `more`.
    ///
    /// # Errors
    /// If they cannot be written.
    pub(crate) fn longshore_settings(&self, more: &str) -> Result<PathBuf> {
        let settings = self.settings_path();
        let text = format!(
            "[[stores]]\nname = \"bench\"\nendpoint = \"{}\"\n\
             region = \"{REGION}\"\naccess_key_id = \"{ACCESS_KEY}\"\n\
             secret_access_key = \"{SECRET_KEY}\"\n{more}",
            self.url
        );
        write(&settings, &text)?;
        Ok(settings)
    }

    /// Where these settings are.
    pub(crate) fn settings_path(&self) -> PathBuf {
        self.scratch.join("longshore.toml")
    }

    /// How many files rclone carries at once when it is tuned.
    pub(crate) fn rclone_transfers(&self) -> &'static str {
        match self.set {
            SetKind::Big | SetKind::One => "--transfers=4",
            SetKind::Many => "--transfers=8",
            SetKind::Small | SetKind::Mixed => "--transfers=32",
        }
    }

    pub(crate) fn s5cmd(&self) -> Command {
        let options = [
            "--log=error",
            "--numworkers=256",
            "--endpoint-url",
            self.url,
        ];
        let mut s5cmd = command(&self.programs.s5cmd, options);
        s5cmd.args(["cp", "--concurrency=4", "--part-size=64"]);
        s5cmd
    }

    /// `aws s3 cp --recursive`.
    ///
    /// # Errors
    /// If its settings cannot be written.
    pub(crate) fn aws(&self) -> Result<Command> {
        let settings = self.scratch.join("aws-config");
        let text = "[default]\ns3 =\n  max_concurrent_requests = 20\n  max_queue_size = 10000\n  \
             multipart_threshold = 64MB\n  multipart_chunksize = 64MB\n  addressing_style = path\n";
        write(&settings, text)?;
        let options = ["--endpoint-url", self.url, "s3", "cp", "--recursive"];
        let mut aws = command(self.programs.in_venv("aws"), options);
        aws.arg("--only-show-errors")
            .env("AWS_CONFIG_FILE", settings);
        Ok(aws)
    }

    pub(crate) fn juicefs(&self) -> Command {
        let options = ["sync", "--threads=32", "--quiet", "--no-https"];
        let mut juicefs = command(self.programs.in_venv("juicefs"), options);
        juicefs.env("MINIO_REGION", REGION);
        juicefs
    }

    /// The bucket as JuiceFS calls it.
    ///
    /// # Errors
    /// If the store is not one it can be told of.
    pub(crate) fn juicefs_bucket(&self) -> Result<String> {
        let host = self.url.strip_prefix("http://");
        let host = host.context("the store is not served over plain HTTP")?;
        Ok(format!(
            "minio://{ACCESS_KEY}:{SECRET_KEY}@{host}/{BUCKET}/"
        ))
    }
}

/// Writes a file of settings.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("could not write `{}`", path.display()))
}
