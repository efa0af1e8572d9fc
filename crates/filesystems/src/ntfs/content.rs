//! What a file is, and where its content lies.

use super::attribute::DATA;
use super::boot::NtfsGeometry;
use super::extents;
use super::node::Node;
use super::reparse::Meaning;
use super::source::{Metered, Stop};
use super::wof::{self, WofPacking};
use crate::reader::Refusal;
use crate::told::{Extent, NodeKind, Stream, Unloadable};

/// What a file is, its size, and where its content lies.
#[derive(Debug, Clone)]
pub(super) struct Holding {
    /// What it is.
    pub(super) kind: NodeKind,
    /// Its bytes.
    pub(super) bytes: u64,
    /// Where they are.
    pub(super) content: Result<Vec<Extent>, Unloadable>,
}

impl Holding {
    fn unloadable(bytes: u64, why: Unloadable) -> Self {
        Self {
            kind: NodeKind::Regular,
            bytes,
            content: Err(why),
        }
    }

    fn empty(kind: NodeKind) -> Self {
        Self {
            kind,
            bytes: 0,
            content: Ok(Vec::new()),
        }
    }
}

/// What `node` holds, in at most `most` extents.
///
/// # Errors
///
/// What concerns the volume.
pub(super) fn holding(
    source: &mut Metered<'_>,
    geometry: &NtfsGeometry,
    node: &Node,
    most: usize,
) -> Result<Holding, Refusal> {
    let bytes = node.stream(DATA, b"").map_or(0, |data| data.sizes.data);
    let refused = |why| Ok(Holding::unloadable(bytes, why));
    if let Some(why) = &node.lost {
        return refused(Unloadable::Damaged(why.clone()));
    }
    let packing = match &node.meaning {
        None => None,
        Some(Ok(Meaning::Cloud)) if is_here(node) => None,
        Some(Ok(Meaning::Cloud)) => return refused(Unloadable::CloudPlaceholder),
        Some(Ok(Meaning::Packed(packing))) => Some(*packing),
        Some(Ok(Meaning::Link(target))) => {
            return Ok(Holding::empty(NodeKind::SymbolicLink(target.clone())));
        }
        Some(Ok(Meaning::Special)) => return Ok(Holding::empty(NodeKind::Special)),
        Some(Ok(Meaning::Unknown { why, .. }) | Err(why)) => return refused(why.clone()),
    };
    if node.has_keys() {
        return refused(Unloadable::Encrypted("EFS"));
    }
    let content = match packing {
        None => plain(geometry, node, most),
        Some(packing) => packed(source, geometry, node, packing, most)?,
    };
    Ok(Holding {
        kind: NodeKind::Regular,
        bytes,
        content,
    })
}

/// Whether all of a file of a cloud drive is here: it says so, and there is nothing that was never written.
fn is_here(node: &Node) -> bool {
    let data = node.stream(DATA, b"");
    let is_whole = data.is_some_and(|data| {
        let holes = data.runs().iter().filter(|run| run.lcn.is_none());
        data.sizes.initialised == data.sizes.data && holes.count() == 0
    });
    node.is_here && is_whole
}

/// The extents of a file that is what its unnamed stream holds.
fn plain(geometry: &NtfsGeometry, node: &Node, most: usize) -> Result<Vec<Extent>, Unloadable> {
    let missing = || Unloadable::Damaged("it has no content, not even an empty one".to_owned());
    let data = node.stream(DATA, b"").ok_or_else(missing)?;
    extents::of(data, geometry, most)
}

/// The extents of a file that WOF packed: its unnamed stream tells only how long it is.
fn packed(
    source: &mut Metered<'_>,
    geometry: &NtfsGeometry,
    node: &Node,
    packing: WofPacking,
    most: usize,
) -> Result<Result<Vec<Extent>, Unloadable>, Refusal> {
    let damaged = |why: &str| Ok(Err(Unloadable::Damaged(why.to_owned())));
    let streams = (node.stream(DATA, b""), node.stream(DATA, wof::STREAM));
    let (Some(data), Some(stream)) = streams else {
        return damaged("the stream of its packed content is missing");
    };
    if let Some(why) = data.fault() {
        return damaged(why);
    }
    let bytes = data.sizes.data;
    match wof::extents(source, geometry, packing, bytes, stream, most) {
        Ok(extents) => Ok(Ok(extents)),
        Err(Stop::File(why)) => Ok(Err(why)),
        Err(Stop::Volume(refusal)) => Err(refusal),
    }
}

/// The further streams of a file; that in which WOF packed its content is none.
pub(super) fn further_streams(node: &Node) -> Vec<Stream> {
    let is_packed = matches!(node.meaning, Some(Ok(Meaning::Packed(_))));
    let named = node.named();
    let further = named.filter(|(name, _)| !is_packed || *name != wof::STREAM);
    let further = further.map(|(name, stream)| Stream {
        name: name.to_vec(),
        bytes: stream.sizes.data,
    });
    further.collect()
}
