//! The SIGNATURE: proof that whoever shipped a device had the answer of `CreateJob`.
//!
//! The value is an HMAC-SHA1 (the documented method and length) under a key of the installation
//! over account, job id and creation time. Not under the customer's secret, so that a stolen disk
//! lets nobody attack that secret offline; not over the manifest, so that `UpdateJob` does not
//! invalidate a disk already written.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use subtle::ConstantTimeEq;

use crate::ids::{AccountId, JobId};
use crate::time::Timestamp;
use crate::written;

/// The installation's key for SIGNATURE values. Wiped when dropped; never printed.
#[derive(Clone, zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
pub struct SigningKey([u8; 32]);

impl SigningKey {
    /// Wraps 32 secret bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The signature of one job.
    #[must_use]
    pub fn sign(&self, account: &AccountId, job: JobId, created: Timestamp) -> Signature {
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(format!("longshore signature 1\n{account}\n{job}\n{created}").as_bytes());
        Signature(mac.finalize().into_bytes().into())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

/// Twenty bytes of proof; 28 characters of base64 as text. Compared in constant time.
#[derive(Clone, Eq)]
pub struct Signature([u8; 20]);

impl Signature {
    /// Reads the base64 form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        STANDARD.decode(text).ok()?.try_into().ok().map(Self)
    }
}

impl PartialEq for Signature {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(…)")
    }
}

/// The file named `SIGNATURE` in the root of a device. In messages it is [`SignatureFile::scan_text`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SignatureFile {
    /// The job the device says it belongs to.
    pub job: JobId,
    /// Its proof.
    pub signature: Signature,
}

impl TryFrom<String> for SignatureFile {
    type Error = UnreadableSignature;

    fn try_from(text: String) -> Result<Self, UnreadableSignature> {
        Self::parse_scan(&text)
    }
}

impl From<SignatureFile> for String {
    fn from(file: SignatureFile) -> Self {
        file.scan_text()
    }
}

/// A SIGNATURE file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableSignature {
    /// Not text.
    #[error("the SIGNATURE file is not text")]
    NotText,
    /// A line without its key.
    #[error("the SIGNATURE file has no `{0}` line")]
    Missing(&'static str),
    /// A key twice.
    #[error("the SIGNATURE file has the line `{0}` twice")]
    Twice(&'static str),
    /// A value that cannot be.
    #[error("the SIGNATURE file says `{key}:{value}`, which is not {expected}")]
    Invalid {
        /// The key of the line.
        key: &'static str,
        /// What stands there, at most 64 characters of it.
        value: String,
        /// What should.
        expected: &'static str,
    },
    /// A scan that is neither of the two forms.
    #[error("`{0}` is neither `JOBID:SIGNATURE` nor the lines of a SIGNATURE file")]
    NotAScan(String),
}

impl SignatureFile {
    /// The text that `CreateJob` returns as `SignatureFileContents`: four lines in the documented
    /// order, no space after the colon, one line end at the end.
    ///
    /// `job_id` is text because a validation's id is `45HFS-VALIDATE-ONLY`.
    #[must_use]
    pub fn contents(job_id: &str, signature: &Signature) -> String {
        format!("version:2.0\nsigningMethod:HmacSHA1\njobId:{job_id}\nsignature:{signature}\n")
    }

    /// Reads a SIGNATURE file: versions 1.0 and 2.0, lines in any order, spaces and any line ends
    /// allowed; in UTF-8, or in UTF-16 as PowerShell's `>` writes it.
    ///
    /// # Errors
    /// [`UnreadableSignature`] names the first line that is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, UnreadableSignature> {
        let text = written::decode(bytes).map_err(|_| UnreadableSignature::NotText)?;
        let text = text.trim_start_matches('\u{feff}');
        expect_value(text, "version", "1.0 or 2.0", |v| v == "1.0" || v == "2.0")?;
        expect_value(text, "signingMethod", "HmacSHA1", |v| {
            v.eq_ignore_ascii_case("HmacSHA1")
        })?;
        let job = line(text, "jobId")?;
        let signature = line(text, "signature")?;
        Ok(Self {
            job: JobId::new(job).map_err(|e| invalid("jobId", job, e.expected))?,
            signature: Signature::parse(signature)
                .ok_or_else(|| invalid("signature", signature, "20 bytes of base64"))?,
        })
    }

    /// The one line that the barcode of a signature sheet or shipping label holds:
    /// `JOBID:SIGNATURE`, the signature in base64.
    #[must_use]
    pub fn scan_text(&self) -> String {
        format!("{}:{}", self.job, self.signature)
    }

    /// Reads what a scanner types: [`SignatureFile::scan_text`], or the lines of a SIGNATURE
    /// file, also with spaces or tabs where the line ends were.
    ///
    /// # Errors
    /// [`UnreadableSignature`] says what is wrong.
    pub fn parse_scan(text: &str) -> Result<Self, UnreadableSignature> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            [] => Err(not_a_scan(text)),
            [word] => Self::parse_scan_text(word),
            words => Self::parse(lines_of(words).as_bytes()),
        }
    }

    fn parse_scan_text(word: &str) -> Result<Self, UnreadableSignature> {
        let (job, signature) = word.split_once(':').ok_or_else(|| not_a_scan(word))?;
        Ok(Self {
            job: JobId::new(job).map_err(|_| not_a_scan(word))?,
            signature: Signature::parse(signature).ok_or_else(|| not_a_scan(word))?,
        })
    }
}

/// One word per line; a word that ends with its colon has its value in the next one.
fn lines_of(words: &[&str]) -> String {
    words
        .iter()
        .flat_map(|word| [*word, if word.ends_with(':') { "" } else { "\n" }])
        .collect()
}

fn not_a_scan(text: &str) -> UnreadableSignature {
    UnreadableSignature::NotAScan(start(text.trim()))
}

fn expect_value(
    text: &str,
    key: &'static str,
    expected: &'static str,
    is_valid: impl Fn(&str) -> bool,
) -> Result<(), UnreadableSignature> {
    let value = line(text, key)?;
    if is_valid(value) {
        Ok(())
    } else {
        Err(invalid(key, value, expected))
    }
}

/// The value of the one line that has this key.
fn line<'a>(text: &'a str, key: &'static str) -> Result<&'a str, UnreadableSignature> {
    let mut values = text
        .split(['\r', '\n'])
        .filter_map(|line| line.split_once(':'))
        .filter(|(found, _)| found.trim().eq_ignore_ascii_case(key))
        .map(|(_, value)| value.trim());
    let value = values.next().ok_or(UnreadableSignature::Missing(key))?;
    if values.next().is_some() {
        return Err(UnreadableSignature::Twice(key));
    }
    Ok(value)
}

fn invalid(key: &'static str, value: &str, expected: &'static str) -> UnreadableSignature {
    UnreadableSignature::Invalid {
        key,
        value: start(value),
        expected,
    }
}

/// As much of a value as a message shows.
fn start(value: &str) -> String {
    value.chars().take(64).collect()
}

/// What the SIGNATURE of a device is worth, as the server finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureSeen {
    /// It is that of the job.
    Valid,
    /// There is none.
    Missing,
    /// It is another.
    Invalid,
    /// The image of the device was taken, so that no file on it was ever looked at: its sheet was.
    Sheet,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed() -> (JobId, Signature) {
        let job = JobId::new("WXSPP").unwrap();
        let account = AccountId::new("123456789012").unwrap();
        let created = Timestamp::from_unix(1_300_000_000);
        (job, SigningKey::new([7; 32]).sign(&account, job, created))
    }

    #[test]
    fn what_is_issued_is_read_back() {
        let (job, signature) = signed();
        let contents = SignatureFile::contents(job.as_str(), &signature);
        assert_eq!(contents.lines().count(), 4);
        assert_eq!(
            SignatureFile::parse(contents.as_bytes()),
            Ok(SignatureFile { job, signature })
        );
    }

    #[test]
    fn a_file_that_windows_and_an_editor_went_over_is_still_read() {
        let (job, signature) = signed();
        let touched = format!(
            "\u{feff}signature: {signature}\r\n jobid : wxspp\r\nsigningMethod: HmacSHA1\r\nversion: 1.0\r\n\r\n"
        );
        assert_eq!(
            SignatureFile::parse(touched.as_bytes()),
            Ok(SignatureFile { job, signature })
        );
    }

    #[test]
    fn utf_16_is_read_in_both_orders_and_with_any_line_ends() {
        let (job, signature) = signed();
        let file = SignatureFile { job, signature };
        let contents = SignatureFile::contents("WXSPP", &file.signature);
        let units = |text: &str| text.encode_utf16().collect::<Vec<u16>>();
        for text in [
            contents.clone(),
            contents.replace('\n', "\r\n"),
            contents.replace('\n', "\r"),
            contents.replace('\n', " \t\r\n") + " \r\n",
        ] {
            assert_eq!(SignatureFile::parse(text.as_bytes()), Ok(file.clone()));
            for marked in [format!("\u{feff}{text}"), text] {
                let little: Vec<u8> = units(&marked)
                    .into_iter()
                    .flat_map(u16::to_le_bytes)
                    .collect();
                let big: Vec<u8> = units(&marked)
                    .into_iter()
                    .flat_map(u16::to_be_bytes)
                    .collect();
                assert_eq!(
                    SignatureFile::parse(&little),
                    Ok(file.clone()),
                    "{marked:?}"
                );
                assert_eq!(SignatureFile::parse(&big), Ok(file.clone()), "{marked:?}");
                let half = &little[..little.len() - 1];
                assert_eq!(
                    SignatureFile::parse(half),
                    Err(UnreadableSignature::NotText)
                );
            }
        }
    }

    #[test]
    fn faults_name_the_line() {
        let (_, signature) = signed();
        let contents = SignatureFile::contents("WXSPP", &signature);
        let cases = [
            (contents.replace("version:2.0", "version:9"), "version:9"),
            (
                contents.replace("jobId:WXSPP", "jobId:HELLO"),
                "jobId:HELLO",
            ),
            (contents.replace("signature:", "signature:!"), "20 bytes"),
            (
                contents.replace("signingMethod:HmacSHA1\n", ""),
                "`signingMethod`",
            ),
            (format!("{contents}jobId:WXSPP\n"), "twice"),
        ];
        for (text, expected) in cases {
            let fault = SignatureFile::parse(text.as_bytes())
                .unwrap_err()
                .to_string();
            assert!(fault.contains(expected), "{fault}");
        }
        assert_eq!(
            SignatureFile::parse(&[0xC0, 0x80]),
            Err(UnreadableSignature::NotText)
        );
    }

    #[test]
    fn what_a_scanner_types_is_read_in_either_form() {
        let (job, signature) = signed();
        let file = SignatureFile { job, signature };
        let scan = file.scan_text();
        assert_eq!(scan, format!("WXSPP:{}", file.signature));
        assert_eq!(scan.len(), 5 + 1 + 28);
        let lines = SignatureFile::contents("WXSPP", &file.signature);
        for text in [
            scan.clone(),
            format!("  {scan}\r\n"),
            scan.replace("WXSPP", "wxspp"),
            lines.clone(),
            lines.replace('\n', " "),
            lines.replace('\n', "\t"),
            lines.replace(':', ": ").replace('\n', "\r\n"),
        ] {
            assert_eq!(SignatureFile::parse_scan(&text), Ok(file.clone()), "{text}");
        }
    }

    #[test]
    fn a_scan_that_cannot_be_read_is_quoted() {
        let (_, signature) = signed();
        let half = &signature.to_string()[..10];
        let long = "x".repeat(1000);
        for text in ["", " \n", "WXSPP", "HELLO:", "*:*", half, long.as_str()] {
            let fault = SignatureFile::parse_scan(text).unwrap_err().to_string();
            let shown: String = text.trim().chars().take(64).collect();
            assert!(
                fault.starts_with(&format!("`{shown}` is neither")),
                "{fault}"
            );
        }
        let torn = format!("WXSPP:{half}");
        assert!(matches!(
            SignatureFile::parse_scan(&torn),
            Err(UnreadableSignature::NotAScan(text)) if text == torn
        ));
        assert_eq!(
            SignatureFile::parse_scan("version:2.0 signingMethod:HmacSHA1 jobId:WXSPP"),
            Err(UnreadableSignature::Missing("signature"))
        );
    }

    #[test]
    fn signatures_differ_by_account_job_and_time() {
        let key = SigningKey::new([7; 32]);
        let (a, b) = (
            AccountId::new("123456789012").unwrap(),
            AccountId::new("123456789013").unwrap(),
        );
        let (j, k) = (JobId::new("AAAAA").unwrap(), JobId::new("AAAAB").unwrap());
        let (t, u) = (Timestamp::from_unix(1), Timestamp::from_unix(2));
        let base = key.sign(&a, j, t);
        assert_eq!(base, key.sign(&a, j, t));
        for other in [key.sign(&b, j, t), key.sign(&a, k, t), key.sign(&a, j, u)] {
            assert_ne!(base, other);
        }
    }
}
