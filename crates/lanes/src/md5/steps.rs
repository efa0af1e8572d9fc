//! The 64 steps of MD5 (RFC 1321, 3.4), written once for every kind of register.

/// The constants of the steps, whole parts of 2³² |sin(step + 1)|.
#[rustfmt::skip]
pub(crate) const SINES: [u32; 64] = [
    0xd76a_a478, 0xe8c7_b756, 0x2420_70db, 0xc1bd_ceee, 0xf57c_0faf, 0x4787_c62a, 0xa830_4613, 0xfd46_9501,
    0x6980_98d8, 0x8b44_f7af, 0xffff_5bb1, 0x895c_d7be, 0x6b90_1122, 0xfd98_7193, 0xa679_438e, 0x49b4_0821,
    0xf61e_2562, 0xc040_b340, 0x265e_5a51, 0xe9b6_c7aa, 0xd62f_105d, 0x0244_1453, 0xd8a1_e681, 0xe7d3_fbc8,
    0x21e1_cde6, 0xc337_07d6, 0xf4d5_0d87, 0x455a_14ed, 0xa9e3_e905, 0xfcef_a3f8, 0x676f_02d9, 0x8d2a_4c8a,
    0xfffa_3942, 0x8771_f681, 0x6d9d_6122, 0xfde5_380c, 0xa4be_ea44, 0x4bde_cfa9, 0xf6bb_4b60, 0xbebf_bc70,
    0x289b_7ec6, 0xeaa1_27fa, 0xd4ef_3085, 0x0488_1d05, 0xd9d4_d039, 0xe6db_99e5, 0x1fa2_7cf8, 0xc4ac_5665,
    0xf429_2244, 0x432a_ff97, 0xab94_23a7, 0xfc93_a039, 0x655b_59c3, 0x8f0c_cc92, 0xffef_f47d, 0x8584_5dd1,
    0x6fa8_7e4f, 0xfe2c_e6e0, 0xa301_4314, 0x4e08_11a1, 0xf753_7e82, 0xbd3a_f235, 0x2ad7_d2bb, 0xeb86_d391,
];

/// Runs all steps over the places `$a`, `$b`, `$c`, `$d` with the message words `$x[0..16]`.
///
/// The caller has these functions in scope, over whatever holds a word of each stream:
///
/// - `add(x, y)`, and `term(x, sine)`, which adds a constant;
/// - `f`, `g`, `h` and `i` `(sum, b, c, d)`: the sum with RFC 1321's function of that name added;
/// - `turn::<S, T, _>(sum, b)`: `b` plus the sum rotated left by `S`, where `T` is `32 - S`.
macro_rules! steps {
    ($a:ident, $b:ident, $c:ident, $d:ident, $x:ident) => {
        macro_rules! step {
            ($mix:ident, $p:ident, $q:ident, $r:ident, $s:ident, $word:expr, $n:expr, $turn:literal) => {
                $p = add($p, term($x[$word], $crate::md5::steps::SINES[$n]));
                $p = turn::<$turn, { 32 - $turn }, _>($mix($p, $q, $r, $s), $q);
            };
        }
        macro_rules! four {
            ($mix:ident, $n:literal, [$w0:literal, $w1:literal, $w2:literal, $w3:literal], [$t0:literal, $t1:literal, $t2:literal, $t3:literal]) => {
                step!($mix, $a, $b, $c, $d, $w0, $n, $t0);
                step!($mix, $d, $a, $b, $c, $w1, $n + 1, $t1);
                step!($mix, $c, $d, $a, $b, $w2, $n + 2, $t2);
                step!($mix, $b, $c, $d, $a, $w3, $n + 3, $t3);
            };
        }
        four!(f, 0, [0, 1, 2, 3], [7, 12, 17, 22]);
        four!(f, 4, [4, 5, 6, 7], [7, 12, 17, 22]);
        four!(f, 8, [8, 9, 10, 11], [7, 12, 17, 22]);
        four!(f, 12, [12, 13, 14, 15], [7, 12, 17, 22]);
        four!(g, 16, [1, 6, 11, 0], [5, 9, 14, 20]);
        four!(g, 20, [5, 10, 15, 4], [5, 9, 14, 20]);
        four!(g, 24, [9, 14, 3, 8], [5, 9, 14, 20]);
        four!(g, 28, [13, 2, 7, 12], [5, 9, 14, 20]);
        four!(h, 32, [5, 8, 11, 14], [4, 11, 16, 23]);
        four!(h, 36, [1, 4, 7, 10], [4, 11, 16, 23]);
        four!(h, 40, [13, 0, 3, 6], [4, 11, 16, 23]);
        four!(h, 44, [9, 12, 15, 2], [4, 11, 16, 23]);
        four!(i, 48, [0, 7, 14, 5], [6, 10, 15, 21]);
        four!(i, 52, [12, 3, 10, 1], [6, 10, 15, 21]);
        four!(i, 56, [8, 15, 6, 13], [6, 10, 15, 21]);
        four!(i, 60, [4, 11, 2, 9], [6, 10, 15, 21]);
    };
}

pub(crate) use steps;
