//! Opens large files: what an earlier attempt has sent of one is looked for, and whatever is of use is gone on with.
//!
//! The journal of this host is asked first, then the bucket.

use std::sync::Arc;

use disks::tree::fill;
use model::content_type::HEAD_BYTES;
use model::outcome::Failure;

use crate::import::reader::{Reader, Unread};
use crate::import::resume::{Found, Unfinished};
use crate::import::run::Work;
use crate::import::source::Source;
use crate::import::upload::Large;
use crate::pipeline::hash_state::HashCheckpoint;

/// What becomes of the parts of a file, once that is known; the parts of it that need not be read, and the size of a part.
pub(super) type TakenUp = (Option<Arc<Large>>, u64, u64);

/// A large file that is open, and what is to be read of it; nothing if it was completed before.
pub(super) type Opened = (Source, Option<TakenUp>);

impl Reader<'_> {
    /// Opens a large file, and looks what is left of an upload of it.
    pub(super) fn look_at(&self, work: &Work) -> Result<Opened, Unread> {
        match self.open(work) {
            Ok(source) => {
                let taken_up = self.take_up(work, &source)?;
                Ok((source, taken_up))
            }
            Err(Unread::File(failure)) => {
                self.abandon_all(work)?;
                Err(failure.into())
            }
            Err(unread) => Err(unread),
        }
    }

    /// Abandons whatever was begun of a file that is not loaded.
    fn abandon_all(&self, work: &Work) -> Result<(), Option<Failure>> {
        if let Some(unfinished) = &work.unfinished {
            self.run.drop_upload(&unfinished.key, &unfinished.upload)?;
        }
        for upload in self.run.own_uploads(&work.key)? {
            self.run.drop_upload(&work.key, &upload)?;
        }
        Ok(())
    }

    /// What an earlier attempt has left of a file. `None` if nothing is left to do.
    fn take_up(&self, work: &Work, source: &Source) -> Result<Option<TakenUp>, Unread> {
        let Some(unfinished) = work.unfinished.as_deref() else {
            return self.take_over(work, source).map(Some);
        };
        self.run.doubt.was_read(&work.entry);
        let mut unfinished = unfinished.clone();
        if unfinished.taken_over {
            unfinished.asked = Some(self.attributes(work, source, &self.head(source), None));
        }
        let (shape, missing) = (source.shape, &source.missing);
        let found = self.run.look_for(unfinished, &work.key, (shape, missing))?;
        match found {
            Found::Useless => self.take_over(work, source).map(Some),
            Found::Complete(stored) => {
                let before = &work.before;
                self.run
                    .finish_large(&work.entry.path, shape, before, stored);
                Ok(None)
            }
            Found::Open(unfinished, parts, checkpoint) => Ok(Some(self.go_on(
                work,
                source,
                *unfinished,
                parts,
                checkpoint,
            ))),
        }
    }

    /// What was left of a file at another host: an upload that is gone on with, or an object that it is compared with. Else
    /// it is sent afresh.
    fn take_over(&self, work: &Work, source: &Source) -> Result<TakenUp, Unread> {
        let is_small = work.bytes < self.run.settings.multipart_threshold;
        let own = match is_small {
            true => Vec::new(),
            false => self.run.own_uploads(&work.key)?,
        };
        if is_small || (own.is_empty() && work.found.is_none()) {
            return Ok(self.afresh(source));
        }
        let asked = self.attributes(work, source, &self.head(source), None);
        if let Some(unfinished) = self.run.take_over_upload(own, work, source, &asked)? {
            return Ok(self.go_on(work, source, unfinished, 0, None));
        }
        Ok(match self.run.comparison(work, &asked, &source.missing)? {
            Some(comparison) => {
                let part_bytes = comparison.part_bytes;
                match Large::compare(comparison, work, source) {
                    Some(large) => (Some(large), 0, part_bytes),
                    None => self.afresh(source),
                }
            }
            None => self.afresh(source),
        })
    }

    fn go_on(
        &self,
        work: &Work,
        source: &Source,
        unfinished: Unfinished,
        parts: u64,
        checkpoint: Option<HashCheckpoint>,
    ) -> TakenUp {
        let part_bytes = unfinished.part_bytes;
        match Large::go_on(unfinished, work.before.clone(), checkpoint) {
            Some(upload) => (Some(upload), parts, part_bytes),
            None => self.afresh(source),
        }
    }

    fn afresh(&self, source: &Source) -> TakenUp {
        (None, 0, self.run.settings.part_size(source.shape.bytes))
    }

    /// What a file begins with, as far as its object's type depends on that. One that cannot be read here is found out
    /// when it is read.
    fn head(&self, source: &Source) -> Vec<u8> {
        let mut head = vec![0; HEAD_BYTES];
        let filled = fill(&*source.file, 0, &mut head).unwrap_or(0);
        head.truncate(filled);
        head
    }
}
