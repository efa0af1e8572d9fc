//! Buffers for the blocks of large files, used again and again: asking the system for fresh memory
//! costs a page fault every 4 KiB. They lie so that devices can write into them directly.

use std::ops::{Deref, DerefMut, Range};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::tree::file::ALIGNMENT;

/// A stock of buffers. There are never more than were in use at once, which the byte budget bounds.
#[derive(Debug, Default)]
pub struct Buffers {
    idle: Mutex<Vec<Vec<u8>>>,
}

/// A buffer that goes back into the stock when it is dropped.
#[derive(Debug)]
pub struct Buffer {
    memory: Vec<u8>,
    /// Which part of the memory it is.
    range: Range<usize>,
    stock: Arc<Buffers>,
}

impl Buffers {
    /// A buffer of `length` bytes, which may hold anything.
    pub fn take(self: &Arc<Self>, length: u64) -> Buffer {
        let length = usize::try_from(length).unwrap_or(usize::MAX - ALIGNMENT);
        let all = length + ALIGNMENT;
        // One made for a much larger part would hold on to memory that nobody counts.
        let is_fit = |memory: &Vec<u8>| memory.len() >= all && memory.len() / 2 <= all;
        let memory = self.lock().pop().filter(is_fit);
        // Zeroed by the system, which knows what is zero already.
        let memory = memory.unwrap_or_else(|| vec![0; all]);
        let start = memory.as_ptr().align_offset(ALIGNMENT);
        Buffer {
            range: start..start + length,
            memory,
            stock: Arc::clone(self),
        }
    }

    /// Gives idle buffers back to the system.
    pub fn let_go(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Buffer {
    /// The same bytes, to be shared and not changed any more.
    pub fn into_bytes(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.memory[self.range.clone()]
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.memory[self.range.clone()]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.range.clone()]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.stock.lock().push(std::mem::take(&mut self.memory));
    }
}
