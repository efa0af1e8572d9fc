//! What is told of one file or folder: each of its names, in a folder that hangs on the root.

use super::{Scan, run_limits};
use crate::ntfs::content::{Holding, further_streams, holding};
use crate::ntfs::folders::{FolderFacts, ROOT, Standing};
use crate::ntfs::names::FileName;
use crate::ntfs::node::{Node, gather};
use crate::ntfs::record::FileRecord;
use crate::ntfs::reparse::Meaning;
use crate::ntfs::runs::RunLimits;
use crate::ntfs::source::{Metered, Stop};
use crate::ntfs::table::MasterTable;
use crate::reader::Refusal;
use crate::told::{Damaged, File, Folder, Told, Unloadable, What};

/// What lies in this file says whether Windows sleeps.
const HIBERNATION: &[u8] = b"hiberfil.sys";

impl Scan<'_, '_> {
    /// Tells of a file or folder that is not of the file system itself.
    pub(super) fn node(&mut self, node: &Node, is_free: bool) -> Result<(), Refusal> {
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

fn damage(why: &str) -> Unloadable {
    Unloadable::Damaged(why.to_owned())
}
