//! Whose certificates are trusted: those of this host's authorities, and those that are named.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use ureq::tls::{Certificate, PemItem, RootCerts};

/// Where systems keep the certificates of their authorities in one file: Debian and Alpine, Fedora,
/// older ones of its kind, SUSE, BSD.
const SYSTEM_FILES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
];

/// Longest file of certificates, in bytes: that of a whole system has a quarter of one million.
const FILE_BYTES: u64 = 16 << 20;

/// Certificates that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidCertificates {
    /// The file cannot be read.
    #[error("could not read the certificates in `{path}`")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// There is none.
    #[error("there is no certificate in `{0}`: PEM is needed, `-----BEGIN CERTIFICATE-----`")]
    Empty(String),
}

/// Authorities that are trusted. By default those that Mozilla trusts, as they are built in.
///
/// Cheap to clone. Files of the system are read when the first address by `https` is met.
#[derive(Clone, Default)]
pub struct Trust {
    system: Option<Arc<System>>,
    named: Vec<Arc<Vec<Certificate<'static>>>>,
}

struct System {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
    found: OnceLock<Vec<Certificate<'static>>>,
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust")
            .field("system", &self.system.is_some())
            .field("named", &self.named.len())
            .finish()
    }
}

impl Trust {
    /// The authorities of this host, and those of `SSL_CERT_FILE`, `SSL_CERT_DIR` and `AWS_CA_BUNDLE`.
    /// Without any of them the built-in ones.
    #[must_use]
    pub fn of_system(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let named = ["SSL_CERT_FILE", "AWS_CA_BUNDLE"];
        let mut files: Vec<PathBuf> = named
            .into_iter()
            .filter_map(variable)
            .filter(|path| !path.is_empty())
            .map(PathBuf::from)
            .collect();
        let system = SYSTEM_FILES.into_iter().map(Path::new);
        files.extend(
            system
                .filter(|path| path.is_file())
                .take(1)
                .map(Path::to_owned),
        );
        let folders = variable("SSL_CERT_DIR").unwrap_or_default();
        let folders = folders.split(':').filter(|path| !path.is_empty());
        Self {
            system: Some(Arc::new(System {
                files,
                folders: folders.map(PathBuf::from).collect(),
                found: OnceLock::new(),
            })),
            named: Vec::new(),
        }
    }

    /// Trusts also the authorities in `pem`, which is called `name` where it is wrong.
    ///
    /// # Errors
    /// [`InvalidCertificates::Empty`].
    pub fn and(mut self, name: &str, pem: &str) -> Result<Self, InvalidCertificates> {
        let found = certificates(pem.as_bytes());
        if found.is_empty() {
            return Err(InvalidCertificates::Empty(name.to_owned()));
        }
        self.named.push(Arc::new(found));
        Ok(self)
    }

    /// As [`Trust::and`] with certificates that were looked at before; if there is none, that is told in the log.
    #[must_use]
    pub fn and_checked(self, name: &str, pem: &str) -> Self {
        let before = self.clone();
        self.and(name, pem).unwrap_or_else(|error| {
            tracing::warn!(%error, "certificates not used");
            before
        })
    }

    fn all(&self) -> Vec<Certificate<'static>> {
        let system = self.system.as_ref().map(|system| system.found());
        let named = self.named.iter().flat_map(|found| found.iter());
        system.into_iter().flatten().chain(named).cloned().collect()
    }

    /// The certificates of the authorities as DER; none if the built-in ones count.
    #[must_use]
    pub fn certificates(&self) -> Vec<Vec<u8>> {
        let all = self.all();
        all.iter().map(|one| one.der().to_vec()).collect()
    }

    /// What a connection is checked by.
    #[must_use]
    pub fn roots(&self) -> RootCerts {
        let all = self.all();
        match all.is_empty() {
            true => RootCerts::WebPki,
            false => RootCerts::from(all),
        }
    }
}

/// Reads a file of certificates, and says at once if there is none in it.
///
/// # Errors
/// [`InvalidCertificates`].
pub fn read(path: &Path) -> Result<String, InvalidCertificates> {
    let unreadable = |source| InvalidCertificates::Unreadable {
        path: path.to_owned(),
        source,
    };
    let pem = text_of(path).map_err(unreadable)?;
    match certificates(pem.as_bytes()).is_empty() {
        true => Err(InvalidCertificates::Empty(path.display().to_string())),
        false => Ok(pem),
    }
}

impl System {
    fn found(&self) -> &[Certificate<'static>] {
        self.found.get_or_init(|| {
            let in_folders = self.folders.iter().flat_map(|folder| files_of(folder));
            let files = self.files.iter().cloned().chain(in_folders);
            files
                .flat_map(|path| match text_of(&path) {
                    Ok(pem) => certificates(pem.as_bytes()),
                    Err(error) => {
                        tracing::warn!(file = %path.display(), %error, "certificates not read");
                        Vec::new()
                    }
                })
                .collect()
        })
    }
}

fn files_of(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).inspect_err(|error| {
        tracing::warn!(folder = %folder.display(), %error, "certificates not read");
    });
    let entries = entries.into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.retain(|path| path.is_file());
    files.sort();
    files
}

fn text_of(path: &Path) -> io::Result<String> {
    use io::Read as _;
    let mut bytes = Vec::new();
    fs::File::open(path)?
        .take(FILE_BYTES)
        .read_to_end(&mut bytes)?;
    // Comments between the certificates may have any encoding.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn certificates(pem: &[u8]) -> Vec<Certificate<'static>> {
    let items = ureq::tls::parse_pem(pem).filter_map(Result::ok);
    items
        .filter_map(|item| match item {
            PemItem::Certificate(certificate) => Some(certificate),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shape of a certificate is all that matters here.
    const PEM: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

    fn count(trust: &Trust) -> usize {
        match trust.roots() {
            RootCerts::Specific(all) => all.len(),
            _ => 0,
        }
    }

    #[test]
    fn what_is_named_is_trusted_beside_what_the_host_trusts() {
        let folder = tempfile::tempdir().unwrap();
        let bundle = folder.path().join("bundle.pem");
        std::fs::write(&bundle, format!("# two\n{PEM}\n{PEM}")).unwrap();
        let many = folder.path().join("many");
        std::fs::create_dir(&many).unwrap();
        std::fs::write(many.join("a"), PEM).unwrap();
        std::fs::write(many.join("not"), b"\xff").unwrap();
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let of = |names: &[(&str, String)]| {
            count(&Trust::of_system(&|name| {
                let found = names.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| value.clone())
            }))
        };
        let host = of(&[]);
        assert_eq!(of(&[("SSL_CERT_FILE", text(&bundle))]), host + 2);
        assert_eq!(of(&[("AWS_CA_BUNDLE", text(&bundle))]), host + 2);
        assert_eq!(
            of(&[("SSL_CERT_DIR", format!(":{}:/none", text(&many)))]),
            host + 1
        );
        assert_eq!(of(&[("SSL_CERT_FILE", "/none".to_owned())]), host);
        let named = Trust::default().and("x", PEM).unwrap();
        assert_eq!((count(&named), count(&Trust::default())), (1, 0));
    }

    #[test]
    fn a_file_without_certificates_is_named() {
        let error = Trust::default().and("`ca_file`", "hello").unwrap_err();
        assert!(error.to_string().contains("`ca_file`"), "{error}");
        let error = read(Path::new("/none/ca.pem")).unwrap_err();
        assert!(error.to_string().contains("/none/ca.pem"), "{error}");
    }
}
