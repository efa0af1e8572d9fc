//! What the journal knows of an image, and the state that follows from it.
//!
//! A step is journaled and applied to the state by one method of the [`Ledger`], so that the state at
//! any moment is what a replay of the journal gives.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::image::BadRange;

use crate::journal::recorder::Notes;
use crate::journal::records::HashCheckpointRecord;
use crate::journal::records::image::{Begun, Done, ImageRecord, Sent, Step, WholeSums};

use super::Halted;

impl Begun {
    /// How many stretches there are.
    pub(crate) fn stretches(&self) -> u64 {
        self.bytes.div_ceil(self.stretch_bytes)
    }

    /// How many stretches an object has.
    pub(crate) fn per_object(&self) -> u64 {
        self.object_bytes.div_ceil(self.stretch_bytes).max(1)
    }

    /// How many objects there are.
    pub(crate) fn objects(&self) -> u64 {
        self.bytes.div_ceil(self.object_bytes)
    }

    /// The stretches of an object.
    pub(crate) fn of_object(&self, object: u64) -> Range<u64> {
        let start = object.saturating_mul(self.per_object());
        let end = start.saturating_add(self.per_object());
        start..end.min(self.stretches())
    }

    /// Size of an object.
    pub(crate) fn bytes_of_object(&self, object: u64) -> u64 {
        let start = object.saturating_mul(self.object_bytes);
        self.bytes.saturating_sub(start).min(self.object_bytes)
    }

    /// The bytes of a stretch.
    pub(crate) fn range(&self, stretch: u64) -> Range<u64> {
        let start = stretch.saturating_mul(self.stretch_bytes);
        start..start.saturating_add(self.stretch_bytes).min(self.bytes)
    }
}

/// The states of the sums after a number of stretches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImageCheckpoint {
    pub(crate) whole: HashCheckpointRecord,
    pub(crate) object: Option<HashCheckpointRecord>,
}

/// What the journal says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ImageState {
    pub(crate) begun: Option<Begun>,
    pub(crate) name: Option<String>,
    pub(crate) uploads: BTreeMap<u64, String>,
    pub(crate) sent: BTreeMap<u64, Sent>,
    /// Stretches of which the service may have other bytes.
    pub(crate) again: BTreeSet<u64>,
    /// By the number of stretches that are in them.
    pub(crate) checkpoints: BTreeMap<u64, ImageCheckpoint>,
    /// The sums of whole objects.
    pub(crate) objects: BTreeMap<u64, String>,
    /// By stretch; a stretch that was read whole has none.
    pub(crate) bad: BTreeMap<u64, Vec<BadRange>>,
    /// Whether the service was about to be told, and of which sums.
    pub(crate) completing: Option<Option<WholeSums>>,
    pub(crate) done: Option<Done>,
}

impl ImageState {
    /// Takes in the next step.
    pub(crate) fn take(&mut self, step: Step) {
        match step {
            Step::Begun(begun) => {
                *self = Self {
                    begun: Some(begun),
                    ..Self::default()
                }
            }
            Step::Named { name } => self.name = Some(name),
            Step::Upload { object, upload } => {
                self.uploads.insert(object, upload);
            }
            Step::UploadLost { object } => self.lose_upload(object),
            Step::Sent { stretch, sent } => {
                self.sent.insert(stretch, sent);
            }
            Step::Again { stretch } => {
                self.again.insert(stretch);
                self.forget(stretch..stretch + 1);
            }
            Step::Hashed {
                stretches,
                whole,
                object,
            } => {
                self.checkpoints
                    .insert(stretches, ImageCheckpoint { whole, object });
            }
            Step::Object { object, sha256 } => {
                self.objects.insert(object, sha256);
            }
            Step::Bad { stretch, ranges } => {
                self.bad.remove(&stretch);
                if !ranges.is_empty() {
                    self.bad.insert(stretch, ranges);
                }
            }
            Step::Completing { sums } => self.completing = Some(sums),
            Step::Done(done) => self.done = Some(done),
        }
    }

    fn lose_upload(&mut self, object: u64) {
        self.uploads.remove(&object);
        if let Some(begun) = &self.begun {
            let stretches = begun.of_object(object);
            self.forget(stretches);
        }
    }

    /// Sums that have these stretches in them say nothing of what will be sent.
    fn forget(&mut self, stretches: Range<u64>) {
        self.completing = None;
        self.sent.retain(|stretch, _| !stretches.contains(stretch));
        self.checkpoints.split_off(&(stretches.start + 1));
        let per_object = self.begun.as_ref().map_or(1, Begun::per_object);
        let touched = stretches.start / per_object..=stretches.end.saturating_sub(1) / per_object;
        self.objects.retain(|object, _| !touched.contains(object));
    }

    /// The sums of an image of which nothing is left to be sent, because an earlier attempt was about to
    /// complete it.
    pub(crate) fn ready(&self) -> Option<Option<WholeSums>> {
        let stretches = self.begun.as_ref().map(Begun::stretches);
        let all_sent = stretches == Some(self.sent.len() as u64);
        self.completing.clone().filter(|_| all_sent)
    }

    /// From which stretch on the device must be read: all before it are sent, and the sums go on
    /// there. What is read again is sent again only if it is not what was sent.
    pub(crate) fn go_on_from(&self) -> (u64, Option<&ImageCheckpoint>) {
        let unbroken = (0..)
            .zip(self.sent.keys())
            .take_while(|(expected, stretch)| expected == *stretch)
            .count() as u64;
        match self.checkpoints.range(..=unbroken).next_back() {
            Some((stretches, checkpoint)) => (*stretches, Some(checkpoint)),
            None => (0, None),
        }
    }

    /// What the device would not give, in its order.
    pub(crate) fn bad_ranges(&self) -> Vec<BadRange> {
        let mut all: Vec<BadRange> = Vec::new();
        for range in self.bad.values().flatten() {
            match all.last_mut() {
                Some(last) if last.offset + last.bytes == range.offset => last.bytes += range.bytes,
                _ => all.push(*range),
            }
        }
        all
    }
}

/// The state, and the way into the journal.
pub(crate) struct Ledger {
    state: Mutex<ImageState>,
    notes: Notes<ImageRecord>,
}

impl Ledger {
    pub(crate) fn new(state: ImageState, notes: Notes<ImageRecord>) -> Self {
        Self {
            state: Mutex::new(state),
            notes,
        }
    }

    /// The state now. Not to be held while anything waits.
    pub(crate) fn state(&self) -> MutexGuard<'_, ImageState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The way into the journal, for what is no step.
    pub(crate) fn notes(&self) -> &Notes<ImageRecord> {
        &self.notes
    }

    /// Notes a step.
    pub(crate) fn note(&self, step: Step) -> Result<(), Halted> {
        let mut state = self.state();
        state.take(step.clone());
        // Under the lock, so that the journal has the steps in the order of the state.
        let noted = self.notes.note(ImageRecord::Image(step));
        noted.map_err(|_| Halted)
    }

    /// Notes a step, and returns when it is on disk.
    pub(crate) fn note_now(&self, step: Step) -> Result<(), Halted> {
        let mut state = self.state();
        state.take(step.clone());
        let noted = self.notes.note_now(ImageRecord::Image(step));
        noted.map_err(|_| Halted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun() -> Begun {
        Begun {
            to: "objects".to_owned(),
            bytes: 95,
            stretch_bytes: 10,
            object_bytes: 30,
            token: "t".to_owned(),
        }
    }

    fn sent(stretch: u64) -> Step {
        let sent = Sent {
            sum: format!("{stretch:02x}"),
            puts: 1,
            tag: None,
        };
        Step::Sent { stretch, sent }
    }

    fn hashed(stretches: u64) -> Step {
        let whole = HashCheckpointRecord {
            bytes: stretches * 10,
            md5: String::new(),
            sha256: String::new(),
        };
        Step::Hashed {
            stretches,
            whole,
            object: None,
        }
    }

    fn object(object: u64) -> Step {
        let sha256 = "00".to_owned();
        Step::Object { object, sha256 }
    }

    fn state(steps: impl IntoIterator<Item = Step>) -> ImageState {
        let mut state = ImageState::default();
        state.take(Step::Begun(begun()));
        steps.into_iter().for_each(|step| state.take(step));
        state
    }

    fn from(state: &ImageState) -> u64 {
        state.go_on_from().0
    }

    #[test]
    fn an_image_is_cut_without_a_gap() {
        let begun = begun();
        assert_eq!(
            (begun.stretches(), begun.per_object(), begun.objects()),
            (10, 3, 4)
        );
        assert_eq!((begun.range(0), begun.range(9)), (0..10, 90..95));
        assert_eq!((begun.of_object(1), begun.of_object(3)), (3..6, 9..10));
        let objects = (0..4).map(|object| begun.bytes_of_object(object));
        assert_eq!(objects.collect::<Vec<_>>(), [30, 30, 30, 5]);
    }

    #[test]
    fn it_goes_on_at_the_last_mark_before_which_all_is_sent() {
        let all: Vec<Step> = [0, 1, 2, 4]
            .map(sent)
            .into_iter()
            .chain([1, 2, 4].map(hashed))
            .collect();
        assert_eq!(from(&state(all.clone())), 2);
        assert_eq!(from(&state(all.into_iter().chain([sent(3)]))), 4);
        assert_eq!(from(&state([hashed(4)])), 0);
        assert_eq!(from(&ImageState::default()), 0);
    }

    #[test]
    fn what_is_sent_again_or_lost_takes_its_sums_along() {
        let all = || {
            (0..10)
                .map(sent)
                .chain([2, 4, 6, 8].map(hashed))
                .chain([0, 1, 2].map(object))
        };
        let again = state(all().chain([Step::Again { stretch: 4 }]));
        assert_eq!(from(&again), 4);
        assert_eq!(again.objects.keys().collect::<Vec<_>>(), [&0, &2]);
        let upload = Step::Upload {
            object: 1,
            upload: "u".to_owned(),
        };
        let lost = state(all().chain([upload, Step::UploadLost { object: 1 }]));
        assert_eq!(from(&lost), 2);
        assert!(lost.uploads.is_empty() && !lost.sent.contains_key(&5));
        assert!(lost.sent.contains_key(&6));
    }

    #[test]
    fn bad_ranges_that_touch_are_one() {
        let bad = |stretch, offset, bytes| Step::Bad {
            stretch,
            ranges: vec![BadRange { offset, bytes }],
        };
        let recovered = Step::Bad {
            stretch: 5,
            ranges: Vec::new(),
        };
        let state = state([bad(0, 8, 2), bad(1, 10, 4), bad(5, 50, 1), recovered]);
        assert_eq!(
            state.bad_ranges(),
            [BadRange {
                offset: 8,
                bytes: 6
            }]
        );
    }

    #[test]
    fn steps_survive_the_journal() {
        for step in [
            Step::Begun(begun()),
            sent(3),
            hashed(2),
            object(1),
            Step::Completing { sums: None },
        ] {
            let text = serde_json::to_string(&ImageRecord::Image(step.clone())).unwrap();
            assert!(text.starts_with(r#"{"record":"image","step":"#), "{text}");
            assert_eq!(
                serde_json::from_str::<ImageRecord>(&text).unwrap(),
                ImageRecord::Image(step)
            );
        }
    }
}
