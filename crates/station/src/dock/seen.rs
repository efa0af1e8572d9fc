//! What is seen on a block device or image that is docked as it is: told to an operator who may have
//! meant to mount it first.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use model::control::{ClaimRequest, View};
use model::stopped::StopCause;

use super::DockError;
use disks::facts::{Facts, Kind, Use};

/// How much of a device is looked at to call it blank: the first mebibyte, where every file system and
/// partition table has its beginning.
const BLANK_BYTES: u64 = 1 << 20;

/// What is on a block device or image, for a person.
#[derive(Debug)]
pub(super) struct Seen {
    /// `` `/dev/sdb` holds ext4 labelled `PHOTOS` ``.
    pub(super) text: String,
    /// What to do to have its files loaded.
    pub(super) hint: String,
    /// What keeps its files from being loaded, if that is known.
    pub(super) obstacle: Option<StopCause>,
    /// Its size.
    pub(super) bytes: Option<u64>,
}

impl Seen {
    /// Looks at it; only reads.
    pub(super) fn on(device: &Path) -> Self {
        match Facts::of(device, &[]) {
            Ok(facts) => Self::of(&facts),
            Err(error) => Self {
                text: error.to_string(),
                hint: "mount it and dock the mount point".to_owned(),
                obstacle: None,
                bytes: None,
            },
        }
    }

    fn of(facts: &Facts) -> Self {
        let path = facts.path.display();
        let mounted = facts.uses.iter().find_map(|found| match found {
            Use::Mounted { device, at } if *device == facts.path => Some(at.clone()),
            _ => None,
        });
        let (holds, hint, obstacle) = content(facts);
        let (text, hint) = match &mounted {
            Some(at) => (
                format!("`{path}` {holds}, and is mounted at `{}`", at.display()),
                format!("dock the mount point, `{}`", at.display()),
            ),
            None => (format!("`{path}` {holds}"), hint),
        };
        Self {
            text,
            hint,
            obstacle: obstacle.filter(|_| mounted.is_none()),
            bytes: Some(facts.bytes),
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

    /// A server's denial, with what is seen.
    pub(super) fn beside(self, error: DockError) -> DockError {
        match error {
            DockError::Denied {
                code,
                message,
                hint,
                job,
            } => {
                let message = format!("{message}; {}", self.text);
                // Where files are to be read, what was seen says better how.
                let reads_files = code == "WrongView" && hint.starts_with("mount it");
                let hint = if reads_files { self.hint } else { hint };
                DockError::Denied {
                    code,
                    message,
                    hint,
                    job,
                }
            }
            other => other,
        }
    }

    /// Puts what the server may want to know into a claim.
    pub(super) fn tell(&self, request: &mut ClaimRequest, view: View) {
        request.view = Some(view);
        request.obstacle = self.obstacle.filter(|_| view == View::Raw);
        request.bytes = self.bytes;
    }
}

/// What it holds, what to do about it, and what stands against loading its files.
fn content(facts: &Facts) -> (String, String, Option<StopCause>) {
    let kind = facts.content.kind.as_deref();
    let described = format!("holds {}", facts.content);
    let mount = "mount it read-only and dock the mount point".to_owned();
    match kind {
        Some(encrypted @ ("crypto_LUKS" | "BitLocker")) => (
            format!("is encrypted ({encrypted}), which this release does not read"),
            "this release does not unlock devices; ask the customer for one that is not encrypted, \
             or unlock and mount it yourself and dock the mount point"
                .to_owned(),
            Some(StopCause::PasswordNeeded),
        ),
        Some(member) if member.ends_with("_member") => (
            format!("holds {member}: a part of a volume or array"),
            "assemble the volume, mount it read-only and dock the mount point".to_owned(),
            None,
        ),
        Some("swap") => (
            described,
            "there are no files on it; is it the right device?".to_owned(),
            Some(StopCause::FileSystemUnsupported),
        ),
        Some(_) => (described, mount, None),
        None if facts.content.partition_table.is_some() || !facts.partitions.is_empty() => {
            let names: Vec<String> = facts
                .partitions
                .iter()
                .map(|partition| format!("`{}`", partition.display()))
                .collect();
            let which = match names.is_empty() {
                true => "the partition with the files".to_owned(),
                false => format!("the partition with the files ({})", names.join(", ")),
            };
            (
                described,
                format!("mount {which} read-only and dock the mount point"),
                None,
            )
        }
        None => nothing_known(facts),
    }
}

fn nothing_known(facts: &Facts) -> (String, String, Option<StopCause>) {
    let is_blank = is_blank(&facts.path);
    // Of a file it is more likely that its name is mistaken than that the customer sent it.
    let obstacle = (facts.kind != Kind::Image).then_some(StopCause::FileSystemUnsupported);
    let what = match (&facts.kind, is_blank) {
        (Kind::Image, false) => "is a plain file, and no file system is recognised in it",
        (Kind::Disk | Kind::Partition { .. }, false) => {
            "has an unknown content: no file system is recognised on it"
        }
        (_, true) => "is blank: it begins with nothing but zeros",
    };
    (
        format!("{what} ({} bytes)", facts.bytes),
        "is it the right device? Its files cannot be read as it is".to_owned(),
        obstacle,
    )
}

fn is_blank(path: &Path) -> bool {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(BLANK_BYTES).read_to_end(&mut bytes));
    read.is_ok() && !bytes.is_empty() && bytes.iter().all(|byte| *byte == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use disks::facts::{Contents, Identity};

    fn facts(kind: Kind, held: Option<&str>, uses: Vec<Use>) -> Facts {
        Facts {
            path: "/dev/sdz".into(),
            identity: Identity::Block { number: 1 },
            edges: None,
            kind,
            bytes: 1000,
            vendor: None,
            model: None,
            serial: None,
            removable: true,
            rotational: false,
            read_only: false,
            partitions: Vec::new(),
            uses,
            content: Contents {
                kind: held.map(str::to_owned),
                label: held.map(|_| "PHOTOS".to_owned()),
                uuid: None,
                partition_table: None,
            },
        }
    }

    #[test]
    fn what_is_on_a_device_is_said_with_what_to_do() {
        let mounted = Use::Mounted {
            device: "/dev/sdz".into(),
            at: "/mnt/disk".into(),
        };
        let parted = Facts {
            partitions: vec!["/dev/sdz1".into()],
            content: Contents {
                partition_table: Some("gpt".to_owned()),
                ..Contents::default()
            },
            ..facts(Kind::Disk, None, Vec::new())
        };
        for (facts, text, hint, obstacle) in [
            (
                facts(Kind::Disk, Some("ext4"), Vec::new()),
                "`/dev/sdz` holds ext4 labelled `PHOTOS`",
                "mount it read-only and dock the mount point",
                None,
            ),
            (
                facts(Kind::Disk, Some("ext4"), vec![mounted]),
                "`/dev/sdz` holds ext4 labelled `PHOTOS`, and is mounted at `/mnt/disk`",
                "dock the mount point, `/mnt/disk`",
                None,
            ),
            (
                facts(Kind::Disk, Some("crypto_LUKS"), Vec::new()),
                "encrypted (crypto_LUKS), which this release does not read",
                "does not unlock",
                Some(StopCause::PasswordNeeded),
            ),
            (
                parted,
                "a partition table (gpt)",
                "mount the partition with the files (`/dev/sdz1`)",
                None,
            ),
            (
                facts(Kind::Disk, None, Vec::new()),
                "unknown content",
                "right device",
                Some(StopCause::FileSystemUnsupported),
            ),
            (
                facts(Kind::Image, None, Vec::new()),
                "is a plain file",
                "right device",
                None,
            ),
        ] {
            let seen = Seen::of(&facts);
            assert!(seen.text.contains(text), "{seen:?}");
            assert!(seen.hint.contains(hint), "{seen:?}");
            assert_eq!(seen.obstacle, obstacle, "{seen:?}");
        }
    }
}
