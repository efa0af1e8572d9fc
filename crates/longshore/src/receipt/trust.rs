//! Whose key signed a receipt: what its reader knows from elsewhere.

use anyhow::{Context as _, anyhow};
use custody::key::PublicKey;
use custody::signers::{Revoked, Signers, Standing};
use custody::verify::Receipt;

use super::{differs, limited};
use crate::cli::ReceiptArgs;
use crate::exit::{Exit, Failure};

/// Longest list of keys that is read.
const BYTES: usize = 1 << 20;

/// What the reader knows.
pub(super) struct Trust {
    known: Vouchers,
    revoked: Revoked,
}

enum Vouchers {
    /// Nothing.
    Nobody,
    /// The fingerprint.
    Fingerprint(String),
    /// Keys and their times.
    Signers(Signers),
}

impl Trust {
    /// What the arguments name.
    ///
    /// # Errors
    /// If a list cannot be read.
    pub(super) fn named(args: &ReceiptArgs) -> Result<Self, Failure> {
        let list = |path: &std::path::PathBuf| {
            let bytes = limited(path, BYTES)?;
            Ok::<_, Failure>((String::from_utf8_lossy(&bytes).into_owned(), path.clone()))
        };
        let unread = |path: &std::path::Path| format!("could not read `{}`", path.display());
        let usage = |error| Failure::new(Exit::Usage, error);
        let known = match (&args.signers, &args.fingerprint) {
            (Some(path), _) => {
                let (text, path) = list(path)?;
                let signers = Signers::parse(&text).with_context(|| unread(&path));
                Vouchers::Signers(signers.map_err(usage)?)
            }
            (None, Some(fingerprint)) => Vouchers::Fingerprint(fingerprint.clone()),
            (None, None) => Vouchers::Nobody,
        };
        let revoked = match &args.revoked {
            Some(path) => {
                let (text, path) = list(path)?;
                let revoked = Revoked::parse(&text).with_context(|| unread(&path));
                revoked.map_err(usage)?
            }
            None => Revoked::default(),
        };
        Ok(Self { known, revoked })
    }

    /// The keys that the installation's log may be signed with: that of the receipt, and those it had and has.
    pub(super) fn keys(&self, receipt: &Receipt) -> Vec<PublicKey> {
        let mut keys = vec![receipt.key];
        if let Vouchers::Signers(signers) = &self.known {
            keys.extend(signers.keys(&receipt.installation));
        }
        keys
    }

    /// The key of the receipt must be one that the reader knows.
    ///
    /// # Errors
    /// If it is another one, or nobody says whose it is.
    pub(super) fn must_be_known(&self, receipt: &Receipt) -> Result<(), Failure> {
        let by = receipt.key.fingerprint();
        if self.revoked.has(receipt.key) {
            return Err(differs(anyhow!("it is signed by {by}, which is revoked")));
        }
        let of = &receipt.installation;
        match &self.known {
            Vouchers::Nobody => Err(differs(anyhow!(
                "the signature is whole, and nobody says whose"
            ))
            .hint("give --signers or --fingerprint, from elsewhere than the receipt")),
            Vouchers::Fingerprint(known) if *known == by => Ok(()),
            Vouchers::Fingerprint(known) => {
                Err(differs(anyhow!("it is signed by {by}, and not by {known}")))
            }
            Vouchers::Signers(signers) => match signers.standing(of, receipt.key, receipt.at()) {
                Standing::Counts => Ok(()),
                Standing::Unknown => Err(differs(anyhow!(
                    "it is signed by {by}, which is no signer of {of}"
                ))),
                Standing::TooEarly(after) => Err(differs(anyhow!(
                    "its last event is of {}, and its key {by} counts from {after} on",
                    receipt.at()
                ))),
                Standing::TooLate(before) => Err(differs(anyhow!(
                    "its last event is of {}, and its key {by} counted until {before}",
                    receipt.at()
                ))),
            },
        }
    }
}
