//! Whether what jobs are on hold for is mended, as their stores see it. Asked again and again: so what is alike is asked
//! only once, and a store that does not answer is told of by whoever asks.

use std::sync::Arc;

use model::ids::{BucketName, JobId, ObjectKey};
use model::manifest::{BucketUse, Manifest};
use objectstore::probe::check_room;

use super::{BucketFault, Need, Stores, Tries, needs, unusable};

/// What is asked of stores for a job. Two that are equal have one answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Question {
    /// Whether a bucket exists.
    Exists(BucketName),
    /// Whether all that the job needs is possible, and there is room for what it writes.
    Possible(Needs),
}

/// What a job needs of buckets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Needs {
    needs: Vec<Need>,
    /// Beside it room is tried: only there are keys that nobody else uses.
    report: ObjectKey,
}

/// What stores say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is so.
    Yes,
    /// It is not.
    No,
    /// There is no answer of a store.
    Silent,
}

impl Question {
    /// Whether all that the job `id` with this manifest needs is possible.
    pub(crate) fn possible(manifest: &Manifest, id: JobId) -> Self {
        Self::Possible(Needs {
            needs: needs(manifest, id),
            report: manifest.log_key(id),
        })
    }

    /// Whether the report of the job `id` with this manifest can be stored.
    pub(crate) fn report(manifest: &Manifest, id: JobId) -> Self {
        let mut needs = needs(manifest, id);
        needs.retain(|need| need.usage == BucketUse::Log && need.bucket == *manifest.log_bucket());
        Self::Possible(Needs {
            needs,
            report: manifest.log_key(id),
        })
    }

    fn buckets(&self) -> Vec<&BucketName> {
        match self {
            Self::Exists(bucket) => vec![bucket],
            Self::Possible(Needs { needs, .. }) => needs.iter().map(|need| &need.bucket).collect(),
        }
    }
}

impl Stores {
    /// The stores that a question is asked of, by name. None for buckets that no store has.
    pub(crate) fn asked(&self, question: &Question) -> Vec<String> {
        let homes = question.buckets().into_iter();
        let mut names: Vec<String> = homes
            .filter_map(|bucket| Some(self.home_of(bucket)?.name.clone()))
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// Whether a store gives any answer. Nothing is logged.
    pub(crate) async fn is_heard(&self, name: &str) -> bool {
        self.hear(name).await.is_ok()
    }

    /// Asks the stores: a few requests, and a mebibyte where there must be room.
    pub(crate) async fn tell(self: &Arc<Self>, question: Question) -> Answer {
        let told = match question {
            Question::Exists(bucket) => {
                self.ask(move |stores, tries| stores.exists(&bucket, tries))
                    .await
            }
            Question::Possible(needs) => {
                self.ask(move |stores, tries| stores.is_all_possible(&needs, tries))
                    .await
            }
        };
        match told {
            Ok(true) => Answer::Yes,
            Err(BucketFault::StoreSilent(_) | BucketFault::NotDone(_)) => Answer::Silent,
            Ok(false) | Err(_) => Answer::No,
        }
    }

    fn is_all_possible(&self, needs: &Needs, tries: &Tries) -> Result<bool, BucketFault> {
        self.check_existence(&needs.needs, tries)?;
        self.check_rights(&needs.needs, tries)?;
        for need in &needs.needs {
            if !self.has_room(need, &needs.report, tries)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn has_room(
        &self,
        need: &Need,
        report: &ObjectKey,
        tries: &Tries,
    ) -> Result<bool, BucketFault> {
        let home = match need.usage {
            BucketUse::Import | BucketUse::Log => self.home_of(&need.bucket),
            BucketUse::Export => None,
        };
        let Some(home) = home else {
            return Ok(true);
        };
        let bucket = tries.bucket(home.store.bucket(&need.bucket));
        match check_room(&bucket, report) {
            Ok(()) => Ok(true),
            // One that is full may say so like one that is in trouble: it has answered.
            Err(error) if error.answer().is_some() => Ok(false),
            Err(error) => Err(unusable(&need.bucket, home, &error)),
        }
    }
}
