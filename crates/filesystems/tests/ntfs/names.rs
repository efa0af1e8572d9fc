//! Names, folders, links, and what else something can be.

use filesystems::told::NodeKind;

use super::image::{
    DATA, Image, LIST, ROOT, Record, USUAL, file, folder, further, index, list, name, reparse,
    resident, standard,
};
use super::{Unloadable, Volume};

fn volume(records: Vec<Record>) -> Volume {
    let mut image = Image::new(USUAL);
    records.into_iter().for_each(|record| image.add(record));
    Volume::read(image.finish())
}

/// A file with a little content and these names.
fn small(number: u64, names: &[((u64, u16), u8, &str)]) -> Record {
    let mut attributes = vec![standard(0)];
    attributes.extend(
        names
            .iter()
            .map(|&(parent, space, called)| name(parent, space, called)),
    );
    attributes.push(resident(DATA, "", b"x"));
    file(number, attributes)
}

/// What was told as damaged: name and reason.
fn damaged(volume: &Volume) -> Vec<(String, String)> {
    let told = volume.walk.damaged.iter();
    told.map(|it| {
        let name = it.name.clone().unwrap_or_default();
        (String::from_utf8_lossy(&name).into_owned(), it.why.clone())
    })
    .collect()
}

#[test]
fn paths_are_joined_whatever_comes_first() {
    let volume = volume(vec![
        small(20, &[((41, 1), 1, "deep")]),
        folder(41, (30, 1), "inner"),
        folder(30, ROOT, "outer"),
        small(50, &[((30, 1), 0, "late")]),
    ]);
    assert_eq!(volume.paths(), ["outer/inner/deep", "outer/late"]);
    assert_eq!(volume.walk.folders.len(), 2);
    assert_eq!(damaged(&volume), []);
}

#[test]
fn a_file_has_all_its_names_but_those_of_dos() {
    let names = [
        (ROOT, 1, "a long name"),
        (ROOT, 2, "ALONGN~1"),
        ((30, 1), 0, "a link"),
        (ROOT, 3, "BOTH"),
    ];
    let volume = volume(vec![folder(30, ROOT, "d"), small(20, &names)]);
    assert_eq!(volume.paths(), ["BOTH", "a long name", "d/a link"]);
    assert!(
        volume
            .walk
            .files
            .iter()
            .all(|(_, file)| file.id == 20 && file.links == 3)
    );
}

#[test]
fn names_may_lie_in_further_records() {
    let mut base = small(30, &[(ROOT, 0, "first")]);
    let second = further(
        40,
        30,
        vec![name(ROOT, 0, "second"), name(ROOT, 0, "third")],
    );
    let listed = list(&[&base, &second]);
    base.attributes.insert(0, resident(LIST, "", &listed));
    let found = volume(vec![base.clone(), second]);
    assert_eq!(found.paths(), ["first", "second", "third"]);
    let found = volume(vec![base]);
    assert_eq!(found.paths(), ["first"]);
    assert_eq!(damaged(&found).len(), 1);
}

#[test]
fn names_in_folders_that_are_gone_are_damaged() {
    let mut gone = folder(30, ROOT, "gone");
    gone.flags = 2;
    let volume = volume(vec![
        gone,
        folder(31, ROOT, "anew"),
        small(20, &[((30, 1), 1, "in a deleted folder")]),
        small(21, &[((31, 2), 1, "in one that was used anew")]),
        small(22, &[((20, 1), 1, "in a file")]),
        small(23, &[((99, 1), 1, "outside the table")]),
        small(24, &[((31, 1), 1, "right")]),
    ]);
    assert_eq!(volume.paths(), ["anew/right"]);
    let damaged = damaged(&volume);
    assert_eq!(damaged.len(), 4, "{damaged:?}");
    assert!(damaged.iter().all(|(_, why)| why.contains("folder")));
}

#[test]
fn folders_that_lie_in_each_other_are_damaged_and_end() {
    let volume = volume(vec![
        folder(30, (31, 1), "one"),
        folder(31, (30, 1), "other"),
        folder(32, (32, 1), "itself"),
        small(20, &[((31, 1), 1, "f")]),
    ]);
    assert_eq!(volume.paths(), Vec::<String>::new());
    assert_eq!(damaged(&volume).len(), 4);
    assert_eq!(
        volume.walk.damaged.iter().filter(|it| it.is_folder).count(),
        3
    );
}

#[test]
fn names_that_no_path_has_are_damaged() {
    let volume = volume(vec![
        small(20, &[(ROOT, 0, "a/b")]),
        small(21, &[(ROOT, 0, "..")]),
        small(22, &[]),
        folder(23, ROOT, "a\0"),
    ]);
    assert_eq!(volume.paths(), Vec::<String>::new());
    assert_eq!(damaged(&volume).len(), 4);
}

#[test]
fn files_of_the_file_system_itself_are_left_out() {
    let volume = volume(vec![
        small(12, &[]),
        folder(24, (11, 11), "$RmMetadata"),
        small(25, &[((24, 1), 3, "$Repair")]),
        small(26, &[((11, 11), 3, "$Quota")]),
        small(27, &[(ROOT, 3, "$mine")]),
    ]);
    assert_eq!(volume.paths(), ["$mine"]);
    assert_eq!(damaged(&volume), []);
}

#[test]
fn links_are_told_with_their_targets() {
    let target: Vec<u8> = "up".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut link = vec![0, 0, 4, 0, 0, 0, 4, 0, 1, 0, 0, 0];
    link.extend(&target);
    let mut junction = vec![0, 0, 4, 0, 0, 0, 0, 0];
    junction.extend(&target);
    let mut folder = folder(21, ROOT, "junction");
    folder.attributes.push(reparse(0xA000_0003, &junction));
    let mut symbolic = small(20, &[(ROOT, 1, "link")]);
    symbolic.attributes.push(reparse(0xA000_000C, &link));
    let inside = small(22, &[((21, 1), 1, "in a link")]);
    let volume = volume(vec![symbolic, folder, inside]);
    assert_eq!(volume.paths(), ["junction", "link"]);
    for path in ["junction", "link"] {
        assert_eq!(
            volume.file(path).kind,
            NodeKind::SymbolicLink(b"up".to_vec())
        );
    }
    assert_eq!(damaged(&volume).len(), 1);
}

#[test]
fn what_is_elsewhere_is_refused_by_name() {
    let tagged = |number, called: &str, tag| {
        let mut file = small(number, &[(ROOT, 1, called)]);
        file.attributes.push(reparse(tag, b"data"));
        file
    };
    let mut away = tagged(22, "away", 0x9000_601A);
    away.attributes[0] = standard(0x40_0000);
    let mut volume = volume(vec![
        tagged(20, "dedup", 0x8000_0013),
        tagged(21, "kept", 0x9000_601A),
        away,
        tagged(23, "what", 0x8000_ABCD),
        tagged(24, "pipe", 0x8000_0024),
    ]);
    assert_eq!(volume.refusal("dedup"), Unloadable::Deduplicated);
    assert_eq!(volume.refusal("away"), Unloadable::CloudPlaceholder);
    let unknown = Unloadable::UnknownFeature("reparse tag 8000ABCD".to_owned());
    assert_eq!(volume.refusal("what"), unknown);
    assert_eq!(volume.content("kept"), b"x");
    assert_eq!(volume.file("pipe").kind, NodeKind::Special);
}

#[test]
fn folders_of_cloud_drives_are_told_unless_they_are_elsewhere() {
    let cloud = |number, called: &str, flags| {
        let attributes = vec![
            standard(flags),
            name(ROOT, 1, called),
            index(),
            reparse(0x9000_601A, b""),
        ];
        Record {
            flags: 3,
            ..file(number, attributes)
        }
    };
    let volume = volume(vec![cloud(20, "here", 0), cloud(21, "away", 0x1000)]);
    assert_eq!(volume.walk.folders.len(), 1);
    assert_eq!(volume.refusal("away"), Unloadable::CloudPlaceholder);
}

#[test]
fn deleted_files_are_not_told() {
    let mut deleted = small(20, &[(ROOT, 1, "deleted")]);
    deleted.flags = 0;
    let volume = volume(vec![deleted]);
    assert_eq!((volume.paths().len(), damaged(&volume).len()), (0, 0));
}
