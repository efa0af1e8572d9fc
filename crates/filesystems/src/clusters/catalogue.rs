//! The second reading: everything is told.

use std::ops::ControlFlow;

use crate::clusters::chain::{self, ChainFlaw, Run, Step};
use crate::clusters::heap::Heap;
use crate::clusters::item::{Found, Item, Layout, Lying};
use crate::clusters::survey::{FolderSurvey, Known, Parts};
use crate::reader::Refusal;
use crate::told::{Damaged, Extent, File, Folder, NodeKind, Times, Told, Unloadable, What};

/// Who is told.
pub(crate) type Listener<'a> = dyn FnMut(Told) -> ControlFlow<()> + 'a;

/// What was counted beside.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Files with more clusters than their size needs.
    pub(crate) preallocated: u64,
}

/// Tells everything that a survey found, and what lies in the folders it found.
///
/// # Errors
///
/// What concerns the whole volume; [`Refusal::Ended`] also if whoever is told has enough.
pub(crate) fn tell(
    parts: &mut Parts,
    survey: &FolderSurvey,
    tell: &mut Listener,
) -> Result<Counts, Refusal> {
    let mut telling = Telling {
        survey,
        tell,
        next_folder: 1,
        counts: Counts::default(),
    };
    telling.folder(0, Vec::new(), 0, Times::default())?;
    telling.flaw(survey.folders.first(), None)?;
    for known in &survey.folders {
        let mut listing = parts.listing(known)?;
        while let Some(found) = listing.next(parts.metered, parts.entries)? {
            for found in found {
                telling.found(parts, known.id, found)?;
            }
        }
    }
    Ok(telling.counts)
}

struct Telling<'a, 'b> {
    survey: &'a FolderSurvey,
    tell: &'a mut Listener<'b>,
    /// The place in the survey of the folder that is to be met next.
    next_folder: usize,
    counts: Counts,
}

impl Telling<'_, '_> {
    fn say(&mut self, told: Told) -> Result<(), Refusal> {
        match (self.tell)(told) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Refusal::Ended),
        }
    }

    fn found(&mut self, parts: &mut Parts, parent: u64, found: Found) -> Result<(), Refusal> {
        match found {
            Found::Folder(item) => self.subfolder(parent, item),
            Found::File(item) => self.file(parts, parent, item),
            Found::Own(_) => Ok(()),
            Found::Broken {
                id,
                name,
                is_folder,
                why,
            } => self.say(Told::Damaged(Damaged {
                parent: Some(parent),
                name,
                id: Some(id),
                is_folder,
                why,
            })),
            Found::Gap(why) => self.gap(parent, None, why),
        }
    }

    fn folder(&mut self, id: u64, name: Vec<u8>, parent: u64, times: Times) -> Result<(), Refusal> {
        self.say(Told::Folder(Folder {
            id,
            parent,
            name,
            times,
            owner: None,
        }))
    }

    fn subfolder(&mut self, parent: u64, item: Item) -> Result<(), Refusal> {
        self.folder(item.id, item.name.clone(), parent, item.times)?;
        match self.known(item.id) {
            Some(known) => self.flaw(Some(&known), Some(item.name)),
            None => {
                let why = "it was not there when the volume was surveyed";
                self.gap(item.id, Some(item.name), why.to_owned())
            }
        }
    }

    /// Folders are met in the order of the survey, unless the device reads otherwise than before.
    fn known(&mut self, id: u64) -> Option<Known> {
        let rest = self.survey.folders.get(self.next_folder..)?;
        let ahead = rest.iter().position(|known| known.id == id)?;
        self.next_folder += ahead + 1;
        rest.get(ahead).copied()
    }

    fn flaw(&mut self, known: Option<&Known>, name: Option<Vec<u8>>) -> Result<(), Refusal> {
        match known.and_then(|known| Some((known.id, known.flaw?))) {
            Some((id, flaw)) => self.gap(id, name, flaw.to_string()),
            None => Ok(()),
        }
    }

    /// Some of a folder is not listed.
    fn gap(&mut self, id: u64, name: Option<Vec<u8>>, why: String) -> Result<(), Refusal> {
        self.say(Told::Damaged(Damaged {
            parent: None,
            name,
            id: Some(id),
            is_folder: true,
            why,
        }))
    }

    fn file(&mut self, parts: &mut Parts, parent: u64, item: Item) -> Result<(), Refusal> {
        let content = match item.unloadable {
            Some(why) => Err(why),
            None => self.content(parts, &item.lying)?,
        };
        self.say(Told::File(File {
            id: item.id,
            parent,
            name: item.name,
            kind: NodeKind::Regular,
            bytes: item.lying.bytes.unwrap_or(0),
            links: 1,
            times: item.times,
            owner: None,
            streams: Vec::new(),
            content,
        }))
    }

    fn content(
        &mut self,
        parts: &mut Parts,
        lying: &Lying,
    ) -> Result<Result<Vec<Extent>, Unloadable>, Refusal> {
        let bytes = lying.bytes.unwrap_or(0);
        if bytes == 0 {
            return Ok(Ok(Vec::new()));
        }
        let runs = match self.runs(parts, lying, parts.heap.needed(bytes))? {
            Ok(runs) => runs,
            Err(flaw) => return Ok(Err(damaged(flaw))),
        };
        let extents = extents(
            &parts.heap,
            &runs,
            bytes,
            lying.valid,
            parts.metered.bytes(),
        );
        Ok(extents.map_err(damaged))
    }

    /// The clusters of a file of which its size needs so many. All of a chain must be sound, though only some of it
    /// is needed: where it is not, the rest of it cannot be trusted.
    fn runs(
        &mut self,
        parts: &mut Parts,
        lying: &Lying,
        needed: u64,
    ) -> Result<Result<Vec<Run>, ChainFlaw>, Refusal> {
        let (heap, survey, most) = (parts.heap, self.survey, parts.limits.extents);
        let mut runs = Vec::new();
        let mut has = 0;
        let mut each = |cluster| {
            if let Some(flaw) = flaw_of(survey, &heap, cluster) {
                return Step::Flawed(flaw);
            }
            if has < needed {
                chain::add(&mut runs, cluster);
            }
            has += 1;
            if runs.len() > most {
                return Step::Flawed(ChainFlaw::Scattered(most));
            }
            Step::On
        };
        let flaw = match lying.layout {
            Layout::Chained => chain::follow(parts.table, parts.metered, lying.first, &mut each)?,
            Layout::Contiguous => chain::follow_on(&heap, lying.first, needed, &mut each),
        };
        self.counts.preallocated += u64::from(flaw.is_none() && has > needed);
        let short = (has < needed).then_some(ChainFlaw::Short { has, needed });
        Ok(flaw.or(short).map_or(Ok(runs), Err))
    }
}

fn flaw_of(survey: &FolderSurvey, heap: &Heap, cluster: u32) -> Option<ChainFlaw> {
    let Some(index) = heap.index(cluster) else {
        return Some(ChainFlaw::Outside(cluster));
    };
    if survey.crossed.has(index) {
        Some(ChainFlaw::Crossed(cluster))
    } else if !survey.claimed.has(index) {
        Some(ChainFlaw::Unclaimed(cluster))
    } else {
        None
    }
}

fn damaged(flaw: ChainFlaw) -> Unloadable {
    Unloadable::Damaged(flaw.to_string())
}

/// The extents of a file of so many bytes, of which `valid` were written: the runs hold at least all its bytes.
fn extents(
    heap: &Heap,
    runs: &[Run],
    bytes: u64,
    valid: u64,
    device: u64,
) -> Result<Vec<Extent>, ChainFlaw> {
    let mut extents = Vec::new();
    let mut logical = 0;
    for run in runs {
        let length = (u64::from(run.count) * u64::from(heap.cluster)).min(valid - logical);
        if length == 0 {
            break;
        }
        let place = heap.place(run.first).ok_or(ChainFlaw::Outside(run.first))?;
        if place.checked_add(length).is_none_or(|end| end > device) {
            return Err(ChainFlaw::PastEnd);
        }
        extents.push(Extent {
            logical,
            bytes: length,
            what: What::Disk(place),
        });
        logical += length;
    }
    if logical < bytes {
        extents.push(Extent {
            logical,
            bytes: bytes - logical,
            what: What::Zeros,
        });
    }
    Ok(extents)
}
