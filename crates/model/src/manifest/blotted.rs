//! A manifest without the secrets that were in it: for who may not see them, and for what is kept when they are needed no
//! more.

use super::shown::SECRETS;
use super::{Manifest, Passphrase, options};
use crate::ids::JobType;

/// The text of an accepted manifest with other words in the place of its secrets; `None` if it has none.
///
/// # Errors
/// [`NotBlotted`] if they cannot be taken out of it for sure, and nothing else with them.
pub fn without_secrets(
    text: &str,
    job_type: JobType,
    words: &str,
) -> Result<Option<String>, NotBlotted> {
    with_secrets(text, job_type, &|_| Some(words.to_owned()))
}

/// The same with what `change` makes of each of its secrets, which may leave one as it is; `None` if none is changed.
///
/// # Errors
/// [`NotBlotted`].
pub fn with_secrets(
    text: &str,
    job_type: JobType,
    change: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<String>, NotBlotted> {
    let Ok(mut manifest) = Manifest::parse_accepted(text, job_type) else {
        return Err(NotBlotted);
    };
    let mut changed = Vec::new();
    for (name, secret) in SECRETS.iter().zip(secrets_mut(&mut manifest)) {
        let Some(held) = secret.take() else {
            continue;
        };
        *secret = Some(match change(held.expose()) {
            Some(words) => {
                let next = Passphrase::new(words.clone());
                changed.push((*name, held, words));
                next
            }
            None => held,
        });
    }
    if changed.is_empty() {
        return Ok(None);
    }
    let words: Vec<(&str, &str)> = changed
        .iter()
        .map(|(name, _, words)| (*name, words.as_str()))
        .collect();
    let written = written_anew(text, &words).ok_or(NotBlotted)?;
    let is_gone =
        |(_, secret, words): &(&str, Passphrase, String)| !holds(&written, secret.expose(), words);
    let is_the_same =
        Manifest::parse_accepted(&written, job_type).is_ok_and(|other| other == manifest);
    match is_the_same && changed.iter().all(is_gone) {
        true => Ok(Some(written)),
        false => Err(NotBlotted),
    }
}

/// The secrets of a manifest could not be taken out of its text so that nothing else is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the secrets of the manifest cannot be taken out of its text")]
pub struct NotBlotted;

/// In the order of their names.
fn secrets_mut(manifest: &mut Manifest) -> [&mut Option<Passphrase>; SECRETS.len()] {
    let common = match manifest {
        Manifest::S3Import(it) => &mut it.common,
        Manifest::S3Export(it) => &mut it.common,
        Manifest::EbsImport(it) => &mut it.common,
        Manifest::GlacierImport(it) => &mut it.common,
    };
    [&mut common.pin_code, &mut common.true_crypt_password]
}

/// Whether a line that is not one of ours has the secret as its value. A short one may well be a part of another word.
fn holds(text: &str, secret: &str, words: &str) -> bool {
    const CERTAIN: usize = 6;
    match secret.len() < CERTAIN || words.contains(secret) {
        true => false,
        false => text.contains(secret),
    }
}

/// The text with the lines of these options written anew.
fn written_anew(text: &str, words: &[(&str, &str)]) -> Option<String> {
    let entries = options(text).ok()?;
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut kept: Vec<Option<String>> = lines.iter().map(|line| Some((*line).to_owned())).collect();
    for (index, entry) in entries.iter().enumerate() {
        let Some((name, words)) = words.iter().find(|(name, _)| *name == entry.key) else {
            continue;
        };
        let end = entries
            .get(index + 1)
            .map_or(lines.len(), |next| next.line - 1);
        let first = entry.line - 1;
        let line = lines.get(first)?;
        let indent = &line[..line.len() - line.trim_start().len()];
        let ending = match (line.ends_with("\r\n"), line.ends_with('\n')) {
            (true, _) => "\r\n",
            (false, true) => "\n",
            (false, false) => "",
        };
        kept[first] = Some(format!("{indent}{name}: {words}{ending}"));
        // What a value goes on with; comments stay.
        for (kept, line) in kept[..end].iter_mut().zip(&lines).skip(first + 1) {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                *kept = None;
            }
        }
    }
    Some(kept.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: &str = "manifestVersion: 2.0\naccessKeyId: AKIAIOSFODNN7EXAMPLE\ndeviceId: WX1\nbucket: photos\n\
        eraseDevice: no\nreturnAddress:\n    name: Jane\n    street1: 1 Main\n    city: Bonn\n    \
        stateOrProvince: NRW\n    postalCode: 53111\n    phoneNumber: 555-1234\n    country: Germany\n";

    fn blotted(secrets: &str) -> Result<Option<String>, NotBlotted> {
        without_secrets(&format!("{secrets}{REST}"), JobType::Import, "destroyed")
    }

    #[test]
    fn secrets_are_taken_out_of_a_manifest_and_nothing_else() {
        for (secrets, rest) in [
            ("pinCode: 4711004711\n", "pinCode: destroyed\n"),
            (
                "# of the box\npinCode:4711\n# open\r\ntrueCryptPassword: \"hunter two\" # new\r\n\n",
                "# of the box\npinCode: destroyed\n# open\r\ntrueCryptPassword: destroyed\r\n\n",
            ),
            (
                "trueCryptPassword: >-\n    correct horse\n    battery\npinCode: \"a: b\"\n",
                "trueCryptPassword: destroyed\npinCode: destroyed\n",
            ),
        ] {
            let text = blotted(secrets).unwrap().unwrap();
            assert_eq!(text, format!("{rest}{REST}"));
            for secret in ["4711004711", "hunter", "horse", "battery", "a: b"] {
                assert!(!text.contains(secret), "{text}");
            }
        }
        assert_eq!(blotted(""), Ok(None));
        let at_the_end = format!("{REST}pinCode: 4711004711");
        let text = without_secrets(&at_the_end, JobType::Import, "****").unwrap();
        assert_eq!(text, Some(format!("{REST}pinCode: ****")));
    }

    #[test]
    fn one_may_stay_as_it_is_and_another_may_be_sealed() {
        let text = format!("pinCode: age:c2VhbGVk\ntrueCryptPassword: hunter two\n{REST}");
        let seal = |secret: &str| (!secret.starts_with("age:")).then(|| "age:b3RoZXI=".to_owned());
        let sealed = with_secrets(&text, JobType::Import, &seal)
            .unwrap()
            .unwrap();
        let expected = text.replace("hunter two", "age:b3RoZXI=");
        assert_eq!(sealed, expected);
        assert_eq!(with_secrets(&sealed, JobType::Import, &seal), Ok(None));
    }

    /// What is not sure is not done: nobody is told that a secret is gone which is there.
    #[test]
    fn what_stands_elsewhere_too_is_not_called_gone() {
        let secret = "generator: hunter two\ntrueCryptPassword: hunter two\n";
        assert_eq!(blotted(secret), Err(NotBlotted));
        assert_eq!(
            without_secrets("{", JobType::Import, "destroyed"),
            Err(NotBlotted)
        );
    }
}
