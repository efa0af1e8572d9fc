//! Both hashes at once give what each gives alone.

use proptest::prelude::*;

use super::*;

/// A stream of either hash or both.
#[derive(Clone, Debug)]
struct Case {
    /// Bytes that the MD5 has taken in before.
    before_md5: usize,
    /// Bytes that the SHA-256 has taken in before.
    before_sha256: usize,
    bytes: Vec<u8>,
}

impl Case {
    fn new(seed: usize, before: usize, length: usize) -> Self {
        Self {
            before_md5: before,
            before_sha256: before,
            bytes: (0..=250).cycle().skip(seed % 251).take(length).collect(),
        }
    }

    fn md5(&self) -> Md5 {
        let mut md5 = Md5::new();
        md5.update(&vec![1; self.before_md5]);
        md5
    }

    fn sha256(&self) -> Sha256 {
        let mut sha256 = Sha256::new();
        sha256.update(&vec![2; self.before_sha256]);
        sha256
    }

    fn check_md5(&self, md5: Md5) {
        let mut alone = self.md5();
        alone.update(&self.bytes);
        assert_eq!(md5.length(), alone.length());
        assert_eq!(md5.finish(), alone.finish(), "{} bytes", self.bytes.len());
    }

    fn check_sha256(&self, sha256: Sha256) {
        let mut alone = self.sha256();
        alone.update(&self.bytes);
        assert_eq!(sha256.length(), alone.length());
        assert_eq!(
            sha256.finish(),
            alone.finish(),
            "{} bytes",
            self.bytes.len()
        );
    }
}

/// Advances the streams by `update` and each alone, and compares.
fn check(
    files: &[Case],
    parts: &[Case],
    update: impl Fn(&mut [Both<'_>], &mut [(&mut Md5, &[u8])]),
) {
    let mut md5: Vec<Md5> = files.iter().map(Case::md5).collect();
    let mut sha256: Vec<Sha256> = files.iter().map(Case::sha256).collect();
    let mut md5_of_parts: Vec<Md5> = parts.iter().map(Case::md5).collect();
    let states = md5.iter_mut().zip(&mut sha256).zip(files);
    let mut both: Vec<Both<'_>> = states
        .map(|((md5, sha256), Case { bytes, .. })| Both { md5, sha256, bytes })
        .collect();
    let states = md5_of_parts.iter_mut().zip(parts);
    let mut beside: Vec<(&mut Md5, &[u8])> = states
        .map(|(md5, part)| (md5, part.bytes.as_slice()))
        .collect();
    update(&mut both, &mut beside);

    for ((md5, sha256), file) in md5.into_iter().zip(sha256).zip(files) {
        file.check_md5(md5);
        file.check_sha256(sha256);
    }
    for (md5, part) in md5_of_parts.into_iter().zip(parts) {
        part.check_md5(md5);
    }
}

/// By each kernel this machine can run, by all of them, and by none.
fn check_every_way(files: &[Case], parts: &[Case]) {
    check(files, parts, update_both);
    check(files, parts, in_strides);
    for kernel in kernels() {
        check(files, parts, |files, parts| {
            together(files, parts, std::slice::from_ref(kernel));
        });
    }
}

/// Every kernel with every number of lanes of either hash it takes, and some it does not.
#[test]
fn every_number_of_streams() {
    for files in 0..=SHA256_LANES + 1 {
        for parts in 0..=17 {
            let case = |n| Case::new(40 * n, 0, 256);
            let files: Vec<Case> = (0..files).map(case).collect();
            let parts: Vec<Case> = (5..5 + parts).map(case).collect();
            check_every_way(&files, &parts);
        }
    }
}

/// A kernel of SHA-NI is found for the numbers of lanes it is meant for, where there is one.
#[test]
fn kernels_fit_their_lanes() {
    for kernel in kernels() {
        let kernel = std::slice::from_ref(kernel);
        let lanes = kernel[0].md5;
        let available = (kernel[0].available)();
        for sha256 in 1..=SHA256_LANES {
            assert_eq!(find(kernel, lanes, sha256).is_some(), available);
            assert!(find(kernel, lanes + 1, sha256).is_none());
        }
        assert!(find(kernel, lanes, 0).is_none());
        assert!(find(kernel, 0, 1).is_none());
        assert!(find(kernel, lanes, SHA256_LANES + 1).is_none());
    }
}

/// Streams that end at different times, empty ones, and states in the middle of a block, which
/// need not be the same in the two hashes of a file.
#[test]
fn ragged_streams() {
    let lengths = [1000, 0, 64, 63, 129, 5000, 1, 640];
    let cases: Vec<Case> = lengths
        .into_iter()
        .enumerate()
        .map(|(n, length)| Case::new(n, [0, 1, 63, 64][n % 4], length))
        .collect();
    for files in 0..=5 {
        for parts in 0..=cases.len() {
            check_every_way(&cases[cases.len() - files..], &cases[..parts]);
        }
    }
    let mut apart = Case::new(3, 0, 1000);
    apart.before_md5 = 10;
    apart.before_sha256 = 50;
    check_every_way(&[apart], &cases);
}

/// More bytes than one stride, in streams of different lengths.
#[test]
fn long_streams() {
    let cases: Vec<Case> = [STRIDE + 100, 3 * STRIDE, 2 * STRIDE - 1, 70]
        .into_iter()
        .map(|length| Case::new(length, 5, length))
        .collect();
    check_every_way(&cases, &cases);
    check_every_way(&cases[..1], &[]);
}

fn cases(most: usize) -> impl Strategy<Value = Vec<Case>> {
    let bytes = (0..2_000usize).prop_flat_map(|n| prop::collection::vec(any::<u8>(), n));
    let case = (0..130usize, 0..130usize, bytes);
    let case = case.prop_map(|(before_md5, before_sha256, bytes)| Case {
        before_md5,
        before_sha256,
        bytes,
    });
    prop::collection::vec(case, 0..=most)
}

proptest! {
    #[test]
    fn any_streams(files in cases(5), parts in cases(13)) {
        check_every_way(&files, &parts);
    }
}
