//! A device that is read without being mounted: which volumes it has, and the tree of those that are loaded.
//!
//! Every volume that holds data is loaded, because the device may be erased after: what was silently left out is
//! gone. One that cannot be read is a line of the report that says why, and what can be done; one that holds nothing
//! of a customer's (the system partition of a laptop, an empty one) is a line as well. Where several can be read each has
//! a folder of its own, `partition-N`, so that their names do not meet. That is decided by what the survey says, before
//! anything is read: a later attempt, in which one more of them gives its metadata, has the same paths.

use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use encrypted::Locked;
use encrypted::secrets::Secrets;
use filesystems::reader::{Options, Refusal};
use filesystems::recognise::{Class, Recognised};
use filesystems::tables::PartitionTable;
use filesystems::told::{Facts, Summary};
use filesystems::volumes::{Part, Survey};
use model::entry::VolumeNote;

use crate::catalogue::{Builder, Place, ToldVolume};
use crate::device::unlocked::OpenVolume;
use crate::rescue::Rescue;
use crate::sandbox::{Heard, ParseError, Sandbox};
use crate::tree::DeviceGone;
use crate::tree::raw::{Loaded, RawTree, Reading, VolumeLine};

/// What is to be known of a file system whose times are of a clock that nobody told.
const LOCAL_TIMES: &str =
    "its times are those of a local clock, and count as UTC: --zone says by which it was written";

/// A device whose volumes are known.
#[derive(Debug)]
pub struct Disk {
    rescue: Arc<Rescue>,
    sandbox: Sandbox,
    survey: Survey,
    /// Why volumes stayed locked on which secrets were tried.
    locked: Vec<(u32, Locked)>,
    /// The numbers of volumes that were unlocked: of these the survey says what lies within.
    opened: Vec<u32>,
}

/// A volume, and what the survey says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// The number of its partition; 0 is the whole device.
    pub number: u32,
    /// Where it begins in the device, in bytes.
    pub offset: u64,
    /// Its length in bytes.
    pub bytes: u64,
    /// What is to become of it.
    pub verdict: Verdict,
}

/// What is to become of a volume, as far as its beginning says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It has a file system that is read; whether that is sound shows when it is.
    Data,
    /// It holds nothing of a customer's; what it is.
    System(String),
    /// It holds nothing.
    Empty,
    /// It may hold something, and is not read; why, and what the customer can do.
    Refused(String),
}

/// What of a device is loaded, and how.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// The numbers of the volumes that are loaded; none stands for all that hold data.
    pub volumes: Vec<u32>,
    /// Whether files may claim more than their volume holds.
    pub may_claim: bool,
    /// Whether nobody said by which clock local times are to be read: a file system that keeps such has a remark then.
    pub is_zone_guessed: bool,
    /// What readers of file systems are told.
    pub options: Options,
}

/// A device of which nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// It does not answer.
    #[error(transparent)]
    Gone(#[from] DeviceGone),
    /// It has no volume of this number.
    #[error("the device has no volume `{0}`")]
    NoVolume(u32),
    /// This host cannot parse it, or keep what is on it.
    #[error("this host could not read what lies on the device")]
    Host(#[source] io::Error),
    /// It was stopped.
    #[error("it was stopped while it was looked at")]
    Stopped,
}

impl Disk {
    /// Looks at a device.
    ///
    /// # Errors
    /// [`DiskError`]; never [`DiskError::NoVolume`].
    pub fn open(rescue: Arc<Rescue>, mut sandbox: Sandbox) -> Result<Self, DiskError> {
        let survey = sandbox.survey(&mut rescue.metadata());
        Ok(Self {
            rescue,
            sandbox,
            survey: survey.map_err(of_survey)?,
            locked: Vec::new(),
            opened: Vec::new(),
        })
    }

    /// Looks at a device on which volumes were unlocked, and which `rescue` reads deciphered; others stayed locked.
    ///
    /// # Errors
    /// As [`Disk::open`].
    pub fn open_unlocked(
        rescue: Arc<Rescue>,
        sandbox: Sandbox,
        opened: &[OpenVolume],
        locked: &[(u32, Locked)],
    ) -> Result<Self, DiskError> {
        let mut disk = Self::open(rescue, sandbox)?;
        disk.locked = locked.to_vec();
        for open in opened {
            disk.look_into(open)?;
        }
        Ok(disk)
    }

    /// Looks at what is within a volume that was unlocked.
    fn look_into(&mut self, open: &OpenVolume) -> Result<(), DiskError> {
        let mut volumes = self.survey.volumes.iter_mut();
        let Some(volume) = volumes.find(|it| it.number == open.number) else {
            return Err(DiskError::NoVolume(open.number));
        };
        volume.offset = open.offset.saturating_add(open.plain.at);
        volume.bytes = open.plain.bytes;
        volume.manager = None;
        let mut blocks = self.rescue.metadata();
        let inner = self.sandbox.survey(&mut Part::new(&mut blocks, volume));
        volume.recognised = inner.map_err(of_survey)?.whole.within_opened();
        self.opened.push(open.number);
        Ok(())
    }

    /// Opens an encrypted volume with the secrets that do; or says why it stays locked.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn unlock(
        &mut self,
        number: u32,
        secrets: &Secrets,
    ) -> Result<Result<OpenVolume, Locked>, DiskError> {
        let mut volumes = self.survey.volumes.iter();
        let Some(volume) = volumes.find(|it| it.number == number) else {
            return Err(DiskError::NoVolume(number));
        };
        let mut blocks = self.rescue.metadata();
        match self.sandbox.unlock(&mut blocks, volume, secrets) {
            Ok(opened) => Ok(opened.map(|plain| OpenVolume {
                number,
                offset: volume.offset,
                plain,
            })),
            Err(misbehaved @ ParseError::Misbehaved(_)) => {
                Ok(Err(Locked::Damaged(misbehaved.to_string())))
            }
            Err(other) => Err(of_survey(other)),
        }
    }

    /// Its volumes, in the order of their numbers: its partitions, or the whole of it.
    #[must_use]
    pub fn volumes(&self) -> Vec<Volume> {
        let volumes = self.survey.volumes.iter();
        let volumes = volumes.map(|volume| Volume {
            number: volume.number,
            offset: volume.offset,
            bytes: volume.bytes,
            verdict: self.verdict(volume),
        });
        volumes.collect()
    }

    /// Its partition table, if it has one.
    #[must_use]
    pub fn table(&self) -> Option<&PartitionTable> {
        self.survey.table.as_ref()
    }

    /// Whether a volume that is not read is encrypted.
    #[must_use]
    pub fn is_encrypted(&self, number: u32) -> bool {
        let volume = self.survey.volumes.iter().find(|it| it.number == number);
        volume.is_some_and(|volume| {
            let mut found = volume.recognised.foreign.iter();
            volume.recognised.readable.is_empty() && found.any(|it| it.class == Class::Encrypted)
        })
    }

    /// Whether a volume was unlocked.
    #[must_use]
    pub fn is_opened(&self, number: u32) -> bool {
        self.opened.contains(&number)
    }

    /// Whether anything is known of what a volume holds, be it read or not.
    #[must_use]
    pub fn is_recognised(&self, number: u32) -> bool {
        let volume = self.survey.volumes.iter().find(|it| it.number == number);
        volume.is_some_and(|volume| {
            !volume.recognised.readable.is_empty() || !volume.recognised.foreign.is_empty()
        })
    }

    /// What is to be known of its partition table.
    #[must_use]
    pub fn remarks(&self) -> &[String] {
        let table = self.survey.table.as_ref();
        table.map_or(&[], |table| &table.remarks)
    }

    fn verdict(&self, volume: &filesystems::volumes::Volume) -> Verdict {
        let recognised = &volume.recognised;
        if let Some(what) = volume.system {
            return Verdict::System(what.to_owned());
        }
        if recognised.is_empty && volume.manager.is_none() {
            return Verdict::Empty;
        }
        if let Some(what) = recognised.foreign.first()
            && recognised.readable.is_empty()
            && recognised
                .foreign
                .iter()
                .all(|it| it.class == Class::NoData)
        {
            return Verdict::System(what.name.clone());
        }
        let mut locked = self.locked.iter();
        if let Some((_, why)) = locked.find(|(number, _)| *number == volume.number)
            && let Some(words) = words_of(why, &volume.recognised)
        {
            return Verdict::Refused(words);
        }
        match volume.refusal() {
            None => Verdict::Data,
            Some(refusal) if self.is_opened(volume.number) => Verdict::Refused(format!(
                "its secret is right, and what it opens is not read: {}",
                self.words(volume.number, &refusal)
            )),
            Some(refusal) => Verdict::Refused(self.words(volume.number, &refusal)),
        }
    }

    /// Why a volume is not read, for its customer.
    fn words(&self, number: u32, refusal: &Refusal) -> String {
        let send = "send a copy of its files on ext4, NTFS, exFAT or FAT";
        match (refusal, self.survey.damaged_table) {
            (Refusal::Foreign(_) | Refusal::Other, Some(why)) if number == 0 => {
                format!("its partition table is damaged ({why}): {send}")
            }
            // What was recognised says itself what can be done.
            (Refusal::Foreign(_), _) => refusal.to_string(),
            (refusal, _) => format!("{refusal}: {send}"),
        }
    }

    /// Reads what its volumes hold into a catalogue on the disk of `folder`: the tree of what is loaded.
    ///
    /// # Errors
    /// [`DiskError`]. A volume that cannot be read is none: it is a line of the tree.
    pub fn read(
        mut self,
        choice: &Choice,
        reading: Reading,
        folder: &Path,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<RawTree, DiskError> {
        let volumes = self.volumes();
        let is_missing = |number: &&u32| volumes.iter().all(|it| it.number != **number);
        if let Some(number) = choice.volumes.iter().find(is_missing) {
            return Err(DiskError::NoVolume(*number));
        }
        let mut read = VolumesRead {
            has_folders: has_folders(&volumes, choice),
            choice,
            is_stopped,
            builder: Builder::create(folder).map_err(DiskError::Host)?,
            loaded: Vec::new(),
            lines: Vec::new(),
        };
        if !self.remarks().is_empty() {
            read.note(0, VolumeNote::Remark(self.remarks().join("; ")));
        }
        for (at, volume) in volumes.into_iter().enumerate() {
            read.volume(&mut self, at, volume)?;
        }
        let catalogue = read.builder.finish().map_err(DiskError::Host)?;
        let (loaded, lines) = (read.loaded, read.lines);
        RawTree::new(catalogue, self.rescue, self.sandbox, reading, loaded, lines)
            .map_err(DiskError::Host)
    }

    /// Tells what a volume holds; or why it is not read.
    fn list(
        &mut self,
        at: usize,
        told: &mut ToldVolume<'_>,
        options: &Options,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Result<(Facts, Summary), String>, DiskError> {
        let volume = &self.survey.volumes[at];
        let mut failed = None;
        let mut hear = |heard| {
            let taken = match heard {
                Heard::Told(it) => told.take(&it),
                Heard::Anew => told.anew(),
            };
            failed = taken.err();
            match failed.is_none() && !is_stopped() {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        };
        let mut blocks = self.rescue.metadata();
        let listed = self
            .sandbox
            .catalogue(&mut blocks, volume, options, &mut hear);
        match listed {
            Ok(known) => Ok(Ok(known)),
            Err(ParseError::Refused(refusal)) => Ok(Err(self.words(volume.number, &refusal))),
            Err(misbehaved @ (ParseError::Misbehaved(_) | ParseError::Packed(_))) => {
                Ok(Err(misbehaved.to_string()))
            }
            Err(ParseError::Gone(gone)) => Err(gone.into()),
            Err(ParseError::Host(error)) => Err(DiskError::Host(error)),
            Err(ParseError::Stopped) => Err(failed.map_or(DiskError::Stopped, DiskError::Host)),
        }
    }
}

/// Why a volume stays locked, for its customer, where that says more than that it is encrypted.
fn words_of(why: &Locked, found: &Recognised) -> Option<String> {
    let foreign = found.foreign.iter();
    let mut foreign = foreign.filter(|it| it.class == Class::Encrypted);
    let name = foreign.next().map_or("VeraCrypt", |it| it.name.as_str());
    match why {
        Locked::Wrong => Some(format!(
            "the volume is encrypted with {name}, and the secret that was given does not open it"
        )),
        Locked::Refused(_) => Some(why.to_string()),
        Locked::Damaged(_) | Locked::Costly(_) => Some(format!(
            "the volume is encrypted with {name}, and cannot be opened: {why}"
        )),
        Locked::Needed(what) => found.readable.is_empty().then(|| {
            format!("the volume is encrypted with {name}: it takes {what}, which did not come with the job")
        }),
        Locked::Ended => None,
    }
}

/// Why nothing can be said of a device.
fn of_survey(error: ParseError) -> DiskError {
    match error {
        ParseError::Gone(gone) => gone.into(),
        ParseError::Host(error) => DiskError::Host(error),
        other => DiskError::Host(io::Error::other(other)),
    }
}

impl Choice {
    fn takes(&self, number: u32) -> bool {
        self.volumes.is_empty() || self.volumes.contains(&number)
    }
}

/// Whether each volume that is loaded has a folder of its own: where there are several.
fn has_folders(volumes: &[Volume], choice: &Choice) -> bool {
    let chosen = volumes.iter().filter(|it| choice.takes(it.number));
    chosen.filter(|it| it.verdict == Verdict::Data).count() > 1
}

/// What is known of the volumes while they are read.
struct VolumesRead<'a> {
    choice: &'a Choice,
    is_stopped: &'a dyn Fn() -> bool,
    builder: Builder,
    has_folders: bool,
    loaded: Vec<Loaded>,
    lines: Vec<VolumeLine>,
}

impl VolumesRead<'_> {
    /// Loads a volume, or says why it is not loaded. `at` is where the survey has it.
    fn volume(&mut self, disk: &mut Disk, at: usize, volume: Volume) -> Result<(), DiskError> {
        let number = volume.number;
        let left_out = |words: &str| VolumeNote::LeftOut(words.to_owned());
        if !self.choice.takes(number) {
            self.note(number, left_out("it was not chosen"));
            return Ok(());
        }
        match &volume.verdict {
            Verdict::System(what) => {
                self.note(
                    number,
                    left_out(&format!("{what}: nothing of it is loaded")),
                );
            }
            Verdict::Empty => self.note(number, left_out("it is empty")),
            Verdict::Refused(why) => self.refuse(number, why.clone()),
            Verdict::Data => self.data(disk, at, &volume)?,
        }
        Ok(())
    }

    fn data(&mut self, disk: &mut Disk, at: usize, volume: &Volume) -> Result<(), DiskError> {
        let place = self.place(volume)?;
        let told = self.builder.volume(place.clone());
        let mut told = told.map_err(DiskError::Host)?;
        match disk.list(at, &mut told, &self.choice.options, self.is_stopped)? {
            Ok((facts, summary)) => {
                told.close().map_err(DiskError::Host)?;
                self.load(place, facts, &summary);
            }
            Err(why) => self.refuse(volume.number, why),
        }
        Ok(())
    }

    fn place(&self, volume: &Volume) -> Result<Place, DiskError> {
        let number = u16::try_from(volume.number).map_err(io::Error::other);
        Ok(Place {
            number: number.map_err(DiskError::Host)?,
            offset: volume.offset,
            bytes: volume.bytes,
            folder: self.has_folders.then(|| name(volume.number)),
            may_claim: self.choice.may_claim,
        })
    }

    fn load(&mut self, place: Place, facts: Facts, summary: &Summary) {
        let mut remarks = summary.remarks.clone();
        if let Some(bytes) = summary.unaccounted.filter(|bytes| *bytes > 0) {
            remarks.push(format!(
                "its file system counts {bytes} bytes as used that belong to nothing that was found"
            ));
        }
        if self.choice.is_zone_guessed && facts.kind.starts_with("FAT") {
            remarks.push(LOCAL_TIMES.to_owned());
        }
        if !remarks.is_empty() {
            self.note(place.number.into(), VolumeNote::Remark(remarks.join("; ")));
        }
        self.loaded.push(Loaded {
            number: place.number.into(),
            folder: place.folder,
            facts,
            remarks,
            is_dirty: summary.is_dirty,
        });
    }

    fn note(&mut self, number: u32, note: VolumeNote) {
        self.lines.push(VolumeLine {
            number,
            name: name(number),
            said: Ok(note),
        });
    }

    fn refuse(&mut self, number: u32, why: String) {
        self.lines.push(VolumeLine {
            number,
            name: name(number),
            said: Err(why),
        });
    }
}

/// What a volume is called.
fn name(number: u32) -> String {
    match number {
        0 => "device".to_owned(),
        number => format!("partition-{number}"),
    }
}
