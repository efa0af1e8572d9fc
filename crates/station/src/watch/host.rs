//! What is plugged into this host: `/sys/block` and the inboxes are the truth, and the kernel's messages only say that it
//! is time to look.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use disks::facts::{BlockDevices, Present, Use};
use transfer::stop::Stop;

use super::kept::TakenBefore;
use super::overseen::OverseenInbox;
use super::uevents::Uevents;
use super::wanted::{Others, Said, WantedPorts};
use super::{LeftAlone, Medium, MediumId, PortNote, UnusableFolder, Watch};
use crate::port::{self, Place, PortId};

/// How long something in an inbox has to stand still to count as complete: programs that copy write at least every few
/// seconds, over the slowest of networks too.
pub const STILL_FOR: Duration = Duration::from_secs(10);

/// How often all is looked at where messages come, which may get lost for reasons of their own; where none ever came; and
/// where there are inboxes, of which nobody sends any. A look at ten disks takes a millisecond.
const WITH_MESSAGES: Duration = Duration::from_secs(30);
const WITHOUT_MESSAGES: Duration = Duration::from_secs(2);
const WITH_INBOXES: Duration = Duration::from_secs(1);

/// The same while folders in inboxes are counted, which goes bit by bit.
const WHILE_COUNTING: Duration = Duration::from_millis(20);

/// How long a wait goes on after it was to stop.
const STOPS_WITHIN: Duration = Duration::from_millis(200);

/// What is watched for.
#[derive(Debug, Clone)]
pub struct Watched {
    /// The ports that are bays, [`Place`]s of all kinds.
    pub ports: Vec<PortId>,
    /// What becomes of disks at other ports.
    pub others: Others,
    /// Paths whose disks must be left alone beside those of the system: the station's own folders.
    pub needed: Vec<PathBuf>,
    /// How long something in an inbox has to stand still: [`STILL_FOR`].
    pub still_for: Duration,
    /// The file that keeps which disks were taken at ports that are no bays, for a start that finds them there; none for
    /// a watch that is not gone on with.
    pub kept: Option<PathBuf>,
}

/// What is plugged into this host.
#[derive(Debug)]
pub struct HostWatch {
    devices: BlockDevices,
    root: PathBuf,
    wanted: WantedPorts,
    /// How often that had changed when it was last gone by.
    times: u64,
    still_for: Duration,
    sockets: BTreeSet<PortId>,
    /// Folders of images that are attached, and their ports.
    images: Vec<(PathBuf, PortId)>,
    others: Others,
    needed: Vec<PathBuf>,
    inboxes: Vec<OverseenInbox>,
    messages: Option<Uevents>,
    kept_file: Option<PathBuf>,
    /// What was taken at ports that are no bays, for the next start.
    kept: Option<TakenBefore>,
    /// What was there when the watch began, as long as it stays.
    before: BTreeSet<MediumId>,
    /// What was found to be nobody else's. It is not asked again: what we do with it is a use too.
    taken: BTreeSet<MediumId>,
    /// Whether something is used by others, of which no message says when that ends.
    is_any_used: bool,
}

impl HostWatch {
    /// Begins to watch this host.
    ///
    /// # Errors
    /// The system's error, if block devices cannot be listed.
    pub fn new(watched: Watched) -> io::Result<Self> {
        let mut watch = Self::of(BlockDevices::running(), Path::new("/"), watched);
        match Uevents::open() {
            Ok(messages) => watch.messages = Some(messages),
            Err(error) => tracing::warn!(%error, "the kernel's messages cannot be heard"),
        }
        watch.begin()
    }

    /// The same of a host whose `/sys`, `/proc` and `/dev` are below `root`, and of which no messages come.
    ///
    /// # Errors
    /// As [`HostWatch::new`].
    pub fn at(root: &Path, watched: Watched) -> io::Result<Self> {
        Self::of(BlockDevices::at(root), root, watched).begin()
    }

    fn of(devices: BlockDevices, root: &Path, watched: Watched) -> Self {
        let Watched {
            ports,
            others,
            needed,
            still_for,
            kept,
        } = watched;
        let wanted = WantedPorts::new(ports, others);
        let said = wanted.said();
        let mut watch = Self {
            devices,
            root: root.to_owned(),
            wanted,
            times: said.times,
            still_for,
            sockets: BTreeSet::new(),
            images: Vec::new(),
            others: Others::LeaveAlone,
            needed,
            inboxes: Vec::new(),
            messages: None,
            kept_file: kept,
            kept: None,
            before: BTreeSet::new(),
            taken: BTreeSet::new(),
            is_any_used: false,
        };
        watch.go_by(said);
        watch
    }

    fn begin(mut self) -> io::Result<Self> {
        self.note_strange()?;
        Ok(self)
    }

    /// What says which ports it watches, while it does.
    #[must_use]
    pub fn wanted(&self) -> WantedPorts {
        self.wanted.clone()
    }

    fn go_by(&mut self, said: Said) {
        let mut inboxes = std::mem::take(&mut self.inboxes);
        self.sockets.clear();
        self.images.clear();
        for port in said.ports {
            match Place::of(&port) {
                Place::Images(folder) => self.images.push((folder, port)),
                Place::Socket => drop(self.sockets.insert(port)),
                Place::Inbox(folder) => {
                    // What is known to be complete in one that stays need not stand still again.
                    let known = inboxes.iter().position(|inbox| inbox.is_at(&port));
                    self.inboxes.push(match known {
                        Some(known) => inboxes.swap_remove(known),
                        None => OverseenInbox::new(folder, port, self.still_for),
                    });
                }
            }
        }
        if said.others != self.others {
            let file = self.kept_file.clone();
            self.kept = file
                .filter(|_| said.others == Others::TakeNew)
                .map(|file| TakenBefore::open(file, &self.root));
        }
        self.others = said.others;
        self.times = said.times;
    }

    /// Notes what is there that was not taken: none of it was plugged in to be loaded.
    fn note_strange(&mut self) -> io::Result<()> {
        let there = self.devices.list()?;
        let with_medium = there.iter().filter(|disk| disk.bytes > 0);
        let is_strange = |disk: &&Present| !self.taken.contains(&id(disk)) && !self.was_taken(disk);
        let strange: Vec<MediumId> = with_medium.filter(is_strange).map(id).collect();
        self.before.extend(strange);
        Ok(())
    }

    /// Whether a disk was taken when this host was watched before.
    fn was_taken(&self, disk: &Present) -> bool {
        let port = port::of_disk(disk.folder());
        let kept = self.kept.as_ref().zip(port);
        kept.is_some_and(|(kept, port)| kept.has(disk, &port))
    }

    /// Keeps what is taken at ports that are no bays.
    fn keep(&mut self, there: &[Present], media: &[Medium]) {
        let Some(kept) = &mut self.kept else {
            return;
        };
        // What it is used for may be known in a moment.
        let is_ours = |it: &&Medium| {
            matches!(it.left_alone, None | Some(LeftAlone::NotKnown(_)))
                && !self.sockets.contains(&it.port)
        };
        let ours = media.iter().filter(is_ours);
        kept.keep(ours.filter_map(|medium| {
            let disk = there.iter().find(|disk| id(disk) == medium.id())?;
            disk.behind.is_none().then_some((disk, &medium.port))
        }));
    }

    /// How often messages of the kernel were lost, so that all was looked at again.
    #[must_use]
    pub fn overflows(&self) -> u64 {
        self.messages.as_ref().map_or(0, Uevents::overflows)
    }

    /// Whether the kernel ever said anything. Where it does not, as in a user namespace, all is looked at every few
    /// seconds.
    #[must_use]
    pub fn has_heard(&self) -> bool {
        self.messages.as_ref().is_some_and(Uevents::has_heard)
    }

    /// The disks that are plugged in, and the images that are attached.
    fn disks(&mut self) -> io::Result<Vec<Medium>> {
        let mut there = self.devices.list()?;
        // A reader with nothing in it.
        there.retain(|disk| disk.bytes > 0);
        let known: BTreeSet<MediumId> = there.iter().map(id).collect();
        self.before.retain(|it| known.contains(it));
        self.taken.retain(|it| known.contains(it));
        let folders = self.image_folders();
        let mut media: Vec<Medium> = there
            .iter()
            .filter_map(|it| self.medium(it, &folders))
            .collect();
        self.ask_for_uses(&there, &mut media);
        let is_used = |it: &Medium| matches!(it.left_alone, Some(LeftAlone::Used(_)));
        self.is_any_used = media.iter().any(is_used);
        self.keep(&there, &media);
        Ok(media)
    }

    /// The folders of images with their links followed, as the kernel names what lies in them.
    fn image_folders(&self) -> Vec<(PathBuf, PortId)> {
        let folders = self.images.iter();
        let mut folders: Vec<_> = folders
            .filter_map(|(folder, port)| Some((folder.canonicalize().ok()?, port.clone())))
            .collect();
        // Of folders one in another, the inner one counts.
        folders.sort_by_key(|(folder, _)| std::cmp::Reverse(folder.components().count()));
        folders
    }

    /// What a disk is, but for its uses. `None` for what has no place that could be told.
    fn medium(&self, disk: &Present, folders: &[(PathBuf, PortId)]) -> Option<Medium> {
        let (port, left_alone) = match &disk.behind {
            Some(image) => match folders.iter().find(|(folder, _)| image.starts_with(folder)) {
                Some((_, port)) => (port.clone(), None),
                None => (image_port(image)?, Some(LeftAlone::OtherImage)),
            },
            None => {
                let port = port::of_disk(disk.folder())?;
                let left_alone = self.why_not(disk, &port);
                (port, left_alone)
            }
        };
        Some(Medium {
            name: disk.name.clone(),
            path: disk.path(),
            port,
            diskseq: disk.diskseq,
            laid: None,
            bytes: disk.bytes,
            is_removable: disk.is_removable,
            left_alone,
        })
    }

    /// Why a disk is none of ours, whatever it is used for.
    fn why_not(&self, disk: &Present, port: &PortId) -> Option<LeftAlone> {
        if disk.is_hidden {
            Some(LeftAlone::Hidden)
        } else if is_made(disk) {
            Some(LeftAlone::Made)
        } else if self.sockets.contains(port) {
            None
        } else if self.before.contains(&id(disk)) {
            Some(LeftAlone::ThereBefore)
        } else {
            match self.others {
                Others::TakeNew if disk.is_removable => None,
                Others::TakeNew | Others::LeaveAlone => Some(LeftAlone::NoBay),
            }
        }
    }

    /// Asks what those are used for that may be ours and were not taken yet.
    fn ask_for_uses(&mut self, there: &[Present], media: &mut [Medium]) {
        let mut new: Vec<&mut Medium> = media.iter_mut().collect();
        new.retain(|it| it.left_alone.is_none() && !self.taken.contains(&it.id()));
        if new.is_empty() {
            return;
        }
        let wanted: BTreeSet<MediumId> = new.iter().map(|it| it.id()).collect();
        let disks: Vec<&Present> = there.iter().filter(|it| wanted.contains(&id(it))).collect();
        let needed: Vec<&Path> = self.needed.iter().map(PathBuf::as_path).collect();
        match self.devices.uses(&disks, &needed) {
            Ok(uses) => {
                for (medium, uses) in new.into_iter().zip(uses) {
                    medium.left_alone = uses.into_iter().find(is_in_the_way).map(LeftAlone::Used);
                    if medium.left_alone.is_none() {
                        self.taken.insert(medium.id());
                    }
                }
            }
            Err(error) => {
                let why = LeftAlone::NotKnown(error.to_string());
                new.into_iter()
                    .for_each(|medium| medium.left_alone = Some(why.clone()));
            }
        }
    }

    /// After how long all is looked at, whether or not a message comes.
    fn patience(&self) -> Duration {
        if self.inboxes.iter().any(OverseenInbox::is_counting) {
            WHILE_COUNTING
        } else if !self.inboxes.is_empty() {
            WITH_INBOXES
        } else if self.has_heard() && !self.is_any_used {
            WITH_MESSAGES
        } else {
            WITHOUT_MESSAGES
        }
    }

    /// Whether a message came; waits for it at most `timeout`.
    fn hears(&mut self, timeout: Duration) -> bool {
        let Some(messages) = &mut self.messages else {
            thread::sleep(timeout);
            return false;
        };
        messages.wait(timeout).unwrap_or_else(|error| {
            tracing::warn!(%error, "the kernel's messages cannot be heard any more");
            self.messages = None;
            false
        })
    }
}

impl Watch for HostWatch {
    fn scan(&mut self) -> io::Result<Vec<Medium>> {
        if self.wanted.is_other_than(self.times) {
            self.note_strange()?;
            self.go_by(self.wanted.said());
        }
        let mut media = self.disks()?;
        let now = Instant::now();
        let laid = self.inboxes.iter_mut().flat_map(|inbox| inbox.scan(now));
        media.extend(laid);
        Ok(media)
    }

    fn notes(&self) -> BTreeMap<PortId, PortNote> {
        let images = self.images.iter().filter_map(|(folder, port)| {
            let why = UnusableFolder::listed(folder)?;
            Some((port.clone(), PortNote::Unusable(why)))
        });
        let inboxes = self.inboxes.iter().filter_map(OverseenInbox::note);
        images.chain(inboxes).collect()
    }

    fn wait(&mut self, timeout: Duration, stop: &Stop) {
        let until = Instant::now() + timeout.min(self.patience());
        while !stop.is_set() {
            let left = until.saturating_duration_since(Instant::now());
            if self.wanted.is_other_than(self.times) {
                return;
            }
            if left.is_zero() || self.hears(left.min(STOPS_WITHIN)) {
                return;
            }
        }
    }
}

fn id(disk: &Present) -> MediumId {
    MediumId {
        name: disk.name.clone(),
        diskseq: disk.diskseq,
        laid: None,
    }
}

/// The port that an image would have if its folder were one.
fn image_port(image: &Path) -> Option<PortId> {
    let folder = image.parent()?.display();
    PortId::new(format!("loop:{folder}")).ok()
}

/// Whether it is made of other devices or of memory, or is a part of another that the kernel shows as a whole one.
fn is_made(disk: &Present) -> bool {
    let mut above = disk.folder().components().map(|part| part.as_os_str());
    let is_virtual = above.any(|part| part == "virtual");
    // A disk to which several controllers may lead stands there too.
    let is_nvme = disk.folder().iter().any(|part| part == "nvme-subsystem");
    // `mmcblk0boot0`, `mmcblk0rpmb`: areas of a card that hold no files.
    let area = disk.name.strip_prefix("mmcblk");
    let is_area = area.is_some_and(|it| it.contains(|c: char| !c.is_ascii_digit()));
    (is_virtual && !is_nvme) || is_area
}

/// Whether a use forbids that it is loaded. Another loop device on the same image changes nothing by itself.
fn is_in_the_way(used: &Use) -> bool {
    match used {
        Use::Needed { .. }
        | Use::Swap { .. }
        | Use::Mounted { .. }
        | Use::MountedElsewhere { .. }
        | Use::Held { .. }
        | Use::Written { .. } => true,
        Use::Attached { .. } => false,
    }
}

#[cfg(test)]
#[path = "host_tests.rs"]
mod tests;
