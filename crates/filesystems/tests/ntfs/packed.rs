//! Files that WOF packed. The streams were made by wimlib's `wimcapture`, whose format WOF has; the content is made
//! here again.

use super::Volume;
use super::image::{
    DATA, FREE, Image, Part, ROOT, Run, SPARSE, USUAL, file, name, reparse, resident, spread,
    standard,
};

const XPRESS_4K: &[u8] = include_bytes!("../packed/xpress4k");
const XPRESS_8K: &[u8] = include_bytes!("../packed/xpress8k");
const XPRESS_16K: &[u8] = include_bytes!("../packed/xpress16k");
const LZX: &[u8] = include_bytes!("../packed/lzx");

/// The generator of the content.
struct Source(u64);

impl Source {
    fn next(&mut self) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap()
    }

    fn byte(&mut self, shift: u32) -> u8 {
        u8::try_from(self.next() >> shift & 255).unwrap()
    }
}

/// Words, bytes, and what looks like calls.
fn text(bytes: usize) -> Vec<u8> {
    let words = [
        "dock",
        "disk",
        "harbour",
        "manifest ",
        "signature",
        " of",
        " the ",
        "\n",
        "quay",
        "crane",
    ];
    let mut source = Source(1);
    let mut text = Vec::new();
    while text.len() < bytes {
        match source.next() % 24 {
            word @ 0..10 => text.extend(words[word].bytes()),
            10 | 11 => {
                text.push(0xE8);
                let target = u32::try_from(source.next() % 5000).unwrap();
                text.extend(target.to_le_bytes());
            }
            12..16 => text.push(source.byte(0)),
            _ => text.extend(words[source.next() % 3].bytes()),
        }
    }
    text.truncate(bytes);
    text
}

/// Text around what cannot be packed, so that some chunks are stored.
fn mixed() -> Vec<u8> {
    let mut source = Source(1);
    let mut mixed = text(10_000);
    mixed.extend((0..8000).map(|_| source.byte(8)));
    mixed.extend(text(1000));
    mixed
}

/// A volume with a file `f` of `bytes` that WOF packed by `algorithm` into `stream`, which lies in `runs`.
fn volume(algorithm: u8, bytes: usize, stream: &[u8], runs: &[Run]) -> Volume {
    let mut image = Image::new(USUAL);
    let mut rest = stream;
    for &(clusters, lcn) in runs {
        let room = usize::try_from(clusters).unwrap() * 4096;
        let (piece, after) = rest.split_at(room.min(rest.len()));
        image.write(lcn.unwrap(), piece);
        rest = after;
    }
    image.mark(runs);
    let hole = Part {
        flags: SPARSE,
        bytes: bytes as u64,
        ..Part::default()
    };
    let clusters = bytes.div_ceil(4096) as u64;
    let packed = Part {
        bytes: stream.len() as u64,
        initialised: stream.len() as u64,
        ..Part::default()
    };
    let point = [1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, algorithm, 0, 0, 0];
    image.add(file(
        20,
        vec![
            standard(0),
            name(ROOT, 1, "f"),
            spread(DATA, "", hole, &[(clusters, None)]),
            spread(DATA, "WofCompressedData", packed, runs),
            reparse(0x8000_0017, &point),
        ],
    ));
    Volume::read(image.finish())
}

/// Runs of one cluster, so that chunks are split over them.
fn scattered(stream: &[u8]) -> Vec<Run> {
    let clusters = stream.len().div_ceil(4096) as u64;
    (0..clusters)
        .map(|at| (1, Some(FREE + 300 - 2 * at)))
        .collect()
}

#[test]
fn each_algorithm_is_read() {
    let samples = [
        (0, XPRESS_4K, mixed()),
        (2, XPRESS_8K, mixed()),
        (3, XPRESS_16K, mixed()),
        (1, LZX, text(70_000)),
    ];
    for (algorithm, stream, content) in samples {
        let mut volume = volume(algorithm, content.len(), stream, &scattered(stream));
        assert_eq!(volume.content("f"), content, "algorithm {algorithm}");
        assert!(volume.file("f").streams.is_empty());
        assert_eq!(volume.walk.summary.unaccounted, Some(0));
    }
}

#[test]
fn tables_of_chunks_that_cannot_be_make_a_file_damaged() {
    for change in [0usize, 1, 3, 4, 12] {
        let mut stream = XPRESS_4K.to_vec();
        stream[change] ^= 0x70;
        let volume = volume(0, 19_000, &stream, &scattered(&stream));
        let file = volume.file("f").clone();
        let mut blocks = volume.blocks;
        let read = filesystems::content::read_all(&mut blocks, &file, 19_000);
        assert!(read.is_err() || read == Ok(mixed()), "byte {change}");
    }
    let cut = &XPRESS_4K[..12_000];
    let mut volume_of_cut = volume(0, 19_000, cut, &scattered(cut));
    let file = volume_of_cut.file("f").clone();
    let read = filesystems::content::read_all(&mut volume_of_cut.blocks, &file, 19_000);
    assert!(read.is_err());
    let empty = &XPRESS_4K[..10];
    volume(0, 19_000, empty, &scattered(empty)).damage("f");
}

#[test]
fn a_wrong_algorithm_gives_nothing() {
    let volume = volume(1, 19_000, XPRESS_4K, &scattered(XPRESS_4K));
    let file = volume.file("f").clone();
    let mut blocks = volume.blocks;
    assert!(filesystems::content::read_all(&mut blocks, &file, 19_000).is_err());
}

#[test]
fn a_stream_in_its_record_is_unpacked_at_once() {
    let content = b"abc".repeat(100);
    let mut packed = vec![0; 256];
    for (at, byte) in [(48, 0x30), (49, 0x23), (128, 0x02), (143, 0x20)] {
        packed[at] = byte;
    }
    packed.extend([0xa8, 0xdc, 0x00, 0x00, 0xff, 0x26, 0x01]);
    let point = [1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
    let hole = Part {
        flags: SPARSE,
        bytes: 300,
        ..Part::default()
    };
    let mut image = Image::new(USUAL);
    image.add(file(
        20,
        vec![
            standard(0),
            name(ROOT, 1, "f"),
            spread(DATA, "", hole, &[(1, None)]),
            resident(DATA, "WofCompressedData", &packed),
            reparse(0x8000_0017, &point),
        ],
    ));
    assert_eq!(Volume::read(image.finish()).content("f"), content);
}

#[test]
fn without_its_stream_a_file_is_damaged() {
    let point = [1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
    let mut image = Image::new(USUAL);
    image.add(file(
        20,
        vec![
            standard(0),
            name(ROOT, 1, "f"),
            resident(DATA, "", b""),
            reparse(0x8000_0017, &point),
        ],
    ));
    assert!(Volume::read(image.finish()).damage("f").contains("missing"));
}
