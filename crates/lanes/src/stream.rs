//! A stream of bytes cut into blocks: what MD5 and SHA-256 have in common.

use std::fmt;

use crate::kernel::{BLOCK, Block, Kernel, Lane};

/// The state after a whole number of 64-byte blocks: enough to go on later, in another process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Midstate<const WORDS: usize> {
    /// The chaining value.
    pub words: [u32; WORDS],
    /// Bytes taken in so far, a multiple of 64.
    pub length: u64,
}

/// How a message's length is written at its end.
#[derive(Clone, Copy)]
pub(crate) enum LengthBytes {
    /// MD5: least significant first.
    Little,
    /// SHA-256: most significant first.
    Big,
}

/// A hash state of `W` words with the bytes that do not fill a block yet.
#[derive(Clone)]
pub(crate) struct Stream<const W: usize> {
    words: [u32; W],
    /// Begins with the bytes of the open block.
    open: Block,
    /// How many bytes of `open` are filled. A full one is taken in before a method returns.
    filled: usize,
    /// All bytes so far, those in `open` included.
    length: u64,
}

impl<const W: usize> Stream<W> {
    /// The empty stream of the hash that begins with `words`.
    pub(crate) fn new(words: [u32; W]) -> Self {
        Self {
            words,
            open: [0; BLOCK],
            filled: 0,
            length: 0,
        }
    }

    /// Bytes so far.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// The state, unless a block is open.
    pub(crate) fn midstate(&self) -> Option<Midstate<W>> {
        (self.filled == 0).then_some(Midstate {
            words: self.words,
            length: self.length,
        })
    }

    /// The stream that had this state, unless none can: its length must be a multiple of 64.
    pub(crate) fn resume(midstate: Midstate<W>) -> Option<Self> {
        midstate.length.is_multiple_of(BLOCK as u64).then(|| Self {
            length: midstate.length,
            ..Self::new(midstate.words)
        })
    }

    /// Takes in `bytes`.
    pub(crate) fn update(&mut self, bytes: &[u8], kernel: &Kernel<W>) {
        let rest = self.top_up(bytes);
        let (blocks, tail) = rest.as_chunks();
        (kernel.one)(&mut self.words, full_block(&self.open, self.filled));
        (kernel.one)(&mut self.words, blocks);
        self.keep(tail);
    }

    /// Takes in the bytes beside each stream, all streams at once.
    pub(crate) fn update_all(mut jobs: Vec<(&mut Self, &[u8])>, kernel: &Kernel<W>) {
        for (stream, bytes) in &mut jobs {
            *bytes = stream.top_up(bytes);
        }
        let lanes = jobs.iter_mut().map(|(stream, rest)| stream.lane(rest));
        kernel.run(lanes.collect());
        for (stream, rest) in jobs {
            stream.keep(rest.as_chunks::<BLOCK>().1);
        }
    }

    /// The state after the padding: the digest in words.
    pub(crate) fn finish(mut self, order: LengthBytes, kernel: &Kernel<W>) -> [u32; W] {
        let padding = Padding::new(&self.open[..self.filled], self.length, order);
        (kernel.one)(&mut self.words, padding.blocks());
        self.words
    }

    /// Begins to take in `bytes`: fills the open block as far as they go. The rest is not empty
    /// only if no block is open or it is full now.
    fn top_up<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        self.length = self.length.wrapping_add(bytes.len() as u64);
        if self.filled == 0 {
            return bytes;
        }
        let (head, rest) = bytes.split_at(bytes.len().min(BLOCK - self.filled));
        self.open[self.filled..self.filled + head.len()].copy_from_slice(head);
        self.filled += head.len();
        rest
    }

    /// The lane that takes in the open block if it is full, and the whole blocks of `rest`.
    fn lane<'a>(&'a mut self, rest: &'a [u8]) -> Lane<'a, W> {
        Lane::new(
            &mut self.words,
            full_block(&self.open, self.filled),
            rest.as_chunks().0,
        )
    }

    /// Ends what `top_up` began, after whole blocks were taken in: `tail` begins the next block.
    fn keep(&mut self, tail: &[u8]) {
        if self.filled == BLOCK {
            self.filled = 0;
        }
        if !tail.is_empty() {
            self.open[..tail.len()].copy_from_slice(tail);
            self.filled = tail.len();
        }
    }
}

/// The open block as a slice of one if it is full, else of none.
fn full_block(open: &Block, filled: usize) -> &[Block] {
    if filled == BLOCK {
        std::slice::from_ref(open)
    } else {
        &[]
    }
}

impl<const W: usize> fmt::Debug for Stream<W> {
    /// Without the bytes of the open block, which are someone's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

/// The last blocks of a message: its tail, a one bit, zeros, and its length in bits.
struct Padding {
    blocks: [Block; 2],
    count: usize,
}

impl Padding {
    /// For a message of `length` bytes that ends with `tail`, less than a block.
    fn new(tail: &[u8], length: u64, order: LengthBytes) -> Self {
        let mut blocks = [[0; BLOCK]; 2];
        let count = if tail.len() < BLOCK - size_of::<u64>() {
            1
        } else {
            2
        };
        blocks[0][..tail.len()].copy_from_slice(tail);
        blocks[0][tail.len()] = 0x80;
        let bits = length.wrapping_mul(8);
        blocks[count - 1][BLOCK - size_of::<u64>()..].copy_from_slice(&match order {
            LengthBytes::Little => bits.to_le_bytes(),
            LengthBytes::Big => bits.to_be_bytes(),
        });
        Self { blocks, count }
    }

    fn blocks(&self) -> &[Block] {
        &self.blocks[..self.count]
    }
}

/// The digests in words of whole messages, all computed at once.
pub(crate) fn digests<const W: usize>(
    initial: [u32; W],
    bodies: &[&[u8]],
    order: LengthBytes,
    kernel: &Kernel<W>,
) -> Vec<[u32; W]> {
    let parts: Vec<(&[Block], Padding)> = bodies
        .iter()
        .map(|body| {
            let (blocks, tail) = body.as_chunks();
            (blocks, Padding::new(tail, body.len() as u64, order))
        })
        .collect();
    let mut states = vec![initial; bodies.len()];
    kernel.run(
        std::iter::zip(&mut states, &parts)
            .map(|(state, (blocks, padding))| Lane::new(state, blocks, padding.blocks()))
            .collect(),
    );
    states
}
