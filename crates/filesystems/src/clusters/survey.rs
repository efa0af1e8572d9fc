//! The first reading: which folders there are, and which clusters are claimed, by whom or twice.

use crate::allocation::Allocation;
use crate::clusters::chain::{self, ChainFlaw, Run, Step};
use crate::clusters::folder::{self, Listing};
use crate::clusters::heap::Heap;
use crate::clusters::item::{Entries, Found, Item, Layout, Lying};
use crate::clusters::metadata::Metadata;
use crate::clusters::table::Table;
use crate::limits::Limits;
use crate::reader::Refusal;

/// How many times over the clusters of a volume may be claimed before it is refused: claims cost time.
const CLAIMS: u64 = 4;

/// The largest folder in bytes: what exFAT allows (specification, 7.6.7); FAT allows 2 MiB.
const FOLDER_BYTES: u64 = 256 << 20;

/// Where the root folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Root {
    /// In a place of its own before the clusters, as FAT12 and FAT16 have it: offset and length in bytes.
    Region(u64, u64),
    /// In a chain that begins with this cluster.
    Chain(u32),
}

/// A folder that was found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    /// Its number; that of the root is 0.
    pub(crate) id: u64,
    /// Where it lies.
    pub(crate) lying: Lying,
    /// How many of its clusters are its own, and are listed.
    pub(crate) clusters: u64,
    /// Why it has no more.
    pub(crate) flaw: Option<ChainFlaw>,
    /// How many folders it lies in.
    pub(crate) depth: usize,
}

/// The parts of a volume that both readings need.
pub(crate) struct Parts<'a, 'b> {
    /// The volume.
    pub(crate) metered: &'a mut Metadata<'b>,
    /// What follows each cluster.
    pub(crate) table: &'a mut Table,
    /// How folders are understood.
    pub(crate) entries: &'a mut dyn Entries,
    /// Where clusters are.
    pub(crate) heap: Heap,
    /// Where the root is.
    pub(crate) root: Root,
    /// The size of a sector in bytes.
    pub(crate) sector: u32,
    /// What may be used.
    pub(crate) limits: &'a Limits,
}

impl Parts<'_, '_> {
    /// A folder, to be listed as far as its clusters are its own.
    ///
    /// # Errors
    ///
    /// If the device is gone, or a limit is met.
    pub(crate) fn listing(&mut self, known: &Known) -> Result<Listing, Refusal> {
        self.entries.begin(known.id == 0);
        let pieces = match (self.root, known.id) {
            (Root::Region(place, bytes), 0) => vec![(place, bytes)],
            _ => {
                let runs = self.runs(known)?;
                folder::pieces(&self.heap, &runs, known.lying.bytes)
            }
        };
        Ok(Listing::new(pieces, self.sector))
    }

    fn runs(&mut self, known: &Known) -> Result<Vec<Run>, Refusal> {
        let first = known.lying.first;
        let mut runs = Vec::new();
        let mut left = known.clusters;
        if left > 0 && known.lying.layout == Layout::Contiguous {
            let count = u32::try_from(left).unwrap_or(u32::MAX);
            runs.push(Run { first, count });
        } else if left > 0 {
            chain::follow(self.table, self.metered, first, &mut |cluster| {
                chain::add(&mut runs, cluster);
                left = left.saturating_sub(1);
                if left == 0 { Step::Enough } else { Step::On }
            })?;
        }
        Ok(runs)
    }
}

/// Shows all entries of the root to whoever understands them; whether all could be read.
///
/// # Errors
///
/// What concerns the whole volume.
pub(crate) fn read_root(parts: &mut Parts) -> Result<bool, Refusal> {
    let survey = FolderSurvey::of_root(parts)?;
    let mut is_whole = true;
    for known in &survey.folders {
        let mut listing = parts.listing(known)?;
        is_whole &= known.flaw.is_none();
        while let Some(found) = listing.next(parts.metered, parts.entries)? {
            is_whole &= !found.iter().any(|found| matches!(found, Found::Gap(_)));
        }
    }
    Ok(is_whole)
}

/// What the first reading found.
#[derive(Debug)]
pub(crate) struct FolderSurvey {
    /// All folders, the root first, in the order in which they are found.
    pub(crate) folders: Vec<Known>,
    /// The clusters that something claims.
    pub(crate) claimed: Allocation,
    /// The clusters that more than one thing claims, or one more than once.
    pub(crate) crossed: Allocation,
    /// The clusters from which a chain of a file was followed.
    chained: Allocation,
    heap: Heap,
    claims_left: u64,
    files: u64,
}

impl FolderSurvey {
    /// Reads all folders.
    ///
    /// # Errors
    ///
    /// What concerns the whole volume: the device is gone, a limit is met, or clusters are claimed far too often.
    pub(crate) fn new(parts: &mut Parts) -> Result<Self, Refusal> {
        let mut survey = Self::of_root(parts)?;
        let mut next = 0;
        while let Some(&known) = survey.folders.get(next) {
            let mut listing = parts.listing(&known)?;
            while let Some(found) = listing.next(parts.metered, parts.entries)? {
                survey.take_all(parts, &known, found)?;
            }
            next += 1;
        }
        Ok(survey)
    }

    /// Nothing is known but the root, and nothing in it was read.
    fn of_root(parts: &mut Parts) -> Result<Self, Refusal> {
        let clusters = u64::from(parts.heap.count);
        let allocation = || {
            let allocation = Allocation::new(clusters);
            allocation.ok_or_else(|| Refusal::Limit(format!("it has {clusters} clusters")))
        };
        let mut survey = Self {
            folders: Vec::new(),
            claimed: allocation()?,
            crossed: allocation()?,
            chained: allocation()?,
            heap: parts.heap,
            claims_left: clusters.saturating_mul(CLAIMS),
            files: 0,
        };
        survey.add_root(parts)?;
        Ok(survey)
    }

    fn add_root(&mut self, parts: &mut Parts) -> Result<(), Refusal> {
        let first = match parts.root {
            Root::Region(..) => 0,
            Root::Chain(first) => first,
        };
        let lying = Lying {
            first,
            layout: Layout::Chained,
            bytes: None,
            valid: 0,
        };
        let (clusters, flaw) = match parts.root {
            Root::Region(..) => (0, None),
            Root::Chain(_) => self.claim_folder(parts, &lying)?,
        };
        self.folders.push(Known {
            id: 0,
            lying,
            clusters,
            flaw,
            depth: 0,
        });
        Ok(())
    }

    fn take_all(
        &mut self,
        parts: &mut Parts,
        folder: &Known,
        found: Vec<Found>,
    ) -> Result<(), Refusal> {
        for found in found {
            match found {
                Found::Folder(item) => self.add_folder(parts, folder, &item)?,
                Found::File(item) => {
                    self.files += 1;
                    if self.files > parts.limits.files {
                        return Err(Refusal::Limit(format!("{} files", parts.limits.files)));
                    }
                    self.claim(parts, &item.lying)?;
                }
                Found::Own(lying) => self.claim(parts, &lying)?,
                Found::Broken { .. } | Found::Gap(_) => (),
            }
        }
        Ok(())
    }

    fn add_folder(&mut self, parts: &mut Parts, above: &Known, item: &Item) -> Result<(), Refusal> {
        if self.folders.len() as u64 > parts.limits.folders {
            return Err(Refusal::Limit(format!("{} folders", parts.limits.folders)));
        }
        let depth = above.depth + 1;
        let (clusters, flaw) = if depth > parts.limits.depth {
            (0, Some(ChainFlaw::Deep(parts.limits.depth)))
        } else {
            self.claim_folder(parts, &item.lying)?
        };
        self.folders.push(Known {
            id: item.id,
            lying: item.lying,
            clusters,
            flaw,
            depth,
        });
        Ok(())
    }

    /// Claims the clusters of a folder up to the first that something else has; how many those are, and why it has no
    /// more.
    fn claim_folder(
        &mut self,
        parts: &mut Parts,
        lying: &Lying,
    ) -> Result<(u64, Option<ChainFlaw>), Refusal> {
        let needed = lying.bytes.map(|bytes| self.heap.needed(bytes));
        let most = self.heap.needed(FOLDER_BYTES);
        let mut has = 0;
        let mut each = |cluster| {
            if needed == Some(has) {
                return Step::Enough;
            }
            if has == most {
                return Step::Flawed(ChainFlaw::Large(FOLDER_BYTES));
            }
            if !self.claim_one(cluster) {
                return Step::Flawed(ChainFlaw::Crossed(cluster));
            }
            has += 1;
            Step::On
        };
        let flaw = match lying.layout {
            Layout::Chained if needed == Some(0) => None,
            Layout::Chained => chain::follow(parts.table, parts.metered, lying.first, &mut each)?,
            Layout::Contiguous => {
                chain::follow_on(&parts.heap, lying.first, needed.unwrap_or(0), &mut each)
            }
        };
        let needed = needed.unwrap_or(has);
        let short = (has < needed).then_some(ChainFlaw::Short { has, needed });
        Ok((has, flaw.or(short)))
    }

    /// Claims all clusters of a file, and notes those that something else has.
    fn claim(&mut self, parts: &mut Parts, lying: &Lying) -> Result<(), Refusal> {
        if lying.first == 0 {
            return Ok(());
        }
        match lying.layout {
            Layout::Chained => {
                let mut each = |cluster| self.claim_or_cross(cluster);
                chain::follow(parts.table, parts.metered, lying.first, &mut each)?;
            }
            Layout::Contiguous => {
                let count = self.heap.needed(lying.bytes.unwrap_or(0));
                self.pay(count)?;
                let mut each = |cluster| {
                    self.claim_one(cluster);
                    Step::On
                };
                chain::follow_on(&parts.heap, lying.first, count, &mut each);
            }
        }
        Ok(())
    }

    /// Where a chain meets another at a cluster that is known to be crossed, it ends: whatever lies on the rest met it
    /// already.
    fn claim_or_cross(&mut self, cluster: u32) -> Step {
        let Some(index) = self.heap.index(cluster) else {
            return Step::Enough;
        };
        let was_crossed = self.crossed.has(index);
        self.claim_one(cluster);
        if self.chained.claim(index, 1) || !was_crossed {
            Step::On
        } else {
            Step::Enough
        }
    }

    /// Claims a cluster; `false`, and noted as crossed, if it was claimed before.
    fn claim_one(&mut self, cluster: u32) -> bool {
        let Some(index) = self.heap.index(cluster) else {
            return false;
        };
        let is_free = self.claimed.claim(index, 1);
        if !is_free {
            self.crossed.claim(index, 1);
        }
        is_free
    }

    /// Contiguous clusters cost time whoever else claims them.
    fn pay(&mut self, clusters: u64) -> Result<(), Refusal> {
        let clusters = clusters.min(u64::from(self.heap.count));
        let left = self.claims_left.checked_sub(clusters);
        self.claims_left = left.ok_or_else(|| {
            Refusal::Damaged(format!("its files claim its clusters {CLAIMS} times over"))
        })?;
        Ok(())
    }
}
