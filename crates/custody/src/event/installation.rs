//! Events of an installation, which are of no job: its keys and its stations, and what ends after the chains of jobs.

use model::ids::{JobId, StationName};
use serde::{Deserialize, Serialize};

use crate::told::Told;

/// The installation has a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyMade {
    /// `SHA256:…`, as `ssh-keygen -l` shows it.
    pub fingerprint: String,
    /// The key that checkpoints verify with.
    pub vkey: String,
}

/// The installation has another key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRotated {
    /// The fingerprint of the one before.
    pub old: String,
    /// The fingerprint of the one from now on.
    pub new: String,
    /// The key that checkpoints verify with from now on.
    pub vkey: String,
}

/// A key counts no more, and may be in wrong hands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRevoked {
    /// Its fingerprint.
    pub fingerprint: String,
    /// What is known of it.
    pub reason: Option<Told>,
}

/// What opened the device of a job is kept no more. It is told after the job's own chain has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretDestroyed {
    /// Which job.
    pub of: JobId,
}

/// A station belongs to the installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StationAdmitted {
    /// Which.
    pub name: StationName,
}
