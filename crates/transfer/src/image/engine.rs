//! The run of an image from its beginning to its row in the report.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use disks::rescue::Rescue;
use imagestore::services::ClientOptions;
use model::control::ImageTarget;
use model::entry::EntryPath;
use model::image::{self, BadRange, ImageKeys, ONE_TB};
use model::limits;
use model::manifest::Common;
use model::missing::Missing;
use model::outcome::{EntryRecord, Failure, Outcome, Stored};
use model::readable;

use super::archive::{self, ArchiveImage};
use super::objects::{Objects, Shape};
use super::snapshot::{self, SnapshotImage};
use super::steps::{ImageState, Ledger};
use super::sums::Chains;
use super::target::{Completed, ImageSink, ReadBack};
use super::work::ImageRun;
use super::{Halted, ImageDone, ImageError, ImageImport, ImageOutcome, What, pass};
use crate::journal::Journal;
use crate::journal::recorder::Recorder;
use crate::journal::records::image::{Begun, Done, ImageRecord, Step, WholeSums};

/// Longest description of a snapshot in characters (`StartSnapshot`).
const DESCRIPTION: usize = 255;

/// Bad ranges that the remark names; the others it counts.
const RANGES_NAMED: usize = 5;

/// Runs an import whose objects, where it goes to a series of them, have `object_bytes` each.
pub(super) fn run(
    import: &ImageImport<'_>,
    folder: &Path,
    object_bytes: u64,
) -> Result<ImageOutcome, ImageError> {
    let (mut journal, state, entry) = replay(import, folder)?;
    let bytes = import.device.bytes();
    match &state.begun {
        // Some other disk, and the job is not disturbed by it.
        Some(begun) if begun.bytes != bytes => {
            let expected = begun.bytes;
            return Err(ImageError::OtherDevice { bytes, expected });
        }
        Some(_) => {}
        None => {
            if let Some(said_over_1tb) = import.wrong_capacity() {
                return Ok(ImageOutcome::WrongCapacity {
                    bytes,
                    said_over_1tb,
                });
            }
        }
    }
    if let (Some(done), Some(record)) = (&state.done, entry) {
        let done = done_of(done, record, &state, 0);
        return Ok(ImageOutcome::Done(Box::new(done)));
    }
    let target = import.target()?;
    let begun = import.begun(&*target, object_bytes)?;
    let rescue = Rescue::open(Arc::clone(&import.device), folder)?;
    journal.append(&import.attempt.clone().into())?;
    journal.sync()?;
    let (recorder, notes) = Recorder::new(journal, import.progress);
    let done = std::thread::scope(|scope| {
        scope.spawn(move || recorder.run(import.stop));
        let work = ImageRun::new(import, &rescue, begun, Ledger::new(state, notes));
        let done = work.carry_out(&*target);
        if import.stop.is_canceled() {
            // No attempt follows that could go on with what is half-sent.
            target.abandon(&work);
        }
        done
    });
    match done {
        // Also where the journal failed at the last moment.
        Ok(done) if !import.stop.is_set() => {
            if let Err(error) = rescue.let_go() {
                tracing::warn!(%error, "what was rescued of the device still takes room");
            }
            Ok(ImageOutcome::Done(Box::new(done)))
        }
        _ => Ok(ImageOutcome::Stopped),
    }
}

/// Opens the journal. Gives what it says of the image, and the entry if that is written already.
fn replay(
    import: &ImageImport<'_>,
    folder: &Path,
) -> Result<(Journal<ImageRecord>, ImageState, Option<EntryRecord>), ImageError> {
    let (mut state, mut entry) = (ImageState::default(), None);
    let path = folder.join("journal");
    let journal = Journal::open(import.logs, &path, import.job, &mut |_, record| {
        match record {
            ImageRecord::Image(step) => state.take(step),
            ImageRecord::Entry(record) => entry = Some(record),
            ImageRecord::Attempt(_) | ImageRecord::Other => {}
        }
        Ok(())
    })?;
    Ok((journal, state, entry))
}

impl ImageImport<'_> {
    fn common(&self) -> &Common {
        match self.what {
            What::Ebs(import) => &import.common,
            What::Glacier(import) => &import.common,
        }
    }

    /// What the manifest says of the capacity, if the device is not so.
    fn wrong_capacity(&self) -> Option<bool> {
        match self.what {
            What::Ebs(import) => {
                let is_over = self.device.bytes() > ONE_TB;
                (is_over != import.over_1tb).then_some(import.over_1tb)
            }
            What::Glacier(_) => None,
        }
    }

    fn client_options(&self) -> ClientOptions {
        ClientOptions {
            parallel: self.settings.parallel,
            stop: self.stop.flag(),
        }
    }

    fn target(&self) -> Result<Box<dyn ImageSink>, ImageError> {
        Ok(match (self.target, self.what) {
            (ImageTarget::Snapshot(access), What::Ebs(_)) => {
                let service = self.services.snapshots(access, &self.client_options())?;
                Box::new(SnapshotImage::new(service, self.description()))
            }
            (ImageTarget::Vault(access), What::Glacier(import)) => {
                let (vault, options) = (&import.vault, self.client_options());
                let service = self.services.vault(access, vault, &options)?;
                Box::new(ArchiveImage::new(service, &import.archive_comment))
            }
            (ImageTarget::Objects { storage_class }, what) => Box::new(Objects {
                shape: match what {
                    What::Ebs(_) => Shape::Series,
                    What::Glacier(_) => Shape::One,
                },
                keys: ImageKeys::new(&self.common().log_prefix, self.job),
                storage_class: storage_class.clone(),
                device_id: self.common().device_id.clone(),
            }),
            (ImageTarget::Snapshot(_), What::Glacier(_))
            | (ImageTarget::Vault(_), What::Ebs(_)) => return Err(ImageError::WrongTarget),
        })
    }

    fn description(&self) -> String {
        let device = &self.common().device_id;
        let text = format!("Import/Export job {}, device {device}", self.job);
        text.chars().take(DESCRIPTION).collect()
    }

    /// How the device is to be cut for a target.
    fn begun(&self, target: &dyn ImageSink, of_series: u64) -> Result<Begun, ImageError> {
        let bytes = self.device.bytes();
        let too_large = |what| ImageError::TooLarge { bytes, what };
        let (stretch_bytes, object_bytes) = match (self.target, self.what) {
            _ if bytes == 0 => return Err(ImageError::Empty),
            (ImageTarget::Snapshot(_), _) => (snapshot::STRETCH_BYTES, bytes),
            (ImageTarget::Vault(_), _) => {
                let part = imagestore::vaults::part_bytes(bytes, archive::PART_BYTES);
                (part.ok_or_else(|| too_large("archive"))?, bytes)
            }
            (ImageTarget::Objects { .. }, What::Glacier(_)) if bytes > limits::OBJECT_BYTES => {
                return Err(too_large("object"));
            }
            (ImageTarget::Objects { .. }, What::Glacier(_)) => {
                (self.settings.part_size(bytes), bytes)
            }
            (ImageTarget::Objects { .. }, What::Ebs(_)) => {
                let part = self.settings.part_size(0).next_power_of_two();
                (part.min(of_series), of_series)
            }
        };
        Ok(Begun {
            to: target.kind().to_owned(),
            bytes,
            stretch_bytes,
            object_bytes,
            token: format!(
                "{}-{}-{}",
                self.job,
                self.attempt.number,
                self.attempt.at.unix()
            ),
        })
    }
}

impl ImageRun<'_> {
    fn carry_out(&self, target: &dyn ImageSink) -> Result<ImageDone, Halted> {
        let progress = self.import.progress;
        progress.found(self.begun.bytes);
        progress.found_all();
        progress.reading(&self.import.common().device_id);
        self.open(target)?;
        let ready = self.ledger.state().ready();
        let sums = match ready {
            Some(sums) => sums,
            None => self.read_and_send(target)?,
        };
        let completing = Step::Completing { sums: sums.clone() };
        self.ledger.note_now(completing)?;
        let completed = target.complete(self, sums.as_ref())?;
        let read_back = target.read_back(self)?;
        self.conclude(completed, sums, read_back)
    }

    /// Goes on with what an earlier attempt began, if it was of this device and for this target, and
    /// if the service still has it. Begins anew otherwise.
    fn open(&self, target: &dyn ImageSink) -> Result<(), Halted> {
        let before = self.ledger.state().begun.clone();
        let fits = match &before {
            Some(before) if self.is_cut_alike(before) => {
                let is_other = self.is_other_device(target)?;
                if is_other {
                    self.forget_rescued()?;
                }
                !is_other
            }
            _ => false,
        };
        if !fits {
            if before.is_some_and(|before| before.to == self.begun.to) {
                target.abandon(self);
            }
            self.ledger.note_now(Step::Begun(self.begun.clone()))?;
        }
        if target.open(self)? {
            return Ok(());
        }
        self.ledger.note_now(Step::Begun(self.begun.clone()))?;
        let is_open = target.open(self)?;
        debug_assert!(is_open, "what was just begun is not lost");
        Ok(())
    }

    fn is_cut_alike(&self, before: &Begun) -> bool {
        let token = before.token.clone();
        *before
            == Begun {
                token,
                ..self.begun.clone()
            }
    }

    /// Reads the device from where it goes on to its end, then once more what it would not give, and
    /// if any of that came, makes the sums again.
    fn read_and_send(&self, target: &dyn ImageSink) -> Result<Option<WholeSums>, Halted> {
        let (from, chains) = self.chains();
        (0..from).for_each(|stretch| self.count(stretch));
        let chains = pass::run(self, target, from, chains)?;
        if !pass::retry_bad(self, target)? {
            return Ok(chains.finish());
        }
        let (from, chains) = self.chains();
        Ok(pass::run(self, target, from, chains)?.finish())
    }

    /// Where the sums go on, and their state there.
    fn chains(&self) -> (u64, Chains) {
        let state = self.ledger.state();
        let (from, checkpoint) = state.go_on_from();
        (from, Chains::go_on(&self.begun, from, checkpoint))
    }

    /// Writes the row of the report.
    fn conclude(
        &self,
        completed: Completed,
        sums: Option<WholeSums>,
        read_back: ReadBack,
    ) -> Result<ImageDone, Halted> {
        let bad = self.ledger.state().bad_ranges();
        let done = Done {
            remark: remark(&completed.remark, &bad, sums.is_some()),
            archive: completed.archive.clone(),
            object: completed.object.clone(),
        };
        let outcome = outcome(completed, sums, read_back);
        let path = EntryPath::new(self.import.common().device_id.as_str());
        let now = self.import.clock.now();
        let record = EntryRecord::new(&path, self.begun.bytes, now, outcome);
        self.ledger.note(Step::Done(done.clone()))?;
        let noted = self.ledger.notes().entry(record.clone());
        noted.map_err(|_| Halted)?;
        Ok(done_of(
            &done,
            record,
            &self.ledger.state(),
            self.sent_bytes(),
        ))
    }
}

fn outcome(completed: Completed, sums: Option<WholeSums>, read_back: ReadBack) -> Outcome {
    let (md5, sha256) = sums.map(|sums| (sums.md5, sums.sha256)).unwrap_or_default();
    let is_read_back = match read_back {
        ReadBack::Differs(reason) => {
            return Outcome::Failed(Failure::read_back(reason, completed.key));
        }
        ReadBack::Same => true,
        ReadBack::Partly => false,
    };
    Outcome::Stored(Stored {
        key: completed.key,
        md5,
        sha256,
        etag: completed.etag,
        content_type: image::CONTENT_TYPE.to_owned(),
        parts: u32::try_from(completed.parts).unwrap_or(u32::MAX),
        read_back: is_read_back,
        found: false,
        missing: Missing::default(),
    })
}

/// `The snapshot is snap-1; … 2 ranges of the device, 8192 bytes in all, could not be read …`
fn remark(of_target: &str, bad: &[BadRange], has_sums: bool) -> String {
    let mut text = of_target.to_owned();
    if !bad.is_empty() {
        let bytes: u64 = bad.iter().map(|range| range.bytes).sum();
        let named: Vec<String> = bad
            .iter()
            .take(RANGES_NAMED)
            .map(|range| format!("{} from offset {}", range.bytes, range.offset))
            .collect();
        let others = match bad.len().saturating_sub(RANGES_NAMED) {
            0 => String::new(),
            more => format!(", and {} more", readable::number(more as u64)),
        };
        text.push_str(&format!(
            " {} bytes of the device could not be read and are zeros in the image: {}{others}.",
            readable::number(bytes),
            named.join(", "),
        ));
    }
    if !has_sums {
        text.push_str(
            " The device did not give twice what it gave once, so there are no sums of the whole image.",
        );
    }
    text
}

fn done_of(done: &Done, record: EntryRecord, state: &ImageState, sent_bytes: u64) -> ImageDone {
    let bad = state.bad_ranges();
    let bad_ranges: Vec<Range<u64>> = bad
        .iter()
        .map(|range| range.offset..range.offset.saturating_add(range.bytes))
        .collect();
    let failed = matches!(record.outcome, Outcome::Failed(_));
    let archive = done.archive.clone().map(super::Archive::Id);
    let object = done.object.clone().map(super::Archive::Object);
    ImageDone {
        errors: bad_ranges.len() as u64 + u64::from(failed),
        archive: archive.or(object),
        remark: done.remark.clone(),
        bad_ranges,
        record,
        sent_bytes,
    }
}
