//! Access keys of the embedded store for one attempt at a job.
//!
//! Such a key is a function of the service's own secret and of the attempt's lease: nothing of it is kept. Whoever shows
//! one is known by the job that its id names, and the key holds as long as the lease does from which it comes.

use std::fmt;

use awsproto::secret::SecretKey;
use hmac::{Hmac, KeyInit, Mac};
use model::control::LeaseToken;
use model::ids::JobId;
use sha2::Sha256;

/// What the id of such a key begins with; the job's follows. No account's key begins so.
const ID_PREFIX: &str = "LSJ";

/// Hexadecimal digits of an id after the job's: enough that no two leases of a job have the same.
const ID_DIGITS: usize = 24;

/// What the secret is made for, and what the id is: neither tells the other.
const SECRET_LABEL: &str = "longshore job key secret 1";
const ID_LABEL: &str = "longshore job key id 1";

/// What makes the keys of an embedded store.
#[derive(Clone)]
pub(crate) struct JobKeys(SecretKey);

/// The key of an attempt.
pub(crate) struct JobKey {
    pub(crate) id: String,
    pub(crate) secret: SecretKey,
}

impl fmt::Debug for JobKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JobKeys(…)")
    }
}

impl JobKeys {
    /// Those that come from this secret of the service.
    pub(crate) fn of(secret: &SecretKey) -> Self {
        Self(secret.clone())
    }

    /// The key of the attempt at `job` that has this lease.
    pub(crate) fn key(&self, job: JobId, lease: &LeaseToken) -> JobKey {
        let mut digits = hex::encode_upper(self.derive(ID_LABEL, job, lease));
        digits.truncate(ID_DIGITS);
        JobKey {
            id: format!("{ID_PREFIX}{job}{digits}"),
            secret: SecretKey::new(hex::encode(self.derive(SECRET_LABEL, job, lease))),
        }
    }

    fn derive(&self, label: &str, job: JobId, lease: &LeaseToken) -> [u8; 32] {
        let secret = self.0.expose().as_bytes();
        let mut mac =
            Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
        mac.update(format!("{label}\n{job}\n{}", lease.0).as_bytes());
        mac.finalize().into_bytes().into()
    }
}

/// The job that an access key id names, if it is one of these.
pub(crate) fn job_of(access_key_id: &str) -> Option<JobId> {
    let rest = access_key_id.strip_prefix(ID_PREFIX)?;
    let (job, digits) = rest.split_at_checked(JobId::LENGTH)?;
    (digits.len() == ID_DIGITS)
        .then(|| JobId::new(job).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use awsproto::claims::AccessKeyId;

    use super::*;

    fn key(secret: &str, job: &str, lease: &str) -> JobKey {
        let keys = JobKeys::of(&SecretKey::new(secret));
        keys.key(JobId::new(job).unwrap(), &LeaseToken(lease.to_owned()))
    }

    #[test]
    fn a_key_is_that_of_one_lease_and_names_its_job() {
        let one = key("service", "ABCDE", "t1");
        assert_eq!(job_of(&one.id), JobId::new("ABCDE").ok());
        assert!(AccessKeyId::parse(&one.id).is_some(), "{}", one.id);
        let again = key("service", "ABCDE", "t1");
        assert_eq!(
            (&again.id, again.secret.expose()),
            (&one.id, one.secret.expose())
        );
        for other in [
            key("another", "ABCDE", "t1"),
            key("service", "ABCDF", "t1"),
            key("service", "ABCDE", "t2"),
        ] {
            assert_ne!(other.id, one.id);
            assert_ne!(other.secret.expose(), one.secret.expose());
        }
    }

    #[test]
    fn other_keys_name_no_job() {
        let id = key("service", "ABCDE", "t1").id;
        for other in [
            "",
            "LSJ",
            "LSJABCDE",
            "LSIAABCDEFGHIJKLMNOP",
            &id[1..],
            &id[..id.len() - 1],
        ] {
            assert_eq!(job_of(other), None, "{other}");
        }
        assert_eq!(
            job_of(&id.replace("ABCDE", "ABCD0")),
            None,
            "no job is called so"
        );
        assert_eq!(job_of("LSJABC\u{e9}F000000000000000000000000"), None);
    }
}
