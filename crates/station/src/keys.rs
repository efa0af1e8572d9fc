//! Keys of stores that end by themselves: others are asked for while a run goes on, long before.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use model::control::{BucketAccess, Claim, KeysRequest, StoreAccess};

use crate::control::Control;
use crate::stores::Stores;

/// How long to wait when no key was given: a server that starts again, or a service that gives keys and has its own
/// troubles. A key is asked for when half of its time is over, so that many of these are left.
const AGAIN: Duration = Duration::from_secs(10);

/// The shortest wait, whatever an answer says.
const LEAST: Duration = Duration::from_secs(1);

/// Renews the keys of a claim until `done` is closed. Does nothing where none ends.
pub(crate) fn keep(control: &Control, stores: &dyn Stores, claim: &Claim, done: &Receiver<()>) {
    let Some(mut due) = due(&claim.buckets) else {
        return;
    };
    let request = KeysRequest {
        job: claim.job,
        lease: claim.lease.clone(),
    };
    let mut ends = Instant::now() + 2 * due;
    while let Err(RecvTimeoutError::Timeout) = done.recv_timeout(due) {
        due = match control.keys(&request) {
            Ok(answer) => {
                take(stores, claim, &answer.buckets);
                let next = self::due(&answer.buckets).unwrap_or(AGAIN);
                ends = Instant::now() + 2 * next;
                tracing::debug!(job = %claim.job, "keys of stores renewed");
                next
            }
            Err(error) => {
                let left = ends.saturating_duration_since(Instant::now()).as_secs();
                let error = &error as &dyn std::error::Error;
                tracing::warn!(job = %claim.job, seconds_left = left, error, "keys of stores not renewed");
                AGAIN
            }
        };
    }
    for way in &claim.buckets {
        stores.forget(&way.access);
    }
}

/// When the first of some keys is to be renewed: at half of its time. `None` if none of them ends.
fn due(buckets: &[BucketAccess]) -> Option<Duration> {
    let sessions = buckets.iter().filter_map(|way| way.access.session.as_ref());
    let seconds = sessions.map(|session| session.seconds).min()?;
    Some((Duration::from_secs(seconds.into()) / 2).max(LEAST))
}

fn take(stores: &dyn Stores, claim: &Claim, fresh: &[BucketAccess]) {
    let mut done: Vec<&StoreAccess> = Vec::new();
    for way in &claim.buckets {
        let now = fresh.iter().find(|fresh| fresh.bucket == way.bucket);
        if let Some(now) =
            now.filter(|_| way.access.session.is_some() && !done.contains(&&way.access))
        {
            done.push(&way.access);
            stores.renew(&way.access, &now.access);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::control::KeySession;
    use model::ids::BucketName;

    fn way(seconds: Option<u32>) -> BucketAccess {
        BucketAccess {
            bucket: BucketName::new("photos").unwrap(),
            access: StoreAccess {
                endpoint: "http://127.0.0.1:1".to_owned(),
                region: "us-east-1".to_owned(),
                path_style: true,
                access_key_id: "AK".to_owned(),
                secret_access_key: "SK".to_owned(),
                session: seconds.map(|seconds| KeySession {
                    token: "t".to_owned(),
                    seconds,
                }),
                proxy: None,
                certificates: None,
            },
            shared: None,
        }
    }

    #[test]
    fn the_key_that_ends_first_says_when() {
        assert_eq!(due(&[way(None)]), None);
        let some = [way(Some(3600)), way(None), way(Some(900))];
        assert_eq!(due(&some), Some(Duration::from_secs(450)));
        assert_eq!(due(&[way(Some(0))]), Some(LEAST));
    }
}
