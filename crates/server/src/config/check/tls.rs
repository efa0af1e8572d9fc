//! `[tls]`: the certificates that ports show.

use listen::tls::certificate::CertificateFiles;

use super::super::TlsConfig;
use super::super::raw::{Given, RawTls};
use super::{Check, span};

impl Check<'_> {
    pub(super) fn tls(&mut self, raw: &RawTls) -> TlsConfig {
        TlsConfig {
            certificate: self.pair(["tls.certificate", "tls.key"], [&raw.certificate, &raw.key]),
            store: self.pair(
                ["tls.store_certificate", "tls.store_key"],
                [&raw.store_certificate, &raw.store_key],
            ),
        }
    }

    /// A certificate and its key, of which neither is of use alone.
    fn pair(
        &mut self,
        settings: [&str; 2],
        [certificate, key]: [&Given<String>; 2],
    ) -> Option<CertificateFiles> {
        for (missing, there, setting) in [
            (key, certificate, settings[1]),
            (certificate, key, settings[0]),
        ] {
            if missing.is_none() && there.is_some() {
                self.fault(span(there), setting, "is missing".to_owned());
            }
        }
        Some(CertificateFiles {
            certificate: self.path(settings[0], certificate)?,
            key: self.path(settings[1], key)?,
        })
    }
}
