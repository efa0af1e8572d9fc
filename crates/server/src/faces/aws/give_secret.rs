//! `GiveSecret` on the wire: an operation that AWS did not have.

use awsproto::params::Params;
use awsproto::xml::Element;
use model::job::Job;
use model::secret::DeviceSecret;

use super::{Fault, input};

/// Reads the parameters: the job, and what opens its device.
///
/// # Errors
/// `MissingJobId`, `MissingParameter`, `InvalidParameter`, `InvalidVersion`, in this order. None quotes the secret.
pub(super) fn read(params: &Params) -> Result<(String, DeviceSecret), Fault> {
    const NAME: &str = "Secret";
    let job = input::job_id(params)?;
    // One of blanks is one.
    let text = params.get(NAME).unwrap_or_default();
    if text.is_empty() {
        return Err(Fault::MissingParameter(NAME));
    }
    let secret = DeviceSecret::new(text.to_owned())
        .map_err(|why| Fault::InvalidParameter(format!("{NAME} {why}")))?;
    input::check_api_version(params)?;
    Ok((job, secret))
}

/// The elements of `GiveSecretResult`: that it is kept, and whether the job waits all the same.
pub(super) fn elements(job: &Job) -> Vec<Element> {
    let waits = match job.hold() {
        Some(_) => "true",
        None => "false",
    };
    vec![
        Element::leaf("Success", "true"),
        Element::leaf("OnHold", waits),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_as_it_is_and_never_quoted() {
        let params = |secret: &str| -> Params {
            [("JobId", "ABCDE"), ("Secret", secret)]
                .into_iter()
                .collect()
        };
        let (job, secret) = read(&params(" hunter 2 ")).unwrap();
        assert_eq!((job.as_str(), secret.expose()), ("ABCDE", " hunter 2 "));
        assert_eq!(read(&params("")), Err(Fault::MissingParameter("Secret")));
        for wrong in ["hunter\n2".to_owned(), "hunter2".repeat(100)] {
            match read(&params(&wrong)) {
                Err(Fault::InvalidParameter(why)) => assert!(!why.contains("hunter"), "{why}"),
                other => panic!("{other:?}"),
            }
        }
    }
}
