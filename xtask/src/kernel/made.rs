//! The volumes that are made to be filled, over bytes of an earlier owner.

use std::path::Path;

use anyhow::{Result, bail};

use super::acts::Act;
use super::errand::Driver;
use super::machine::stale;
use super::plan::{Ground, Room};
use crate::shell::command;

/// A volume that is made.
pub(crate) struct Make {
    /// What it is called.
    pub(crate) name: &'static str,
    mebibytes: usize,
    words: &'static [&'static str],
    ground: Ground,
}

/// A row of the table below.
const fn make(
    name: &'static str,
    mebibytes: usize,
    words: &'static [&'static str],
    (driver, cluster, many, room): (Driver, usize, usize, Room),
) -> Make {
    let ground = Ground {
        driver,
        cluster,
        many,
        room,
    };
    Make {
        name,
        mebibytes,
        words,
        ground,
    }
}

use Driver::{Exfat, Ext4, Ntfs3, Vfat};
use Room::{Reserved, Written};

/// All of them.
pub(crate) const MAKES: [Make; 14] = [
    make(
        "fat12",
        15,
        &["mkfs.vfat", "-F12", "-s8"],
        (Vfat, 4096, 200, Reserved),
    ),
    make(
        "fat16",
        48,
        &["mkfs.vfat", "-F16", "-s4"],
        (Vfat, 2048, 1500, Reserved),
    ),
    make(
        "fat16-32k",
        200,
        &["mkfs.vfat", "-F16", "-s64"],
        (Vfat, 32_768, 900, Reserved),
    ),
    make(
        "fat32",
        48,
        &["mkfs.vfat", "-F32", "-s1"],
        (Vfat, 512, 3000, Reserved),
    ),
    make(
        "fat32-sectors-4k",
        280,
        &["mkfs.vfat", "-F32", "-S4096", "-s1"],
        (Vfat, 4096, 1500, Reserved),
    ),
    make(
        "exfat-512",
        48,
        &["mkfs.exfat", "-c512"],
        (Exfat, 512, 1500, Written),
    ),
    make(
        "exfat-4k",
        64,
        &["mkfs.exfat", "-c4K"],
        (Exfat, 4096, 3000, Written),
    ),
    make(
        "exfat-128k",
        250,
        &["mkfs.exfat", "-c128K"],
        (Exfat, 131_072, 600, Written),
    ),
    make(
        "ntfs-512",
        64,
        &["mkfs.ntfs", "-FQqc512"],
        (Ntfs3, 512, 1500, Reserved),
    ),
    make(
        "ntfs-4k",
        96,
        &["mkfs.ntfs", "-FQqc4096"],
        (Ntfs3, 4096, 3000, Reserved),
    ),
    make(
        "ntfs-64k",
        160,
        &["mkfs.ntfs", "-FQqc65536"],
        (Ntfs3, 65_536, 600, Reserved),
    ),
    make(
        "ext4",
        96,
        &["mkfs.ext4", "-Fqb4096"],
        (Ext4, 4096, 1500, Reserved),
    ),
    make(
        "ext2-1k",
        64,
        &["mkfs.ext2", "-Fqb1024"],
        (Ext4, 1024, 1500, Written),
    ),
    make(
        "ext3-1k",
        64,
        &["mkfs.ext3", "-Fqb1024"],
        (Ext4, 1024, 1500, Written),
    ),
];

impl Make {
    /// What it is.
    pub(crate) fn ground(&self) -> Ground {
        self.ground
    }

    /// What its tool leaves in it.
    pub(crate) fn begins_with(&self) -> Option<Act> {
        let has_place = self.ground.driver == Ext4;
        has_place.then(|| Act::Folder("lost+found".to_owned()))
    }

    /// Makes it.
    ///
    /// # Errors
    /// If its tool is missing or fails.
    pub(crate) fn format(&self, image: &Path) -> Result<()> {
        stale(image, self.mebibytes)?;
        let (tool, words) = self.words.split_first().unwrap_or((&"", &[]));
        let mut tool = command(tool, words);
        tool.arg(image);
        // The search path of an ordinary login leaves out where these are.
        let path = std::env::var("PATH").unwrap_or_default();
        tool.env("PATH", format!("{path}:/usr/sbin:/sbin"));
        let done = tool.output()?;
        if !done.status.success() {
            bail!("{}", String::from_utf8_lossy(&done.stderr));
        }
        Ok(())
    }
}
