//! Where the content of files lies: runs, records, holes, what was never written, and compression.

use filesystems::told::What;

use super::image::{
    Attribute, COMPRESSED, DATA, FREE, Image, KEYS, LIST, Part, ROOT, Record, Run, SPARSE, USUAL,
    data, emptied, file, further, list, name, resident, spread, standard,
};
use super::{Unloadable, Volume, pattern};

/// A file with one name in the root.
fn named(number: u64, called: &str, more: Vec<Attribute>) -> Record {
    let mut attributes = vec![standard(0), name(ROOT, 1, called)];
    attributes.extend(more);
    file(number, attributes)
}

/// A volume with one file `f`.
fn volume(more: Vec<Attribute>, clusters: &[(u64, Vec<u8>)]) -> Volume {
    let mut image = Image::new(USUAL);
    for (lcn, bytes) in clusters {
        image.write(*lcn, bytes);
    }
    image.add(named(20, "f", more));
    Volume::read(image.finish())
}

/// The content of a file that lies in these runs, written with a pattern.
fn written(image: &mut Image, runs: &[Run]) -> Vec<u8> {
    let clusters: u64 = runs.iter().map(|run| run.0).sum();
    let content = pattern(usize::try_from(clusters).unwrap() * 4096);
    let mut rest = &content[..];
    for &(clusters, lcn) in runs {
        let (piece, after) = rest.split_at(usize::try_from(clusters).unwrap() * 4096);
        image.write(lcn.unwrap(), piece);
        rest = after;
    }
    image.mark(runs);
    content
}

#[test]
fn small_files_lie_in_their_records() {
    let mut volume = volume(vec![resident(DATA, "", b"small")], &[]);
    assert_eq!(volume.content("f"), b"small");
    let times = volume.file("f").times;
    assert_eq!(times.modified.unwrap().seconds, 1_577_836_800);
}

#[test]
fn runs_are_read_forth_and_back() {
    let mut image = Image::new(USUAL);
    let runs = [
        (2, Some(90)),
        (1, Some(FREE)),
        (1, Some(FREE + 1)),
        (3, Some(200)),
    ];
    let content = written(&mut image, &runs);
    image.add(named(20, "f", vec![data(7 * 4096 - 5, &runs)]));
    let mut volume = Volume::read(image.finish());
    assert_eq!(volume.content("f"), content[..7 * 4096 - 5]);
    assert_eq!(volume.file("f").content.as_ref().unwrap().len(), 3);
    assert_eq!(volume.walk.summary.unaccounted, Some(0));
}

#[test]
fn what_was_never_written_is_zeros() {
    let part = Part {
        bytes: 8000,
        initialised: 4100,
        ..Part::default()
    };
    let stream = spread(DATA, "", part, &[(2, Some(FREE))]);
    let mut volume = volume(vec![stream], &[(FREE, vec![1; 4100])]);
    let content = volume.content("f");
    assert_eq!(content[..4100], [1; 4100]);
    assert_eq!(content[4100..], [0; 3900]);
}

/// Its clusters are those of another file by now, which is no less sound for that.
#[test]
fn a_file_that_was_cut_to_nothing_is_empty_and_has_no_clusters() {
    let mut image = Image::new(USUAL);
    let runs = [(2, Some(90))];
    let content = written(&mut image, &runs);
    image.add(named(20, "cut", vec![emptied(&runs)]));
    image.add(named(21, "next", vec![data(8192, &runs)]));
    let mut volume = Volume::read(image.finish());
    assert_eq!(volume.content("cut"), b"");
    assert_eq!(volume.content("next"), content);
    assert_eq!(volume.walk.summary.unaccounted, Some(0));
}

#[test]
fn holes_of_sparse_files_are_zeros() {
    let part = Part {
        flags: SPARSE,
        bytes: 4 * 4096,
        initialised: 4 * 4096,
        ..Part::default()
    };
    let runs = [(1, None), (1, Some(FREE)), (2, None)];
    let mut sparse = volume(
        vec![spread(DATA, "", part, &runs)],
        &[(FREE, vec![1; 4096])],
    );
    let content = sparse.content("f");
    assert_eq!(content[..4096], [0; 4096]);
    assert_eq!(content[4096..8192], [1; 4096]);
    assert_eq!(content[8192..], [0; 8192]);
    let plain = Part { flags: 0, ..part };
    let refused = volume(vec![spread(DATA, "", plain, &runs)], &[]);
    assert!(refused.damage("f").contains("hole"));
}

/// A file whose list of runs lies in three records, of which one comes before the first; with its list of attributes
/// where `make_list` puts it.
fn in_three_records(make_list: impl FnOnce(&mut Image, &[u8]) -> Attribute) -> Volume {
    let mut image = Image::new(USUAL);
    let runs: [Run; 3] = [(2, Some(60)), (3, Some(100)), (1, Some(50))];
    let content = written(&mut image, &runs);
    let bytes = content.len() as u64;
    let part = |lowest| Part {
        bytes,
        initialised: bytes - 100,
        lowest,
        ..Part::default()
    };
    let mut base = named(30, "f", vec![]);
    let parts = [
        further(40, 30, vec![spread(DATA, "", part(0), &runs[..1])]),
        further(20, 30, vec![spread(DATA, "", part(2), &runs[1..2])]),
        further(41, 30, vec![spread(DATA, "", part(5), &runs[2..])]),
    ];
    let listed = list(&[&base, &parts[0], &parts[1], &parts[2]]);
    base.attributes.insert(0, make_list(&mut image, &listed));
    image.add(base);
    parts.into_iter().for_each(|part| image.add(part));
    let mut volume = Volume::read(image.finish());
    let told = volume.content("f");
    let valid = told.len() - 100;
    assert_eq!(told[..valid], content[..valid]);
    assert_eq!(told[valid..], [0; 100]);
    volume
}

#[test]
fn lists_of_runs_go_on_in_further_records() {
    in_three_records(|_, listed| resident(LIST, "", listed));
    let volume = in_three_records(|image, listed| {
        let runs = [(1, Some(70))];
        image.write(70, listed);
        image.mark(&runs);
        spread(
            LIST,
            "",
            Part {
                bytes: listed.len() as u64,
                initialised: listed.len() as u64,
                ..Part::default()
            },
            &runs,
        )
    });
    assert_eq!(volume.walk.summary.unaccounted, Some(0));
}

#[test]
fn a_missing_part_makes_a_file_damaged() {
    for (number, sequence, base) in [(99, 1, 30), (40, 2, 30), (40, 1, 31)] {
        let mut image = Image::new(USUAL);
        let mut base_record = named(30, "f", vec![data(8192, &[(1, Some(60))])]);
        let part = Part {
            lowest: 1,
            ..Part::default()
        };
        let mut second = further(number, base, vec![spread(DATA, "", part, &[(1, Some(61))])]);
        second.sequence = sequence;
        let mut claimed = second.clone();
        (claimed.number, claimed.sequence) = (40, 1);
        let listed = list(&[&base_record, &claimed]);
        base_record
            .attributes
            .insert(0, resident(LIST, "", &listed));
        image.add(base_record);
        if number < 96 {
            image.add(second);
        }
        let volume = Volume::read(image.finish());
        let why = volume.damage("f");
        assert!(why.contains("record"), "{why}");
    }
}

#[test]
fn runs_and_sizes_that_cannot_be_make_a_file_damaged() {
    let shorter = Part {
        bytes: 4096,
        initialised: 5000,
        ..Part::default()
    };
    let wrong = [
        data(8192, &[(1, Some(FREE))]),
        data(4096, &[(1, Some(512))]),
        data(4096, &[(2, Some(511))]),
        spread(DATA, "", shorter, &[(1, Some(FREE))]),
        spread(
            DATA,
            "",
            Part {
                lowest: 1,
                ..shorter
            },
            &[(1, Some(FREE))],
        ),
    ];
    for stream in wrong {
        volume(vec![stream], &[]).damage("f");
    }
    let without = volume(vec![], &[]);
    assert!(without.damage("f").contains("no content"));
    let twice = vec![resident(DATA, "", b"a"), resident(DATA, "", b"b")];
    assert!(volume(twice, &[]).damage("f").contains("twice"));
}

/// A unit of LZNT1: each chunk of 4 KiB is one byte, repeated.
fn lznt1(bytes: &[u8]) -> Vec<u8> {
    let chunks = bytes.iter();
    let mut packed: Vec<u8> = chunks
        .flat_map(|&byte| [0x03, 0xB0, 0x02, byte, 0xFC, 0x0F])
        .collect();
    packed.extend([0, 0]);
    packed
}

#[test]
fn compressed_files_have_packed_and_plain_units_and_holes() {
    let mut image = Image::new(USUAL);
    let units: Vec<u8> = (1..=16).collect();
    image.write(60, &lznt1(&units));
    let plain = pattern(16 * 4096);
    image.write(100, &plain[..5 * 4096]);
    image.write(80, &plain[5 * 4096..]);
    image.write(120, &lznt1(&[7; 16]));
    let runs = [
        (1, Some(60)),
        (15, None),
        (5, Some(100)),
        (11, Some(80)),
        (16, None),
        (1, Some(120)),
        (15, None),
    ];
    image.mark(&runs);
    let part = Part {
        flags: COMPRESSED,
        unit: 4,
        bytes: 4 * 65_536 - 1000,
        initialised: 3 * 65_536 + 5000,
        ..Part::default()
    };
    image.add(named(20, "f", vec![spread(DATA, "", part, &runs)]));
    let mut volume = Volume::read(image.finish());
    let content = volume.content("f");
    assert!((0..16).all(|chunk| content[chunk * 4096..][..4096] == [units[chunk]; 4096]));
    assert_eq!(content[65_536..131_072], plain);
    assert_eq!(content[131_072..196_608], [0; 65_536]);
    assert_eq!(content[196_608..201_608], [7; 5000]);
    assert!(content[201_608..].iter().all(|&byte| byte == 0));
    assert_eq!(volume.walk.summary.unaccounted, Some(0));
}

#[test]
fn compression_that_is_not_known_is_refused() {
    let part = Part {
        flags: COMPRESSED,
        unit: 4,
        bytes: 4096,
        initialised: 4096,
        ..Part::default()
    };
    for (flags, unit) in [(2, 4), (COMPRESSED, 5), (COMPRESSED, 0)] {
        let part = Part {
            flags,
            unit,
            ..part
        };
        let stream = spread(DATA, "", part, &[(1, Some(FREE)), (31, None)]);
        let refused = volume(vec![stream], &[]).refusal("f");
        assert!(
            matches!(refused, Unloadable::UnknownFeature(_)),
            "{refused:?}"
        );
    }
    let runs = [(1, Some(FREE)), (1, None), (1, Some(FREE + 1)), (13, None)];
    volume(vec![spread(DATA, "", part, &runs)], &[]).damage("f");
    volume(
        vec![spread(DATA, "", part, &[(1, Some(FREE)), (3, None)])],
        &[],
    )
    .damage("f");
}

#[test]
fn encrypted_files_are_refused() {
    let part = Part {
        flags: super::image::ENCRYPTED,
        bytes: 4096,
        initialised: 4096,
        ..Part::default()
    };
    let stream = spread(DATA, "", part, &[(1, Some(FREE))]);
    let refused = volume(vec![stream], &[]).refusal("f");
    assert_eq!(refused, Unloadable::Encrypted("EFS"));
    let keys = vec![resident(DATA, "", b"x"), resident(KEYS, "$EFS", b"keys")];
    assert_eq!(volume(keys, &[]).refusal("f"), Unloadable::Encrypted("EFS"));
}

#[test]
fn further_streams_are_named_with_their_sizes() {
    let streams = vec![
        resident(DATA, "", b"content"),
        resident(DATA, "Zone.Identifier", b"three"),
    ];
    let mut volume = volume(streams, &[]);
    assert_eq!(volume.content("f"), b"content");
    let streams = &volume.file("f").streams;
    assert_eq!(
        (&streams[0].name[..], streams[0].bytes),
        (&b"Zone.Identifier"[..], 5)
    );
}

#[test]
fn clusters_that_two_files_have_make_the_second_damaged() {
    let mut image = Image::new(USUAL);
    let content = written(&mut image, &[(3, Some(60))]);
    image.add(named(20, "first", vec![data(3 * 4096, &[(3, Some(60))])]));
    image.add(named(21, "second", vec![data(4096, &[(1, Some(62))])]));
    let mut volume = Volume::read(image.finish());
    assert_eq!(volume.content("first"), content);
    assert!(volume.damage("second").contains("another"));
    assert!(volume.remarks().contains("1 files have clusters"));
}

#[test]
fn what_nothing_accounts_for_is_counted() {
    let mut image = Image::new(USUAL);
    image.mark(&[(3, Some(300))]);
    let volume = Volume::read(image.finish());
    assert_eq!(volume.walk.summary.unaccounted, Some(3 * 4096));
}

#[test]
fn a_file_of_nothing_but_hole_costs_nothing() {
    let part = Part {
        flags: SPARSE | COMPRESSED,
        unit: 4,
        bytes: 1 << 50,
        initialised: 1 << 50,
        ..Part::default()
    };
    let volume = volume(vec![spread(DATA, "", part, &[(1 << 38, None)])], &[]);
    let extents = volume.file("f").content.as_ref().unwrap();
    assert_eq!(extents.len(), 1);
    assert_eq!(
        (extents[0].bytes, &extents[0].what),
        (1 << 50, &What::Zeros)
    );
}
