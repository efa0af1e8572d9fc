//! What can be wrong with a manifest, and how it is told.

use std::fmt;

/// The class of a fault, ordered as the API ranks them: the least one present decides the code
/// of the answer. `Malformed` outranks all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// The text cannot be read as options and values.
    Malformed,
    /// A required option is absent or empty.
    MissingField,
    /// An option has a value it cannot have.
    InvalidField,
    /// The return address is incomplete or unusable.
    InvalidAddress,
    /// The device crosses a border and the customs papers, or a part of them, are absent.
    MissingCustoms,
    /// A customs option has a value it cannot have.
    InvalidCustoms,
    /// The file system of an export is unknown.
    InvalidFileSystem,
    /// `accessKeyId` is not the key that signed the request.
    AccessKeyMismatch,
}

/// One thing that is wrong with a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestFault {
    /// Its class.
    pub kind: FaultKind,
    /// The option, as a path: `returnAddress.city`, `operations[2].exportBucket` (counted from 1).
    pub field: Option<String>,
    /// The line of the manifest, counted from 1. None for an option that is absent.
    pub line: Option<usize>,
    /// What is wrong, as a lower-case fragment.
    pub detail: String,
}

impl ManifestFault {
    /// A text that cannot be read.
    pub(super) fn malformed(line: Option<usize>, detail: impl Into<String>) -> Self {
        Self {
            kind: FaultKind::Malformed,
            field: None,
            line,
            detail: detail.into(),
        }
    }
}

impl fmt::Display for ManifestFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&self.detail)
    }
}

impl std::error::Error for ManifestFault {}

/// Everything that is wrong with a manifest: at least one fault, most severe class first, then in
/// the order found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestFaults(Vec<ManifestFault>);

impl ManifestFaults {
    /// A list of one.
    #[must_use]
    pub fn one(fault: ManifestFault) -> Self {
        Self(vec![fault])
    }

    /// The faults as an error, or nothing if there are none.
    pub(super) fn collect(mut faults: Vec<ManifestFault>) -> Option<Self> {
        faults.sort_by_key(|fault| fault.kind);
        (!faults.is_empty()).then_some(Self(faults))
    }

    /// The faults, most severe class first.
    pub fn iter(&self) -> std::slice::Iter<'_, ManifestFault> {
        self.0.iter()
    }

    /// The class the API answers with.
    #[must_use]
    pub fn first_kind(&self) -> FaultKind {
        self.0
            .first()
            .map_or(FaultKind::Malformed, |fault| fault.kind)
    }
}

impl<'a> IntoIterator for &'a ManifestFaults {
    type Item = &'a ManifestFault;
    type IntoIter = std::slice::Iter<'a, ManifestFault>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for ManifestFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ManifestFaults {}

/// Something a manifest's writer should know although the manifest is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The option it is about, as in [`ManifestFault::field`].
    pub field: Option<String>,
    /// The line of the manifest, counted from 1.
    pub line: Option<usize>,
    /// What the writer should know.
    pub detail: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&self.detail)
    }
}
