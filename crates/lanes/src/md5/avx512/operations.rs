//! What `steps!` calls, for AVX-512's registers of any length: a rotation, and each of RFC 1321's functions, is one
//! operation.

/// Defines `add`, `term`, `f`, `g`, `h`, `i` and `turn` over words `[$register; G]`, by the intrinsics for registers of
/// that length. The caller has `Word` in scope.
macro_rules! operations {
    (
        $register:ident in $class:ident, $features:literal,
        $set:ident, $sum:ident, $function:ident, $rotated:ident
    ) => {
        #[inline]
        #[target_feature(enable = $features)]
        fn add<const G: usize>(mut x: Word<G>, y: Word<G>) -> Word<G> {
            for n in 0..G {
                x[n] = $sum(x[n], y[n]);
            }
            x
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn term<const G: usize>(x: Word<G>, sine: u32) -> Word<G> {
            add(x, [$set(sine.cast_signed()); G])
        }

        /// Keeps the compiler from adding what comes later to what was added up to `sum`: it would add in another
        /// order, in which more waits for the newest word. No instruction.
        #[inline]
        #[target_feature(enable = $features)]
        fn held(mut sum: $register) -> $register {
            // SAFETY: there is only a comment, which leaves everything as it was.
            unsafe {
                std::arch::asm!(
                    "/* {} */",
                    inout($class) sum,
                    options(pure, nomem, nostack, preserves_flags),
                );
            }
            sum
        }

        /// Adds a function of three bits to `sum`. Bit `4 b + 2 c + d` of `TABLE` is the function's value.
        #[inline]
        #[target_feature(enable = $features)]
        fn add_function<const TABLE: i32, const G: usize>(
            mut sum: Word<G>,
            b: Word<G>,
            c: Word<G>,
            d: Word<G>,
        ) -> Word<G> {
            for n in 0..G {
                sum[n] = $sum(held(sum[n]), $function::<TABLE>(b[n], c[n], d[n]));
            }
            sum
        }

        /// `(b & c) | (!b & d)`
        #[inline]
        #[target_feature(enable = $features)]
        fn f<const G: usize>(sum: Word<G>, b: Word<G>, c: Word<G>, d: Word<G>) -> Word<G> {
            add_function::<0b1100_1010, G>(sum, b, c, d)
        }

        /// `(b & d) | (c & !d)`
        #[inline]
        #[target_feature(enable = $features)]
        fn g<const G: usize>(sum: Word<G>, b: Word<G>, c: Word<G>, d: Word<G>) -> Word<G> {
            add_function::<0b1110_0100, G>(sum, b, c, d)
        }

        /// `b ^ c ^ d`
        #[inline]
        #[target_feature(enable = $features)]
        fn h<const G: usize>(sum: Word<G>, b: Word<G>, c: Word<G>, d: Word<G>) -> Word<G> {
            add_function::<0b1001_0110, G>(sum, b, c, d)
        }

        /// `c ^ (b | !d)`
        #[inline]
        #[target_feature(enable = $features)]
        fn i<const G: usize>(sum: Word<G>, b: Word<G>, c: Word<G>, d: Word<G>) -> Word<G> {
            add_function::<0b0011_1001, G>(sum, b, c, d)
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn turn<const S: i32, const T: i32, const G: usize>(
            mut sum: Word<G>,
            b: Word<G>,
        ) -> Word<G> {
            for n in 0..G {
                sum[n] = $sum($rotated::<S>(sum[n]), b[n]);
            }
            sum
        }
    };
}

pub(super) use operations;
