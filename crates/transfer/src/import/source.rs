//! A file of the device that is open, and what becomes of it if the device has given up some of it.

use disks::tree::{Content, Shape};
use model::capabilities::Finding;
use model::manifest::OnUnreadable;
use model::missing::Missing;
use model::outcome::Failure;
use model::{identity, plan};

use crate::import::run::{Run, Work};
use crate::salvaged::Salvaged;

/// A file that is open.
pub(crate) struct Source {
    pub(crate) file: Box<dyn Content>,
    /// As it was when it was opened.
    pub(crate) shape: Shape,
    /// What of it has zeros in its place.
    pub(crate) missing: Missing,
}

impl Run<'_> {
    /// The file that was opened for `work`, with zeros where the device has given up its bytes and the manifest wants
    /// that. What may still come in the next round counts as there: it is tried first.
    ///
    /// # Errors
    /// The file's failure, if it is not to be loaded.
    pub(super) fn without_given_up(
        &self,
        work: &Work,
        file: Box<dyn Content>,
        shape: Shape,
    ) -> Result<Source, Failure> {
        let given_up = file.missing();
        if given_up.is_empty() || self.may_come(&*file) {
            let missing = Missing::default();
            return Ok(Source {
                file,
                shape,
                missing,
            });
        }
        let within = |range: std::ops::Range<u64>| range.start..range.end.min(shape.bytes);
        let missing = Missing::of(given_up.into_iter().map(within));
        let missing = missing.map_err(|why| {
            let reason = format!("the device has given up some of it: {why}");
            Failure::unreadable(reason, Some(work.key.clone()))
        })?;
        self.must_be_wanted(work, shape, &missing)?;
        let file = Box::new(Salvaged::new(file, missing.clone()));
        Ok(Source {
            file,
            shape,
            missing,
        })
    }

    /// Whether an object is wanted that lacks some of its file, and can say so.
    fn must_be_wanted(&self, work: &Work, shape: Shape, missing: &Missing) -> Result<(), Failure> {
        let failure = Failure::given_up(missing.clone(), shape.bytes, work.key.clone());
        match self.rules.on_unreadable {
            OnUnreadable::Fail => Err(failure),
            OnUnreadable::Salvage if self.can_say(work, shape, missing) => Ok(()),
            OnUnreadable::Salvage => {
                let reason = format!(
                    "{}; its metadata cannot say so, and it is not salvaged",
                    failure.reason
                );
                Err(Failure { reason, ..failure })
            }
        }
    }

    /// Whether the object of a file takes the metadata that says what it lacks.
    fn can_say(&self, work: &Work, shape: Shape, missing: &Missing) -> bool {
        // What it begins with is in no metadata.
        let modified = Some(shape.modified());
        let mut attributes = plan::attributes(self.rules, &work.entry.path, &[], modified);
        self.store.metadata != Finding::Refused && identity::add_missing(&mut attributes, missing)
    }
}
