//! What may be wrong with the certificates that the settings name.

use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, SystemTime};

use listen::tls::certificate::{Certificate, CertificateFiles};
use listen::tls::watch::SOON;
use server::config::Config;

use super::finding::{Code, Finding};

/// A port's certificate, and the address that clients are told of it.
struct Shown<'c> {
    /// The setting that names the certificate.
    setting: &'static str,
    files: &'c CertificateFiles,
    public_url: Option<&'c str>,
}

/// Looks at the certificates of the settings as they are at `now`.
pub(crate) fn findings(config: &Config, now: SystemTime) -> Vec<Finding> {
    let tls = &config.tls;
    let mut ports = Vec::new();
    if let Some(files) = &tls.certificate {
        ports.push(Shown {
            setting: "tls.certificate",
            files,
            public_url: config.server.public_url.as_deref(),
        });
    }
    if let Some(files) = tls.of_store().filter(|_| config.embedded_store.enabled) {
        ports.push(Shown {
            setting: match tls.store {
                Some(_) => "tls.store_certificate",
                None => "tls.certificate",
            },
            files,
            public_url: config.embedded_store.public_url.as_deref(),
        });
    }
    let mut found: Vec<Finding> = Vec::new();
    for port in ports {
        for finding in port.findings(now) {
            // One certificate may be two ports'.
            if !found.contains(&finding) {
                found.push(finding);
            }
        }
    }
    found
}

impl Shown<'_> {
    fn findings(&self, now: SystemTime) -> Vec<Finding> {
        let certificate = match Certificate::read(self.files) {
            Ok(certificate) => certificate,
            Err(error) => {
                let what = format!("{}: {}", self.setting, crate::output::chain(&error.into()));
                let remedy =
                    "mend or name the files; a service that runs shows the certificate that it has";
                return vec![Finding::fault(Code::CertificateUnusable, what, remedy)];
            }
        };
        let found = [
            self.end(&certificate, now),
            self.exposed(),
            self.name(&certificate),
            self.authority(&certificate),
        ];
        found.into_iter().flatten().collect()
    }

    fn end(&self, certificate: &Certificate, now: SystemTime) -> Option<Finding> {
        let file = self.files.certificate.display();
        if certificate.from() > now {
            let what = format!("the certificate in `{file}` is not good yet: clients refuse it");
            return Some(Finding::fault(
                Code::CertificateExpired,
                what,
                "look at the clock of this host, and at the dates of the certificate",
            ));
        }
        let remedy = "renew it; the service takes the new files by itself";
        match certificate.until().duration_since(now) {
            Err(_) => Some(Finding::fault(
                Code::CertificateExpired,
                format!("the certificate in `{file}` has ended: clients refuse it"),
                remedy,
            )),
            Ok(left) if left <= SOON => Some(Finding::warning(
                Code::CertificateExpires,
                format!("the certificate in `{file}` ends in {}", days(left)),
                remedy,
            )),
            Ok(_) => None,
        }
    }

    fn exposed(&self) -> Option<Finding> {
        let mode = self.files.key.metadata().ok()?.permissions().mode();
        let what = format!(
            "others may read or change the private key `{}` (mode {:04o})",
            self.files.key.display(),
            mode & 0o7777
        );
        // Its group may be one that is there for keys.
        (mode & 0o027 != 0).then(|| {
            Finding::warning(
                Code::CertificateKeyExposed,
                what,
                "`chmod 640` it, for root and the group of the service",
            )
        })
    }

    fn name(&self, certificate: &Certificate) -> Option<Finding> {
        let url = self.public_url?;
        let (scheme, rest) = url.split_once("://")?;
        let host = match rest.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => host,
            _ => rest,
        };
        let warning = |what| {
            let remedy = "let `public_url` begin with https and name a host of the certificate";
            Some(Finding::warning(Code::CertificateName, what, remedy))
        };
        if scheme != "https" {
            return warning(format!(
                "clients are told `{url}`, and the port speaks HTTPS"
            ));
        }
        match certificate.is_for(host) {
            true => None,
            false => warning(format!(
                "clients are told `{url}`, and the certificate in `{}` is for {}",
                self.files.certificate.display(),
                names(certificate)
            )),
        }
    }

    fn authority(&self, certificate: &Certificate) -> Option<Finding> {
        let what = format!(
            "the certificate in `{}` says that it is an authority's: stations refuse it from a server",
            self.files.certificate.display()
        );
        certificate.is_of_authority().then(|| {
            Finding::warning(
                Code::CertificateOfAuthority,
                what,
                "make it with `basicConstraints=critical,CA:FALSE`",
            )
        })
    }
}

fn names(certificate: &Certificate) -> String {
    match certificate.names() {
        names if names.is_empty() => "no name".to_owned(),
        names => names.join(", "),
    }
}

fn days(left: Duration) -> String {
    match left.as_secs() / 86_400 {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Gravity;
    use server::config::Overrides;
    use std::path::{Path, PathBuf};

    const DAY: Duration = Duration::from_secs(86_400);

    fn fixture(name: &str) -> PathBuf {
        let listen = Path::new(env!("CARGO_MANIFEST_DIR")).join("../listen/tests/certificates");
        listen.join(name)
    }

    /// Settings with a copy of a certificate that only its owner reads.
    fn config(folder: &Path, name: &str, url: &str, more: &str) -> Config {
        for end in ["pem", "key"] {
            let copy = folder.join(format!("{name}.{end}"));
            std::fs::copy(fixture(&format!("{name}.{end}")), &copy).unwrap();
            let owner = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(copy, owner).unwrap();
        }
        let text = format!(
            "[server]\npublic_url = \"{url}\"\n[tls]\ncertificate = \"{name}.pem\"\nkey = \"{name}.key\"\n{more}"
        );
        let file = folder.join("longshore.toml");
        Config::parse(&file, &text, &Overrides::default()).unwrap()
    }

    fn codes(found: &[Finding]) -> Vec<(Code, Gravity)> {
        found.iter().map(|it| (it.code, it.gravity)).collect()
    }

    #[test]
    fn a_sound_certificate_is_nothing_to_be_told() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), "first", "https://import.example.org", "");
        assert_eq!(codes(&findings(&config, SystemTime::now())), []);
    }

    #[test]
    fn the_end_of_a_certificate_is_a_warning_two_weeks_before_and_then_a_fault() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), "past", "https://import.example.org", "");
        let end = Certificate::read(config.tls.certificate.as_ref().unwrap());
        let end = end.unwrap().until();
        let at = |time| codes(&findings(&config, time));
        assert_eq!(at(end - 15 * DAY), []);
        let soon = [(Code::CertificateExpires, Gravity::Warning)];
        assert_eq!(at(end - 13 * DAY), soon);
        let over = [(Code::CertificateExpired, Gravity::Fault)];
        assert_eq!(at(end + DAY), over);
        assert_eq!(at(end - 1000 * DAY), over);
    }

    #[test]
    fn a_key_that_others_read_and_a_name_that_is_not_in_the_certificate_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        for url in ["https://dock.example.org:8443", "http://import.example.org"] {
            let config = config(folder.path(), "first", url, "");
            let expected = [(Code::CertificateName, Gravity::Warning)];
            assert_eq!(codes(&findings(&config, now)), expected, "{url}");
        }
        let config = config(folder.path(), "first", "https://127.0.0.1:8443", "");
        let all = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(folder.path().join("first.key"), all).unwrap();
        let expected = [(Code::CertificateKeyExposed, Gravity::Warning)];
        assert_eq!(codes(&findings(&config, now)), expected);
    }

    #[test]
    fn a_certificate_of_an_authority_and_files_that_have_none_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let store = "store_certificate = \"none.pem\"\nstore_key = \"none.key\"\n";
        let config = config(folder.path(), "self", "https://import.example.org", store);
        let expected = [
            (Code::CertificateOfAuthority, Gravity::Warning),
            (Code::CertificateUnusable, Gravity::Fault),
        ];
        assert_eq!(codes(&findings(&config, SystemTime::now())), expected);
    }
}
