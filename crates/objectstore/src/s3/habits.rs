//! What is left out of requests because the store refuses it, learnt from its answers and from the probe.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use model::capabilities::{Capabilities, Finding};

use crate::error::StoreError;

/// Whether a store takes a header that it could do without.
#[derive(Debug, Default)]
pub(crate) struct Header(AtomicU8);

const UNKNOWN: u8 = 0;
const TAKEN: u8 = 1;
const REFUSED: u8 = 2;

impl Header {
    /// Whether it is sent.
    #[cfg(test)]
    fn is_sent(&self) -> bool {
        self.0.load(Ordering::Relaxed) != REFUSED
    }

    /// Sends a request with the header, and without if the store refuses it or is known to; what worked is
    /// remembered. `send` is told whether the header is to be sent, and `turn` is waited for before it is done again.
    pub(crate) fn with_or_without<T>(
        &self,
        turn: impl Fn() -> Result<(), StoreError>,
        send: impl Fn(bool) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match self.0.load(Ordering::Relaxed) {
            TAKEN => return send(true),
            REFUSED => return send(false),
            _ => {}
        }
        match send(true) {
            Ok(done) => {
                self.0.store(TAKEN, Ordering::Relaxed);
                Ok(done)
            }
            Err(error) if may_be_about_a_header(&error) => {
                turn()?;
                let done = send(false)?;
                self.refuse();
                Ok(done)
            }
            Err(error) => Err(error),
        }
    }

    pub(crate) fn refuse(&self) {
        if self.0.swap(REFUSED, Ordering::Relaxed) == UNKNOWN {
            tracing::debug!("the store refuses a header that it can do without");
        }
    }
}

/// A refusal that says the request has something unknown, rather than that the object is not acceptable.
fn may_be_about_a_header(error: &StoreError) -> bool {
    let StoreError::Refused(answer) = error else {
        return false;
    };
    let unspecific = [
        "",
        "NotImplemented",
        "InvalidArgument",
        "InvalidRequest",
        "BadRequest",
        "UnsupportedHeader",
        "InvalidHeader",
        "InvalidDigest",
    ];
    answer.status == 501 || (answer.status == 400 && unspecific.contains(&&*answer.code))
}

/// The habits of one store with one of its buckets.
#[derive(Debug, Default)]
pub(crate) struct Habits {
    /// `x-amz-checksum-*` of a body.
    pub(crate) checksum: Header,
    /// `x-amz-checksum-mode`, which asks for it.
    pub(crate) checksum_mode: Header,
    /// Entity tags of parts that are no MD5s, though they may look like some.
    opaque_part_tags: AtomicBool,
}

impl Habits {
    /// Takes over what the probe has found.
    pub(crate) fn adopt(&self, found: &Capabilities) {
        if found.sha256 == Finding::Refused {
            self.checksum.refuse();
        }
        let opaque = found.part_etag_is_md5 == Finding::Ignored;
        self.opaque_part_tags.store(opaque, Ordering::Relaxed);
    }

    pub(crate) fn part_tags_are_opaque(&self) -> bool {
        self.opaque_part_tags.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use awshttp::Answer;

    fn at_once() -> Result<(), StoreError> {
        Ok(())
    }

    fn refused(status: u16, code: &str) -> StoreError {
        StoreError::from_answer(Answer::new(status, code, ""), None)
    }

    #[test]
    fn what_works_without_is_left_out_from_then_on() {
        let header = Header::default();
        let picky = |with: bool| match with {
            true => Err(refused(501, "NotImplemented")),
            false => Ok(()),
        };
        assert!(header.is_sent());
        header.with_or_without(at_once, picky).unwrap();
        assert!(!header.is_sent());
        header
            .with_or_without(at_once, |with| if with { panic!("sent") } else { Ok(()) })
            .unwrap();
    }

    #[test]
    fn what_was_once_taken_is_not_to_blame_for_a_later_refusal() {
        let header = Header::default();
        header.with_or_without(at_once, |_| Ok(())).unwrap();
        let never = |with: bool| {
            if with {
                Err(refused(400, "InvalidArgument"))
            } else {
                Ok(())
            }
        };
        assert!(header.with_or_without(at_once, never).is_err());
        assert!(header.is_sent());
    }

    #[test]
    fn a_refusal_of_the_object_is_not_taken_for_one_of_the_header() {
        for (status, code) in [
            (400, "KeyTooLongError"),
            (403, "AccessDenied"),
            (503, "SlowDown"),
            (400, "BadDigest"),
        ] {
            let header = Header::default();
            let never = |with: bool| {
                if with {
                    Err(refused(status, code))
                } else {
                    Ok(())
                }
            };
            assert!(header.with_or_without(at_once, never).is_err(), "{code}");
            assert!(header.is_sent(), "{code}");
        }
        let header = Header::default();
        assert!(
            header
                .with_or_without(at_once, |_| -> Result<(), _> {
                    Err(refused(400, "InvalidArgument"))
                })
                .is_err()
        );
        assert!(header.is_sent());
    }
}
