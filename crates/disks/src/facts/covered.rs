//! Whether what is written to a folder is encrypted by this kernel: what device-mapper says of what is mounted there.

use std::io;
use std::path::{Path, PathBuf};

use super::kernel::{Block, Kernel};
use super::mountinfo;

/// What device-mapper calls an encrypted volume begins so (`dm/uuid`, as cryptsetup sets it).
const CRYPT: &str = "CRYPT-";

/// How deep a folder may lie on volumes: LVM on LUKS on a partition is three.
const DEEPEST: usize = 8;

/// An encrypted volume that is open on this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedVolume {
    /// In which form, as cryptsetup calls it: `LUKS2`, `LUKS1`, `TCRYPT`, `PLAIN`.
    pub method: String,
    /// The UUID of its header, if it is one of LUKS.
    pub uuid: Option<String>,
    /// The device with the encrypted bytes.
    pub device: PathBuf,
}

/// The encrypted volume under the file system that a folder is in; none if it lies on none, or not on one alone.
///
/// # Errors
/// The system's error.
pub fn encrypted_under(folder: &Path) -> io::Result<Option<MappedVolume>> {
    under(&Kernel::running(), &std::fs::canonicalize(folder)?)
}

pub(super) fn under(kernel: &Kernel, folder: &Path) -> io::Result<Option<MappedVolume>> {
    let mounts = kernel.mounts()?;
    let mount = mountinfo::mount_of(&mounts, folder);
    let Some(mut block) = mount.and_then(|mount| kernel.block_of(mount)) else {
        return Ok(None);
    };
    for _ in 0..DEEPEST {
        let name = block.attribute("dm/uuid");
        let mut parts = block.parts().into_iter();
        // What lies on several devices is encrypted only if all of them are.
        let (Some(only), None) = (parts.next(), parts.next()) else {
            return Ok(None);
        };
        match name.as_deref().and_then(|name| name.strip_prefix(CRYPT)) {
            Some(name) => return Ok(Some(volume(name, &only))),
            None => block = only,
        }
    }
    Ok(None)
}

/// `LUKS2-0f6c2f6e8a1c4b7e9a543d1f0c9a7b21-NAME` and what it lies on.
fn volume(name: &str, on: &Block) -> MappedVolume {
    let (method, rest) = name.split_once('-').unwrap_or((name, ""));
    let digits = rest.split('-').next().unwrap_or_default();
    let is_uuid = method.starts_with("LUKS")
        && digits.len() == 32
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let uuid = is_uuid.then(|| {
        let groups = [0..8, 8..12, 12..16, 16..20, 20..32];
        groups.map(|group| &digits[group]).join("-")
    });
    MappedVolume {
        method: method.to_owned(),
        uuid,
        device: on.path(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    /// A kernel in which `/mnt` is on LVM on LUKS on a partition, `/plain` on the partition beside, `/wide` on two.
    fn kernel(root: &Path) -> Kernel {
        let mounts = "1 0 8:3 / / rw - ext4 /dev/sda3 rw\n\
                      2 1 253:1 / /mnt rw - ext4 /dev/mapper/vg-data rw\n\
                      3 1 8:2 / /plain rw - ext4 /dev/sda2 rw\n\
                      4 1 253:2 / /wide rw - ext4 /dev/mapper/vg-wide rw\n";
        fs::create_dir_all(root.join("proc/self")).unwrap();
        fs::write(root.join("proc/self/mountinfo"), mounts).unwrap();
        let device = |name: &str, number: &str, uuid: &str, on: &[&str]| {
            let folder = root.join("sys/devices").join(name);
            fs::create_dir_all(folder.join("dm")).unwrap();
            fs::create_dir_all(folder.join("slaves")).unwrap();
            fs::create_dir_all(root.join("sys/dev/block")).unwrap();
            fs::write(folder.join("dm/uuid"), uuid).unwrap();
            for part in on {
                symlink(
                    root.join("sys/devices").join(part),
                    folder.join("slaves").join(part),
                )
                .unwrap();
            }
            symlink(&folder, root.join("sys/dev/block").join(number)).unwrap();
        };
        device("sda1", "8:1", "", &[]);
        device("sda2", "8:2", "", &[]);
        device("sda3", "8:3", "", &[]);
        let luks = "CRYPT-LUKS2-0f6c2f6e8a1c4b7e9a543d1f0c9a7b21-crypt\n";
        device("dm-0", "253:0", luks, &["sda1"]);
        device("dm-1", "253:1", "LVM-abc", &["dm-0"]);
        device("dm-2", "253:2", "LVM-abd", &["dm-0", "sda2"]);
        Kernel::at(root)
    }

    #[test]
    fn what_lies_on_one_encrypted_volume_alone_is_encrypted() {
        let root = tempfile::tempdir().unwrap();
        let kernel = kernel(root.path());
        let of = |path: &str| under(&kernel, Path::new(path)).unwrap();
        let expected = MappedVolume {
            method: "LUKS2".to_owned(),
            uuid: Some("0f6c2f6e-8a1c-4b7e-9a54-3d1f0c9a7b21".to_owned()),
            device: "/dev/sda1".into(),
        };
        assert_eq!(of("/mnt"), Some(expected.clone()));
        assert_eq!(of("/mnt/deep/er"), Some(expected));
        for plain in ["/", "/plain", "/wide", "/nowhere"] {
            assert_eq!(of(plain), None, "{plain}");
        }
    }

    #[test]
    fn forms_without_a_header_have_no_identifier() {
        let root = tempfile::tempdir().unwrap();
        kernel(root.path());
        let on = Kernel::at(root.path());
        let on = on.block("8:1".parse().unwrap()).unwrap();
        for name in [
            "TCRYPT-x",
            "PLAIN-0f6c2f6e8a1c4b7e9a543d1f0c9a7b21",
            "LUKS2-é-x",
            "LUKS2",
        ] {
            assert_eq!(volume(name, &on).uuid, None, "{name}");
        }
    }
}
