//! Children that lie, die or are silent: what they say is not believed.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use filesystems::content::prove;
use filesystems::recognise::{FileSystem, Recognised};
use filesystems::tables::{Partition, PartitionTable, Scheme};
use filesystems::told::{
    Damaged, Extent, File, Folder, Moment, NodeKind, Owner, Stream, Times, What,
};
use filesystems::volumes::Volume;
use proptest::prelude::*;

use super::super::Misbehaviour;
use super::super::messages::{Saying, SurveyHead, frame, kind, read_frame, told};
use super::*;

const VOLUME: u64 = 1 << 20;

/// A sandbox whose children say this, whatever they are asked, and nothing more.
fn saying(frames: Vec<Vec<u8>>) -> Sandbox {
    played(move |mut line| {
        if line.write_all(&frames.concat()).is_ok() {
            let _gone = line.shutdown(Shutdown::Write);
            let _until_it_hangs_up = line.read_to_end(&mut Vec::new());
        }
    })
}

fn played(act: impl Fn(UnixStream) + Send + Sync + 'static) -> Sandbox {
    let launcher = Launcher::Impostor(Arc::new(act));
    Sandbox::new(launcher).with_silence(Duration::from_millis(200))
}

fn ready() -> Vec<u8> {
    Saying::Ready { unconfined: None }.frame()
}

fn facts() -> Facts {
    Facts {
        kind: "ext4",
        label: None,
        uuid: None,
        bytes: VOLUME,
        cluster: 4096,
    }
}

fn batch(things: &[Told]) -> Vec<u8> {
    frame(kind::TOLD, |body| {
        for thing in things {
            let put: Result<(), ()> = told::put(thing, body, &mut |_| Ok(()));
            put.unwrap();
        }
    })
}

/// What the parent makes of a child that opens a volume of 1 MiB and tells these.
fn told_of(things: &[Told]) -> Catalogue {
    let frames = vec![
        ready(),
        Saying::Opened(facts()).frame(),
        batch(things),
        Saying::Done(Summary::default()).frame(),
    ];
    told_by(&mut saying(frames), &Options::default())
}

fn told_by(sandbox: &mut Sandbox, options: &Options) -> Catalogue {
    let mut device = MemoryBlocks::new(vec![0; 1 << 20]);
    let mut heard = Vec::new();
    let done = sandbox.catalogue(&mut device, &volume(), options, &mut |said| {
        match said {
            Heard::Told(told) => heard.push(told),
            Heard::Anew => heard.clear(),
        }
        ControlFlow::Continue(())
    });
    (done, heard)
}

fn volume() -> Volume {
    Volume {
        number: 0,
        offset: 0,
        bytes: VOLUME,
        system: None,
        manager: None,
        recognised: Recognised {
            readable: vec![FileSystem::Ext],
            ..Recognised::default()
        },
    }
}

fn extent(logical: u64, bytes: u64, what: What) -> Extent {
    Extent {
        logical,
        bytes,
        what,
    }
}

fn file(bytes: u64, extents: Vec<Extent>) -> File {
    File::plain((12, 2), "name", bytes, extents)
}

fn whole(bytes: u64) -> File {
    file(bytes, vec![extent(0, bytes, What::Disk(0))])
}

fn folder(name: &[u8]) -> Folder {
    Folder {
        id: 11,
        parent: 2,
        name: name.to_vec(),
        times: Times::default(),
        owner: None,
    }
}

#[track_caller]
fn assert_rule(what: &str, (done, heard): Catalogue) {
    match done {
        Err(ParseError::Misbehaved(Misbehaviour::Rule(why))) => {
            assert!(why.contains(what), "{why}");
        }
        other => panic!("{what}: {other:?}"),
    }
    assert!(heard.is_empty(), "{heard:?}");
}

#[test]
fn what_may_be_said_is_believed() {
    let things = [
        Told::Folder(Folder {
            id: 2,
            ..folder(b"")
        }),
        Told::Folder(folder(b"folder")),
        Told::File(File {
            streams: vec![Stream {
                name: b"further".to_vec(),
                bytes: 7,
            }],
            owner: Some(Owner {
                mode: 0o7777,
                user: 1,
                group: 2,
            }),
            times: Times {
                modified: Some(Moment {
                    seconds: -1,
                    nanoseconds: 999_999_999,
                }),
                ..Times::default()
            },
            ..file(
                30_000,
                vec![
                    extent(0, 5, What::Inline(Box::new(*b"hello"))),
                    extent(5, 4095, What::Disk(VOLUME - 4095)),
                    extent(4100, 20_900, What::Zeros),
                    extent(
                        25_000,
                        5_000,
                        What::Packed {
                            codec: Codec::Lznt1,
                            runs: vec![(0, 512), (VOLUME - 512, 512)],
                        },
                    ),
                ],
            )
        }),
        Told::File(File {
            kind: NodeKind::SymbolicLink(b"../else".to_vec()),
            ..file(0, Vec::new())
        }),
        Told::Damaged(Damaged {
            parent: None,
            name: Some(b"a/b".to_vec()),
            id: Some(9),
            is_folder: true,
            why: "so".to_owned(),
        }),
    ];
    let (done, heard) = told_of(&things);
    assert_eq!(done.unwrap(), (facts(), Summary::default()));
    assert_eq!(heard, things);
}

#[test]
fn extents_are_those_of_the_file_and_in_the_volume() {
    let packed = |bytes, runs| {
        let codec = Codec::Xpress;
        extent(0, bytes, What::Packed { codec, runs })
    };
    for (what, bytes, extents) in [
        (
            "not of a volume",
            2,
            vec![extent(0, 2, What::Disk(VOLUME - 1))],
        ),
        (
            "not of a volume",
            2,
            vec![extent(0, 2, What::Disk(u64::MAX))],
        ),
        ("covered", 3, vec![extent(0, 2, What::Disk(0))]),
        ("covered", 1, vec![extent(0, 2, What::Disk(0))]),
        ("follow", 4, vec![extent(2, 2, What::Disk(0))]),
        ("follow", 0, vec![extent(0, 0, What::Zeros)]),
        (
            "follow",
            4,
            vec![extent(0, 2, What::Disk(0)), extent(1, 3, What::Disk(9))],
        ),
        (
            "2^64",
            4,
            vec![
                extent(0, 9, What::Disk(0)),
                extent(9, u64::MAX, What::Zeros),
            ],
        ),
        (
            "not of a volume",
            2,
            vec![extent(0, 2, What::Inline(Box::new([1])))],
        ),
        ("not of a volume", 2, vec![packed(2, vec![(VOLUME, 1)])]),
        ("no unit", 2, vec![packed(2, Vec::new())]),
        ("no unit", 2, vec![packed(2, vec![(0, 1), (1, 0)])]),
        ("no unit", 2, vec![packed(2, vec![(0, 200_000)])]),
        ("no unit", 2, vec![packed(2, vec![(0, u64::MAX), (0, 2)])]),
        ("no unit", 20_000, vec![packed(20_000, vec![(0, 512)])]),
    ] {
        assert_rule(what, told_of(&[Told::File(file(bytes, extents))]));
    }
}

#[test]
fn names_and_targets_are_such() {
    let long = [b'a'; 1021];
    for (what, name) in [
        ("no name", &b""[..]),
        ("no name", b"."),
        ("no name", b".."),
        ("no name", b"a/b"),
        ("no name", b"a\0b"),
        ("longer", &long),
    ] {
        let name = name.to_vec();
        assert_rule(what, told_of(&[Told::Folder(folder(&name))]));
        assert_rule(what, told_of(&[Told::File(File { name, ..whole(1) })]));
    }
    for target in [&b""[..], b"a\0"] {
        let kind = NodeKind::SymbolicLink(target.to_vec());
        let link = File {
            kind,
            ..file(0, Vec::new())
        };
        assert_rule("no target", told_of(&[Told::File(link)]));
    }
}

#[test]
fn what_has_no_content_has_no_extents() {
    for kind in [NodeKind::Special, NodeKind::SymbolicLink(b"to".to_vec())] {
        let special = File { kind, ..whole(5) };
        assert_rule("covered", told_of(&[Told::File(special)]));
    }
    let extent = frame(kind::TOLD, |body| {
        let _: Result<(), ()> = told::put(&Told::File(whole(5)), body, &mut |_| Ok(()));
        body.truncate(5 + 26);
    });
    for after in [
        batch(&[Told::Folder(folder(b"a"))]),
        batch(&[Told::File(File {
            content: Err(filesystems::told::Unloadable::CloudPlaceholder),
            ..whole(5)
        })]),
        Vec::new(),
    ] {
        let frames = vec![
            ready(),
            Saying::Opened(facts()).frame(),
            extent.clone(),
            after,
            Saying::Done(Summary::default()).frame(),
        ];
        let (done, heard) = told_by(&mut saying(frames), &Options::default());
        assert!(
            matches!(done, Err(ParseError::Misbehaved(Misbehaviour::Rule(_)))),
            "{done:?}"
        );
        assert!(heard.is_empty());
    }
}

#[test]
fn there_are_no_more_things_than_limits_allow() {
    let mut options = Options::default();
    options.limits.files = 2;
    options.limits.folders = 1;
    options.limits.extents = 3;
    let pieces = |count| {
        let each = |at| extent(at, 1, What::Disk(at * 2));
        Told::File(file(count, (0..count).map(each).collect()))
    };
    let damaged = Told::Damaged(Damaged {
        parent: None,
        name: None,
        id: None,
        is_folder: false,
        why: String::new(),
    });
    let told = |things: &[Told]| {
        let frames = vec![
            ready(),
            Saying::Opened(facts()).frame(),
            batch(things),
            Saying::Done(Summary::default()).frame(),
        ];
        told_by(&mut saying(frames), &options).0
    };
    let folder = Told::Folder(folder(b"a"));
    assert!(told(&[folder.clone(), pieces(3), pieces(1), damaged.clone()]).is_ok());
    for too_many in [
        vec![folder.clone(), folder],
        vec![pieces(1); 3],
        vec![damaged; 3],
        vec![pieces(4)],
    ] {
        let done = told(&too_many);
        assert!(
            matches!(done, Err(ParseError::Misbehaved(Misbehaviour::Rule(_)))),
            "{done:?}"
        );
    }
}

#[test]
fn files_share_a_volume_so_often_and_their_names_count_once() {
    let all = Told::File(whole(VOLUME));
    assert!(told_of(&vec![all.clone(); 64]).0.is_ok());
    let (done, heard) = told_of(&vec![all; 65]);
    assert!(matches!(done, Err(ParseError::Misbehaved(_))), "{done:?}");
    assert_eq!(heard.len(), 64);
    let linked = File {
        links: 100,
        ..whole(VOLUME)
    };
    assert!(told_of(&vec![Told::File(linked); 100]).0.is_ok());
}

#[test]
fn reads_are_inside_the_device_and_end() {
    for (offset, bytes) in [
        (0, 0),
        (VOLUME, 1),
        (VOLUME - 1, 2),
        (u64::MAX, 2),
        (0, (256 << 10) + 1),
    ] {
        let read = Saying::Read { offset, bytes }.frame();
        let caught = told_by(
            &mut saying(vec![ready(), read.clone()]),
            &Options::default(),
        );
        assert_rule("a read", caught);
        let surveyed = saying(vec![ready(), read]).survey(&mut MemoryBlocks::new(vec![0; 1 << 20]));
        assert!(matches!(
            surveyed,
            Err(ParseError::Misbehaved(Misbehaviour::Rule(_)))
        ));
    }
}

#[test]
fn what_is_said_has_its_place() {
    let opened = Saying::Opened(facts()).frame();
    let done = Saying::Done(Summary::default()).frame();
    for frames in [
        vec![done.clone()],
        vec![opened.clone(), opened.clone()],
        vec![batch(&[Told::File(whole(1))])],
        vec![opened.clone(), Saying::Plain(Vec::new()).frame()],
        vec![
            opened.clone(),
            Saying::Volume(Recognised::default()).frame(),
        ],
        vec![Saying::Refused(Refusal::Ended).frame()],
        vec![opened.clone(), ready()],
        vec![frame(99, |_| ())],
        vec![frame(kind::DONE, |body| body.extend([0, 0, 0, 0, 0, 0]))],
        vec![opened.clone(), frame(kind::TOLD, |body| body.push(9))],
        vec![vec![0xFF, 0xFF, 0xFF, 0x7F, kind::TOLD]],
    ] {
        let frames = [vec![ready()], frames].concat();
        let (done, heard) = told_by(&mut saying(frames), &Options::default());
        let is_rule = matches!(done, Err(ParseError::Misbehaved(Misbehaviour::Rule(_))));
        assert!(is_rule, "{done:?}");
        assert!(heard.is_empty());
    }
}

#[test]
fn a_survey_is_of_partitions_that_can_be() {
    let partition = |number, offset, bytes| Partition {
        number,
        offset,
        bytes,
        kind: "83".to_owned(),
        name: String::new(),
    };
    let surveyed = |partitions: Vec<Partition>, volumes| {
        let mut frames = vec![ready()];
        frames.extend(vec![Saying::Volume(Recognised::default()).frame(); volumes]);
        let table = PartitionTable {
            scheme: Scheme::Mbr,
            sector: 512,
            partitions,
            remarks: Vec::new(),
        };
        let head = SurveyHead {
            whole: Recognised::default(),
            table: Some(table),
            damaged_table: None,
        };
        frames.push(Saying::Surveyed(head).frame());
        saying(frames).survey(&mut MemoryBlocks::new(vec![0; 1 << 20]))
    };
    let right = vec![partition(1, 0, 512), partition(2, 512, VOLUME - 512)];
    assert_eq!(surveyed(right.clone(), 2).unwrap().volumes.len(), 2);
    for (partitions, volumes) in [
        (right.clone(), 1),
        (right, 3),
        (vec![partition(1, 1, VOLUME)], 1),
        (vec![partition(1, u64::MAX, 2)], 1),
        (vec![partition(2, 0, 1), partition(2, 1, 1)], 2),
    ] {
        let surveyed = surveyed(partitions, volumes);
        let is_rule = matches!(surveyed, Err(ParseError::Misbehaved(Misbehaviour::Rule(_))));
        assert!(is_rule, "{surveyed:?}");
    }
}

#[test]
fn a_unit_has_the_length_that_was_asked_for() {
    let frames = vec![ready(), Saying::Plain(vec![0; 5]).frame()];
    let plain = saying(frames).unpack(Codec::Lzx, &[1], 4);
    assert!(matches!(
        plain,
        Err(ParseError::Misbehaved(Misbehaviour::Rule(_)))
    ));
}

#[test]
fn a_child_is_replaced_once_and_what_it_told_is_told_anew() {
    let started = Arc::new(AtomicUsize::new(0));
    let counted = started.clone();
    let mut sandbox = played(move |mut line| {
        let number = counted.fetch_add(1, Ordering::SeqCst);
        let mut said = vec![ready(), Saying::Opened(facts()).frame()];
        said.push(batch(&[Told::Folder(folder(&[
            b'a' + u8::try_from(number).unwrap()
        ]))]));
        if number == 1 {
            said.push(Saying::Done(Summary::default()).frame());
        }
        line.write_all(&said.concat()).unwrap();
        // What dies with something unread takes along what it said.
        read_frame(&mut line, &mut Vec::new()).unwrap();
        if number == 1 {
            let _until_it_hangs_up = line.read_to_end(&mut Vec::new());
        }
    });
    let mut all = Vec::new();
    let mut device = MemoryBlocks::new(vec![0; 1 << 20]);
    let done = sandbox.catalogue(&mut device, &volume(), &Options::default(), &mut |said| {
        all.push(match said {
            Heard::Told(told) => name(&told).to_vec(),
            Heard::Anew => b"anew".to_vec(),
        });
        ControlFlow::Continue(())
    });
    done.unwrap();
    assert_eq!(all, [&b"a"[..], b"anew", b"b"]);
    assert_eq!(started.load(Ordering::SeqCst), 2);
}

#[test]
fn a_child_that_dies_twice_is_given_up() {
    let started = Arc::new(AtomicUsize::new(0));
    let counted = started.clone();
    let mut sandbox = played(move |mut line| {
        counted.fetch_add(1, Ordering::SeqCst);
        line.write_all(&ready()).unwrap();
    });
    let (done, _) = told_by(&mut sandbox, &Options::default());
    let is_ended = matches!(done, Err(ParseError::Misbehaved(Misbehaviour::Ended(_))));
    assert!(is_ended, "{done:?}");
    assert_eq!(started.load(Ordering::SeqCst), 2);
}

#[test]
fn silence_and_a_byte_now_and_then_are_alike() {
    let silent = played(|mut line| {
        line.write_all(&ready()).unwrap();
        let _until_it_hangs_up = line.read_to_end(&mut Vec::new());
    });
    let dripping = played(|mut line| {
        line.write_all(&ready()).unwrap();
        let long = frame(kind::TOLD, |body| body.resize(1 << 16, 0));
        for byte in long.chunks(1) {
            std::thread::sleep(Duration::from_millis(20));
            if line.write_all(byte).is_err() {
                return;
            }
        }
    });
    for mut sandbox in [silent, dripping] {
        let (done, _) = told_by(&mut sandbox, &Options::default());
        let is_silent = matches!(done, Err(ParseError::Misbehaved(Misbehaviour::Silent(_))));
        assert!(is_silent, "{done:?}");
    }
}

#[test]
fn what_is_no_child_is_this_hosts_matter() {
    for frames in [vec![], vec![Saying::Done(Summary::default()).frame()]] {
        let started = saying(frames).survey(&mut MemoryBlocks::new(vec![0; 512]));
        assert!(matches!(started, Err(ParseError::Host(_))), "{started:?}");
    }
}

#[test]
fn the_words_of_a_failure_are_passed_on() {
    let frames = vec![ready(), Saying::Failed("index 7".to_owned()).frame()];
    let (done, _) = told_by(&mut saying(frames), &Options::default());
    let error = done.unwrap_err().to_string();
    assert_eq!(
        error,
        "its metadata is damaged: what parsed it failed: index 7"
    );
}

/// Anything that could be meant as an extent.
fn any_extent() -> impl Strategy<Value = Extent> {
    let number = prop_oneof![0_u64..10_000, any::<u64>(), Just(VOLUME), Just(u64::MAX)];
    let what = prop_oneof![
        Just(What::Zeros),
        number.clone().prop_map(What::Disk),
        prop::collection::vec(any::<u8>(), 0..9).prop_map(|held| What::Inline(held.into())),
        prop::collection::vec((number.clone(), number.clone()), 0..4).prop_map(|runs| {
            let codec = Codec::Lznt1;
            What::Packed { codec, runs }
        }),
    ];
    (number.clone(), number, what).prop_map(|(logical, bytes, what)| extent(logical, bytes, what))
}

fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let anything = (any::<u8>(), prop::collection::vec(any::<u8>(), 0..80));
    let anything = anything.prop_map(|(kind, held)| frame(kind, |body| body.extend(held)));
    let listed = prop::collection::vec(any_extent(), 0..5);
    let told = (any::<u64>(), 0_u64..20_000, listed, any::<bool>()).prop_map(
        |(id, bytes, extents, is_summed)| {
            let sum = extents.iter().map(|it| it.bytes);
            let sum = sum.fold(0, u64::saturating_add);
            let bytes = if is_summed { sum } else { bytes };
            let file = file(bytes, extents);
            batch(&[Told::File(File { id, ..file })])
        },
    );
    let read = (0_u64..VOLUME + 9, 0_u32..9000)
        .prop_map(|(offset, bytes)| Saying::Read { offset, bytes }.frame());
    prop_oneof![
        3 => told,
        2 => read,
        1 => anything,
        1 => Just(Saying::Opened(facts()).frame()),
        1 => Just(Saying::Done(Summary::default()).frame()),
        1 => prop::collection::vec(any::<u8>(), 0..20),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever a child says, the parent ends, and whatever it hands on is of the volume.
    #[test]
    fn no_child_makes_a_parent_believe_what_cannot_be(
        frames in prop::collection::vec(any_frame(), 0..12),
    ) {
        let mut frames = [vec![ready(), Saying::Opened(facts()).frame()], frames].concat();
        frames.push(frame(99, |_| ()));
        let (done, _) = told_by(&mut saying(frames.clone()), &Options::default());
        prop_assert!(done.is_ok() || matches!(done, Err(ParseError::Misbehaved(_))));
        let mut device = MemoryBlocks::new(vec![0; 1 << 20]);
        let mut heard = Vec::new();
        let _whatever = saying(frames.clone()).catalogue(
            &mut device,
            &volume(),
            &Options::default(),
            &mut |said| {
                if let Heard::Told(Told::File(file)) = said {
                    heard.push(file);
                }
                ControlFlow::Continue(())
            },
        );
        for file in heard {
            if let Ok(extents) = &file.content {
                prop_assert_eq!(prove(extents, file.bytes, VOLUME), Ok(()));
            }
        }
        let _whatever = saying(frames.clone()).survey(&mut device);
        let _whatever = saying(frames).unpack(Codec::Lzx, &[1, 2], 9);
    }
}
