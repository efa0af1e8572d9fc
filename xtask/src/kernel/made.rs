//! The volumes that are made to be filled, over bytes of an earlier owner.

use std::path::Path;

use anyhow::{Result, bail};

use super::acts::Act;
use super::errand::{Driver, Ending, Entry, Work};
use super::machine::stale;
use super::plan::{Ground, Room, acts, last_acts};
use super::world::World;
use crate::shell::command;

/// A volume that is made.
pub(crate) struct Make {
    /// What it is called.
    pub(crate) name: &'static str,
    mebibytes: usize,
    ground: Ground,
    /// How the machine lets it go.
    ending: Way,
    /// What makes it, as one would type it, without the name of the image.
    tool: &'static str,
}

/// How the machine lets a volume go: an [`Ending`] without what is done last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Unmounted,
    Synced,
    Pulled,
}

/// One volume a line: name, MiB, driver, bytes of a cluster, small files, room, way, tool.
macro_rules! makes {
    ($($name:literal $mebibytes:literal $driver:ident $cluster:literal $many:literal
        $room:ident $ending:ident $tool:literal;)*) => {
        [$(Make {
            name: $name,
            mebibytes: $mebibytes,
            ground: Ground {
                driver: Driver::$driver,
                cluster: $cluster,
                many: $many,
                room: Room::$room,
            },
            ending: Way::$ending,
            tool: $tool,
        }),*]
    };
}

/// All of them.
pub(crate) const MAKES: &[Make] = &makes! {
    "fat12"             15 Vfat     4096  200 Reserved Unmounted "mkfs.vfat -F12 -s8";
    "fat16"             48 Vfat     2048 1500 Reserved Unmounted "mkfs.vfat -F16 -s4";
    "fat16-32k"        200 Vfat    32768  900 Reserved Unmounted "mkfs.vfat -F16 -s64";
    "fat32"             48 Vfat      512 3000 Reserved Unmounted "mkfs.vfat -F32 -s1";
    "fat32-sectors-4k" 280 Vfat     4096 1500 Reserved Unmounted "mkfs.vfat -F32 -S4096 -s1";
    "fat32-synced"      48 Vfat      512 1000 Reserved Synced    "mkfs.vfat -F32 -s1";
    "exfat-512"         48 Exfat     512 1500 Written  Unmounted "mkfs.exfat -c512";
    "exfat-4k"          64 Exfat    4096 3000 Written  Unmounted "mkfs.exfat -c4K";
    "exfat-128k"       250 Exfat  131072  600 Written  Unmounted "mkfs.exfat -c128K";
    "exfat-synced"      64 Exfat    4096 1000 Written  Synced    "mkfs.exfat -c4K";
    "ntfs-512"          64 Ntfs3     512 1500 Reserved Unmounted "mkfs.ntfs -FQqc512";
    "ntfs-4k"           96 Ntfs3    4096 3000 Reserved Unmounted "mkfs.ntfs -FQqc4096";
    "ntfs-64k"         160 Ntfs3   65536  600 Reserved Unmounted "mkfs.ntfs -FQqc65536";
    "ntfs-sectors-4k"   96 Ntfs3    4096 1000 Reserved Unmounted "mkfs.ntfs -FQqs4096 -c4096";
    "ntfs-synced"       96 Ntfs3    4096 1000 Reserved Synced    "mkfs.ntfs -FQqc4096";
    "ext4"              96 Ext4     4096 1500 Reserved Unmounted "mkfs.ext4 -Fqb4096";
    "ext4-inline"       64 Ext4     1024 1000 Reserved Unmounted "mkfs.ext4 -Fqb1024 -Oinline_data";
    "ext4-bigalloc"     96 Ext4    16384 1000 Reserved Unmounted "mkfs.ext4 -Fqb4096 -C16384 -Obigalloc";
    "ext2-1k"           64 Ext4     1024 1500 Written  Unmounted "mkfs.ext2 -Fqb1024";
    "ext3-1k"           64 Ext4     1024 1500 Written  Unmounted "mkfs.ext3 -Fqb1024";
    "ext4-pulled"       96 Ext4     4096 1000 Reserved Pulled    "mkfs.ext4 -Fqb4096";
    "ext3-pulled"       64 Ext4     1024 1000 Written  Pulled    "mkfs.ext3 -Fqb1024";
};

impl Make {
    /// What mounts it.
    pub(crate) fn driver(&self) -> Driver {
        self.ground.driver
    }

    /// What the machine does with it.
    pub(crate) fn work(&self) -> Work {
        Work::Fill {
            acts: acts(self.ground),
            ending: match self.ending {
                Way::Unmounted => Ending::Unmounted,
                Way::Synced => Ending::Synced,
                Way::Pulled => Ending::Pulled(last_acts()),
            },
        }
    }

    /// What must be on it then. Of one that is pulled nobody knows how far its last acts went; there the kernel alone is
    /// the judge.
    ///
    /// # Errors
    /// If what is done cannot be done.
    pub(crate) fn wanted(&self) -> Result<Option<Vec<Entry>>> {
        if self.ending == Way::Pulled {
            return Ok(None);
        }
        let left_by_tool = Act::Folder("lost+found".to_owned());
        let first = (self.ground.driver == Driver::Ext4).then_some(left_by_tool);
        let acts: Vec<Act> = first.into_iter().chain(acts(self.ground)).collect();
        Ok(Some(World::after(&acts)?.entries()))
    }

    /// Makes it.
    ///
    /// # Errors
    /// If its tool is missing or fails.
    pub(crate) fn format(&self, image: &Path) -> Result<()> {
        stale(image, self.mebibytes)?;
        let mut words = self.tool.split(' ');
        let mut tool = command(words.next().unwrap_or_default(), words);
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
