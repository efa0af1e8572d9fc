//! Which device an import was begun on. Another one in its place would be loaded from where the first one
//! stopped, and the job closed over what is only on the first.
//!
//! A device is known by its file system's identifier and its root's number there, never by the path it is
//! mounted on: a copy of a whole disk is the same device, a copy of its files is not. What is read without being mounted
//! is known by its volumes, and is the same as a folder where its only one is mounted.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::signature::is_mount_point;
use super::{DockError, Errand};
use disks::disk::{self, Verdict};
use disks::facts::Contents;
use disks::tree::raw::RawTree;

/// The file of a job's folder that says which device its import was begun on.
const SOURCE: &str = "source";

/// The first line of it.
const FORMAT: &str = "longshore-source 1";

/// How the line of a volume begins.
const VOLUME: &str = "volume ";

/// What EXT2, EXT3 and EXT4 call themselves (`statfs(2)`).
const EXT_SUPER_MAGIC: rustix::fs::FsWord = 0xEF53;

/// A device, as it is known again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// A folder, where a file system is mounted or not.
    Folder {
        /// What tells its file system from others.
        file_system: String,
        /// The number of the folder in it.
        root: u64,
    },
    /// Volumes that are read without being mounted: all that are to be loaded, in the order of their numbers.
    Volumes(Vec<Volume>),
}

/// A volume, as it is known again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Volume {
    number: u32,
    bytes: u64,
    /// The kind of its file system and its identifier; none if it could not be read.
    file_system: Option<(String, String)>,
}

/// Keeps which device the import is begun on, and refuses another one later, unless the operator says that
/// it is meant. A tree that is no device of this host has nothing to tell.
pub(super) fn must_be_the_same(
    errand: &Errand<'_>,
    found: Option<Source>,
) -> Result<(), DockError> {
    let Some(found) = found else {
        return Ok(());
    };
    let kept = errand.folder.join(SOURCE);
    let unusable = |source: io::Error| DockError::Folder {
        path: kept.clone(),
        source,
    };
    match fs::read_to_string(&kept) {
        Ok(begun_on) if Source::parse(&begun_on).is_some_and(|it| it.is_same(&found)) => {
            return Ok(());
        }
        Ok(_) if !errand.docking.other_device => {
            return Err(DockError::OtherDevice {
                job: errand.claim.job,
                path: errand.device.to_owned(),
            });
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(unusable(error)),
    }
    durable::replace(&kept, found.render().as_bytes()).map_err(unusable)
}

impl Source {
    /// The folder at `root`; `None` if it cannot be asked.
    pub(super) fn of_folder(root: &Path) -> Option<Self> {
        let own = fs::metadata(root).ok()?;
        let ext = ext_identifier(root).ok().flatten();
        let file_system = ext
            .map(|id| format!("ext {id}"))
            .or_else(|| of_mounted(root))
            .unwrap_or_else(|| format!("device {:x}", own.dev()));
        Some(Self::Folder {
            file_system,
            root: own.ino(),
        })
    }

    /// The volumes that are to be loaded: those that were `chosen`, or all that hold data. What they hold tells `tree`.
    pub(super) fn of_volumes(volumes: &[disk::Volume], chosen: &[u32], tree: &RawTree) -> Self {
        let is_loaded = |it: &&disk::Volume| {
            it.verdict == Verdict::Data && (chosen.is_empty() || chosen.contains(&it.number))
        };
        let volume = |it: &disk::Volume| {
            let loaded = tree
                .loaded()
                .iter()
                .find(|loaded| loaded.number == it.number);
            let facts = loaded.map(|loaded| &loaded.facts);
            let file_system = facts.and_then(|facts| {
                let uuid = facts.uuid.clone()?;
                Some((facts.kind.to_owned(), uuid))
            });
            // A file system without a table keeps its size on a larger disk.
            let whole = facts.filter(|_| it.number == 0).map(|facts| facts.bytes);
            Volume {
                number: it.number,
                bytes: whole.unwrap_or(it.bytes),
                file_system,
            }
        };
        Self::Volumes(volumes.iter().filter(is_loaded).map(volume).collect())
    }

    /// Whether both are one device. Where a volume could not be read, the others say it.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Folder { .. }, Self::Folder { .. }) => self == other,
            (Self::Volumes(ours), Self::Volumes(theirs)) => {
                let is_known = |(one, other): (&Volume, &Volume)| {
                    one.file_system.is_some() && one.file_system == other.file_system
                };
                ours.len() == theirs.len()
                    && ours
                        .iter()
                        .zip(theirs)
                        .all(|(one, other)| one.may_be(other))
                    && ours.iter().zip(theirs).any(is_known)
            }
            (Self::Folder { file_system, root }, Self::Volumes(volumes))
            | (Self::Volumes(volumes), Self::Folder { file_system, root }) => match &volumes[..] {
                [only] => only.is_mounted_as(file_system, *root),
                _ => false,
            },
        }
    }

    fn render(&self) -> String {
        let lines = match self {
            Self::Folder { file_system, root } => format!("{file_system}, root {root}\n"),
            Self::Volumes(volumes) => volumes.iter().map(Volume::render).collect(),
        };
        format!("{FORMAT}\n{lines}")
    }

    fn parse(text: &str) -> Option<Self> {
        let lines = text.strip_prefix(FORMAT)?.trim_start();
        if !lines.starts_with(VOLUME) {
            let (file_system, root) = lines.trim_end().rsplit_once(", root ")?;
            return Some(Self::Folder {
                file_system: file_system.to_owned(),
                root: root.parse().ok()?,
            });
        }
        let volumes: Option<Vec<Volume>> = lines.lines().map(Volume::parse).collect();
        volumes.map(Self::Volumes)
    }
}

impl Volume {
    fn may_be(&self, other: &Self) -> bool {
        let is_one = match (&self.file_system, &other.file_system) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => true,
        };
        is_one && (self.number, self.bytes) == (other.number, other.bytes)
    }

    /// Whether it is what is mounted where a folder is its root: the same paths lead to the same files.
    fn is_mounted_as(&self, file_system: &str, root: u64) -> bool {
        let Some((kind, uuid)) = &self.file_system else {
            return false;
        };
        let is_ext = kind.starts_with("ext");
        let of_root = match kind.as_str() {
            _ if is_ext => 2,
            "NTFS" => 5,
            _ => 1,
        };
        let by_kernel = is_ext.then(|| ext_fsid(uuid)).flatten();
        let is_it = by_kernel.is_some_and(|id| file_system == format!("ext {id:016x}"))
            || file_system == format!("file system {uuid}");
        is_it && root == of_root
    }

    fn render(&self) -> String {
        let Self {
            number,
            bytes,
            file_system,
        } = self;
        let known = file_system.as_ref();
        let known = known.map_or_else(String::new, |(kind, uuid)| format!(", {kind} {uuid}"));
        format!("{VOLUME}{number}, {bytes} bytes{known}\n")
    }

    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.strip_prefix(VOLUME)?.splitn(3, ", ");
        let number = fields.next()?.parse().ok()?;
        let bytes = fields.next()?.strip_suffix(" bytes")?.parse().ok()?;
        let known = fields.next().map(|known| known.split_once(' '));
        let file_system = match known {
            None => None,
            Some(known) => known.map(|(kind, uuid)| Some((kind.to_owned(), uuid.to_owned())))?,
        };
        Some(Self {
            number,
            bytes,
            file_system,
        })
    }
}

/// The number that the kernel makes of the identifier of an EXT file system (`uuid_to_fsid`).
fn ext_fsid(uuid: &str) -> Option<u64> {
    let digits: String = uuid.chars().filter(|c| *c != '-').collect();
    let half = |half: Option<&str>| u64::from_str_radix(half?, 16).ok().map(u64::swap_bytes);
    (digits.len() == 32).then_some(())?;
    Some(half(digits.get(..16))? ^ half(digits.get(16..))?)
}

/// What tells the EXT file system at `root` from others, also when it is mounted again; `None` for other file
/// systems. The kernel makes it of the identifier that `mkfs` gave, and everybody may ask.
///
/// # Errors
/// If the file system does not answer.
pub(super) fn ext_identifier(root: &Path) -> io::Result<Option<String>> {
    let is_ext = rustix::fs::statfs(root)?.f_type == EXT_SUPER_MAGIC;
    let id = rustix::fs::statvfs(root)?.f_fsid;
    Ok(is_ext.then(|| format!("{id:016x}")))
}

/// The identifier of the file system that is mounted here or, of what has none, where it was mounted from.
fn of_mounted(root: &Path) -> Option<String> {
    if is_mount_point(root) != Some(true) {
        return None;
    }
    let source = disks::facts::mounted_from(mount_id(root)?)?;
    match Contents::probe(&source)
        .ok()
        .and_then(|content| content.uuid)
    {
        Some(uuid) => Some(format!("file system {uuid}")),
        None if source.starts_with("/dev") => None,
        None => Some(format!("mounted from {}", source.display())),
    }
}

fn mount_id(root: &Path) -> Option<u64> {
    use rustix::fs::{AtFlags, CWD, StatxFlags, statx};
    let found = statx(CWD, root, AtFlags::empty(), StatxFlags::MNT_ID).ok()?;
    Some(found.stx_mnt_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(root: &Path) -> Option<String> {
        Source::of_folder(root).map(|source| source.render())
    }

    fn volumes(known: &[(u32, Option<&str>)]) -> Source {
        let volume = |(number, uuid): &(u32, Option<&str>)| Volume {
            number: *number,
            bytes: 4096,
            file_system: uuid.map(|uuid| ("NTFS".to_owned(), uuid.to_owned())),
        };
        Source::Volumes(known.iter().map(volume).collect())
    }

    fn folder(file_system: &str, root: u64) -> Source {
        Source::Folder {
            file_system: file_system.to_owned(),
            root,
        }
    }

    #[test]
    fn what_was_written_is_read_again_and_is_itself() {
        for source in [
            folder("ext 00ab", 2),
            folder("mounted from a, root 3", 5),
            volumes(&[(0, Some("4A"))]),
            volumes(&[(1, Some("4A, b c")), (3, None)]),
        ] {
            let text = source.render();
            assert_eq!(Source::parse(&text).as_ref(), Some(&source), "{text}");
            assert!(source.is_same(&source), "{text}");
        }
        // As every release has written it.
        let kept = "longshore-source 1\nfile system 12AB-34CD, root 1\n";
        assert_eq!(folder("file system 12AB-34CD", 1).render(), kept);
        for text in [
            "",
            "longshore-source 1\n",
            "longshore-source 2\nvolume 1, 4 bytes\n",
        ] {
            assert_eq!(Source::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_raw_device_is_known_by_the_volumes_that_are_loaded() {
        let whole = volumes(&[(1, Some("A")), (3, Some("B"))]);
        for (other, is_same) in [
            (volumes(&[(1, Some("A")), (3, Some("B"))]), true),
            // One could not be read, this time or before.
            (volumes(&[(1, Some("A")), (3, None)]), true),
            (volumes(&[(1, None), (3, None)]), false),
            (volumes(&[(1, Some("A")), (3, Some("C"))]), false),
            // The paths are others where one alone is loaded, or another.
            (volumes(&[(1, Some("A"))]), false),
            (volumes(&[(1, Some("A")), (2, Some("B"))]), false),
            (folder("file system A", 5), false),
        ] {
            assert_eq!(whole.is_same(&other), is_same, "{other:?}");
            assert_eq!(other.is_same(&whole), is_same, "{other:?}");
        }
        let mut shorter = volumes(&[(1, Some("A"))]);
        if let Source::Volumes(volumes) = &mut shorter {
            volumes[0].bytes -= 512;
        }
        assert!(!shorter.is_same(&volumes(&[(1, Some("A"))])));
    }

    #[test]
    fn a_folder_is_the_only_volume_of_a_raw_device_where_its_root_is_mounted() {
        let only = volumes(&[(2, Some("4A5B"))]);
        for (folder, is_same) in [
            (folder("file system 4A5B", 5), true),
            (folder("file system 4A5B", 77), false),
            (folder("file system FFFF", 5), false),
            (folder("device 801", 5), false),
        ] {
            assert_eq!(only.is_same(&folder), is_same, "{folder:?}");
            assert_eq!(folder.is_same(&only), is_same, "{folder:?}");
        }
        let ext = Source::Volumes(vec![Volume {
            number: 1,
            bytes: 1,
            file_system: Some((
                "ext4".to_owned(),
                "01020304-0506-0708-1112-131415161718".to_owned(),
            )),
        }]);
        assert!(ext.is_same(&folder("ext 1010101010101010", 2)));
        assert!(!ext.is_same(&folder("ext 1010101010101011", 2)));
        assert_eq!(ext_fsid("12AB-34CD"), None);
        assert_eq!(ext_fsid("é"), None);
    }

    #[test]
    fn a_folder_is_known_by_what_it_is_and_not_by_its_name() {
        let here = tempfile::tempdir().unwrap();
        let (a, b, c) = (
            here.path().join("a"),
            here.path().join("b"),
            here.path().join("c"),
        );
        fs::create_dir(&a).unwrap();
        fs::create_dir(&b).unwrap();
        let first = identity(&a).unwrap();
        assert_eq!(identity(&a).unwrap(), first);
        assert_ne!(identity(&b).unwrap(), first);
        fs::rename(&a, &c).unwrap();
        fs::rename(&b, &a).unwrap();
        assert_eq!(identity(&c).unwrap(), first, "it has another name");
        assert_ne!(identity(&a).unwrap(), first, "another has its name");
        assert_eq!(identity(&here.path().join("nothing")), None);
    }
}
