//! `[mail]` and `[webhooks]`.

use super::super::notices::{
    MailAddress, MailConfig, MailServer, NoticesConfig, Unencrypted, WebhooksConfig, templates,
};
use super::super::raw::{Given, RawMail, RawWebhooks};
use super::{Check, network, read_secret, span};

impl Check<'_> {
    pub(super) fn notices(
        &mut self,
        mail: Given<RawMail>,
        webhooks: &RawWebhooks,
    ) -> NoticesConfig {
        NoticesConfig {
            mail: self.mail(mail),
            webhooks: self.webhooks(webhooks),
        }
    }

    /// `None` if nothing is given, or something is missing or wrong; the faults are noted.
    fn mail(&mut self, raw: Given<RawMail>) -> Option<MailConfig> {
        let (at, raw) = raw.map(|raw| (raw.span(), raw.into_inner()))?;
        let places = [
            span(&raw.url),
            span(&raw.from),
            span(&raw.password_file),
            span(&raw.operator),
            span(&raw.ca_file),
            span(&raw.templates),
        ];
        if places.iter().all(Option::is_none) {
            return None;
        }
        let password = self.path("mail.password_file", &raw.password_file);
        let password = password.and_then(|path| {
            self.parsed("mail.password_file", &raw.password_file, |_| {
                let read = read_secret(&path);
                read.map_err(|error| format!("could not read `{}`: {error}", path.display()))
            })
        });
        let password = password.as_ref().map(|text| text.as_str());
        let server = self.needed("mail.url", &at, &raw.url, |text| {
            MailServer::parse(text, password)
        });
        let from = self.needed("mail.from", &at, &raw.from, MailAddress::parse);
        let operator = self.parsed("mail.operator", &raw.operator, MailAddress::parse);
        let certificates = self.path("mail.ca_file", &raw.ca_file);
        let certificates = certificates.and_then(|path| {
            self.parsed("mail.ca_file", &raw.ca_file, |_| {
                network::certificates(&path)
            })
        });
        let folder = self.path("mail.templates", &raw.templates);
        let templates = folder.and_then(|folder| {
            self.parsed("mail.templates", &raw.templates, |_| templates(&folder))
        });
        Some(MailConfig {
            server: server?,
            from: from?,
            operator,
            certificates,
            templates: templates.unwrap_or_default(),
        })
    }

    fn webhooks(&mut self, raw: &RawWebhooks) -> WebhooksConfig {
        let default = WebhooksConfig::default();
        WebhooksConfig {
            allow: self
                .networks("webhooks.allow", &raw.allow)
                .unwrap_or(default.allow),
            ports: self.webhook_ports(raw).unwrap_or(default.ports),
            http: match raw.allow_http {
                Some(true) => Unencrypted::Allowed,
                Some(false) | None => default.http,
            },
        }
    }

    fn webhook_ports(&mut self, raw: &RawWebhooks) -> Option<Vec<u16>> {
        let given = raw.ports.as_ref()?;
        let mut ports = Vec::new();
        for (index, number) in given.get_ref().iter().enumerate() {
            match u16::try_from(*number.get_ref()) {
                Ok(port) if port > 0 => ports.push(port),
                _ => {
                    let setting = format!("webhooks.ports[{index}]");
                    let message = format!("`{}` is not a port", number.get_ref());
                    self.fault(Some(number.span()), &setting, message);
                }
            }
        }
        Some(ports)
    }
}
