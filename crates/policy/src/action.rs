//! The actions there are, and patterns of them.

use std::fmt;
use std::str::FromStr;

use crate::fault::echo;
use crate::pattern::{Piece, is_like};

/// What AWS calls the actions of Import/Export (service authorization reference).
const IMPORT_EXPORT: &str = "importexport";

/// What stands before our own.
const LONGSHORE: &str = "longshore";

/// Something that a policy can allow or deny.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActionName {
    /// Register a job.
    CreateJob,
    /// Replace a job's manifest.
    UpdateJob,
    /// Take a job back.
    CancelJob,
    /// Learn how a job is.
    GetStatus,
    /// List the account's jobs.
    ListJobs,
    /// Make the label of a parcel.
    GetShippingLabel,
    /// Say that a device may be erased. Ours.
    ReleaseDevice,
    /// Say that a device may not be erased. Ours.
    HoldDevice,
    /// Have the receipt of a job. Ours.
    GetReceipt,
    /// Say which programs are told of jobs. Ours.
    ManageWebhooks,
    /// Sign in at the console. Ours.
    OpenConsole,
    /// Give what opens the device of a job. Ours.
    GiveSecret,
    /// Have a job of the account wait, and go on. Ours.
    HoldJob,
    /// Load devices into a bucket, put reports there, and write to it in the embedded store. Ours.
    Import,
    /// Fill devices from a bucket, and read it in the embedded store. Ours.
    Export,
}

/// A text that names no action.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no action of this service")]
pub struct UnknownAction(String);

impl ActionName {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::CreateJob,
        Self::UpdateJob,
        Self::CancelJob,
        Self::GetStatus,
        Self::ListJobs,
        Self::GetShippingLabel,
        Self::ReleaseDevice,
        Self::HoldDevice,
        Self::GetReceipt,
        Self::ManageWebhooks,
        Self::OpenConsole,
        Self::GiveSecret,
        Self::HoldJob,
        Self::Import,
        Self::Export,
    ];

    /// The part before the colon.
    fn service(self) -> &'static str {
        match self {
            Self::CreateJob
            | Self::UpdateJob
            | Self::CancelJob
            | Self::GetStatus
            | Self::ListJobs
            | Self::GetShippingLabel => IMPORT_EXPORT,
            Self::ReleaseDevice
            | Self::HoldDevice
            | Self::GetReceipt
            | Self::ManageWebhooks
            | Self::OpenConsole
            | Self::GiveSecret
            | Self::HoldJob
            | Self::Import
            | Self::Export => LONGSHORE,
        }
    }
}

impl fmt::Display for ActionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{self:?}", self.service())
    }
}

impl FromStr for ActionName {
    type Err = UnknownAction;

    fn from_str(text: &str) -> Result<Self, UnknownAction> {
        let is_it = |action: &Self| action.to_string().eq_ignore_ascii_case(text);
        let found = Self::ALL.into_iter().find(is_it);
        found.ok_or_else(|| UnknownAction(text.to_owned()))
    }
}

/// Actions by their names: `importexport:Get*`, or `*` for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ActionPattern {
    /// `*`
    All,
    /// Of one service.
    Of {
        service: &'static str,
        /// In lower case.
        name: Vec<Piece>,
    },
}

impl ActionPattern {
    /// Reads a pattern, which must match some action: one that matches none is a slip of the pen.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::All);
        }
        let Some((service, name)) = text.split_once(':') else {
            return Err(format!(
                "{} is neither `*` nor a service and an action with a colon between",
                echo(text)
            ));
        };
        let services = [IMPORT_EXPORT, LONGSHORE];
        let known = services
            .into_iter()
            .find(|known| known.eq_ignore_ascii_case(service));
        let Some(service) = known else {
            return Err(format!(
                "{} is of another service than `importexport` and `longshore`, and means nothing here",
                echo(text)
            ));
        };
        let name = Piece::wild(&name.to_lowercase());
        let pattern = Self::Of { service, name };
        match ActionName::ALL.into_iter().any(|it| pattern.matches(it)) {
            true => Ok(pattern),
            false => Err(format!("{} matches no action of this service", echo(text))),
        }
    }

    pub(crate) fn matches(&self, action: ActionName) -> bool {
        match self {
            Self::All => true,
            Self::Of { service, name } => {
                let asked = format!("{action:?}").to_lowercase();
                *service == action.service() && is_like(name, &asked)
            }
        }
    }
}
