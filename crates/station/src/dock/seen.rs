//! What is seen on a block device or image that is docked as it is: told to its operator, and what follows of it to the
//! server.

use std::path::Path;

use disks::disk::{Verdict, Volume};
use disks::facts::Facts;
use disks::tree::raw::RawTree;
use model::control::{ClaimRequest, View};
use model::readable;
use model::stopped::StopCause;

use super::DockError;
use crate::raw::{Looked, RawDisk};

/// Characters of a name that are shown.
const NAME_CHARS: usize = 64;

/// What is on a block device or image, for a person.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// `` `/dev/sdb` (2 TB) has partition 1: NTFS labelled `PHOTOS` ``.
    pub(super) text: String,
    /// What to do to have its files loaded.
    pub(super) hint: String,
    /// Whether its files can be read here.
    pub(super) reads_files: bool,
    /// What keeps its files from being loaded, if that is known.
    pub(super) obstacle: Option<StopCause>,
    /// Its size.
    pub(super) bytes: Option<u64>,
}

impl Seen {
    /// What is on a device that was looked at, and on those of its volumes that are listed in a tree.
    pub(super) fn on(disk: &RawDisk, tree: Option<&RawTree>) -> Self {
        let bytes = disk.device().bytes();
        let name = format!("`{}` ({})", disk.path().display(), readable::bytes(bytes));
        match disk.looked() {
            Ok(looked) => Self {
                bytes: Some(bytes),
                ..Self::of(&name, looked, tree, disk.is_image())
            },
            Err(error) => Self {
                text: format!("{name} could not be looked at: {}", super::chain(error)),
                hint: "mount it read-only, where this host can, and dock the mount point"
                    .to_owned(),
                reads_files: false,
                obstacle: None,
                bytes: Some(bytes),
            },
        }
    }

    fn of(name: &str, looked: &Looked, tree: Option<&RawTree>, is_image: bool) -> Self {
        let volumes = looked.volumes.iter();
        let volumes: Vec<String> = volumes.map(|it| volume(it, tree)).collect();
        let text = match volumes.is_empty() {
            true => format!("{name} has no partitions"),
            false => format!("{name} has {}", volumes.join("; ")),
        };
        let is_wrong = !looked.wrong.is_empty();
        let reads_files = !is_wrong
            && match tree {
                Some(tree) => !tree.loaded().is_empty(),
                None => looked.has_files(),
            };
        let (hint, obstacle) = match (reads_files, looked.encrypted.is_empty()) {
            _ if is_wrong => (
                "ask the customer for the right one and dock the device again with `--unlock -`, which asks for it, or \
                 with --key-file; in a bay `longshore bay unlock` asks for it",
                Some(StopCause::PasswordWrong),
            ),
            (true, _) => (
                "write its SIGNATURE into the root of the volume, or dock it again with --signature and what a \
                 scanner types",
                None,
            ),
            (false, false) => (
                "dock it again with `--unlock -`, which asks for its password, or with --key-file; with --signature and \
                 what a scanner types, the password of its manifest is tried; in a bay \
                 `longshore bay unlock` asks for it",
                Some(StopCause::PasswordNeeded),
            ),
            (false, true) if looked.is_opened => (
                "what opens it is right, and within it is no file system that is read here: is it the right device? Ask the \
                 customer for a copy of its files on ext4, NTFS, exFAT or FAT",
                Some(StopCause::FileSystemUnsupported),
            ),
            (false, true) => (
                "is it the right device? Its files cannot be read as it is; where this host can mount it, mount it \
                 read-only and dock the mount point",
                // Of a file in which nothing is known it is more likely that its name is mistaken than that the
                // customer sent it.
                (!is_image || looked.table.is_some() || looked.is_recognised)
                    .then_some(StopCause::FileSystemUnsupported),
            ),
        };
        Self {
            text,
            hint: hint.to_owned(),
            reads_files,
            obstacle,
            bytes: None,
        }
    }

    /// What is known of a device that is to be formatted, or was for its job.
    pub(super) fn to_fill(device: &Path, facts: Option<&Facts>) -> Self {
        Self {
            text: facts.map_or_else(|| format!("`{}`", device.display()), Facts::to_string),
            hint: "dock it without --format".to_owned(),
            reads_files: false,
            obstacle: None,
            bytes: facts.map(|facts| facts.bytes),
        }
    }

    /// The docking of a device that names no job, and that nobody said anything of.
    pub(super) fn refuse(self) -> DockError {
        let hint = format!(
            "no job was changed. For an import of files: {}. For the image of a device: dock it \
             again with --signature and what a scanner types from its sheet. To fill it for an \
             export: --format, which destroys what is on it",
            self.hint
        );
        DockError::NotAsItIs {
            seen: format!("{}; nothing says which job it is for", self.text),
            hint,
        }
    }

    /// The docking for an import of a device on which no volume can be read. What it begins as may have said otherwise.
    pub(super) fn unreadable(self) -> DockError {
        DockError::NothingReadable {
            cause: self.obstacle.unwrap_or(StopCause::FileSystemUnsupported),
            seen: self.text,
            hint: format!("the job was not ended; {}", self.hint),
        }
    }

    /// A server's denial, with what is seen.
    pub(super) fn beside(self, error: DockError) -> DockError {
        match error {
            DockError::Denied {
                code,
                message,
                hint,
                job,
                cause,
            } => {
                let message = format!("{message}; {}", self.text);
                // Where files are to be read, what was seen says better how.
                let wants_files = code == "WrongView" && hint.starts_with("mount it");
                let cause = cause.or(self.obstacle.filter(|_| wants_files));
                let hint = match (wants_files, self.reads_files) {
                    (false, _) => hint,
                    (true, false) => self.hint,
                    (true, true) => "the server is of an earlier release, which loads no files from a device \
                                     that is not mounted: mount it read-only and dock the mount point"
                        .to_owned(),
                };
                DockError::Denied {
                    code,
                    message,
                    hint,
                    job,
                    cause,
                }
            }
            other => other,
        }
    }

    /// Puts what the server may want to know into a claim.
    pub(super) fn tell(&self, request: &mut ClaimRequest, view: View) {
        let is_raw = view == View::Raw;
        request.view = Some(view);
        request.reads_files = is_raw && self.reads_files;
        request.obstacle = self.obstacle.filter(|_| is_raw);
        request.bytes = self.bytes;
    }
}

/// A volume, for a person.
fn volume(volume: &Volume, tree: Option<&RawTree>) -> String {
    let name = match volume.number {
        0 => "no partition table".to_owned(),
        number => format!("partition {number}"),
    };
    format!("{name}: {}", holds(volume, tree))
}

/// What a volume holds.
fn holds(volume: &Volume, tree: Option<&RawTree>) -> String {
    match &volume.verdict {
        Verdict::Empty => "it is blank".to_owned(),
        Verdict::System(what) => what.clone(),
        Verdict::Refused(why) => why.clone(),
        Verdict::Data => listed(volume.number, tree),
    }
}

/// What is said of a volume that can be read, as far as its beginning says.
fn listed(number: u32, tree: Option<&RawTree>) -> String {
    let Some(tree) = tree else {
        return "files that can be read".to_owned();
    };
    if let Some(loaded) = tree.loaded().iter().find(|it| it.number == number) {
        let facts = &loaded.facts;
        let label = facts.label.as_deref().map(String::from_utf8_lossy);
        let label = label.map(|label| readable::name(&label, NAME_CHARS));
        return match label {
            Some(label) => format!("{} labelled `{label}`", facts.kind),
            None => facts.kind.to_owned(),
        };
    }
    match tree.refusal_of(number) {
        Some(why) => why.to_owned(),
        None => "not chosen".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(verdicts: &[Verdict], table: Option<&'static str>, is_image: bool) -> Seen {
        let first = u32::from(table.is_some());
        let volumes = (first..).zip(verdicts).map(|(number, verdict)| Volume {
            number,
            offset: 0,
            bytes: 1000,
            verdict: verdict.clone(),
        });
        let volumes: Vec<Volume> = volumes.collect();
        let refused = volumes.iter().filter(|it| match &it.verdict {
            Verdict::Refused(why) => why.contains("encrypted"),
            Verdict::Data | Verdict::System(_) | Verdict::Empty => false,
        });
        let looked = Looked {
            is_recognised: volumes.iter().any(|it| match &it.verdict {
                Verdict::Refused(why) => why.contains("Btrfs"),
                Verdict::Data | Verdict::System(_) => true,
                Verdict::Empty => false,
            }),
            encrypted: refused.map(|it| it.number).collect(),
            table,
            volumes: volumes.clone(),
            ..Looked::default()
        };
        Seen::of("`/dev/sdz` (2 TB)", &looked, None, is_image)
    }

    #[test]
    fn what_is_on_a_device_is_said_with_what_to_do() {
        let luks = Verdict::Refused("the volume is encrypted with LUKS".to_owned());
        let raid = Verdict::Refused("the volume is one disk of an array".to_owned());
        let efi = Verdict::System("EFI system partition".to_owned());
        for (verdicts, table, text, hint, obstacle) in [
            (
                vec![efi.clone(), Verdict::Data],
                Some("GPT"),
                "`/dev/sdz` (2 TB) has partition 1: EFI system partition; partition 2: files that can be read",
                "write its SIGNATURE into the root",
                None,
            ),
            (
                vec![luks],
                None,
                "no partition table: the volume is encrypted with LUKS",
                "`--unlock -`",
                Some(StopCause::PasswordNeeded),
            ),
            (
                vec![efi, raid],
                Some("GPT"),
                "partition 2: the volume is one disk of an array",
                "right device",
                Some(StopCause::FileSystemUnsupported),
            ),
        ] {
            let seen = of(&verdicts, table, false);
            assert!(seen.text.contains(text), "{seen:?}");
            assert!(seen.hint.contains(hint), "{seen:?}");
            assert_eq!(seen.obstacle, obstacle, "{seen:?}");
            assert_eq!(seen.reads_files, obstacle.is_none(), "{seen:?}");
        }
        let nothing = Verdict::Refused("holds no file system".to_owned());
        let file = of(std::slice::from_ref(&nothing), None, true);
        assert_eq!(file.obstacle, None, "its name may be mistaken");
        let device = of(&[nothing], None, false);
        assert_eq!(device.obstacle, Some(StopCause::FileSystemUnsupported));
        let btrfs = Verdict::Refused("the volume is Btrfs".to_owned());
        let image = of(&[btrfs], None, true);
        let obstacle = Some(StopCause::FileSystemUnsupported);
        assert_eq!(
            image.obstacle, obstacle,
            "a name is not mistaken that often"
        );
    }

    #[test]
    fn a_server_of_an_earlier_release_is_told_from_a_device_that_cannot_be_read() {
        let denied = |seen: Seen| {
            let error = seen.beside(DockError::Denied {
                code: "WrongView".to_owned(),
                message: "no".to_owned(),
                hint: "mount it read-only and dock the mount point".to_owned(),
                job: None,
                cause: None,
            });
            match error {
                DockError::Denied { hint, .. } => hint,
                other => panic!("{other}"),
            }
        };
        let readable = denied(of(&[Verdict::Data], None, false));
        assert!(readable.contains("earlier release"), "{readable}");
        let empty = denied(of(&[Verdict::Empty], None, false));
        assert!(empty.contains("right device"), "{empty}");
    }
}
