//! What is asked about devices after they were loaded.

use clap::Args;
use model::disposal::Unerased;
use model::ids::{BayName, JobId, StationName};

use super::{ApiArgs, ServerArgs, StoreArgs};

/// `longshore job release`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Where the manifest says eraseDevice: yes, the service erases the device only after that is released: by \
    the manifest some hours after the report, or by you, as it is set up. A device of which some files were not stored is \
    erased only if you give those up here, by the number of errors that `longshore job status` shows."
)]
pub(crate) struct ReleaseArgs {
    /// The job
    #[arg(value_name = "JOBID")]
    pub(crate) job: String,
    /// Give up so many files that were not stored, or not whole: exactly those of the report
    #[arg(long, value_name = "N", default_value = "0")]
    pub(crate) give_up_lines: u64,
    /// What is to stand in the receipt beside it
    #[arg(long, value_name = "TEXT")]
    pub(crate) because: Option<String>,
    #[command(flatten)]
    pub(crate) api: ApiArgs,
}

/// `longshore job object`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "The device is not erased until you take that back with --withdraw, whatever its manifest says. A release \
    is void by it. Once the erasing has begun it is too late."
)]
pub(crate) struct ObjectArgs {
    /// The job
    #[arg(value_name = "JOBID")]
    pub(crate) job: String,
    /// Why, in words that the receipt shows
    #[arg(long, value_name = "TEXT", required_unless_present = "withdraw")]
    pub(crate) because: Option<String>,
    /// Take it back
    #[arg(long, conflicts_with = "because")]
    pub(crate) withdraw: bool,
    #[command(flatten)]
    pub(crate) api: ApiArgs,
}

/// `longshore device release`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Only the customer can give up files that were not stored: `longshore job release JOBID --give-up-lines N`."
)]
pub(crate) struct ReleaseForArgs {
    /// The job
    #[arg(value_name = "JOBID")]
    pub(crate) job: JobId,
    /// Why you say so for the customer, in words that the receipt shows
    #[arg(long, value_name = "TEXT")]
    pub(crate) because: String,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `longshore device object`.
#[derive(Debug, Args)]
pub(crate) struct ObjectForArgs {
    /// The job
    #[arg(value_name = "JOBID")]
    pub(crate) job: JobId,
    /// Why you say so for the customer, in words that the receipt shows
    #[arg(long, value_name = "TEXT", required_unless_present = "withdraw")]
    pub(crate) because: Option<String>,
    /// Take it back
    #[arg(long, conflicts_with = "because")]
    pub(crate) withdraw: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `longshore device destroyed`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Says what was done by hand: nothing is done by it. A device may be destroyed that could be erased, or \
    whose erasing failed; anything else that stands against an erase stands against this."
)]
pub(crate) struct DestroyedArgs {
    /// The job
    #[arg(value_name = "JOBID")]
    pub(crate) job: JobId,
    /// Who answers for it
    #[arg(long, value_name = "WHO")]
    pub(crate) authority: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) because: String,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// That a device goes back as it is.
#[derive(Debug, Args)]
pub(crate) struct UnerasedArgs {
    /// Why it goes back as it is, although it was to be erased
    #[arg(long, value_name = "REASON", requires = "authority")]
    pub(crate) unerased: Option<String>,
    /// Who answers for that
    #[arg(long, value_name = "WHO", requires = "unerased")]
    pub(crate) authority: Option<String>,
}

impl UnerasedArgs {
    /// Both halves of it, if it was said.
    pub(crate) fn word(&self) -> Option<Unerased> {
        let (authority, reason) = self.authority.clone().zip(self.unerased.clone())?;
        Some(Unerased { authority, reason })
    }
}

/// `longshore bay erase`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Names the job and the end of the device's serial: the device in the bay must be that one. The station \
    asks the service then, which refuses while anything stands against it; nothing else is erased. `longshore station show \
    STATION` shows the answer."
)]
pub(crate) struct BayEraseArgs {
    /// The station
    pub(crate) station: StationName,
    /// The bay
    pub(crate) bay: BayName,
    /// Whose device it is
    #[arg(long, value_name = "JOBID")]
    pub(crate) job: JobId,
    /// The last four characters of its serial; of its WWN, or of the manifest's device id, where it tells none
    #[arg(long, value_name = "XXXX")]
    pub(crate) serial_end: String,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}
