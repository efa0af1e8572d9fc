//! What needs no device-mapper: the header that `cryptsetup` writes on an image, where the password is meanwhile, and what is
//! refused where the kernel opens no encrypted devices. What needs it is tried by `cargo xtask kernel --exports`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use encrypted::secrets::Secrets;
use filesystems::blocks::MemoryBlocks;

use super::*;

/// Set by `cargo xtask test`, which installs what is needed.
const EVERY_TOOL: &str = "LONGSHORE_EVERY_TOOL";

const PASSWORD: &str = "horse staple 4711";

fn has_cryptsetup() -> bool {
    if !CRYPTSETUP.is_there() {
        assert!(
            std::env::var_os(EVERY_TOOL).is_none(),
            "cryptsetup is missing"
        );
        eprintln!("not tried: cryptsetup is missing");
    }
    CRYPTSETUP.is_there()
}

fn job() -> JobId {
    JobId::new("3Q5KT").unwrap()
}

/// An image in which no byte is zero, and its path.
fn image(mebibytes: usize) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disk.img");
    fs::write(&path, vec![0xA5; mebibytes << 20]).unwrap();
    (folder, path)
}

/// What of the arguments and environments of all processes has the password in it, and whether `cryptsetup` was among them.
fn looked_at_processes() -> (Vec<String>, bool) {
    let (mut found, mut has_seen_it) = (Vec::new(), false);
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        for name in ["cmdline", "environ"] {
            let told = fs::read(entry.path().join(name)).unwrap_or_default();
            let told = String::from_utf8_lossy(&told).into_owned();
            has_seen_it |= told.contains("luksFormat");
            if told.contains(PASSWORD) {
                found.push(told);
            }
        }
    }
    (found, has_seen_it)
}

#[test]
fn what_cryptsetup_makes_our_reader_opens_and_the_password_is_in_no_process() {
    if !has_cryptsetup() {
        return;
    }
    let (_folder, path) = image(24);
    let held = crate::lock::lock(&path, OFlags::RDWR).unwrap();
    let password = Password::new(PASSWORD.as_bytes());
    assert!(!format!("{password:?}").contains("horse"));
    let is_done = AtomicBool::new(false);
    let (made, seen) = std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut all = (Vec::new(), false);
            while !is_done.load(Ordering::Relaxed) {
                let (found, has_seen_it) = looked_at_processes();
                all.0.extend(found);
                all.1 |= has_seen_it;
            }
            all
        });
        let made = encrypt(&path, &held, (job(), &password));
        is_done.store(true, Ordering::Relaxed);
        (made, watch.join().unwrap())
    });
    let (found, has_seen_it) = seen;
    assert!(has_seen_it, "it was never looked while cryptsetup ran");
    assert_eq!(found, [""; 0]);
    let made = made.unwrap();
    assert!(is_there(&made));
    assert_eq!(made.label.as_deref(), Some("3Q5KT"));

    let bytes = fs::read(&path).unwrap();
    let on_disk = |what: &[u8]| bytes.windows(what.len()).any(|window| window == what);
    assert!(!on_disk(PASSWORD.as_bytes()));
    let beyond = usize::try_from(HEADER_BYTES).unwrap();
    assert!(
        bytes[beyond..].iter().all(|byte| *byte == 0xA5),
        "nothing but the header is written"
    );
    let secrets = Secrets::none()
        .with_passphrase(PASSWORD.as_bytes())
        .unwrap();
    let plain = encrypted::open(&mut MemoryBlocks::new(bytes), &secrets).unwrap();
    assert_eq!(plain.kind, "LUKS2, aes-xts-plain64");
    assert_eq!((plain.at, plain.bytes), (HEADER_BYTES, 8 << 20));
    assert_eq!(plain.key_id, made.uuid);

    assert!(opens(&path, &password).unwrap());
    assert!(!opens(&path, &Password::new(b"another")).unwrap());
}

/// A kernel without device-mapper, as in most containers: nothing is written that was not agreed to be lost in vain.
#[test]
fn where_the_kernel_opens_no_encrypted_device_nothing_is_written() {
    let has_mapper = fs::read_to_string("/proc/misc").is_ok_and(|it| it.contains("device-mapper"));
    if !has_cryptsetup() || !Path::new("/sbin/mkfs.ext4").exists() || has_mapper {
        return;
    }
    let (_folder, path) = image(40);
    let facts = Facts::of(&path, &[]).unwrap();
    let password = Password::new(PASSWORD.as_bytes());
    let refused = format_encrypted(&facts, FileSystem::Ext4, (job(), &password)).unwrap_err();
    assert!(
        matches!(refused, FormatError::NoMapper { .. }),
        "{refused:?}"
    );
    let told = refused.to_string();
    assert!(
        told.contains("dm_crypt") && told.contains("nothing was written"),
        "{told}"
    );
    assert!(fs::read(&path).unwrap().iter().all(|byte| *byte == 0xA5));
}

#[test]
fn the_header_needs_room_beside_the_file_system() {
    let (_folder, path) = image(31);
    let facts = Facts::of(&path, &[]).unwrap();
    assert_eq!(may_be_formatted(&facts, FileSystem::Ext4), Ok(()));
    let refused = may_be_encrypted(&facts, FileSystem::Ext4).unwrap_err();
    let told = refused.to_string();
    assert!(
        told.ends_with("it has 32505856 bytes, and EXT4 needs 33554432 at least"),
        "{told}"
    );
}
