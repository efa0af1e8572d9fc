//! What our readers say of a volume, in the words of the machine.

use filesystems::blocks::Blocks;
use filesystems::content::{self, Walk, printable};
use filesystems::reader::{Options, Refusal};
use filesystems::told::{File, NodeKind, Times, Unloadable};
use filesystems::volumes::{Part, Volume};

use super::errand::{Entry, Thing};
use crate::images::sum;

/// What is said of a volume.
pub(crate) struct Seen {
    /// Which file system: `FAT32`, `exFAT`, `NTFS`, `ext4`.
    pub(crate) kind: &'static str,
    /// All names.
    pub(crate) entries: Vec<Entry>,
    /// What could not be told, or has no path.
    pub(crate) lost: Vec<String>,
    /// Bytes that are used and that nothing told accounts for.
    pub(crate) unaccounted: Option<u64>,
}

/// Reads a volume.
///
/// # Errors
/// What its reader refuses.
pub(crate) fn look(device: &mut dyn Blocks, volume: &Volume) -> Result<Seen, Refusal> {
    let mut part = Part::new(device, volume);
    let mut reader = volume.open(&mut part, &Options::default())?;
    let walk = content::walk(&mut part, reader.as_mut())?;
    let folders = walk.folders.iter().map(|(path, folder)| Entry {
        path: printable(path),
        what: Thing::Folder,
        modified: modified(folder.times),
    });
    let mut entries: Vec<Entry> = folders.collect();
    for (path, file) in &walk.files {
        entries.push(Entry {
            path: printable(path),
            what: thing(&mut part, file),
            modified: modified(file.times),
        });
    }
    Ok(Seen {
        kind: reader.facts().kind,
        entries,
        lost: lost(&walk),
        unaccounted: walk.summary.unaccounted,
    })
}

fn lost(walk: &Walk) -> Vec<String> {
    let damaged = walk.damaged.iter().map(|damaged| {
        let name = printable(damaged.name.as_deref().unwrap_or_default());
        format!("`{name}`: {}", damaged.why)
    });
    let lost = walk.lost.iter().map(|id| format!("{id} has no path"));
    damaged.chain(lost).collect()
}

fn modified(times: Times) -> Option<(i64, u32)> {
    let moment = times.modified?;
    Some((moment.seconds, moment.nanoseconds))
}

fn thing(blocks: &mut dyn Blocks, file: &File) -> Thing {
    if let Err(why) = &file.content {
        return Thing::Unread { why: words(why) };
    }
    match &file.kind {
        NodeKind::SymbolicLink(target) => Thing::Link {
            target: printable(target),
        },
        NodeKind::Special => Thing::Special,
        NodeKind::Regular => match sum(blocks, file) {
            Ok(sum) => Thing::File {
                bytes: file.bytes,
                sum,
            },
            Err(error) => Thing::Unread {
                why: error.to_string(),
            },
        },
    }
}

fn words(why: &Unloadable) -> String {
    match why {
        Unloadable::Encrypted(means) => format!("encrypted by {means}"),
        Unloadable::CloudPlaceholder => "a placeholder of a cloud drive".to_owned(),
        Unloadable::Deduplicated => "deduplicated".to_owned(),
        Unloadable::UnknownFeature(what) => format!("not known here: {what}"),
        Unloadable::Damaged(what) => format!("damaged: {what}"),
    }
}
