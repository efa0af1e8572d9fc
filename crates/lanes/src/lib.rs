//! MD5 and SHA-256 of many streams at once.
//!
//! Each step of MD5 waits for the one before it, so that one stream leaves most of a core idle and
//! is slower than a good disk. Independent streams can share the core: up to sixteen MD5 states advance
//! in the lanes of vector registers (AVX2 or AVX-512), and up to four SHA-256 states take turns in
//! the processor's SHA unit. The digests are the ordinary ones; a stream may be advanced alone,
//! together with others, or first one and then the other.
//!
//! What the processor can do is found at run time. Without the instructions the streams are
//! advanced one after the other by the `md-5` and `sha2` crates.
//!
//! This is the one crate with `unsafe` code. All of it is in the modules of kernels: calls of
//! functions compiled for an instruction set, loads and stores of registers, and `asm!` without an
//! instruction, which keeps the compiler from undoing the order of additions.

mod kernel;
mod md5;
mod sha256;
mod stream;
#[cfg(test)]
mod tests;

pub use md5::{Md5, md5_abreast, md5_of, md5_update};
pub use sha256::{Sha256, sha256_lanes, sha256_of, sha256_update};
pub use stream::Midstate;
