//! What may be wrong with a host or an installation: each with a code for programs, a sentence, and what to do.

use serde::Serialize;

/// How bad it is, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Gravity {
    /// Something does not work, or may harm a customer's disk.
    Fault,
    /// It works, and should be otherwise.
    Warning,
    /// It is as somebody has set it, and worth knowing.
    Note,
}

/// The codes. They stay: scripts depend on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Code {
    /// The settings cannot be read.
    SettingsUnreadable,
    /// Others than the service may read secrets in the settings.
    SecretsExposed,
    /// Nobody has started a service here.
    NoInstallation,
    /// The secret key cannot be used.
    KeyUnusable,
    /// The secret key is not the one of the job store.
    KeyWrong,
    /// The job store does not answer.
    JobStoreSilent,
    /// The job store is of an earlier release.
    SchemaOlder,
    /// The job store is of a later release.
    SchemaNewer,
    /// The disk of the data folder has next to no room.
    DiskFull,
    /// A certificate of the settings cannot be shown.
    CertificateUnusable,
    /// A certificate is not good any more, or not yet.
    CertificateExpired,
    /// A certificate ends soon.
    CertificateExpires,
    /// Others may read the private key of a certificate.
    CertificateKeyExposed,
    /// Clients are told another name than the certificate's.
    CertificateName,
    /// A certificate says that it is an authority's.
    CertificateOfAuthority,
    /// A store does not answer.
    StoreSilent,
    /// Several stations have the key of a store that does not end.
    StaticKeys,
    /// The server does not answer.
    ServerSilent,
    /// The clock of this host is not the server's.
    ClockWrong,
    /// No rules keep others away from the bays.
    RulesMissing,
    /// The rules are of other bays.
    RulesStale,
    /// Nothing reads the rules.
    NoUdev,
    /// A program may take a disk that is plugged into a bay, whatever rules say.
    DiskTaken,
    /// The folder of a bay is missing, or cannot be used.
    BayFolderUnusable,
    /// The station's unit lets it erase devices, or does not.
    StationErases,
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// Which.
    pub(crate) code: Code,
    /// How bad it is.
    pub(crate) gravity: Gravity,
    /// What was seen.
    pub(crate) what: String,
    /// What to do.
    pub(crate) remedy: String,
}

impl Finding {
    /// Something that does not work.
    pub(crate) fn fault(code: Code, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(code, Gravity::Fault, what.into(), remedy.into())
    }

    /// Something that should be otherwise.
    pub(crate) fn warning(code: Code, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(code, Gravity::Warning, what.into(), remedy.into())
    }

    /// Something that is as it was set.
    pub(crate) fn note(code: Code, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(code, Gravity::Note, what.into(), remedy.into())
    }

    fn new(code: Code, gravity: Gravity, what: String, remedy: String) -> Self {
        Self {
            code,
            gravity,
            what,
            remedy,
        }
    }
}
