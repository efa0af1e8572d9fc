//! What is said of secrets that open devices. None is ever an argument.

use agefile::Recipient;
use clap::Args;
use model::ids::JobId;

use super::{ApiArgs, ServerArgs};

/// Whether secrets are sealed before they are sent.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct RecipientArgs {
    /// Seal secrets on this machine (age, X25519) for the service, as it says itself: nobody on the way can read them, and
    /// it opens them only for the station that has the device
    #[arg(long, help_heading = "Sealed secrets")]
    pub(crate) seal: bool,
    /// The same for this recipient, `age1…`, which the packing slip of another job has
    #[arg(long, value_name = "RECIPIENT", help_heading = "Sealed secrets")]
    pub(crate) seal_for: Option<Recipient>,
}

/// `longshore job secret`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Asks for the password at a terminal, without showing what is typed, and else reads one line from standard \
    input: a secret is never an argument. A recovery password of BitLocker is one too. It takes the place of one that was sent \
    before; the password of the manifest is tried after it. If the device waits in a bay for it, loading goes on within \
    seconds.\n\nThe service keeps it sealed, tells it to nobody but the station that has the device, and destroys it when \
    the device has gone home. At most five are taken in a minute."
)]
pub(crate) struct SecretArgs {
    /// The job
    #[arg(value_name = "JOBID")]
    pub(crate) job: String,
    #[command(flatten)]
    pub(crate) seal: RecipientArgs,
    #[command(flatten)]
    pub(crate) api: ApiArgs,
}

/// `longshore device secret`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "As `longshore job secret`, by who runs the service: for a password that its customer told by phone and \
    that is to be kept with the job. One that is used once and not kept is typed with `longshore bay unlock`, or with \
    `longshore dock --unlock -`."
)]
pub(crate) struct DeviceSecretArgs {
    /// The job
    #[arg(value_name = "JOBID")]
    pub(crate) job: JobId,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}
