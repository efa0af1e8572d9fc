//! One request to the store, and what goes with it: what readers hand to putters.

use std::sync::Arc;

use bytes::Bytes;
use model::attributes::Attributes;
use model::capabilities::PartCheck;
use model::entry::EntryPath;
use model::ids::ObjectKey;
use model::missing::Missing;
use objectstore::Checksums;
use objectstore::object::ObjectInfo;
use objectstore::part_sum::PartSum;
use objectstore::upload::PartNumber;

use crate::import::run::Before;
use crate::import::upload::Large;
use crate::pipeline::budget::Permit;
use crate::pipeline::hash_state::Block;
use crate::pipeline::hashing::{HashingPool, OwnMd5};
use disks::tree::Shape;

/// One request to the store.
pub(crate) enum Put {
    /// A whole file.
    Small(Box<SmallPut>),
    /// A part of a large one.
    Part(PartPut),
}

/// A file that goes in one request.
pub(crate) struct SmallPut {
    pub(crate) path: EntryPath,
    pub(crate) key: ObjectKey,
    /// The file as it was read.
    pub(crate) shape: Shape,
    /// What of it has zeros in its place.
    pub(crate) missing: Missing,
    pub(crate) before: Before,
    /// The object of its size that an earlier attempt has put under its key.
    pub(crate) found: Option<Box<ObjectInfo>>,
    pub(crate) body: Bytes,
    pub(crate) attributes: Attributes,
    pub(crate) checksums: Checksums,
    /// Its share of the byte budget, and that of those read with it.
    pub(crate) permit: Arc<Permit>,
}

/// A part of a large file.
pub(crate) struct PartPut {
    pub(crate) upload: Arc<Large>,
    pub(crate) number: PartNumber,
    pub(crate) body: Bytes,
    pub(crate) sum: PartSum,
    pub(crate) permit: Arc<Permit>,
}

impl PartPut {
    /// The request for a block whose MD5 is known; `None` if no part has its number.
    pub(crate) fn of(hashed: OwnMd5<Large>) -> Option<Self> {
        let OwnMd5 { file, block, md5 } = hashed;
        Self::new(file, block, PartSum::Md5(md5))
    }

    /// The request for a block that was read, if it goes by a sum that is made at once; else its MD5 is waited for.
    pub(crate) fn at_once(upload: &Arc<Large>, block: &Block, cores: &HashingPool) -> Option<Self> {
        let sum = || PartSum::of(upload.check, &block.bytes);
        let sum = match upload.check {
            PartCheck::Md5 => return None,
            // As fast as memory: that is no hashing.
            PartCheck::Crc64Nvme | PartCheck::Crc32c => sum(),
            PartCheck::Sha256 => cores.here(sum),
        };
        Self::new(Arc::clone(upload), block.clone(), sum)
    }

    fn new(upload: Arc<Large>, block: Block, sum: PartSum) -> Option<Self> {
        Some(Self {
            upload,
            number: PartNumber::new(block.number).ok()?,
            body: block.bytes,
            sum,
            permit: block.permit,
        })
    }
}
