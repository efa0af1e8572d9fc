//! What is asked of receipts.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use custody::note::VerifierKey;

/// `longshore receipt`.
#[derive(Debug, Subcommand)]
pub(crate) enum ReceiptCommand {
    /// Say whether a receipt is whole, whose it is, and what it tells
    Verify(ReceiptArgs),
}

/// `longshore receipt verify`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Needs no data folder, and no network but for --log-url. A fault is told with its line, and ends \
    with exit code 6; so does a receipt that is whole if nobody says whose key signed it. The fingerprint comes from \
    elsewhere, never from the receipt.\n\nThe same without this program: docs/receipts.md."
)]
pub(crate) struct ReceiptArgs {
    /// The receipt, which lies beside the report in the log bucket
    pub(crate) receipt: PathBuf,
    /// Keys whose signatures count, with their times, as `ssh-keygen -Y verify -f` reads them
    #[arg(long, value_name = "FILE")]
    pub(crate) signers: Option<PathBuf>,
    /// The fingerprint of the key that must have signed it, SHA256:…
    #[arg(long, value_name = "SHA256", value_parser = fingerprint, conflicts_with = "signers")]
    pub(crate) fingerprint: Option<String>,
    /// Keys that count no more, one a line
    #[arg(long, value_name = "FILE")]
    pub(crate) revoked: Option<PathBuf>,
    /// A witness that must have seen the log of the receipt, by the key it verifies with: NAME+ID+KEY. As often as there are some
    #[arg(long, value_name = "VKEY")]
    pub(crate) witness: Vec<VerifierKey>,
    /// How many of these witnesses are enough. Default: all of them
    #[arg(long, value_name = "N", requires = "witness")]
    pub(crate) quorum: Option<usize>,
    /// The timestamp beside the receipt (LOGKEY.receipt.tsr), which must be of this receipt; whose it is, `openssl ts -verify` says
    #[arg(long, value_name = "FILE")]
    pub(crate) timestamp: Option<PathBuf>,
    /// Compare the files in this folder with what the receipt names
    #[arg(long, value_name = "DIR")]
    pub(crate) files: Option<PathBuf>,
    /// An earlier edition, which must be the beginning of this one
    #[arg(long, value_name = "RECEIPT")]
    pub(crate) older: Option<PathBuf>,
    /// The address of the service: its log of today must have grown out of the receipt's
    #[arg(long, value_name = "URL")]
    pub(crate) log_url: Option<String>,
}

/// A fingerprint as `ssh-keygen -l` shows it: 32 bytes in base64 without filling.
fn fingerprint(text: &str) -> Result<String, String> {
    let digits = text.strip_prefix("SHA256:").unwrap_or_default();
    let is_one = |byte: u8| byte.is_ascii_alphanumeric() || b"+/".contains(&byte);
    match digits.len() == 43 && digits.bytes().all(is_one) {
        true => Ok(text.to_owned()),
        false => Err(
            "a fingerprint is `SHA256:` and 43 characters, as `ssh-keygen -l` shows it".to_owned(),
        ),
    }
}
