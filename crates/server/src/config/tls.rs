//! `[tls]`: the certificates that ports show.

use listen::tls::certificate::CertificateFiles;

/// `[tls]`: the certificates that ports show. Without any, ports speak plain HTTP.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsConfig {
    /// `certificate` and `key`: for every port.
    pub certificate: Option<CertificateFiles>,
    /// `store_certificate` and `store_key`: for the embedded store's port, where that has a name of its own.
    pub store: Option<CertificateFiles>,
}

impl TlsConfig {
    /// What the embedded store's port shows.
    #[must_use]
    pub fn of_store(&self) -> Option<&CertificateFiles> {
        self.store.as_ref().or(self.certificate.as_ref())
    }

    /// All of them, each with the name of its setting.
    #[must_use]
    pub fn all(&self) -> Vec<(&'static str, &CertificateFiles)> {
        let named = [
            ("tls.certificate", &self.certificate),
            ("tls.store_certificate", &self.store),
        ];
        let given = named.into_iter();
        given
            .filter_map(|(name, files)| Some((name, files.as_ref()?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{faults, parse};

    #[test]
    fn a_certificate_goes_with_its_key() {
        let text = "[tls]\ncertificate = \"/c.pem\"\nkey = \"/c.key\"\nstore_certificate = \"/s.pem\"\nstore_key = \"/s.key\"\n";
        let tls = parse(text).unwrap().tls;
        let store = tls.of_store().unwrap();
        assert_eq!(store.certificate.to_str(), Some("/s.pem"));
        let one = parse("[tls]\ncertificate = \"/c.pem\"\nkey = \"/c.key\"\n").unwrap();
        assert_eq!(one.tls.of_store(), one.tls.certificate.as_ref());
        assert_eq!(parse("").unwrap().tls.of_store(), None);
        for (line, fault) in [
            ("certificate = \"/c.pem\"", "tls.key: is missing"),
            ("key = \"/c.key\"", "tls.certificate: is missing"),
            (
                "store_key = \"/c.key\"",
                "tls.store_certificate: is missing",
            ),
        ] {
            let found = faults(&format!("[tls]\n{line}\n"));
            assert!(
                found.starts_with(&format!("longshore.toml:2: {fault}")),
                "{found}"
            );
        }
    }
}
