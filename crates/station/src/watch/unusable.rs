//! A folder that is a bay and cannot be used as one: who looks at the bay is told, and what mends it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Why nothing can be laid down in the folder of a bay, or attached from it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnusableFolder {
    /// There is none.
    #[error("the folder of this bay, `{0}`, does not exist")]
    Missing(PathBuf),
    /// It is a file, or what else is no folder.
    #[error("`{0}`, the place of this bay, is no folder")]
    NoFolder(PathBuf),
    /// The system does not list it.
    #[error("the folder of this bay, `{path}`, cannot be listed: {why}")]
    Unlisted {
        /// Which.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
    /// Whoever has its file system does not answer.
    #[error("the folder of this bay, `{0}`, gives no answer")]
    Silent(PathBuf),
}

impl UnusableFolder {
    /// What is wrong with a folder, if anything is. One that gives no answer within this time is left alone with whoever
    /// asked it.
    #[must_use]
    pub fn of(folder: &Path, within: Duration) -> Option<Self> {
        let (says, said) = mpsc::channel();
        let asked = folder.to_owned();
        let begun = thread::Builder::new().name("folder".into()).spawn(move || {
            let _nobody_may_wait = says.send(Self::listed(&asked));
        });
        match begun {
            Ok(_) => said
                .recv_timeout(within)
                .unwrap_or_else(|_| Some(Self::Silent(folder.to_owned()))),
            // No thread is to be had: then whoever looks waits.
            Err(_) => Self::listed(folder),
        }
    }

    /// The same, waiting for the answer.
    pub(super) fn listed(folder: &Path) -> Option<Self> {
        let listed = fs::read_dir(folder);
        listed.err().map(|error| Self::by(folder, &error))
    }

    /// What the error says that a folder gives when it is listed.
    pub(super) fn by(folder: &Path, error: &io::Error) -> Self {
        let path = folder.to_owned();
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing(path),
            io::ErrorKind::NotADirectory => Self::NoFolder(path),
            _ => Self::Unlisted {
                path,
                why: error.to_string(),
            },
        }
    }

    /// Whether what was there may still be.
    pub(super) fn may_hold(&self) -> bool {
        match self {
            Self::Missing(_) | Self::NoFolder(_) => false,
            Self::Unlisted { .. } | Self::Silent(_) => true,
        }
    }

    /// What mends it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Missing(_) => {
                "make it, or mount what it lies on; `match` of the bay in `[[station.bays]]` says which folder it is. The bay \
                 goes on by itself"
            }
            Self::NoFolder(_) => {
                "put a folder in its place, or name another in `match` of the bay in `[[station.bays]]`; an image is laid \
                 into a folder, and is none itself"
            }
            Self::Unlisted { .. } => {
                "let the user of the station list it, and every folder above it; the bay goes on by itself"
            }
            Self::Silent(_) => {
                "is the server of its file system up, and the way to it? The bay goes on by itself when it answers"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_missing_none_or_well() {
        let folder = tempfile::tempdir().unwrap();
        let within = Duration::from_secs(30);
        assert_eq!(UnusableFolder::of(folder.path(), within), None);
        let path = folder.path().join("inbox");
        let missing = UnusableFolder::of(&path, within).unwrap();
        assert_eq!(missing, UnusableFolder::Missing(path.clone()));
        fs::write(&path, "x").unwrap();
        let file = UnusableFolder::of(&path, within).unwrap();
        assert_eq!(file, UnusableFolder::NoFolder(path.clone()));
        for why in [missing, file] {
            assert!(why.to_string().contains(&path.display().to_string()));
            assert!(why.remedy().contains("[[station.bays]]") && !why.may_hold());
        }
    }
}
