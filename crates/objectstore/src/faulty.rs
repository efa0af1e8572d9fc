//! A bucket that fails on purpose, for tests of those who use one.
//!
//! The failure that matters is the one after the act: the store did it and the answer got lost.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use awshttp::retry::{CallError as _, Jitter};
use awshttp::{Answer, NetworkFailure, TransportError};
use model::capabilities::{Capabilities, PartCheck};
use model::ids::ObjectKey;

use crate::bucket::{Body, Bucket};
use crate::checksum::Checksums;
use crate::error::StoreError;
use crate::object::{Attributes, Download, ObjectInfo, Page, PartInfo, Receipt, Tag};
use crate::part_sum::PartSum;
use crate::upload::{OpenUpload, PartNumber, PartReceipt, UploadId};

/// The calls of a [`Bucket`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is named for the method it stands for")]
pub enum Operation {
    Put,
    BeginMultipart,
    PutPart,
    ListParts,
    Complete,
    Abort,
    ListUploads,
    Head,
    Get,
    List,
    Delete,
    PutTags,
    Tags,
    Capabilities,
}

/// When a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The inner bucket is not asked.
    Before,
    /// The inner bucket did it, and its answer is dropped.
    After,
}

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// No answer in time: may be tried again, may have happened.
    TimedOut,
    /// The connection broke: may be tried again, may have happened.
    Reset,
    /// No connection came about: may be tried again, has not happened. Only for [`Moment::Before`].
    Unreachable,
    /// Status 500: may be tried again, may have happened.
    InternalError,
    /// Status 503 `SlowDown`: may be tried again, has not happened. Only for [`Moment::Before`].
    SlowDown,
    /// Status 403: final. Only for [`Moment::Before`].
    AccessDenied,
    /// Status 400 `InvalidArgument`: final, about this object. Only for [`Moment::Before`].
    Refused,
    /// Status 507 `InsufficientStorage`: final, about the store. Only for [`Moment::Before`].
    Full,
}

impl Failure {
    /// The error a store or its network gives for this.
    #[must_use]
    pub fn error(self) -> StoreError {
        let network = |failure, kind: io::ErrorKind| {
            StoreError::Transport(TransportError::Network {
                peer: StoreError::PEER,
                failure,
                source: kind.into(),
            })
        };
        match self {
            Self::TimedOut => network(NetworkFailure::TimedOut, io::ErrorKind::TimedOut),
            Self::Reset => network(NetworkFailure::Broken, io::ErrorKind::ConnectionReset),
            Self::Unreachable => network(
                NetworkFailure::Unreachable,
                io::ErrorKind::ConnectionRefused,
            ),
            Self::InternalError => {
                StoreError::Unavailable(Answer::new(500, "InternalError", "injected"))
            }
            Self::SlowDown => StoreError::Throttled(Answer::new(503, "SlowDown", "injected")),
            Self::AccessDenied => {
                StoreError::AccessDenied(Answer::new(403, "AccessDenied", "injected"))
            }
            Self::Refused => StoreError::Refused(Answer::new(400, "InvalidArgument", "injected")),
            Self::Full => StoreError::Full(Answer::new(507, "InsufficientStorage", "injected")),
        }
    }
}

/// One failure to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Before or after the act took effect.
    pub moment: Moment,
    /// What the caller is told.
    pub failure: Failure,
}

impl Fault {
    /// A failure without the act.
    #[must_use]
    pub fn before(failure: Failure) -> Self {
        Self {
            moment: Moment::Before,
            failure,
        }
    }

    /// A failure after the act.
    #[must_use]
    pub fn after(failure: Failure) -> Self {
        Self {
            moment: Moment::After,
            failure,
        }
    }
}

/// Decides, call by call, what fails.
type Decide = dyn FnMut(Operation) -> Option<Fault> + Send;

/// Takes as long as a call is held up.
type Pause = dyn Fn(Operation) + Send + Sync;

/// A bucket whose calls fail as it was told.
pub struct Faulty<B> {
    inner: B,
    decide: Mutex<Box<Decide>>,
    pause: Option<Box<Pause>>,
}

impl<B: fmt::Debug> fmt::Debug for Faulty<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faulty")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl<B> Faulty<B> {
    /// Asks `decide` before every call.
    pub fn new(inner: B, decide: impl FnMut(Operation) -> Option<Fault> + Send + 'static) -> Self {
        Self {
            inner,
            decide: Mutex::new(Box::new(decide)),
            pause: None,
        }
    }

    /// Holds each call up as long as `pause` takes, whatever is decided of it, and no other call with it.
    #[must_use]
    pub fn pausing(mut self, pause: impl Fn(Operation) + Send + Sync + 'static) -> Self {
        self.pause = Some(Box::new(pause));
        self
    }

    /// Follows a script: each line fails the next call of its operation that comes once the lines
    /// before it are used up. After the last line nothing fails.
    pub fn scripted(inner: B, script: impl IntoIterator<Item = (Operation, Fault)>) -> Self {
        let mut script: VecDeque<(Operation, Fault)> = script.into_iter().collect();
        Self::new(inner, move |operation| {
            script
                .pop_front_if(|(expected, _)| *expected == operation)
                .map(|(_, fault)| fault)
        })
    }

    /// Fails one call in `one_in` by chance, in a way that may be tried again. Zero fails none.
    pub fn seeded(inner: B, seed: u64, one_in: u64) -> Self {
        const FAULTS: [Fault; 6] = [
            Fault {
                moment: Moment::Before,
                failure: Failure::TimedOut,
            },
            Fault {
                moment: Moment::After,
                failure: Failure::TimedOut,
            },
            Fault {
                moment: Moment::After,
                failure: Failure::Reset,
            },
            Fault {
                moment: Moment::After,
                failure: Failure::InternalError,
            },
            Fault {
                moment: Moment::Before,
                failure: Failure::SlowDown,
            },
            Fault {
                moment: Moment::Before,
                failure: Failure::Unreachable,
            },
        ];
        let jitter = Jitter::new(seed);
        Self::new(inner, move |_| {
            let fails = one_in > 0 && jitter.below(one_in) == 0;
            let which = usize::try_from(jitter.below(FAULTS.len() as u64)).unwrap_or_default();
            fails.then_some(FAULTS[which])
        })
    }

    /// The bucket within, to look at the truth.
    pub fn inner(&self) -> &B {
        &self.inner
    }

    fn call<T>(
        &self,
        operation: Operation,
        act: impl FnOnce(&B) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if let Some(pause) = &self.pause {
            pause(operation);
        }
        let fault = {
            let mut decide = self.decide.lock().unwrap_or_else(PoisonError::into_inner);
            decide(operation)
        };
        match fault {
            None => act(&self.inner),
            Some(Fault {
                moment: Moment::Before,
                failure,
            }) => Err(failure.error()),
            Some(Fault {
                moment: Moment::After,
                failure,
            }) => {
                act(&self.inner)?;
                Err(failure.error())
            }
        }
    }
}

#[deny(clippy::missing_trait_methods)]
impl<B: Bucket> Bucket for Faulty<B> {
    fn put(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        checksums: &Checksums,
    ) -> Result<Receipt, StoreError> {
        self.call(Operation::Put, |inner| {
            inner.put(key, body, attributes, checksums)
        })
    }

    fn put_new(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        checksums: &Checksums,
    ) -> Result<Receipt, StoreError> {
        self.call(Operation::Put, |inner| {
            inner.put_new(key, body, attributes, checksums)
        })
    }

    fn begin_multipart(
        &self,
        key: &ObjectKey,
        attributes: &Attributes,
        check: PartCheck,
    ) -> Result<UploadId, StoreError> {
        self.call(Operation::BeginMultipart, |inner| {
            inner.begin_multipart(key, attributes, check)
        })
    }

    fn put_part(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        number: PartNumber,
        body: Body,
        sum: &PartSum,
    ) -> Result<PartReceipt, StoreError> {
        self.call(Operation::PutPart, |inner| {
            inner.put_part(key, upload, number, body, sum)
        })
    }

    fn list_parts(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
    ) -> Result<Vec<PartReceipt>, StoreError> {
        self.call(Operation::ListParts, |inner| inner.list_parts(key, upload))
    }

    fn complete(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Receipt, StoreError> {
        self.call(Operation::Complete, |inner| {
            inner.complete(key, upload, parts)
        })
    }

    fn complete_new(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Receipt, StoreError> {
        self.call(Operation::Complete, |inner| {
            inner.complete_new(key, upload, parts)
        })
    }

    fn abort(&self, key: &ObjectKey, upload: &UploadId) -> Result<(), StoreError> {
        self.call(Operation::Abort, |inner| inner.abort(key, upload))
    }

    fn list_uploads(&self, prefix: &str) -> Result<Vec<OpenUpload>, StoreError> {
        self.call(Operation::ListUploads, |inner| inner.list_uploads(prefix))
    }

    fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError> {
        self.call(Operation::Head, |inner| inner.head(key))
    }

    fn head_part(
        &self,
        key: &ObjectKey,
        number: PartNumber,
    ) -> Result<Option<PartInfo>, StoreError> {
        self.call(Operation::Head, |inner| inner.head_part(key, number))
    }

    fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<Download, StoreError> {
        self.call(Operation::Get, |inner| inner.get(key, range))
    }

    fn list(
        &self,
        prefix: &str,
        start_after: Option<&ObjectKey>,
        limit: u16,
    ) -> Result<Page, StoreError> {
        self.call(Operation::List, |inner| {
            inner.list(prefix, start_after, limit)
        })
    }

    fn list_on(&self, prefix: &str, next: &str, limit: u16) -> Result<Page, StoreError> {
        self.call(Operation::List, |inner| inner.list_on(prefix, next, limit))
    }

    fn delete(&self, key: &ObjectKey) -> Result<(), StoreError> {
        self.call(Operation::Delete, |inner| inner.delete(key))
    }

    fn put_tags(&self, key: &ObjectKey, tags: &[Tag]) -> Result<(), StoreError> {
        self.call(Operation::PutTags, |inner| inner.put_tags(key, tags))
    }

    fn tags(&self, key: &ObjectKey) -> Result<Vec<Tag>, StoreError> {
        self.call(Operation::Tags, |inner| inner.tags(key))
    }

    fn capabilities(&self, key: &ObjectKey) -> Result<Capabilities, StoreError> {
        self.call(Operation::Capabilities, |inner| inner.capabilities(key))
    }
}
