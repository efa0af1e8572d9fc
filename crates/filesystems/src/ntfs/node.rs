//! Everything that the records of one file or folder say of it.

use std::collections::BTreeMap;

use super::attribute::{
    ATTRIBUTE_LIST, Attribute, Body, DATA, FILE_NAME, INDEX_ROOT, LOGGED_UTILITY_STREAM,
    REPARSE_POINT, STANDARD_INFORMATION, attributes, attributes_before_damage,
};
use super::attribute_list::{LIST_BYTES, ListEntry, entries};
use super::bytes::long_place_at;
use super::names::{FileName, counted, wtf8};
use super::record::{FileRecord, Reference};
use super::reparse::{self, Meaning};
use super::runs::RunLimits;
use super::source::{Metered, Stop};
use super::stream::DataStream;
use super::table::MasterTable;
use super::times;
use crate::fields::le16;
use crate::reader::Refusal;
use crate::told::{Times, Unloadable};

/// The longest reparse point in bytes (MS-FSCC: 16 KiB), its header included.
const REPARSE_BYTES: u64 = (16 << 10) + 8;
/// The index of the names in a folder.
const NAMES_INDEX: &[u8] = b"$I30";
/// Further records of one file that are kept while its list is followed.
const KEPT_RECORDS: usize = 32;

/// A file or folder.
#[derive(Debug)]
pub(super) struct Node {
    /// Its first record.
    pub(super) reference: Reference,
    /// Whether it is a folder.
    pub(super) is_folder: bool,
    /// Whether the index of a folder has no names.
    is_empty: bool,
    /// Its times.
    pub(super) times: Times,
    /// Whether it says that all of it is here, and not in a cloud drive.
    pub(super) is_here: bool,
    /// Its names that count.
    pub(super) names: Vec<FileName>,
    /// Why names of it may be missing.
    pub(super) names_lost: Option<String>,
    /// Why any attribute of it may be missing.
    pub(super) lost: Option<String>,
    /// What else it is than a file or folder.
    pub(super) meaning: Option<Result<Meaning, Unloadable>>,
    /// All attributes but times and names, by type and name.
    streams: BTreeMap<(u32, Vec<u8>), DataStream>,
    /// The runs of all of these.
    runs: usize,
}

impl Node {
    fn new(record: &FileRecord<'_>) -> Self {
        Self {
            reference: record.reference,
            is_folder: record.is_folder,
            is_empty: false,
            times: Times::default(),
            is_here: false,
            names: Vec::new(),
            names_lost: None,
            lost: None,
            meaning: None,
            streams: BTreeMap::new(),
            runs: 0,
        }
    }

    /// An attribute by type and name; `None` if there is none.
    pub(super) fn stream(&self, kind: u32, name: &[u8]) -> Option<&DataStream> {
        self.streams.get(&(kind, name.to_vec()))
    }

    /// All attributes but times and names.
    pub(super) fn streams(&self) -> impl Iterator<Item = &DataStream> {
        self.streams.values()
    }

    /// The further streams: those of content that have a name.
    pub(super) fn named(&self) -> impl Iterator<Item = (&[u8], &DataStream)> {
        let all = self.streams.iter();
        let named = all.filter(|((kind, name), _)| *kind == DATA && !name.is_empty());
        named.map(|((_, name), stream)| (&name[..], stream))
    }

    /// Whether it has keys of EFS.
    pub(super) fn has_keys(&self) -> bool {
        self.stream(LOGGED_UTILITY_STREAM, b"$EFS").is_some()
    }

    /// Whether it is a folder in which things lie here: not a link, and no empty placeholder of what is elsewhere.
    pub(super) fn is_walked(&self) -> bool {
        self.is_folder
            && match &self.meaning {
                None | Some(Err(_) | Ok(Meaning::Packed(_))) => true,
                Some(Ok(Meaning::Link(_) | Meaning::Special)) => false,
                Some(Ok(Meaning::Cloud)) => self.is_here || !self.is_empty,
                Some(Ok(Meaning::Unknown { is_elsewhere, .. })) => !is_elsewhere && !self.is_empty,
            }
    }

    fn add(&mut self, attribute: &Attribute<'_>, limits: RunLimits) {
        match (attribute.kind, attribute.body) {
            (STANDARD_INFORMATION, Body::Resident(value)) => {
                self.times = times::parse(value);
                self.is_here = times::is_here(value);
            }
            (FILE_NAME, Body::Resident(value)) => match FileName::parse(value) {
                Some(name) => self.names.push(name),
                None => self.names_lost = Some("a name of it is damaged".to_owned()),
            },
            (FILE_NAME, Body::Spread(_)) => {
                self.names_lost = Some("a name of it is damaged".to_owned());
            }
            _ => self.add_stream(attribute, limits),
        }
    }

    fn add_stream(&mut self, attribute: &Attribute<'_>, limits: RunLimits) {
        let name = wtf8(attribute.name);
        if let (INDEX_ROOT, NAMES_INDEX, Body::Resident(root)) =
            (attribute.kind, &name[..], attribute.body)
        {
            self.is_folder = true;
            self.is_empty = is_empty_index(root).unwrap_or(false);
        }
        let stream = self.streams.entry((attribute.kind, name)).or_default();
        let before = stream.runs().len();
        let left = limits.runs.saturating_sub(self.runs);
        let runs = before.saturating_add(left);
        stream.add(attribute, RunLimits { runs, ..limits });
        self.runs += stream.runs().len().saturating_sub(before);
    }

    /// Says that an attribute that should be there is not.
    fn miss(&mut self, entry: &ListEntry<'_>, why: &str) {
        match entry.kind {
            STANDARD_INFORMATION => {}
            FILE_NAME => self.names_lost = Some(why.to_owned()),
            kind => {
                let key = (kind, wtf8(entry.name));
                self.streams.entry(key).or_default().spoil(why);
            }
        }
    }

    fn lose(&mut self, why: &str) {
        self.lost = Some(why.to_owned());
        self.names_lost = Some(why.to_owned());
    }
}

/// Whether the root of an index has no entry but the one that ends it, and nothing below.
fn is_empty_index(root: &[u8]) -> Option<bool> {
    let entries = root.get(16..)?;
    let first = entries.get(long_place_at(entries, 0)?..)?;
    let flags = le16(first, 12)?;
    Some(flags & 3 == 2)
}

/// Gathers what the records of something say, beginning with the first.
///
/// # Errors
///
/// What concerns the volume; what concerns this one is in what is gathered.
pub(super) fn gather(
    source: &mut Metered<'_>,
    table: &MasterTable,
    limits: RunLimits,
    record: &FileRecord<'_>,
) -> Result<Node, Refusal> {
    let mut node = Node::new(record);
    let (own, is_whole) = attributes_before_damage(record.attributes);
    if let Err(why) = is_whole {
        node.lose(why);
    }
    match own.iter().find(|it| it.kind == ATTRIBUTE_LIST) {
        None => own.iter().for_each(|it| node.add(it, limits)),
        Some(list) => {
            node.add_stream(list, limits);
            gather_listed(source, table, limits, record, &own, &mut node)?;
        }
    }
    node.names = counted(std::mem::take(&mut node.names));
    node.meaning = meaning(source, table, &node)?;
    Ok(node)
}

/// Gathers what a list of attributes tells.
fn gather_listed(
    source: &mut Metered<'_>,
    table: &MasterTable,
    limits: RunLimits,
    record: &FileRecord<'_>,
    own: &[Attribute<'_>],
    node: &mut Node,
) -> Result<(), Refusal> {
    let list = node
        .stream(ATTRIBUTE_LIST, b"")
        .cloned()
        .unwrap_or_default();
    let list = whole(list.bytes(source, table.geometry(), LIST_BYTES))?;
    let listed = match &list {
        Ok(list) => entries(list),
        Err(why) => Err(&why[..]),
    };
    let listed = match listed {
        Ok(listed) => listed,
        Err(why) => {
            node.lose(why);
            own.iter().for_each(|it| node.add(it, limits));
            return Ok(());
        }
    };
    let mut further = FurtherRecords::default();
    for entry in listed.iter().filter(|it| it.kind != ATTRIBUTE_LIST) {
        if entry.record.number == record.reference.number {
            take(node, entry, own, limits);
            continue;
        }
        match whole(further.get(source, table, record.reference, entry.record))? {
            Ok(bytes) => match further_attributes(bytes, record.reference, entry.record) {
                Ok(found) => take(node, entry, &found, limits),
                Err(why) => node.miss(entry, why),
            },
            Err(why) => node.miss(entry, &why),
        }
    }
    Ok(())
}

/// Takes the attribute of `entry` from those of its record.
fn take(node: &mut Node, entry: &ListEntry<'_>, found: &[Attribute<'_>], limits: RunLimits) {
    match found.iter().find(|it| entry.is_of(it)) {
        Some(attribute) => node.add(attribute, limits),
        None => node.miss(entry, "an attribute of it is not where it should be"),
    }
}

/// What is damaged in one file, as a value; what concerns the volume, as the error.
fn whole<T>(got: Result<T, Stop>) -> Result<Result<T, String>, Refusal> {
    match got {
        Ok(value) => Ok(Ok(value)),
        Err(Stop::Volume(refusal)) => Err(refusal),
        Err(Stop::File(Unloadable::Damaged(why))) => Ok(Err(why)),
        Err(Stop::File(other)) => Ok(Err(format!("{other:?}"))),
    }
}

/// What its reparse point says, if it has one.
fn meaning(
    source: &mut Metered<'_>,
    table: &MasterTable,
    node: &Node,
) -> Result<Option<Result<Meaning, Unloadable>>, Refusal> {
    let Some(point) = node.stream(REPARSE_POINT, b"") else {
        return Ok(None);
    };
    let bytes = match point.fault() {
        Some(why) => Err(why.to_owned()),
        None => whole(point.bytes(source, table.geometry(), REPARSE_BYTES))?,
    };
    Ok(Some(match bytes {
        Ok(bytes) => reparse::parse(&bytes),
        Err(why) => Err(Unloadable::Damaged(format!("its reparse point: {why}"))),
    }))
}

/// The further records of one file, of which a few are kept.
#[derive(Debug, Default)]
struct FurtherRecords {
    kept: BTreeMap<u64, Vec<u8>>,
}

impl FurtherRecords {
    /// Record `wanted` of what begins with `base`.
    fn get(
        &mut self,
        source: &mut Metered<'_>,
        table: &MasterTable,
        base: Reference,
        wanted: Reference,
    ) -> Result<&[u8], Stop> {
        if wanted.number == base.number {
            return Err(Stop::damaged("its records are crossed"));
        }
        if !self.kept.contains_key(&wanted.number) {
            if self.kept.len() >= KEPT_RECORDS {
                self.kept.clear();
            }
            let record = table.record(source, wanted.number)?;
            self.kept.insert(wanted.number, record);
        }
        let kept = self.kept.get(&wanted.number);
        kept.map(Vec::as_slice)
            .ok_or_else(|| Stop::damaged("a record of it is not there"))
    }
}

/// The attributes of a further record, which must say that it is one of `base`.
fn further_attributes(
    bytes: &[u8],
    base: Reference,
    wanted: Reference,
) -> Result<Vec<Attribute<'_>>, &'static str> {
    let record = FileRecord::parse(bytes, wanted.number)?;
    if !record.is_used || record.reference != wanted || record.base != base {
        return Err("a further record of it belongs to something else");
    }
    attributes(record.attributes)
}
