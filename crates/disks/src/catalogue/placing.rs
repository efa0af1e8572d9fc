//! What is told of a file in its volume, as an entry of the device.

use filesystems::told::{self, Extent, NodeKind, What};
use model::device::DeviceOffset;
use model::entry::{
    Damage, Entry, EntryId, EntryKind, EntryPath, EntryTimes, NamedStream, Owner, Unloadable,
};
use model::file_time::FileTime;
use model::limits;

use crate::layout::{Layout, Origin, Packed, Piece, Run};
use crate::tree::{BadEntry, Walked};

/// Bits of a number by which a file system knows a file; those above are the volume's. The largest in use are
/// NTFS's, of 48 bits.
const ID_BITS: u32 = 48;

/// A volume whose files are placed.
#[derive(Debug, Clone)]
pub struct Place {
    /// The number of its partition; 0 is the whole device.
    pub number: u16,
    /// Where it begins in the device, in bytes.
    pub offset: u64,
    /// Its length in bytes.
    pub bytes: u64,
    /// The folder that stands for it, where there are several.
    pub folder: Option<String>,
    /// Whether its files may claim more than it holds.
    pub may_claim: bool,
}

/// The holes of the files of a volume so far, in bytes.
#[derive(Debug, Default)]
pub(super) struct Holes(u64);

impl Place {
    /// The number of a file on the device; `None` if no file system has such.
    pub(super) fn id(&self, id: u64) -> Option<EntryId> {
        let is_known = id >> ID_BITS == 0;
        is_known.then(|| EntryId::new(u64::from(self.number) << ID_BITS | id))
    }

    /// What is told of a file, and where it lies; its path is not known here.
    pub(super) fn walked(&self, file: &told::File, holes: &mut Holes) -> (Walked, Layout) {
        match self.entry(file, holes) {
            Ok((entry, layout)) => (Ok(entry), layout),
            Err(why) => {
                let bad = BadEntry::unloadable(EntryPath::new(""), file.bytes, why);
                (Err(bad), Layout::default())
            }
        }
    }

    fn entry(&self, file: &told::File, holes: &mut Holes) -> Result<(Entry, Layout), Unloadable> {
        let damaged = |words: &str| Unloadable::Damaged(Damage::Told(words.to_owned()));
        let id = self
            .id(file.id)
            .ok_or_else(|| damaged("its number is too large"))?;
        let extents = file.content.as_ref().map_err(unloadable)?;
        let (kind, layout) = match &file.kind {
            NodeKind::Regular => {
                let layout = self.layout(extents, file.bytes)?;
                if !self.may_claim {
                    self.must_fit(&layout, holes)?;
                }
                (EntryKind::File { bytes: file.bytes }, layout)
            }
            NodeKind::SymbolicLink(target) => {
                let target = Some(target.clone());
                (EntryKind::SymbolicLink { target }, Layout::default())
            }
            NodeKind::Special => (EntryKind::Special, Layout::default()),
        };
        let stream = |stream: &told::Stream| NamedStream {
            name: stream.name.clone(),
            bytes: stream.bytes,
        };
        let entry = Entry {
            times: times(&file.times),
            owner: file.owner.as_ref().map(owner),
            links: file.links,
            streams: file.streams.iter().map(stream).collect(),
            place: layout.place(),
            ..Entry::new(id, EntryPath::new(""), kind)
        };
        Ok((entry, layout))
    }

    /// The extents of a file of the volume, as pieces of the device.
    fn layout(&self, extents: &[Extent], bytes: u64) -> Result<Layout, Unloadable> {
        let wrong = || Unloadable::Damaged(Damage::Told("its extents are no file".to_owned()));
        let pieces: Option<Vec<Piece>> = extents.iter().map(|it| self.piece(it)).collect();
        let layout = Layout::new(pieces.ok_or_else(wrong)?).map_err(|_| wrong())?;
        let follow = extents.iter().scan(0_u64, |at, extent| {
            let is_next = extent.logical == *at;
            *at = at.wrapping_add(extent.bytes);
            Some(is_next)
        });
        let is_file = layout.bytes() == bytes && follow.into_iter().all(|is_next| is_next);
        is_file.then_some(layout).ok_or_else(wrong)
    }

    fn piece(&self, extent: &Extent) -> Option<Piece> {
        let origin = match &extent.what {
            What::Disk(at) => Origin::Device(self.run(*at, extent.bytes)?.at),
            What::Zeros => Origin::Zeros,
            What::Inline(held) => Origin::Inline(held.clone()),
            What::Packed { codec, runs } => {
                let runs = runs.iter().map(|(at, bytes)| self.run(*at, *bytes));
                Origin::Packed(Packed {
                    codec: *codec,
                    runs: runs.collect::<Option<_>>()?,
                })
            }
        };
        let bytes = extent.bytes;
        Some(Piece { bytes, origin })
    }

    /// A stretch of the volume, which must not leave it.
    fn run(&self, at: u64, bytes: u64) -> Option<Run> {
        at.checked_add(bytes).filter(|end| *end <= self.bytes)?;
        let at = DeviceOffset::new(self.offset.checked_add(at)?);
        Some(Run { at, bytes })
    }

    /// Whether a file claims no more than its volume holds, and holes with those before it are not many times that.
    fn must_fit(&self, layout: &Layout, holes: &mut Holes) -> Result<(), Unloadable> {
        let (bytes, capacity) = (layout.bytes(), self.bytes);
        // What no object could be is refused as such.
        if bytes > limits::OBJECT_BYTES {
            return Ok(());
        }
        if bytes > capacity {
            return Err(Unloadable::LargerThanDevice { bytes, capacity });
        }
        let zeros = layout.pieces().iter();
        let zeros = zeros.filter(|piece| piece.origin == Origin::Zeros);
        let own: u64 = zeros.map(|piece| piece.bytes).sum();
        let with_this = holes.0.saturating_add(own);
        if own > 0 && with_this > capacity.saturating_mul(limits::HOLES_TIMES) {
            return Err(Unloadable::TooManyHoles { bytes, capacity });
        }
        holes.0 = with_this;
        Ok(())
    }
}

/// Times as entries have them.
pub(super) fn times(told: &told::Times) -> EntryTimes {
    let time = |moment: Option<told::Moment>| {
        moment.map(|moment| FileTime::from_unix(moment.seconds, moment.nanoseconds.into()))
    };
    EntryTimes {
        modified: time(told.modified),
        changed: time(told.changed),
        accessed: time(told.accessed),
        created: time(told.created),
    }
}

/// An owner as entries have it.
pub(super) fn owner(told: &told::Owner) -> Owner {
    Owner {
        mode: told.mode,
        user: told.user,
        group: told.group,
    }
}

fn unloadable(told: &told::Unloadable) -> Unloadable {
    match told {
        told::Unloadable::Encrypted(means) => Unloadable::Encrypted((*means).to_owned()),
        told::Unloadable::CloudPlaceholder => Unloadable::CloudPlaceholder,
        told::Unloadable::Deduplicated => Unloadable::Deduplicated,
        told::Unloadable::UnknownFeature(name) => Unloadable::UnknownFeature(name.clone()),
        told::Unloadable::Damaged(words) => Unloadable::Damaged(Damage::Told(words.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place {
            number: 3,
            offset: 1 << 20,
            bytes: 1 << 20,
            folder: None,
            may_claim: false,
        }
    }

    fn file(bytes: u64, content: Vec<Extent>) -> told::File {
        told::File {
            links: 2,
            ..told::File::plain((12, 2), "name", bytes, content)
        }
    }

    fn extent(logical: u64, bytes: u64, what: What) -> Extent {
        Extent {
            logical,
            bytes,
            what,
        }
    }

    #[test]
    fn extents_of_a_volume_become_pieces_of_the_device() {
        let packed = What::Packed {
            codec: told::Codec::Lznt1,
            runs: vec![(8192, 4096), (0, 512)],
        };
        let file = file(
            100_000,
            vec![
                extent(0, 10_000, What::Zeros),
                extent(10_000, 65_536, packed),
                extent(75_536, 24_464, What::Disk(4096)),
            ],
        );
        let (walked, layout) = place().walked(&file, &mut Holes::default());
        let entry = walked.unwrap();
        assert_eq!(entry.kind, EntryKind::File { bytes: 100_000 });
        assert_eq!((entry.id.get(), entry.links), (3 << 48 | 12, 2));
        assert_eq!(entry.place, Some(DeviceOffset::new((1 << 20) + 8192)));
        let runs: Vec<_> = layout.runs().map(|run| (run.at.get(), run.bytes)).collect();
        let at = |offset: u64| (1 << 20) + offset;
        assert_eq!(runs, [(at(8192), 4096), (at(0), 512), (at(4096), 24_464)]);
    }

    #[test]
    fn extents_that_are_no_file_of_the_volume_are_damage() {
        for (bytes, content) in [
            (5, vec![]),
            (5, vec![extent(0, 4, What::Zeros)]),
            (5, vec![extent(1, 5, What::Zeros)]),
            (5, vec![extent(0, 5, What::Disk((1 << 20) - 4))]),
            (5, vec![extent(0, 5, What::Disk(u64::MAX))]),
            (5, vec![extent(0, 5, What::Inline([1].into()))]),
            (
                4,
                vec![extent(0, 4, What::Zeros), extent(3, 0, What::Zeros)],
            ),
        ] {
            let (walked, layout) = place().walked(&file(bytes, content), &mut Holes::default());
            let why = walked.unwrap_err().why;
            assert!(matches!(why, Unloadable::Damaged(_)), "{why}");
            assert_eq!(layout, Layout::default());
        }
        let mut far = file(0, Vec::new());
        far.id = 1 << 48;
        let (walked, _) = place().walked(&far, &mut Holes::default());
        assert!(walked.is_err());
    }

    #[test]
    fn files_claim_no_more_than_their_volume_holds() {
        let hole = |bytes| file(bytes, vec![extent(0, bytes, What::Zeros)]);
        let (mut place, mut holes) = (place(), Holes::default());
        let mut claim = |place: &Place, bytes| {
            let (walked, _) = place.walked(&hole(bytes), &mut holes);
            walked.map(drop).map_err(|bad| bad.why)
        };
        for _ in 0..8 {
            assert_eq!(claim(&place, 1 << 20), Ok(()));
        }
        let capacity = 1 << 20;
        let bytes = 1;
        let many = Unloadable::TooManyHoles { bytes, capacity };
        assert_eq!(claim(&place, bytes), Err(many));
        let bytes = capacity + 1;
        let larger = Unloadable::LargerThanDevice { bytes, capacity };
        assert_eq!(claim(&place, bytes), Err(larger));
        place.may_claim = true;
        assert_eq!(claim(&place, bytes), Ok(()));
    }
}
