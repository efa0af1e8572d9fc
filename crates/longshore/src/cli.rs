//! The command line as clap reads it: definitions only, nothing is done here.

mod artifacts;
mod audit;
mod backup;
mod bay;
mod bench;
mod bucket;
mod console;
mod custody;
mod disposal;
mod doctor;
mod erase;
mod image;
mod notices;
mod operator;
mod parcels;
mod plan_export;
mod policies;
mod raw;
mod receipt;
mod secret;
mod setup;
mod stations;
mod store;
mod today;
mod users;

use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::path::PathBuf;

use awshttp::endpoint::Address;
use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use model::ids::{AccessKeyId, BucketName, IdentityName, JobId, JobType, StationName};
use model::proof::ReadBack;
use model::signature::SignatureFile;
use server::config::ConsoleListen;
use transfer::verify::Sample;

use crate::place;

pub(crate) use artifacts::{ArtifactsArgs, LabelArgs};
pub(crate) use audit::{AuditArgs, AuditCommand};
pub(crate) use backup::{BackupArgs, BackupPlaceArgs, RestoreBackupArgs};
pub(crate) use bay::{BayCommand, BayRulesArgs, OrderArgs, TeachArgs};
pub(crate) use bench::{InboxArgs, StationRunArgs};
pub(crate) use bucket::{GetArgs, LsArgs, RmArgs};
pub(crate) use console::ConsoleCommand;
pub(crate) use custody::CustodyCommand;
pub(crate) use disposal::{
    BayEraseArgs, DestroyedArgs, ObjectArgs, ObjectForArgs, ReleaseArgs, ReleaseForArgs,
    UnerasedArgs,
};
pub(crate) use doctor::DoctorArgs;
pub(crate) use erase::EraseArgs;
pub(crate) use image::{ImageCommand, RestoreArgs};
pub(crate) use notices::{AddWebhookArgs, DeliveriesArgs, MailCommand, ReplayArgs, WebhookCommand};
pub(crate) use operator::{
    CorrectArgs, FoundInside, HistoryArgs, JobReceiptArgs, ListArgs, OperatorCommand,
    PhotographArgs, SealArgs, SealState, StoreArgs, UnpackArgs,
};
pub(crate) use parcels::{ParcelCommand, ParcelListArgs, ReceiveArgs, ScanArgs, SendBackArgs};
pub(crate) use plan_export::{PlanExportArgs, ReachArgs};
pub(crate) use policies::{PolicyCommand, SimulateArgs};
pub(crate) use raw::{LookArgs, RawArgs, UnlockArgs};
pub(crate) use receipt::{ReceiptArgs, ReceiptCommand};
pub(crate) use secret::{DeviceSecretArgs, RecipientArgs, SecretArgs};
pub(crate) use setup::{SetupCommand, SetupServerArgs, SetupStationArgs};
pub(crate) use stations::StationCommand;
pub(crate) use store::StoreCommand;
pub(crate) use today::TodayArgs;
pub(crate) use users::{
    GivePolicyArgs, GroupCommand, IdentitiesArgs, IdentityArgs, MemberArgs, UserCommand,
};

/// The version, and the commit it was built from if that was known.
pub(crate) const VERSION: &str = env!("LONGSHORE_VERSION");

/// The receiving dock for shipped disks.
///
/// Longshore loads disks into any S3-compatible store under the AWS Import/Export (Disk) API. A
/// customer makes a job and writes its SIGNATURE file to a disk; a station docks the disk, loads
/// every file and leaves a report that accounts for each of them.
///
/// Try it: `longshore import FOLDER --bucket photos` needs no set-up.
#[derive(Debug, Parser)]
#[command(version = VERSION, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Exit codes: `longshore help exit-codes`.")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) log: LogArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How to log.
#[derive(Debug, Clone, Args)]
pub(crate) struct LogArgs {
    /// What to log to stderr: error, warn, info, debug, trace, or tracing directives such as
    /// `station=debug`. Default: info for serve, warn otherwise
    #[arg(long, global = true, env = "LONGSHORE_LOG", value_name = "LEVEL")]
    #[arg(hide_env_values = true, help_heading = "Logging")]
    pub(crate) log: Option<String>,
    /// How log lines look
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        help_heading = "Logging"
    )]
    pub(crate) log_format: Option<LogFormat>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// For machines: one JSON object a line
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Load a folder into a bucket, with no set-up
    Import(ImportArgs),
    /// List buckets, or the objects of one
    Ls(LsArgs),
    /// Fetch objects into a folder, with their names and times
    Get(GetArgs),
    /// Remove objects
    Rm(RmArgs),
    /// Run the service: Import/Export API, job store, S3 store
    Serve(ServeArgs),
    /// Load a device that has arrived, beside a running service
    Dock(DockArgs),
    /// Compare a report with the bucket or the device by reading everything again
    Verify(VerifyArgs),
    /// Check what a service says happened to a device
    #[command(subcommand)]
    Receipt(ReceiptCommand),
    /// Plan an export that takes several devices, and write a manifest for each
    PlanExport(PlanExportArgs),
    /// Rebuild images of devices from their objects
    #[command(subcommand)]
    Image(ImageCommand),
    /// Look at a device, or say what became of it
    #[command(subcommand)]
    Device(DeviceCommand),
    /// Make and follow jobs, as their customer
    #[command(subcommand)]
    Job(JobCommand),
    /// Make, list and revoke access keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Make accounts and say which buckets they may use
    #[command(subcommand)]
    Account(AccountCommand),
    /// Make users of an account, and say what they may do
    #[command(subcommand)]
    User(UserCommand),
    /// Make groups of users, who have the group's policies
    #[command(subcommand)]
    Group(GroupCommand),
    /// Read and try policies
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Admit the hosts that have the devices, look at them and end them
    #[command(subcommand)]
    Station(StationCommand),
    /// Look at the bays of stations, say what is to be done with what is in them, and which ports are bays
    #[command(subcommand)]
    Bay(BayCommand),
    /// Look at the S3 stores that jobs are loaded into
    #[command(subcommand)]
    Store(StoreCommand),
    /// The key that receipts are signed with, as an operator
    #[command(subcommand)]
    Custody(CustodyCommand),
    /// Say which programs are told of jobs, and see what was sent
    #[command(subcommand)]
    Webhook(WebhookCommand),
    /// See how mails look, and whether they are taken
    #[command(subcommand)]
    Mail(MailCommand),
    /// Book boxes as here and as sent back, and see what came and went
    #[command(subcommand)]
    Parcel(ParcelCommand),
    /// Do what the codes are for that a scanner reads, and say what is to be done
    Scan(ScanArgs),
    /// Say who runs the service, and with which rights
    #[command(subcommand)]
    Operator(OperatorCommand),
    /// Look at the service in a browser
    #[command(subcommand)]
    Console(ConsoleCommand),
    /// See what people have done, and what they tried
    #[command(subcommand)]
    Audit(AuditCommand),
    /// See what happened on a day and what lies in the room, to hand it over
    Today(TodayArgs),
    /// Seal jobs, secret key and settings into one file, beside a running service
    Backup(BackupArgs),
    /// Make an installation from such a file
    Restore(RestoreBackupArgs),
    /// Put what a service or a station needs in its place on this host
    #[command(subcommand)]
    Setup(SetupCommand),
    /// Look at this host and what is set up on it, and say what is wrong
    Doctor(DoctorArgs),
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print or write the manual pages
    Man {
        /// Write a page for every command into this folder
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// List the exit codes
    #[command(long_about = format!("List the exit codes\n\n{}", crate::exit::table()))]
    ExitCodes,
}

/// Where the data folder is.
#[derive(Debug, Clone, Args)]
pub(crate) struct DataArgs {
    /// The data folder. Default: LONGSHORE_DATA, else $XDG_DATA_HOME/longshore, else ~/.local/share/longshore
    #[arg(long, value_name = "DIR", hide_env_values = true)]
    pub(crate) data: Option<PathBuf>,
}

/// How to load, in the place of what the settings say.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct LoadArgs {
    /// The most to send and receive in a second, such as 50MB or 100MiB. Default: no limit
    #[arg(long, value_name = "RATE", value_parser = rate, help_heading = "Loading")]
    pub(crate) rate: Option<NonZeroU64>,
    /// Most requests to the store at once. Default: 32
    #[arg(long, value_name = "N", help_heading = "Loading")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) parallel: Option<u32>,
    /// How much of what was stored to read back and compare: off, sampled or full. Default: off
    #[arg(long, value_name = "HOW_MUCH", help_heading = "Loading")]
    pub(crate) read_back: Option<ReadBack>,
    /// Load files with holes in full, also those that claim more than the device can hold
    #[arg(long, help_heading = "Loading")]
    pub(crate) sparse: bool,
    /// Go on although the job was begun on another device: what only that one had is not loaded
    #[arg(long, help_heading = "Loading")]
    pub(crate) other_device: bool,
    /// Try again what earlier attempts have given up of a failing device or image
    #[arg(long, help_heading = "Loading")]
    pub(crate) retry_bad: bool,
}

/// `longshore import`.
#[derive(Debug, Args)]
#[command(
    override_usage = "longshore import [OPTIONS] --bucket <BUCKET> <FOLDER>\n       \
    longshore import [OPTIONS] --manifest <FILE> <FOLDER>\n       \
    longshore import [OPTIONS] --resume <JOBID> <FOLDER>\n       \
    longshore import [OPTIONS] --list",
    after_long_help = "The job, its SIGNATURE and its report stay in the data folder; nothing \
    is written to FOLDER. The embedded store is a copy: it needs as much space in the data folder as \
    the files have, and an import that does not fit is refused before the first byte.\n\nSymbolic links, \
    special files and empty folders are left out and named at the end. With a manifest, options it leaves out are filled in: bucket, prefix, \
    deviceId, returnAddress and so on."
)]
pub(crate) struct ImportArgs {
    /// The folder to load; or a disk image or block device, whose files are loaded without mounting it
    #[arg(required_unless_present = "list")]
    folder: Option<PathBuf>,
    /// The bucket to load it into; the embedded store makes it if it is missing
    #[arg(long, short, required_unless_present_any = ["manifest", "resume", "list"])]
    #[arg(value_parser = place::bucket_of_import)]
    pub(crate) bucket: Option<BucketName>,
    /// What to put in front of every object's key; no slash is added
    #[arg(long, short)]
    pub(crate) prefix: Option<String>,
    /// A manifest with further options, such as `ignore` or `cacheControl`
    #[arg(long, short, value_name = "FILE")]
    pub(crate) manifest: Option<PathBuf>,
    /// Go on with a job of this folder that was interrupted
    #[arg(long, value_name = "JOBID")]
    pub(crate) resume: Option<JobId>,
    /// Send every file, also those that are in the bucket already and unchanged
    #[arg(long)]
    pub(crate) resend: bool,
    /// Replace no object: a file whose key another object has is not loaded
    #[arg(long)]
    pub(crate) no_replace: bool,
    /// Say what would be loaded, left out, replaced and needed, and write nothing
    #[arg(long, conflicts_with = "resume")]
    pub(crate) dry_run: bool,
    /// List the imports on the data folder that were interrupted
    #[arg(long, conflicts_with_all = ["folder", "bucket", "prefix", "manifest", "resume", "dry_run"])]
    pub(crate) list: bool,
    /// Settings of the service, if none is running on the data folder. Unless --data is given, the
    /// data folder is the one they name
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print the summary as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) raw: RawArgs,
    #[command(flatten)]
    pub(crate) load: LoadArgs,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

impl ImportArgs {
    /// The folder; clap demands it of all who load one.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.as_deref().unwrap_or(std::path::Path::new(""))
    }
}

/// `longshore serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Where the Import/Export API and the station API listen. Default: 127.0.0.1:4780
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// Where the embedded S3 store listens. Default: 127.0.0.1:4781
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) s3_listen: Option<SocketAddr>,
    /// Where the console listens, or none. Default: 127.0.0.1:4782, or any port if that one is taken
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) console_listen: Option<ConsoleListen>,
    /// A file of settings. Unless --data is given, the data folder is the one it names
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) inbox: InboxArgs,
}

/// Which server a station speaks to.
#[derive(Debug, Clone, Args)]
pub(crate) struct ServerArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// URL of the server, where it runs on another host
    #[arg(long, value_name = "URL", value_parser = service_url, requires = "token_file")]
    pub(crate) server: Option<String>,
    /// A file with this station's token, as `longshore station token` printed it
    #[arg(long, value_name = "FILE", requires = "server")]
    pub(crate) token_file: Option<PathBuf>,
    /// The name of this station: the one its token was made for with `longshore station token
    /// NAME`. Default: the host's name, or the settings'
    #[arg(long, value_name = "NAME", requires = "server")]
    pub(crate) station: Option<StationName>,
    /// A file of settings, of which the table `[station]` counts; only with --server, since beside
    /// a running service that service's settings count
    #[arg(long, value_name = "FILE", requires = "server")]
    pub(crate) config: Option<PathBuf>,
}

/// `longshore dock`.
#[derive(Debug, Args)]
pub(crate) struct DockArgs {
    /// The device: the block device itself or an image file, of which nothing is mounted; or the folder where its file
    /// system is mounted, read-only at best
    #[arg(value_name = "DEVICE_PATH")]
    pub(crate) device: PathBuf,
    /// The job that a label or the operator says it belongs to. It proves nothing: without a
    /// SIGNATURE nothing is loaded, and with one of another job it is refused. No job is ended by
    /// it; the device is booked as received, and the customer is told what is missing
    #[arg(long, value_name = "JOBID")]
    pub(crate) job: Option<JobId>,
    /// What a scanner types from the sheet on the device, in the place of a SIGNATURE file
    #[arg(long, value_name = "TEXT", value_parser = scanned)]
    pub(crate) signature: Option<SignatureFile>,
    /// Format the device as its export asks for, before it is filled. What is on it is lost
    #[arg(long)]
    pub(crate) format: bool,
    /// Format the device also if not all of the export fits, and fill it as far as it goes: another
    /// job goes on
    #[arg(long, requires = "format")]
    pub(crate) partly: bool,
    /// Do not ask before formatting
    #[arg(long, requires = "format")]
    pub(crate) yes: bool,
    /// What encrypts the device of an export, where that is not Longshore with the trueCryptPassword of its manifest: "the
    /// keypad of the drive". Nobody checks it, and the customer reads it in the receipt
    #[arg(long, value_name = "WORDS", value_parser = answered_for)]
    pub(crate) encrypted_by: Option<String>,
    /// The folder itself is meant, and no device that should be mounted there
    #[arg(long)]
    pub(crate) folder: bool,
    /// Print the summary as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) raw: RawArgs,
    #[command(flatten)]
    pub(crate) unlock: UnlockArgs,
    #[command(flatten)]
    pub(crate) load: LoadArgs,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `longshore verify`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("against").args(["bucket", "device"]).required(true).multiple(true)))]
#[command(
    after_long_help = "Prints what differs, one line each, and ends with exit code 6 if anything \
    does. With --json every line is an object; the last one is the summary.\n\nWithout \
    --endpoint-url the bucket is looked for in the service's own store, which is started for as \
    long as it takes if it is not running."
)]
pub(crate) struct VerifyArgs {
    /// The report: its file in any form, the ID of its job, or s3://BUCKET/KEY
    pub(crate) report: PathBuf,
    /// Read every object of the bucket. NAME is another bucket than the report names
    #[arg(long, short, value_name = "NAME", value_parser = place::bucket)]
    #[expect(clippy::option_option, reason = "the option alone, and with a value")]
    pub(crate) bucket: Option<Option<BucketName>>,
    /// Read every file of the device, or of the folder that was loaded: a folder, a block device or an image file
    #[arg(long, value_name = "DEVICE_PATH")]
    pub(crate) device: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) raw: RawArgs,
    /// Compare only so many percent, chosen by chance
    #[arg(long, value_name = "PERCENT")]
    pub(crate) sample: Option<Sample>,
    /// The number that chooses the sample, to choose the same again
    #[arg(long, value_name = "NUMBER", requires = "sample")]
    pub(crate) seed: Option<u64>,
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
    /// Have the receipt of the job tell what came of it, where a service runs on the data folder
    #[arg(long, conflicts_with = "sample")]
    pub(crate) tell: bool,
    /// Print JSON, one object a line
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// `longshore device`.
#[derive(Debug, Subcommand)]
pub(crate) enum DeviceCommand {
    /// Say what lies on a block device or image, what of it would be loaded, and whose it is
    Look(LookArgs),
    /// Erase the device of a job that was loaded, once all that must hold holds
    Erase(EraseArgs),
    /// Keep for a customer what opens the device of a job that is encrypted
    Secret(DeviceSecretArgs),
    /// Mark a device as sent back to its owner
    Return(ReturnArgs),
    /// Say for a customer that a device may be erased
    Release(ReleaseForArgs),
    /// Say for a customer that a device is not to be erased
    Object(ObjectForArgs),
    /// Mark a device as destroyed
    Destroyed(DestroyedArgs),
}

/// `longshore device return`.
#[derive(Debug, Args)]
pub(crate) struct ReturnArgs {
    /// The job
    #[arg(value_name = "JOBID")]
    pub(crate) job: JobId,
    /// Who carries it
    #[arg(long, value_name = "NAME")]
    pub(crate) carrier: String,
    /// The carrier's number for the parcel
    #[arg(long, value_name = "NUMBER")]
    pub(crate) tracking: String,
    #[command(flatten)]
    pub(crate) word: UnerasedArgs,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Which endpoint a customer speaks to, and with which key.
#[derive(Debug, Clone, Args)]
pub(crate) struct ApiArgs {
    /// URL of the API. Default: LONGSHORE_ENDPOINT, AWS_ENDPOINT_URL_IMPORTEXPORT, or the service
    /// that runs on the data folder
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,
    /// A profile of the AWS credentials file. Default: the keys in the environment, AWS_PROFILE,
    /// or the data folder's key
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The region to sign for. Default: AWS_REGION, AWS_DEFAULT_REGION, or us-east-1
    #[arg(long)]
    pub(crate) region: Option<String>,
    /// The data folder. Default: LONGSHORE_DATA, else $XDG_DATA_HOME/longshore, else ~/.local/share/longshore
    #[arg(long, value_name = "DIR", hide_env_values = true)]
    pub(crate) data: Option<PathBuf>,
    /// Print JSON with the member names of the API
    #[arg(long)]
    pub(crate) json: bool,
}

/// `longshore job`.
#[derive(Debug, Subcommand)]
pub(crate) enum JobCommand {
    /// Make a job (CreateJob)
    Create(CreateArgs),
    /// Replace a job's manifest before its device is loaded (UpdateJob)
    Update(UpdateArgs),
    /// Take a job back before its device is loaded (CancelJob)
    Cancel {
        /// The job
        #[arg(value_name = "JOBID")]
        job: String,
        #[command(flatten)]
        api: ApiArgs,
    },
    /// List your jobs, newest first, with what became of each (ListJobs, GetStatus); or, as an operator, all
    List(Box<ListArgs>),
    /// Show where a device is and what became of its data (GetStatus)
    Status {
        /// The job
        #[arg(value_name = "JOBID")]
        job: String,
        /// Show how far it is until the job is over; the exit code tells how it went
        #[arg(long)]
        watch: bool,
        #[command(flatten)]
        api: ApiArgs,
    },
    /// Write a job's SIGNATURE file to a device (GetStatus)
    Sign {
        /// The job
        #[arg(value_name = "JOBID")]
        job: String,
        /// The root of the device
        #[arg(value_name = "DEVICE_PATH")]
        device: PathBuf,
        /// Overwrite the SIGNATURE of another job
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        api: ApiArgs,
    },
    /// Send what opens the device of a job that is encrypted (GiveSecret)
    Secret(SecretArgs),
    /// Let the device of a job be erased (ReleaseDevice)
    Release(ReleaseArgs),
    /// Have the device of a job not be erased (HoldDevice)
    Object(ObjectArgs),
    /// End a job for good, as an operator: its customer has to make a new one
    Abort(Box<AbortArgs>),
    /// Show what happened to a job, and by whom, as an operator
    History(HistoryArgs),
    /// Show what happens to a job, and how far it is, as it happens and until it is over, as an operator
    Watch(HistoryArgs),
    /// Show the manifest of a job without its secrets, as an operator
    Manifest(HistoryArgs),
    /// Show what the report of a job says, and which files failed, as an operator
    Failed(HistoryArgs),
    /// Show how fast a job went, as an operator
    Rates(HistoryArgs),
    /// Print a tag for the device of a job that lies on a shelf
    Tag {
        /// The job
        #[arg(value_name = "JOBID")]
        job: JobId,
        /// Write it to this file, a PDF, which must not exist
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Get the receipt of a job: what happened to its device, for whoever wants to check it, as an operator
    Receipt(JobReceiptArgs),
    /// Have the receipt name a picture of a job's parcel or device, as an operator
    Photograph(PhotographArgs),
    /// Have the receipt say what was in the parcel of a job, as an operator
    Unpack(UnpackArgs),
    /// Have the receipt say under which seal the device of a job goes back, as an operator
    Seal(SealArgs),
    /// Say what is true where an event of a job says otherwise, as an operator
    Correct(CorrectArgs),
    /// Let what failed of a job that is over be tried again, as an operator
    Retry {
        /// The job
        #[arg(value_name = "JOBID")]
        job: JobId,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Have a job wait until you let it go on, as an operator
    Hold(Box<HoldArgs>),
    /// Let a job go on that is on hold, as an operator
    Resume {
        /// The job
        #[arg(value_name = "JOBID")]
        job: JobId,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// End a job that is on hold for what nobody mends, as an operator
    GiveUp(Box<GiveUpArgs>),
    /// End a job that is on hold with what is loaded, and a report of what is not, as an operator
    FinishWithout(Box<FinishArgs>),
    /// Get the label for a parcel with the devices of some jobs (GetShippingLabel)
    Label(Box<LabelArgs>),
    /// List and download what is printed for a job: packing slip, signature sheet (GetStatus)
    Artifacts(ArtifactsArgs),
}

/// `longshore job abort`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Shows whose job it is and how it stands, and asks. The device is booked as \
    received at this station, so that `longshore device return` can send it back. A job that a station \
    is at work on is not ended: stop that first. Nothing else ends a job whose data has no outcome: \
    no docking does."
)]
pub(crate) struct AbortArgs {
    /// The job
    #[arg(value_name = "JOBID")]
    pub(crate) job: JobId,
    /// What the customer sees as its ProgressCode
    #[arg(long = "as", value_enum, value_name = "CODE", ignore_case = true)]
    pub(crate) reason: Reason,
    /// Why, in a sentence that the customer reads
    #[arg(long, value_name = "TEXT")]
    pub(crate) because: String,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `longshore job hold`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "A station that is at work on the job stops with its next sign of life and keeps what it \
    has loaded. The job goes on after `longshore job resume`, when its device is docked."
)]
pub(crate) struct HoldArgs {
    /// The job
    #[arg(value_name = "JOBID")]
    pub(crate) job: JobId,
    /// Why, in words that the customer reads
    #[arg(long, value_name = "TEXT")]
    pub(crate) because: String,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `longshore job give-up`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Shows whose job it is and what it is on hold for, and asks. As what the job ends depends on \
    what it is on hold for, and docs/holds.md lists it. The device is booked as received at this station."
)]
pub(crate) struct GiveUpArgs {
    /// The job
    #[arg(value_name = "JOBID")]
    pub(crate) job: JobId,
    /// Why, in a sentence that the customer reads
    #[arg(long, value_name = "TEXT")]
    pub(crate) because: String,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `longshore job finish-without`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Shows whose job it is and what it is on hold for, and asks. Each file that is not loaded has a \
    failed line in the report, with the code of the hold, and nothing more is loaded. The station that has the device in \
    a bay does it by itself; elsewhere dock the device. If the device is gone, --from-journal does it at the station where \
    the job was begun: what had not been begun has no line then. The bucket of the report must be usable."
)]
pub(crate) struct FinishArgs {
    /// The job
    #[arg(value_name = "JOBID")]
    pub(crate) job: JobId,
    /// Why, in a sentence that the customer reads
    #[arg(long, value_name = "TEXT")]
    pub(crate) because: Option<String>,
    /// Do it now, without the device, by what this station knows of the job
    #[arg(long)]
    pub(crate) from_journal: bool,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// As what an operator may end a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "PascalCase")]
pub(crate) enum Reason {
    /// The device has no SIGNATURE file
    MissingSignature,
    /// The SIGNATURE file is not the one that was issued
    InvalidSignature,
    /// The device does not function properly
    DeviceError,
}

/// What a manifest is and for which kind of job.
#[derive(Debug, Clone, Args)]
pub(crate) struct ManifestArgs {
    /// The manifest; `-` is stdin
    pub(crate) manifest: PathBuf,
    /// What the job does: import or export. Default: what the manifest is for
    #[arg(long = "type", value_name = "TYPE", value_parser = job_type)]
    pub(crate) job_type: Option<JobType>,
    /// Check the manifest, change nothing
    #[arg(long)]
    pub(crate) validate_only: bool,
}

/// `longshore job create`.
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    #[command(flatten)]
    pub(crate) manifest: ManifestArgs,
    /// Write the SIGNATURE file to the device with this root
    #[arg(long, value_name = "DEVICE_PATH", conflicts_with = "validate_only")]
    pub(crate) sign: Option<PathBuf>,
    /// Overwrite the SIGNATURE of another job
    #[arg(long, requires = "sign")]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) seal: RecipientArgs,
    #[command(flatten)]
    pub(crate) api: ApiArgs,
}

/// `longshore job update`.
#[derive(Debug, Args)]
pub(crate) struct UpdateArgs {
    /// The job
    #[arg(value_name = "JOBID")]
    pub(crate) job: String,
    #[command(flatten)]
    pub(crate) manifest: ManifestArgs,
    #[command(flatten)]
    pub(crate) seal: RecipientArgs,
    #[command(flatten)]
    pub(crate) api: ApiArgs,
}

/// `longshore key`.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make an access key and print it as an AWS credentials profile
    Create {
        /// The account, by name or number
        #[arg(long, default_value = "default")]
        account: String,
        /// A user of the account, who may what policies allow. Without it the key may all that the account may
        #[arg(long, value_name = "NAME")]
        user: Option<IdentityName>,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// List the access keys, without their secrets
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Revoke an access key for good
    Revoke {
        /// The key's id
        #[arg(value_name = "ACCESS_KEY_ID")]
        key: AccessKeyId,
        #[command(flatten)]
        store: StoreArgs,
    },
}

/// `longshore account`.
#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Make an account
    Create {
        /// What you call it
        name: String,
        #[command(flatten)]
        rights: RightsArgs,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// List the accounts and the buckets they may use
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Let an account use buckets
    Allow(ChangeRightsArgs),
    /// Take buckets back from an account, as they were allowed
    Deny(ChangeRightsArgs),
    /// Say how much a job of an account may load; what was on hold for it goes on by itself
    Limit {
        /// The account, by name or number
        account: String,
        /// The most, such as 5TB or 500GiB; `none` for as much as there is
        most: String,
        #[command(flatten)]
        store: StoreArgs,
    },
}

/// Buckets for a purpose.
#[derive(Debug, Clone, Args)]
pub(crate) struct RightsArgs {
    /// A bucket it may import to, or the beginning of bucket names followed by `*`; repeatable
    #[arg(long, value_name = "BUCKET")]
    pub(crate) import: Vec<String>,
    /// A bucket it may export from, in the same form; repeatable
    #[arg(long, value_name = "BUCKET")]
    pub(crate) export: Vec<String>,
}

/// `longshore account allow` and `deny`.
#[derive(Debug, Args)]
pub(crate) struct ChangeRightsArgs {
    /// The account, by name or number
    pub(crate) account: String,
    #[command(flatten)]
    pub(crate) rights: RightsArgs,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// Longest words of somebody who answers for a device, in characters: a line of the receipt.
const ANSWERED_CHARS: usize = 120;

fn answered_for(text: &str) -> Result<String, String> {
    let words = text.trim();
    if words.is_empty() {
        Err("say what encrypts it".to_owned())
    } else if words.chars().count() > ANSWERED_CHARS {
        Err(format!("more than {ANSWERED_CHARS} characters"))
    } else if words.contains(char::is_control) {
        Err("it is more than one line".to_owned())
    } else {
        Ok(words.to_owned())
    }
}

fn scanned(text: &str) -> Result<SignatureFile, String> {
    SignatureFile::parse_scan(text).map_err(|error| error.to_string())
}

fn rate(text: &str) -> Result<NonZeroU64, String> {
    let rate = objectstore::paced::parse_rate(text).map_err(|error| error.to_string())?;
    NonZeroU64::new(rate).ok_or_else(|| "nothing would be let through".to_owned())
}

fn at_least_one(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "expected a number from 1 on".to_owned())
}

/// Where a service of ours is, as it was typed.
fn service_url(text: &str) -> Result<String, String> {
    // Readers of URLs leave out blanks and ends of lines, which a file of settings does not.
    match !text.contains(char::is_whitespace) && Address::parse(text).is_ok() {
        true => Ok(text.to_owned()),
        false => Err("expected a URL such as `https://import.example.org`".to_owned()),
    }
}

fn job_type(text: &str) -> Result<JobType, String> {
    JobType::parse(text).ok_or_else(|| "expected `import` or `export`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_definitions_hold_together() {
        Cli::command().debug_assert();
    }
}
