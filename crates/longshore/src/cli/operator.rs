//! What the people who run a service say on the command line: where it is, who they are, and which jobs they mean.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use model::ids::{JobId, PersonName, StationName};
use model::photograph::Subject;
use model::role::Role;

use super::{ApiArgs, DataArgs, at_least_one, service_url};

/// Which service is meant: the one on this host, or another.
#[derive(Debug, Clone, Args)]
pub(crate) struct StoreArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// The service's settings, where they name another job store than the data folder's
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
}

/// A service on another host.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct RemoteArgs {
    /// URL of the service, where it runs on another host
    #[arg(long, value_name = "URL", value_parser = service_url, requires = "token_file")]
    pub(crate) server: Option<String>,
    /// A file with your token, as `longshore operator add` printed it
    #[arg(long, value_name = "FILE", requires = "server")]
    pub(crate) token_file: Option<PathBuf>,
}

/// `longshore operator`.
#[derive(Debug, Subcommand)]
pub(crate) enum OperatorCommand {
    /// Add a person, and print the token
    Add {
        /// Who: a login name or an e-mail address
        name: PersonName,
        /// What the person may do: viewer (read), operator (what can be undone), lead (end jobs), admin (accounts,
        /// keys, stations, people). Each has the rights of those before it
        #[arg(long)]
        role: Role,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// List the people and their roles
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Take a person's rights away, at once, with all sessions and passkeys
    Revoke {
        /// Who
        name: PersonName,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// List the passkeys with which people sign in at the console
    #[command(
        after_long_help = "`longshore console forget NUMBER` removes one that is lost. Those of customers are among \
        `longshore console passkeys`."
    )]
    Passkeys {
        /// Of one person alone
        name: Option<PersonName>,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        store: StoreArgs,
    },
}

/// `longshore job list`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Without --all these are the jobs of the account whose key signs. With --all they are those \
    of all accounts, for the people who run the service: on its host, or elsewhere with --server and --token-file. \
    Twenty are shown; the last line says how to get more."
)]
pub(crate) struct ListArgs {
    /// At most so many of your own
    #[arg(long, value_name = "N", value_parser = at_least_one, conflicts_with = "all")]
    pub(crate) max: Option<usize>,
    /// List the jobs of all accounts, as an operator
    #[arg(long, conflicts_with_all = ["endpoint_url", "profile", "region"])]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) api: ApiArgs,
    // Last: the heading of its options would be that of all that follow.
    #[command(flatten)]
    pub(crate) wanted: WantedArgs,
}

/// Which of the jobs of all accounts are wanted, and from where.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "With --all")]
pub(crate) struct WantedArgs {
    /// Only those with this ProgressCode, such as Pending or SuccessWithErrors
    #[arg(long, value_name = "CODE", requires = "all")]
    pub(crate) state: Option<String>,
    /// Only those on hold: somebody has to mend something
    #[arg(long, requires = "all")]
    pub(crate) held: bool,
    /// Only those of this account, by name or number
    #[arg(long, requires = "all")]
    pub(crate) account: Option<String>,
    /// Only those whose device this station has
    #[arg(long, value_name = "NAME", requires = "all")]
    pub(crate) station: Option<StationName>,
    /// Only those with this in the beginning of their id, device id, serial or tracking number
    #[arg(long, value_name = "WORD", requires = "all")]
    pub(crate) search: Option<String>,
    /// Only those behind this one in the list
    #[arg(long, value_name = "JOBID", requires = "all")]
    pub(crate) before: Option<JobId>,
    /// At most so many, up to 1000. Default: 20
    #[arg(long, value_name = "N", requires = "all")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) limit: Option<u32>,
    /// The service's settings, where they name another job store than the data folder's
    #[arg(long, value_name = "FILE", requires = "all")]
    pub(crate) config: Option<PathBuf>,
    /// URL of the service, where it runs on another host
    #[arg(long, value_name = "URL", value_parser = service_url, requires_all = ["all", "token_file"])]
    pub(crate) server: Option<String>,
    /// A file with your token, as `longshore operator add` printed it
    #[arg(long, value_name = "FILE", requires_all = ["all", "server"])]
    pub(crate) token_file: Option<PathBuf>,
}

impl ListArgs {
    /// Which service is meant.
    pub(crate) fn store(&self) -> StoreArgs {
        StoreArgs {
            data: DataArgs {
                data: self.api.data.clone(),
            },
            config: self.wanted.config.clone(),
            remote: RemoteArgs {
                server: self.wanted.server.clone(),
                token_file: self.wanted.token_file.clone(),
            },
        }
    }
}

/// `longshore job receipt`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "The same file lies beside the report of the job, in its log bucket, once the report is there. \
    `longshore receipt verify FILE` checks it, and so does `ssh-keygen -Y verify`."
)]
pub(crate) struct JobReceiptArgs {
    /// The job
    #[arg(value_name = "JOBID")]
    pub(crate) job: JobId,
    /// Write it to this file, which must not exist
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Write it for people to this file as PDF, with the receipt attached; it must not exist
    #[arg(long, value_name = "FILE")]
    pub(crate) pdf: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// `longshore job photograph`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "The service is told the name, the size and the SHA-256 of the picture, and the receipt names it. Keep the file: whoever has \
    the receipt checks it with `sha256sum`."
)]
pub(crate) struct PhotographArgs {
    /// The job
    #[arg(value_name = "JOBID")]
    pub(crate) job: JobId,
    /// The picture
    pub(crate) file: PathBuf,
    /// What is to be seen: parcel, label, seal, device or damage
    #[arg(long, value_name = "WHAT")]
    pub(crate) of: Subject,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// `longshore job unpack`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "The receipt of the job says it, with your name: what was missing when the parcel was unpacked is not found missing later."
)]
pub(crate) struct UnpackArgs {
    /// The job
    #[arg(value_name = "JOBID")]
    pub(crate) job: JobId,
    /// What was in the parcel: device, power-supply, cable, slip; several with commas between, or `nothing`
    #[arg(long, value_name = "WHAT", value_delimiter = ',', required = true)]
    pub(crate) found: Vec<FoundInside>,
    /// How its seal was, if it had one: whole or broken
    #[arg(long, value_name = "STATE")]
    pub(crate) seal: Option<SealState>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// What is found in a parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FoundInside {
    /// The device itself.
    Device,
    /// Its power supply.
    PowerSupply,
    /// A cable.
    Cable,
    /// Its packing slip.
    Slip,
    /// Nothing of all that.
    Nothing,
}

/// How a seal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SealState {
    /// Nobody has opened it.
    Whole,
    /// Somebody has.
    Broken,
}

/// `longshore job seal`.
#[derive(Debug, Args)]
pub(crate) struct SealArgs {
    /// The job
    #[arg(value_name = "JOBID")]
    pub(crate) job: JobId,
    /// What stands on the seal
    pub(crate) seal: String,
    /// In which box the device lies
    #[arg(long, value_name = "NAME")]
    pub(crate) r#box: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// `longshore job correct`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "What was told stays in the receipt, as it was told; what is true stands behind it, and who says so. The numbers of events \
    are the `seq` of `longshore job receipt JOBID`."
)]
pub(crate) struct CorrectArgs {
    /// The job
    #[arg(value_name = "JOBID")]
    pub(crate) job: JobId,
    /// The number of the event that says it
    pub(crate) event: u64,
    /// What is true
    #[arg(long, value_name = "TEXT")]
    pub(crate) says: String,
    /// How the slip came about
    #[arg(long, value_name = "TEXT")]
    pub(crate) because: String,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// `longshore job history`, `job watch`, `job manifest`, `job failed` and `job rates`.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// The job
    #[arg(value_name = "JOBID")]
    pub(crate) job: JobId,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}
