//! The volumes of a device, as they are shown.

use disks::disk::Verdict;
use disks::tree::raw::{Loaded, RawTree};
use model::entry::EntryPath;
use model::readable;
use serde::Serialize;
use station::raw::Looked;

use crate::output;

/// Characters of a label that are shown.
const LABEL_CHARS: usize = 32;

/// What becomes of a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Becomes {
    /// Its files are loaded.
    Loaded,
    /// It holds nothing of a customer's, or others were chosen.
    LeftOut,
    /// It cannot be read.
    Refused,
}

/// A volume.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Seen {
    number: u32,
    /// Its type in the partition table.
    #[serde(skip_serializing_if = "Option::is_none")]
    partition_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partition_name: Option<String>,
    /// Where it begins in the device, in bytes.
    offset: u64,
    bytes: u64,
    becomes: Becomes,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_system: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uuid: Option<String>,
    /// The folder of the object keys, where several volumes are loaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<String>,
    /// Why it is not loaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    /// What is to be known of it.
    remarks: Vec<String>,
    files: u64,
    file_bytes: u64,
    /// Names that cannot be loaded.
    unloadable: u64,
}

/// The volumes of a device of which a tree was made.
pub(super) fn seen(looked: &Looked, tree: &RawTree) -> Vec<Seen> {
    let volumes = looked.volumes.iter();
    volumes
        .map(|volume| {
            let number = volume.number;
            let loaded = tree.loaded().iter().find(|it| it.number == number);
            let (becomes, why) = verdict(number, &volume.verdict, loaded, tree);
            let entry = looked.partitions.iter().find(|it| it.number == number);
            let name = entry.map(|entry| entry.name.clone());
            let facts = loaded.map(|loaded| &loaded.facts);
            Seen {
                number,
                partition_type: entry.map(|entry| entry.kind.clone()),
                partition_name: name.filter(|name| !name.is_empty()),
                offset: volume.offset,
                bytes: volume.bytes,
                becomes,
                file_system: facts.map(|facts| facts.kind.to_owned()),
                label: facts
                    .and_then(|facts| facts.label.as_deref())
                    .map(|label| String::from_utf8_lossy(label).into_owned()),
                uuid: facts.and_then(|facts| facts.uuid.clone()),
                folder: loaded.and_then(|loaded| loaded.folder.clone()),
                why,
                remarks: loaded.map_or_else(Vec::new, |loaded| loaded.remarks.clone()),
                files: 0,
                file_bytes: 0,
                unloadable: 0,
            }
        })
        .collect()
}

/// What becomes of a volume, and why it is not loaded.
fn verdict(
    number: u32,
    verdict: &Verdict,
    loaded: Option<&Loaded>,
    tree: &RawTree,
) -> (Becomes, Option<String>) {
    if loaded.is_some() {
        return (Becomes::Loaded, None);
    }
    if let Some(why) = tree.refusal_of(number) {
        return (Becomes::Refused, Some(why.to_owned()));
    }
    match verdict {
        Verdict::System(what) => (Becomes::LeftOut, Some(what.clone())),
        Verdict::Empty => (Becomes::LeftOut, Some("it is empty".to_owned())),
        Verdict::Data => (Becomes::LeftOut, Some("it was not chosen".to_owned())),
        // Of what was not chosen the tree does not say it.
        Verdict::Refused(why) => (Becomes::LeftOut, Some(why.clone())),
    }
}

impl Seen {
    /// Whether a path of the tree lies on it.
    pub(super) fn has(&self, path: &EntryPath) -> bool {
        let is_below = |folder: &String| {
            let rest = path.as_bytes().strip_prefix(folder.as_bytes());
            rest.is_some_and(|rest| rest.first() == Some(&b'/'))
        };
        self.is_loaded() && self.folder.as_ref().is_none_or(is_below)
    }

    /// Counts a name that lies on it; a size is that of a file.
    pub(super) fn count(&mut self, bytes: Option<u64>, is_bad: bool) {
        self.unloadable += u64::from(is_bad);
        if let Some(bytes) = bytes {
            self.files += 1;
            self.file_bytes = self.file_bytes.saturating_add(bytes);
        }
    }

    /// Whether its files are loaded.
    pub(super) fn is_loaded(&self) -> bool {
        self.becomes == Becomes::Loaded
    }

    /// Whether it, or a name on it, cannot be read.
    pub(super) fn is_bad(&self) -> bool {
        self.becomes == Becomes::Refused || self.unloadable > 0
    }

    fn row(&self) -> [String; 7] {
        let text = |text: &Option<String>| match text {
            Some(text) => readable::name(text, LABEL_CHARS),
            None => "-".to_owned(),
        };
        let becomes = match self.becomes {
            Becomes::Loaded => format!(
                "loaded: {} ({})",
                output::count(self.files, "file"),
                output::bytes(self.file_bytes)
            ),
            Becomes::LeftOut => "left out".to_owned(),
            Becomes::Refused => "refused".to_owned(),
        };
        [
            match self.number {
                0 => "whole".to_owned(),
                number => number.to_string(),
            },
            self.offset.to_string(),
            output::bytes(self.bytes),
            text(&self.file_system),
            text(&self.label),
            text(&self.uuid),
            becomes,
        ]
    }

    /// What is said of it below the table.
    fn notes(&self) -> String {
        let name = match self.number {
            0 => "The whole device".to_owned(),
            number => format!("Volume {number}"),
        };
        let bad = (self.unloadable > 0).then(|| {
            let names = output::count(self.unloadable, "name");
            format!("{names} cannot be loaded; --files shows them")
        });
        let said = self.why.iter().chain(&self.remarks).chain(&bad);
        said.map(|said| format!("{name}: {}\n", output::printable(said)))
            .collect()
    }
}

/// The volumes, one line each, and what is to be said of them.
pub(super) fn table(volumes: &[Seen]) -> String {
    let rows: Vec<[String; 7]> = volumes.iter().map(Seen::row).collect();
    let header = [
        "VOLUME", "OFFSET", "SIZE", "HOLDS", "LABEL", "UUID", "BECOMES",
    ];
    let mut text = output::table(header, &rows);
    volumes.iter().for_each(|it| text.push_str(&it.notes()));
    text
}
