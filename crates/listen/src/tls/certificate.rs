//! A certificate with its key, as files have them, and what is to be said of it.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio_rustls::rustls;
use tokio_rustls::rustls::InconsistentKeys;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::sign::CertifiedKey;
use webpki::{EndEntityCert, KeyUsage};
use zeroize::Zeroizing;

/// Longest file that is read, in bytes: a chain has some four certificates of two kilobytes.
const FILE_BYTES: u64 = 1 << 20;

/// Past the last day that a certificate can name, the end of the year 9999 (RFC 5280, section 4.1.2.5).
const BEYOND: Duration = Duration::from_secs(8_030 * 366 * 86_400);

/// Where a certificate lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate, and behind it those between it and its authority, as PEM.
    pub certificate: PathBuf,
    /// Its private key, as PEM, without a passphrase.
    pub key: PathBuf,
}

/// Files that have no certificate that can be shown.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// One cannot be read.
    #[error("could not read `{}`", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// What is between its lines is no PEM.
    #[error("`{}` is not PEM as it should be", path.display())]
    Torn {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        source: pem::Error,
    },
    /// There is no certificate.
    #[error("there is no certificate in `{}`: PEM is needed, `-----BEGIN CERTIFICATE-----`", .0.display())]
    NoCertificate(PathBuf),
    /// There is no private key.
    #[error(
        "there is no private key in `{}`: PEM without a passphrase is needed, `-----BEGIN PRIVATE KEY-----`",
        .0.display()
    )]
    NoKey(PathBuf),
    /// What calls itself a certificate is none.
    #[error("the certificate in `{}` cannot be read", path.display())]
    BadCertificate {
        /// In which file.
        path: PathBuf,
        /// What is wrong.
        source: webpki::Error,
    },
    /// The key is of a kind that is not known, or broken.
    #[error("the private key in `{}` cannot be used", path.display())]
    BadKey {
        /// In which file.
        path: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
    /// They are not of one pair.
    #[error(
        "the key in `{}` does not belong to the first certificate in `{}`",
        key.display(),
        certificate.display()
    )]
    Mismatch {
        /// The file with the certificate.
        certificate: PathBuf,
        /// The file with the key.
        key: PathBuf,
    },
}

/// A certificate that can be shown: it can be read, and its key is there.
pub struct Certificate {
    key: Arc<CertifiedKey>,
    from: SystemTime,
    until: SystemTime,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("names", &self.names())
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

impl Certificate {
    /// Reads one. It may be out of date: that is told by [`Certificate::until`].
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn read(files: &CertificateFiles) -> Result<Self, CertificateError> {
        let CertificateFiles { certificate, key } = files;
        let chain = chain(certificate)?;
        let private = private_key(key)?;
        let (from, until) = {
            let leaf = chain.first().map(EndEntityCert::try_from);
            let leaf = leaf.ok_or_else(|| CertificateError::NoCertificate(certificate.clone()))?;
            let bad = |source| CertificateError::BadCertificate {
                path: certificate.clone(),
                source,
            };
            validity(&leaf.map_err(bad)?).map_err(bad)?
        };
        let pair = CertifiedKey::from_der(chain, private, &ring::default_provider());
        let pair = pair.map_err(|source| match source {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                CertificateError::Mismatch {
                    certificate: certificate.clone(),
                    key: key.clone(),
                }
            }
            source => CertificateError::BadKey {
                path: key.clone(),
                source,
            },
        })?;
        Ok(Self {
            key: Arc::new(pair),
            from,
            until,
        })
    }

    pub(super) fn key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.key)
    }

    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        self.key.cert == other.key.cert
    }

    /// From when on it is good.
    #[must_use]
    pub fn from(&self) -> SystemTime {
        self.from
    }

    /// Until when it is good.
    #[must_use]
    pub fn until(&self) -> SystemTime {
        self.until
    }

    /// The names of hosts that it is for, those with `*` among them.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let leaf = self.leaf();
        let names = leaf.iter().flat_map(|leaf| leaf.valid_dns_names());
        names.map(str::to_owned).collect()
    }

    /// Whether it is for this host: a name or an address.
    #[must_use]
    pub fn is_for(&self, host: &str) -> bool {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = match bare.parse::<IpAddr>() {
            Ok(address) => ServerName::IpAddress(address.into()),
            Err(_) => match ServerName::try_from(host) {
                Ok(name) => name,
                Err(_) => return false,
            },
        };
        let leaf = self.leaf();
        leaf.is_some_and(|leaf| leaf.verify_is_valid_for_subject_name(&name).is_ok())
    }

    /// Whether it says that it is an authority's, as `openssl req -x509` makes them. Our own stations, and others that
    /// keep to RFC 5280, do not take such a certificate from a server.
    #[must_use]
    pub fn is_of_authority(&self) -> bool {
        let asked = self.leaf().map(|leaf| verified_at(&leaf, self.until));
        matches!(asked, Some(webpki::Error::CaUsedAsEndEntity))
    }

    /// `None` never: it was read before.
    fn leaf(&self) -> Option<EndEntityCert<'_>> {
        self.key
            .cert
            .first()
            .and_then(|leaf| EndEntityCert::try_from(leaf).ok())
    }
}

/// From when to when a certificate is good. A verifier says it of a time that is out of it.
fn validity(leaf: &EndEntityCert<'_>) -> Result<(SystemTime, SystemTime), webpki::Error> {
    let from = match verified_at(leaf, UNIX_EPOCH) {
        webpki::Error::CertNotValidYet { not_before, .. } => time_of(not_before),
        _ => UNIX_EPOCH,
    };
    match verified_at(leaf, UNIX_EPOCH + BEYOND) {
        webpki::Error::CertExpired { not_after, .. } => Ok((from, time_of(not_after))),
        other => Err(other),
    }
}

/// What a verifier that trusts nobody says first of a certificate: whether it is good at this time, then whether it is a
/// server's, then that nobody is trusted.
fn verified_at(leaf: &EndEntityCert<'_>, time: SystemTime) -> webpki::Error {
    let time = UnixTime::since_unix_epoch(time.duration_since(UNIX_EPOCH).unwrap_or_default());
    let usage = KeyUsage::server_auth();
    let verified = leaf.verify_for_usage(&[], &[], &[], time, usage, None, None);
    verified.err().unwrap_or(webpki::Error::UnknownIssuer)
}

fn time_of(time: UnixTime) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(time.as_secs())
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let text = content(path)?;
    let found: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(&text).collect();
    let found = found.map_err(|source| CertificateError::Torn {
        path: path.to_owned(),
        source,
    })?;
    match found.is_empty() {
        true => Err(CertificateError::NoCertificate(path.to_owned())),
        false => Ok(found),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, CertificateError> {
    let text = content(path)?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|source| match source {
        pem::Error::NoItemsFound => CertificateError::NoKey(path.to_owned()),
        source => CertificateError::Torn {
            path: path.to_owned(),
            source,
        },
    })
}

fn content(path: &Path) -> Result<Zeroizing<Vec<u8>>, CertificateError> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = File::open(path).and_then(|file| file.take(FILE_BYTES).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(bytes),
        Err(source) => Err(CertificateError::Unreadable {
            path: path.to_owned(),
            source,
        }),
    }
}
