//! Both hashes of the same files, advanced beside each other.

#[cfg(target_arch = "x86_64")]
#[expect(
    unsafe_code,
    reason = "calls that need vector and the SHA instructions"
)]
mod beside;
#[cfg(test)]
mod tests;

use crate::kernel::Lane;
use crate::md5::{self, Md5, md5_update};
use crate::sha256::{self, Sha256, sha256_update};
use crate::stream::Stream;

/// Bytes of each stream that one hash takes in before the other does, so that the second finds
/// them in the processor's cache.
const STRIDE: usize = 128 * 1024;

/// Lanes of SHA-256 in every kernel.
const SHA256_LANES: usize = 2;

/// A file's own sums, advanced together.
#[derive(Debug)]
pub struct Both<'a> {
    /// The file's MD5.
    pub md5: &'a mut Md5,
    /// The file's SHA-256.
    pub sha256: &'a mut Sha256,
    /// What both take in.
    pub bytes: &'a [u8],
}

/// Advances both hashes of every file of `files`, and the MD5 of every one of `parts`, beside each
/// other.
///
/// Any number and lengths will do. One or two files, and lengths that are alike, are faster so than by the
/// functions for one hash; more are not.
pub fn update_both(files: &mut [Both<'_>], parts: &mut [(&mut Md5, &[u8])]) {
    if find(kernels(), files.len() + parts.len(), files.len()).is_some() {
        together(files, parts, kernels());
    } else {
        in_strides(files, parts);
    }
}

/// One way of computing both hashes at once.
struct Kernel {
    /// How many lanes of MD5 it takes at most.
    md5: usize,
    /// Whether this processor can run it.
    available: fn() -> bool,
    /// Lets every lane take in the given number of its `blocks`, which each must have. Takes one
    /// lane of each hash or more, up to `md5` and [`SHA256_LANES`].
    several: fn(&mut [Lane<'_, 4>], &mut [Lane<'_, 8>], usize),
}

/// All kernels for this kind of processor.
fn kernels() -> &'static [Kernel] {
    #[cfg(target_arch = "x86_64")]
    return &beside::KERNELS;
    #[cfg(not(target_arch = "x86_64"))]
    &[]
}

/// The first of `kernels` that this processor can run with so many lanes of each hash.
fn find(kernels: &[Kernel], md5: usize, sha256: usize) -> Option<&Kernel> {
    if md5 == 0 || sha256 == 0 || sha256 > SHA256_LANES {
        return None;
    }
    kernels
        .iter()
        .find(|kernel| md5 <= kernel.md5 && (kernel.available)())
}

/// Both hashes at once as long as there is a kernel for the lanes that have blocks left, then one
/// hash after the other.
fn together(files: &mut [Both<'_>], parts: &mut [(&mut Md5, &[u8])], kernels: &[Kernel]) {
    let mut of_md5 = Vec::with_capacity(files.len() + parts.len());
    let mut of_sha256 = Vec::with_capacity(files.len());
    for Both { md5, sha256, bytes } in files {
        of_md5.push((&mut md5.0, *bytes));
        of_sha256.push((&mut sha256.0, *bytes));
    }
    of_md5.extend(parts.iter_mut().map(|(md5, bytes)| (&mut md5.0, *bytes)));
    Stream::update_by(of_md5, |md5| {
        Stream::update_by(of_sha256, |sha256| run(md5, sha256, kernels));
    });
}

/// Takes in all blocks of all lanes.
fn run(mut md5: Vec<Lane<'_, 4>>, mut sha256: Vec<Lane<'_, 8>>, kernels: &[Kernel]) {
    md5.retain(|lane| lane.left() > 0);
    sha256.retain(|lane| lane.left() > 0);
    while let Some(kernel) = find(kernels, md5.len(), sha256.len()) {
        let of_md5 = md5.iter().map(|lane| lane.blocks.len());
        let of_sha256 = sha256.iter().map(|lane| lane.blocks.len());
        let count = of_md5.chain(of_sha256).min().unwrap_or(0);
        (kernel.several)(&mut md5, &mut sha256, count);
        md5.retain_mut(|lane| lane.advance(count));
        sha256.retain_mut(|lane| lane.advance(count));
    }
    md5::kernel().run(md5);
    sha256::kernel().run(sha256);
}

/// One hash after the other, stride by stride.
fn in_strides(files: &mut [Both<'_>], parts: &mut [(&mut Md5, &[u8])]) {
    let lengths = files.iter().map(|file| file.bytes.len());
    let longest = lengths.chain(parts.iter().map(|part| part.1.len())).max();
    for begin in (0..longest.unwrap_or(0)).step_by(STRIDE) {
        let of_files = files
            .iter_mut()
            .map(|file| (&mut *file.md5, stride(file.bytes, begin)));
        let of_parts = parts
            .iter_mut()
            .map(|(md5, bytes)| (&mut **md5, stride(bytes, begin)));
        md5_update(&mut of_files.chain(of_parts).collect::<Vec<_>>());
        let of_files = files
            .iter_mut()
            .map(|file| (&mut *file.sha256, stride(file.bytes, begin)));
        sha256_update(&mut of_files.collect::<Vec<_>>());
    }
}

/// The stride of `bytes` that begins at `begin`, as far as they go.
fn stride(bytes: &[u8], begin: usize) -> &[u8] {
    let rest = bytes.get(begin..).unwrap_or_default();
    &rest[..rest.len().min(STRIDE)]
}
