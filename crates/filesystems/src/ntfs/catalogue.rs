//! The scan: $MFT from its first record to its last, and what is told of each.

use std::ops::ControlFlow;

use super::attribute::DATA;
use super::claims::Claims;
use super::content::{Holding, further_streams, holding};
use super::folders::{EXTEND, FolderFacts, Folders, ROOT, Standing, is_system};
use super::names::FileName;
use super::node::{Node, gather};
use super::record::FileRecord;
use super::remarks::Noticed;
use super::reparse::Meaning;
use super::runs::RunLimits;
use super::source::{Metered, Stop};
use super::table::{MasterTable, repair};
use crate::limits::Limits;
use crate::reader::Refusal;
use crate::told::{Damaged, File, Folder, Summary, Told, Unloadable, What};

/// Bytes of $MFT that are read at a time.
const PIECE: usize = 256 << 10;
/// The record of $Bitmap.
const BITMAP_FILE: u64 = 6;
/// What lies in this file says whether Windows sleeps.
const HIBERNATION: &[u8] = b"hiberfil.sys";

/// Who is told.
type Tell<'a> = &'a mut dyn FnMut(Told) -> ControlFlow<()>;

/// A scan under way.
pub(super) struct Scan<'a, 'b> {
    source: &'a mut Metered<'b>,
    table: &'a MasterTable,
    limits: &'a Limits,
    tell: Tell<'a>,
    folders: Folders,
    claims: Claims,
    noticed: Noticed,
    /// The record at which the scan is.
    at: u64,
    /// Names that were told.
    files: u64,
    is_ended: bool,
}

impl<'a, 'b> Scan<'a, 'b> {
    /// One that is at the beginning.
    pub(super) fn new(
        source: &'a mut Metered<'b>,
        table: &'a MasterTable,
        limits: &'a Limits,
        noticed: Noticed,
        tell: Tell<'a>,
    ) -> Self {
        Self {
            source,
            table,
            limits,
            tell,
            folders: Folders::new(limits),
            claims: Claims::new(*table.geometry()),
            noticed,
            at: 0,
            files: 0,
            is_ended: false,
        }
    }

    /// Tells everything.
    ///
    /// # Errors
    ///
    /// What concerns the volume.
    pub(super) fn run(mut self) -> Result<Summary, Refusal> {
        let record = self.table.geometry().record;
        let together = (PIECE / record) as u64;
        let records = self.table.records();
        while self.at < records && !self.is_ended {
            let count = together.min(records - self.at);
            self.piece(count)?;
        }
        if self.table.is_cut() {
            let why = "a part of $MFT cannot be found: what has its records there is missing";
            self.damaged(None, None, None, why);
        }
        let unaccounted = if self.is_ended {
            None
        } else {
            self.claims.unaccounted(self.source)?
        };
        Ok(Summary {
            remarks: self.noticed.remarks(),
            unaccounted,
        })
    }

    /// Tells of the next `count` records.
    fn piece(&mut self, count: u64) -> Result<(), Refusal> {
        let read = self.read_piece(count);
        let size = self.table.geometry().record;
        let mut bytes = match read {
            Ok(bytes) => bytes,
            Err(Stop::Volume(refusal)) => return Err(refusal),
            Err(Stop::File(_)) => return self.one_by_one(count),
        };
        for record in bytes.chunks_exact_mut(size) {
            if self.is_ended {
                return Ok(());
            }
            match repair(record, self.at) {
                Ok(()) => self.record(record)?,
                Err(_) => self.alone()?,
            }
            self.at += 1;
        }
        Ok(())
    }

    fn read_piece(&mut self, count: u64) -> Result<Vec<u8>, Stop> {
        let size = self.table.geometry().record;
        let mut bytes = vec![0; usize::try_from(count).unwrap_or(0).saturating_mul(size)];
        let mut rest = &mut bytes[..];
        for (at, length) in self.table.places(self.at, count)? {
            let length = usize::try_from(length)
                .unwrap_or(usize::MAX)
                .min(rest.len());
            let (piece, after) = rest.split_at_mut(length);
            self.source.read_uncounted(at, piece)?;
            rest = after;
        }
        Ok(bytes)
    }

    /// Tells of the next `count` records of which some cannot be read.
    fn one_by_one(&mut self, count: u64) -> Result<(), Refusal> {
        for _ in 0..count {
            if self.is_ended {
                return Ok(());
            }
            self.alone()?;
            self.at += 1;
        }
        Ok(())
    }

    /// Tells of this record, which is read alone: it may be none, or have a copy.
    fn alone(&mut self) -> Result<(), Refusal> {
        match self.table.record(self.source, self.at) {
            Ok(record) => self.record(&record),
            Err(Stop::File(why)) => self.bad_record(&words(&why)),
            Err(Stop::Volume(refusal)) => Err(refusal),
        }
    }

    /// Says that this record cannot be had, if it stands for something.
    fn bad_record(&mut self, why: &str) -> Result<(), Refusal> {
        match self.table.is_marked(self.source, self.at) {
            Err(Stop::Volume(refusal)) => return Err(refusal),
            Ok(false) => return Ok(()),
            Ok(true) | Err(Stop::File(_)) => {}
        }
        if !is_system(self.at) {
            self.damaged(None, None, Some(self.at), why);
        }
        Ok(())
    }

    /// Tells of a record whose fixups are undone.
    fn record(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        let record = match FileRecord::parse(bytes, self.at) {
            Ok(record) => record,
            Err(why) => return self.bad_record(why),
        };
        if !record.is_used || !record.is_base() {
            return Ok(());
        }
        let node = gather(
            self.source,
            self.table,
            run_limits(self.table, self.limits),
            &record,
        )?;
        let is_free = self.claims.claim(&node);
        match self.at {
            BITMAP_FILE => self.claims.keep_bitmap(node.stream(DATA, b"")),
            EXTEND => self.folders.made(node.reference),
            ROOT => self.root(&node),
            _ => {}
        }
        if self.at == ROOT {
            return Ok(());
        }
        if is_system(self.at) {
            self.noticed.crossed_system += u64::from(!is_free);
            return Ok(());
        }
        self.node(&node, is_free)
    }

    fn root(&mut self, node: &Node) {
        self.folders.made(node.reference);
        self.noticed.folder_streams += node.named().count() as u64;
        self.say(Told::Folder(Folder {
            id: ROOT,
            parent: ROOT,
            name: Vec::new(),
            times: node.times,
            owner: None,
        }));
    }

    /// Tells of a file or folder that is not of the file system itself.
    fn node(&mut self, node: &Node, is_free: bool) -> Result<(), Refusal> {
        if node.is_walked() {
            return self.folder(node);
        }
        let names = self.standing_names(node)?;
        if names.is_empty() {
            return Ok(());
        }
        let mut holding = self.holding(node)?;
        let is_shared = !is_free && holding.content.is_ok();
        if is_shared {
            self.noticed.crossed += 1;
            holding.content = Err(damage("it has clusters that another file has as well"));
        }
        self.names(node, &names, &holding)
    }

    /// The names of something that hang on the root. Those that do not are told as damaged, those of the file system
    /// itself not at all.
    fn standing_names(&mut self, node: &Node) -> Result<Vec<FileName>, Refusal> {
        let id = Some(node.reference.number);
        let mut standing = Vec::new();
        let mut is_system = false;
        for name in &node.names {
            match self.standing(name, None)? {
                Standing::System => is_system = true,
                Standing::Lost => {
                    let why = "the folder in which it should lie is not there";
                    self.damaged(Some(node), Some(&name.name), id, why);
                }
                Standing::Rooted(_) if name.is_sound() => standing.push(name.clone()),
                Standing::Rooted(_) => self.say(Told::Damaged(Damaged {
                    parent: Some(name.parent.number),
                    name: Some(name.name.clone()),
                    id,
                    is_folder: false,
                    why: "its name is damaged".to_owned(),
                })),
            }
        }
        if let Some(why) = &node.names_lost {
            self.damaged(Some(node), None, id, why);
        } else if node.names.is_empty() && !is_system {
            self.damaged(Some(node), None, id, "it has no name");
        }
        Ok(standing)
    }

    /// Where the folder lies in which `name` does; or, with `own`, the folder that has this name.
    fn standing(&mut self, name: &FileName, own: Option<&Node>) -> Result<Standing, Refusal> {
        let (source, table) = (&mut *self.source, self.table);
        let limits = run_limits(table, self.limits);
        let at = self.at;
        let mut facts = |number| match own {
            Some(node) if node.reference.number == number => Ok(FolderFacts::of(node)),
            _ if number <= at => Ok(None),
            _ => folder_ahead(source, table, limits, number),
        };
        let wanted = own.map_or(name.parent, |node| node.reference);
        self.folders.standing(wanted, &mut facts)
    }

    fn folder(&mut self, node: &Node) -> Result<(), Refusal> {
        let id = Some(node.reference.number);
        let Some(name) = node.names.first() else {
            let why = node.names_lost.as_deref().unwrap_or("it has no name");
            self.damaged(Some(node), None, id, why);
            return Ok(());
        };
        match self.standing(name, Some(node))? {
            Standing::System => return Ok(()),
            Standing::Lost => {
                let why =
                    "it does not hang on the root: what should hold it is not there, or lies in it";
                self.damaged(Some(node), Some(&name.name), id, why);
                return Ok(());
            }
            Standing::Rooted(_) => {}
        }
        for further in node.names.iter().skip(1) {
            let why = "a further name of a folder";
            self.damaged(Some(node), Some(&further.name), id, why);
        }
        self.noticed.folder_streams += node.named().count() as u64;
        let is_completed = match &node.meaning {
            Some(Ok(Meaning::Cloud)) => !node.is_here,
            Some(Ok(Meaning::Unknown { .. }) | Err(_)) => true,
            _ => false,
        };
        self.noticed.completed_folders += u64::from(is_completed);
        self.say(Told::Folder(Folder {
            id: node.reference.number,
            parent: name.parent.number,
            name: name.name.clone(),
            times: node.times,
            owner: None,
        }));
        Ok(())
    }

    fn holding(&mut self, node: &Node) -> Result<Holding, Refusal> {
        let geometry = *self.table.geometry();
        let mut holding = holding(self.source, &geometry, node, self.limits.extents)?;
        if let Ok(extents) = &holding.content {
            let told = extents.len().saturating_mul(node.names.len());
            if told > self.limits.extents.saturating_mul(16) {
                let why = "it has more names and extents than are told".to_owned();
                holding.content = Err(Unloadable::UnknownFeature(why));
            }
        }
        Ok(holding)
    }

    /// Tells each name of a file.
    fn names(&mut self, node: &Node, names: &[FileName], holding: &Holding) -> Result<(), Refusal> {
        let streams = further_streams(node);
        for name in names {
            if self.is_ended {
                return Ok(());
            }
            self.files += 1;
            if self.files > self.limits.files {
                return Err(Refusal::Limit("the number of files".to_owned()));
            }
            self.notice_hibernation(name, holding)?;
            self.say(Told::File(File {
                id: node.reference.number,
                parent: name.parent.number,
                name: name.name.clone(),
                kind: holding.kind.clone(),
                bytes: holding.bytes,
                links: u32::try_from(names.len()).unwrap_or(u32::MAX),
                times: node.times,
                owner: None,
                streams: streams.clone(),
                content: holding.content.clone(),
            }));
        }
        Ok(())
    }

    /// Notices whether this is where Windows keeps what it was doing, and is doing it still.
    fn notice_hibernation(&mut self, name: &FileName, holding: &Holding) -> Result<(), Refusal> {
        if name.parent.number != ROOT || !name.name.eq_ignore_ascii_case(HIBERNATION) {
            return Ok(());
        }
        let first = holding.content.iter().flatten().next();
        let Some(What::Disk(at)) = first.map(|extent| &extent.what) else {
            return Ok(());
        };
        let mut magic = [0; 4];
        match self.source.read(*at, &mut magic) {
            Ok(()) => {
                let is_awaited = matches!(&magic, b"hibr" | b"HIBR" | b"wake");
                self.noticed.is_hibernated |= is_awaited;
                Ok(())
            }
            Err(Stop::File(_)) => Ok(()),
            Err(Stop::Volume(refusal)) => Err(refusal),
        }
    }

    fn damaged(&mut self, node: Option<&Node>, name: Option<&[u8]>, id: Option<u64>, why: &str) {
        self.say(Told::Damaged(Damaged {
            parent: None,
            name: name.map(<[u8]>::to_vec),
            id,
            is_folder: node.is_some_and(|node| node.is_folder),
            why: why.to_owned(),
        }));
    }

    fn say(&mut self, told: Told) {
        if !self.is_ended {
            self.is_ended = (self.tell)(told).is_break();
        }
    }
}

/// What a folder says of itself whose record the scan has not reached.
fn folder_ahead(
    source: &mut Metered<'_>,
    table: &MasterTable,
    limits: RunLimits,
    number: u64,
) -> Result<Option<FolderFacts>, Refusal> {
    let bytes = match table.record(source, number) {
        Ok(bytes) => bytes,
        Err(Stop::Volume(refusal)) => return Err(refusal),
        Err(Stop::File(_)) => return Ok(None),
    };
    match FileRecord::parse(&bytes, number) {
        Ok(record) if record.is_used && record.is_base() => {
            let node = gather(source, table, limits, &record)?;
            Ok(FolderFacts::of(&node))
        }
        _ => Ok(None),
    }
}

/// What lists of runs may be at most in this volume.
fn run_limits(table: &MasterTable, limits: &Limits) -> RunLimits {
    RunLimits {
        clusters: table.geometry().clusters,
        runs: limits.extents,
    }
}

fn damage(why: &str) -> Unloadable {
    Unloadable::Damaged(why.to_owned())
}

fn words(why: &Unloadable) -> String {
    match why {
        Unloadable::Damaged(why) => why.clone(),
        other => format!("{other:?}"),
    }
}
