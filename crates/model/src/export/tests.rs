//! Names of objects on a device, by the rules of each file system.

use std::sync::LazyLock;

use proptest::prelude::{prop_assert, prop_assert_eq};

use super::*;
use crate::ids::JobType;
use crate::manifest::Manifest;

const COMMON: &str = "manifestVersion: 2.0\ndeviceId: D\nlogBucket: logs\npinCode: 1\n\
    notificationEmail: a@b.example\nreturnAddress:\n    name: N\n    street1: S\n    city: C\n    \
    stateOrProvince: WA\n    postalCode: 98000\n    country: USA\n    phoneNumber: 1\n";

fn rules(file_system: &str, options: &str) -> S3Export {
    let text = format!(
        "{COMMON}fileSystem: {file_system}\noperations:\n    - exportBucket: bkt\n{options}"
    );
    match Manifest::parse_accepted(&text, JobType::Export) {
        Ok(Manifest::S3Export(rules)) => rules,
        other => panic!("{other:?}"),
    }
}

fn placed(rules: &S3Export, key: &str, bytes: u64) -> Place {
    let key = ObjectKey::new(key).unwrap();
    place(rules, &rules.operations[0], &key, bytes)
}

/// The file an object of a byte becomes in the root of a device.
fn file(file_system: &str, key: &str) -> Result<String, Unfit> {
    file_by(&rules(file_system, "targetDirectory: /\n"), key)
}

fn file_by(rules: &S3Export, key: &str) -> Result<String, Unfit> {
    match placed(rules, key, 1) {
        Place::File(path) => Ok(path),
        Place::Recovery(unfit) => Err(unfit),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_nearest_directory_that_is_named_counts_and_else_the_bucket() {
    for (options, path) in [
        ("", "bkt/a/b"),
        ("targetDirectory: /\n", "a/b"),
        ("targetDirectory: all//of/it/\n", "all/of/it/a/b"),
        ("      targetDirectory: /set/\n", "set/a/b"),
        ("      targetDirectory: /\ntargetDirectory: job\n", "a/b"),
        ("targetDirectory: job\n", "job/a/b"),
    ] {
        let rules = rules("EXT4", options);
        assert_eq!(
            placed(&rules, "a/b", 1),
            Place::File(path.into()),
            "{options}"
        );
    }
}

#[test]
fn a_backslash_separates_directories_of_windows_and_is_dropped_from_keys() {
    let windows = rules("NTFS", "targetDirectory: restore\\2013\\\n");
    assert_eq!(
        placed(&windows, "a\\b", 1),
        Place::File("restore/2013/ab".into())
    );
    let unix = rules("EXT4", "targetDirectory: restore\\2013\n");
    assert_eq!(
        placed(&unix, "a\\b", 1),
        Place::File("restore\\2013/a\\b".into())
    );
}

#[test]
fn substitutions_reach_directory_and_key_and_come_before_what_is_dropped() {
    let options =
        "targetDirectory: at:b\nsubstitutions:\n    \":\" : \"$COLON$\"\n    \"x\" : \"y/z\"\n";
    let rules = rules("NTFS", options);
    let expected = "at$COLON$b/12$COLON$30 y/z";
    assert_eq!(placed(&rules, "12:30 x?", 1), Place::File(expected.into()));
}

#[test]
fn substitutions_cannot_lead_out_of_the_device_or_grow_without_end() {
    let out = rules("EXT4", "substitutions:\n    \"up\" : \"..\"\n");
    assert_eq!(
        placed(&out, "a/up/b", 1),
        Place::Recovery(Unfit::Dots("..".into()))
    );
    let steps = ["ab", "bc", "cd"].map(|pair| {
        let (from, to) = pair.split_at(1);
        format!("    \"{from}\" : \"{}\"\n", to.repeat(900))
    });
    let growing = rules("EXT4", &format!("substitutions:\n{}", steps.concat()));
    assert_eq!(
        placed(&growing, "a", 1),
        Place::Recovery(Unfit::SubstitutedTooLong)
    );
}

#[test]
fn windows_file_systems_drop_what_windows_does_not_allow() {
    for (key, path) in [
        ("plain name.txt", "plain name.txt"),
        ("a<b>c:d\"e\\f|g?h*i", "abcdefghi"),
        ("tab\there\u{1}\u{1f}", "tabhere"),
        ("ends. . ./in dots...", "ends/in dots"),
        (" leading space", " leading space"),
        (".hidden/..two", ".hidden/..two"),
        (
            "caf\u{e9}/\u{65e5}\u{672c}/\u{1F600}",
            "caf\u{e9}/\u{65e5}\u{672c}/\u{1F600}",
        ),
        ("CONSOLE/com10/lpt/NULL.txt", "CONSOLE/com10/lpt/NULL.txt"),
    ] {
        for file_system in ["NTFS", "FAT32", "EXFAT"] {
            assert_eq!(
                file(file_system, key).as_deref(),
                Ok(path),
                "{file_system} {key}"
            );
        }
    }
}

#[test]
fn ext_file_systems_drop_nul_alone() {
    for file_system in ["EXT2", "EXT3", "EXT4"] {
        let key = "a<b>:\\|?*\t. /CON. \0x";
        let path = "a<b>:\\|?*\t. /CON. x";
        assert_eq!(file(file_system, key).as_deref(), Ok(path));
    }
}

#[test]
fn names_that_cannot_be_are_unfit() {
    for (file_system, key, unfit) in [
        ("EXT4", "a//b", Unfit::EmptyPart),
        ("NTFS", "/a", Unfit::EmptyPart),
        ("EXT4", "a/./b", Unfit::Dots(".".into())),
        ("EXT4", "../b", Unfit::Dots("..".into())),
        ("EXT4", ".\0./b", Unfit::Dots("..".into())),
        ("EXT4", "\0", Unfit::NothingLeft("\0".into())),
        ("NTFS", "a/???", Unfit::NothingLeft("???".into())),
        ("NTFS", "a/ . ./b", Unfit::NothingLeft(" . .".into())),
        ("NTFS", "a/CON", Unfit::Device("CON".into())),
        ("FAT32", "aux.h", Unfit::Device("aux.h".into())),
        (
            "EXFAT",
            "Lpt9.tar.gz/x",
            Unfit::Device("Lpt9.tar.gz".into()),
        ),
        ("NTFS", "com\u{b9}", Unfit::Device("com\u{b9}".into())),
        ("NTFS", "nul .txt", Unfit::Device("nul .txt".into())),
        ("NTFS", "p?r*n", Unfit::Device("prn".into())),
        (
            "FAT32",
            "LONGNA~1.TXT",
            Unfit::ShortName("LONGNA~1.TXT".into()),
        ),
    ] {
        assert_eq!(file(file_system, key), Err(unfit), "{file_system} {key:?}");
    }
    assert!(
        file("NTFS", "LONGNA~1.TXT").is_ok(),
        "only FAT gives short names"
    );
    assert!(file("FAT32", "a~b/verylong~1.txt").is_ok(), "no short name");
}

#[test]
fn parts_are_measured_as_the_file_system_does() {
    let too_long = |length, unit| {
        Err(Unfit::PartTooLong {
            length,
            most: 255,
            unit,
        })
    };
    for (file_system, part, times, expected) in [
        ("EXT4", "a", 255, None),
        ("EXT4", "a", 256, Some(too_long(256, "bytes"))),
        ("EXT4", "\u{e9}", 128, Some(too_long(256, "bytes"))),
        ("NTFS", "\u{e9}", 255, None),
        ("NTFS", "\u{e9}", 256, Some(too_long(256, "UTF-16 units"))),
        (
            "EXFAT",
            "\u{1F600}",
            128,
            Some(too_long(256, "UTF-16 units")),
        ),
        ("FAT32", "\u{1F600}", 127, None),
    ] {
        let key = part.repeat(times);
        let expected = expected.unwrap_or(Ok(key.clone()));
        assert_eq!(file(file_system, &key), expected, "{file_system} {part}");
    }
}

#[test]
fn a_path_that_linux_does_not_take_is_unfit() {
    let deep = rules("EXT4", "substitutions:\n    \"x\" : \"0123456789/\"\n");
    assert!(matches!(
        placed(&deep, &format!("{}y", "x".repeat(300)), 1),
        Place::File(_)
    ));
    // `bkt/`, then eleven bytes for each `x`: 3986, and ten more.
    let of_most = format!("{}{}", "x".repeat(362), "y".repeat(10));
    assert!(matches!(placed(&deep, &of_most, 1), Place::File(path) if path.len() == 3996));
    let long = placed(&deep, &format!("{of_most}y"), 1);
    assert_eq!(long, Place::Recovery(Unfit::PathTooLong(3997)));
    let long = placed(&deep, &format!("{}y", "x".repeat(400)), 1);
    assert_eq!(long, Place::Recovery(Unfit::PathTooLong(4 + 4400 + 1)));
}

#[test]
fn a_key_that_ends_in_a_slash_is_a_directory_if_it_is_empty() {
    let root = rules("NTFS", "targetDirectory: /\n");
    assert_eq!(placed(&root, "a/b:/", 0), Place::Directory("a/b".into()));
    assert_eq!(
        placed(&root, "a/b/", 1),
        Place::Recovery(Unfit::DirectoryWithData)
    );
    assert_eq!(placed(&root, "a//", 0), Place::Recovery(Unfit::EmptyPart));
    assert_eq!(placed(&root, "/", 0), Place::Recovery(Unfit::EmptyPart));
    assert_eq!(placed(&root, "a/b", 0), Place::File("a/b".into()));
}

#[test]
fn a_file_no_name_can_help_is_not_placed() {
    let four_gib = 1 << 32;
    let rules = |file_system| rules(file_system, "");
    assert!(matches!(
        placed(&rules("FAT32"), "a//b", four_gib - 1),
        Place::Recovery(_)
    ));
    for (file_system, bytes) in [("FAT32", four_gib), ("EXT3", 2 << 40)] {
        let Place::Nowhere(failure) = placed(&rules(file_system), "a//b", bytes) else {
            panic!("{file_system}");
        };
        assert_eq!(
            (failure.status.get(), failure.code.as_str()),
            (400, "EntityTooLarge")
        );
        assert!(failure.reason.contains(file_system), "{}", failure.reason);
    }
    for file_system in ["NTFS", "EXT4", "EXFAT"] {
        let largest = placed(&rules(file_system), "a", limits::OBJECT_BYTES);
        assert_eq!(largest, Place::File("bkt/a".into()));
    }
}

#[test]
fn recovery_files_are_numbered_in_folders_of_ten_thousand() {
    let plain = rules("NTFS", "");
    let own = rules("NTFS", "recoveryDirectory: /odd:names/\n");
    let root = rules("EXT4", "recoveryDirectory: /\n");
    let unfit = rules("NTFS", "recoveryDirectory: CON\n");
    for (rules, number, path) in [
        (&plain, 0, Some("EXPORT-RECOVERY/0000/0000")),
        (&plain, 9_999, Some("EXPORT-RECOVERY/0000/9999")),
        (&plain, 10_000, Some("EXPORT-RECOVERY/0001/0000")),
        (&plain, 99_999_999, Some("EXPORT-RECOVERY/9999/9999")),
        (&plain, 100_000_000, None),
        (&own, 42, Some("oddnames/0000/0042")),
        (&root, 42, Some("0000/0042")),
        (&unfit, 42, Some("EXPORT-RECOVERY/0000/0042")),
    ] {
        assert_eq!(recovery_file(rules, number).as_deref(), path, "{number}");
    }
}

#[test]
fn names_fold_as_the_file_system_compares_them() {
    for (one, other) in [
        ("Photos/A.JPG", "photos/a.jpg"),
        ("\u{e9}t\u{e9}", "\u{c9}T\u{c9}"),
        ("\u{3c3}\u{3c2}", "\u{3a3}\u{3a3}"),
        // One letter with an iota below, in small and in title case: NTFS equates them.
        ("\u{1f80}", "\u{1f88}"),
        ("\u{1c6}", "\u{1c5}"),
        ("\u{10428}", "\u{10400}"),
    ] {
        for file_system in [FileSystem::Ntfs, FileSystem::Fat32, FileSystem::ExFat] {
            assert_eq!(fold(file_system, one), fold(file_system, other), "{one}");
        }
        assert_ne!(fold(FileSystem::Ext4, one), fold(FileSystem::Ext4, other));
    }
    assert_ne!(fold(FileSystem::Ntfs, "a/b"), fold(FileSystem::Ntfs, "ab"));
}

proptest::proptest! {
    /// Whatever a key is, no path leads out of the device, and what Windows forbids is not in it.
    #[test]
    fn every_path_is_within_the_device(key in "\\PC{0,40}[/.: \\x00-\\x1f]{0,6}[\\\\.a/ ]{1,6}") {
        static RULES: LazyLock<[S3Export; 4]> = LazyLock::new(|| {
            ["NTFS", "FAT32", "EXFAT", "EXT4"].map(|fs| rules(fs, "targetDirectory: /\n"))
        });
        for rules in &*RULES {
            let Ok(path) = file_by(rules, &key) else { continue };
            for part in path.split('/') {
                prop_assert!(!["", ".", ".."].contains(&part), "{path:?}");
                prop_assert!(!part.contains('\0'), "{path:?}");
                if rules.file_system != FileSystem::Ext4 {
                    let forbidden = |c: char| c < ' ' || "<>:\"\\|?*".contains(c);
                    prop_assert!(!part.contains(forbidden), "{path:?}");
                    prop_assert!(!part.ends_with(['.', ' ']), "{path:?}");
                }
            }
            // What fits already is not changed again.
            prop_assert_eq!(file_by(rules, &path), Ok(path.clone()));
        }
    }
}
