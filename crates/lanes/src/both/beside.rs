//! SHA-256 in the shadow of MD5. A step of MD5 waits for the one before it, and most of the core is idle
//! meanwhile. Here every four steps are followed by some rounds of SHA-256, which have nothing to wait for
//! in MD5: the processor does both.
//!
//! Only in ordinary registers. The instructions of SHA-256 know nothing of the upper halves of vector
//! registers; between those of AVX-512 each of them costs some processors hundreds of cycles, and both
//! hashes together then run at a hundredth of their speed.
//!
//! The `hold`s keep that order. The compiler would put one hash after the other, so far apart that
//! the processor could not see both, which is slower than a kernel for each.

use super::{Kernel, SHA256_LANES};
use crate::kernel::Lane;
use crate::md5::scalar;
use crate::md5::seats::Seats;
use crate::md5::steps::steps;
use crate::sha256::ni::{self, Shares};

/// The kernels, the narrower first.
pub(super) const KERNELS: [Kernel; 2] = [
    Kernel {
        md5: 1,
        available: || is_x86_feature_detected!("bmi1") && ni::available(),
        several: one_scalar,
    },
    Kernel {
        md5: 2,
        available: || is_x86_feature_detected!("bmi1") && ni::available(),
        several: two_scalar,
    },
];

/// Defines the `several` of a kernel: MD5 in `$groups` registers, by what the module `$md5` has.
macro_rules! several {
    ($name:ident, $md5:ident, $groups:literal, $features:literal) => {
        /// Only to be reached through an available [`Kernel`].
        fn $name(md5: &mut [Lane<'_, 4>], sha256: &mut [Lane<'_, 8>], count: usize) {
            /// Advances all lanes, `N` of them for SHA-256, by `count` blocks.
            #[target_feature(enable = $features)]
            fn compress<const N: usize>(
                md5: &mut [Lane<'_, 4>],
                sha256: &mut [Lane<'_, 8>],
                count: usize,
            ) {
                use $md5::*;
                let Seats { words, blocks } = Seats::<$groups, WIDE>::take(md5, count);
                let mut state = words.map(|word| load(&word));
                let mut shares = Shares::<N>::take(sha256, count);
                for index in 0..count {
                    let x = message(&blocks, index);
                    let [mut a, mut b, mut c, mut d] = state;
                    steps!(a, b, c, d, x, FOUR => {
                        hold(&mut b);
                        shares.advance::<FOUR>(index);
                    });
                    state = [
                        add(state[0], a),
                        add(state[1], b),
                        add(state[2], c),
                        add(state[3], d),
                    ];
                }
                Seats::leave(state.map(|word| store(word)), md5);
                shares.leave(sha256);
            }

            // SAFETY: an available kernel's processor has the features.
            unsafe {
                match sha256.len() {
                    1 => compress::<1>(md5, sha256, count),
                    _ => compress::<{ SHA256_LANES }>(md5, sha256, count),
                }
            }
        }
    };
}

several!(one_scalar, scalar, 1, "bmi1,sha,sse4.1,ssse3");
several!(two_scalar, scalar, 2, "bmi1,sha,sse4.1,ssse3");
