//! Mails: how one is written down for a server, and given to it.
//!
//! Headers are built by the types of the library, which write what they are given so that no text in it becomes a header.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use awshttp::trust::Trust;
use custody::installation::InstallationName;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message as Mail, MessageBuilder};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, SmtpTransport, Transport as _};
use model::ids::{JobId, NoticeId};
use model::time::Timestamp;

use crate::config::{MailConfig, MailSecurity};

/// How long the server may be silent in one step of a conversation.
const SILENCE: Duration = Duration::from_secs(30);

/// A mail that is to be sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addressed<'a> {
    /// The same in every try, so that whoever has it twice knows.
    pub(crate) id: &'a NoticeId,
    /// The job by which mails are threaded.
    pub(crate) job: Option<JobId>,
    /// When what it tells of happened.
    pub(crate) at: Timestamp,
    /// To whom.
    pub(crate) to: &'a str,
    /// What it is about.
    pub(crate) subject: &'a str,
    /// What it says.
    pub(crate) text: &'a str,
}

/// A mail that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NotTaken {
    /// It will not be, either, if it is tried again. In words without an address.
    Never(String),
    /// It may be tried again.
    Later(String),
}

/// `Auto-Submitted` (RFC 3834): nobody's out-of-office answers it.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// Writes a mail down.
///
/// # Errors
/// [`NotTaken::Never`] if the address is none.
pub(crate) fn written(
    config: &MailConfig,
    installation: &InstallationName,
    letter: &Addressed<'_>,
) -> Result<Mail, NotTaken> {
    let address: Address = letter
        .to
        .parse()
        .map_err(|_| NotTaken::Never("the manifest has an address that is none".to_owned()))?;
    let thread = letter.job.map(|job| format!("<{job}@{installation}>"));
    let seconds = u64::try_from(letter.at.unix()).unwrap_or(0);
    let mail = Mail::builder()
        .from(config.from.mailbox().clone())
        .to(Mailbox::new(None, address))
        .subject(letter.subject)
        .date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
        .message_id(Some(format!("<{}@{installation}>", letter.id)))
        .header(AutoSubmitted)
        .header(ContentType::TEXT_PLAIN);
    let threaded = |mail: MessageBuilder, thread: String| mail.references(thread);
    let mail = match thread {
        Some(thread) => threaded(mail, thread),
        None => mail,
    };
    mail.body(letter.text.replace('\n', "\r\n"))
        .map_err(|error| NotTaken::Never(format!("it cannot be written as a mail: {error}")))
}

/// The way to a mail server.
pub(crate) struct MailRoute {
    config: MailConfig,
    trust: Trust,
    installation: InstallationName,
    transport: OnceLock<Result<SmtpTransport, String>>,
}

impl MailRoute {
    /// The way to the server of the settings. Nothing is read or sent before the first mail.
    pub(crate) fn new(config: &MailConfig, trust: &Trust, installation: &InstallationName) -> Self {
        Self {
            config: config.clone(),
            trust: trust.clone(),
            installation: installation.clone(),
            transport: OnceLock::new(),
        }
    }

    fn transport(&self) -> Result<SmtpTransport, String> {
        let (config, server) = (&self.config, &self.config.server);
        let tls = || tls(config, &self.trust);
        let transport = SmtpTransport::builder_dangerous(&server.host)
            .port(server.port)
            .timeout(Some(SILENCE))
            .hello_name(ClientId::Domain(self.installation.to_string()))
            .tls(match server.security {
                MailSecurity::Tls => Tls::Wrapper(tls()?),
                MailSecurity::StartTls => Tls::Required(tls()?),
                MailSecurity::None => Tls::None,
            });
        let transport = match &server.login {
            Some(login) => transport.credentials(Credentials::new(
                login.user.clone(),
                login.expose().to_owned(),
            )),
            None => transport,
        };
        Ok(transport.build())
    }

    /// The settings.
    pub(crate) fn config(&self) -> &MailConfig {
        &self.config
    }

    /// Gives a mail to the server, and what that says. Blocks.
    ///
    /// # Errors
    /// [`NotTaken`].
    pub(crate) fn send(&self, mail: &Mail) -> Result<String, NotTaken> {
        let transport = self.transport.get_or_init(|| self.transport());
        let transport = transport.as_ref().map_err(|why| {
            NotTaken::Later(format!("the way to the mail server cannot be made: {why}"))
        })?;
        match transport.send(mail) {
            Ok(response) => {
                let lines: Vec<&str> = response.message().collect();
                Ok(format!("{} {}", response.code(), lines.join(" ")))
            }
            Err(error) => {
                let code = error.status();
                let said = match code {
                    // The words of servers repeat addresses.
                    Some(code) => format!("the mail server answered {code}"),
                    None if error.is_timeout() => "the mail server does not answer".to_owned(),
                    None => format!("the mail server could not be spoken to: {}", told(&error)),
                };
                match error.is_permanent() && !is_about_login(code.map(|code| code.to_string())) {
                    true => Err(NotTaken::Never(said)),
                    false => Err(NotTaken::Later(said)),
                }
            }
        }
    }
}

/// Whether a refusal is about who we are: that is mended by the operator, and nothing of the mail is wrong.
fn is_about_login(code: Option<String>) -> bool {
    matches!(code.as_deref(), Some("530" | "534" | "535" | "538"))
}

fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn tls(config: &MailConfig, trust: &Trust) -> Result<TlsParameters, String> {
    let host = &config.server.host;
    let parameters = |certificates: Vec<Certificate>| {
        let store = match certificates.is_empty() {
            true => CertificateStore::WebpkiRoots,
            false => CertificateStore::None,
        };
        let builder = TlsParameters::builder(host.clone()).certificate_store(store);
        let builder = certificates
            .into_iter()
            .fold(builder, |builder, one| builder.add_root_certificate(one));
        builder.build_rustls()
    };
    let trust = match &config.certificates {
        Some(pem) => trust.clone().and_checked("`mail.ca_file`", pem),
        None => trust.clone(),
    };
    let certificates = trust.certificates().into_iter();
    let certificates = certificates.filter_map(|der| Certificate::from_der(der).ok());
    // One of a system that cannot be used must not take the others with it.
    let usable = certificates.filter(|one| parameters(vec![one.clone()]).is_ok());
    parameters(usable.collect()).map_err(|error| told(&error))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::letter;
    use super::super::letter::tests::story;
    use super::super::story::Story;
    use super::super::template::Templates;
    use super::*;
    use crate::config::{Config, Overrides};
    use model::notice::NoticeKind;

    fn config() -> MailConfig {
        let text = "[mail]\nurl = \"smtp://localhost\"\nfrom = \"Dock <dock@example.org>\"\n";
        let config = Config::parse(Path::new(""), text, &Overrides::default());
        config.unwrap().notices.mail.unwrap()
    }

    fn written_as(device: &str, to: &str) -> Result<String, NotTaken> {
        let story = Story {
            device_id: Some(device.to_owned()),
            ..story(NoticeKind::TransferFinished)
        };
        let letter::Letter { subject, text } = letter::of(&story, &Templates::default());
        let mail = written(
            &config(),
            &story.installation,
            &Addressed {
                id: &story.id,
                job: Some(story.job.id),
                at: story.at,
                to,
                subject: &subject,
                text: &text,
            },
        )?;
        Ok(String::from_utf8(mail.formatted()).unwrap())
    }

    fn headers(mail: &str) -> Vec<&str> {
        let (head, _) = mail.split_once("\r\n\r\n").unwrap();
        let lines = head
            .split("\r\n")
            .filter(|line| !line.starts_with([' ', '\t']));
        lines.map(|line| line.split_once(':').unwrap().0).collect()
    }

    #[test]
    fn a_mail_has_the_id_of_its_notice_and_the_thread_of_its_job() {
        let mail = written_as("D-1", "jane@example.com").unwrap();
        for line in [
            "From: Dock <dock@example.org>",
            "To: jane@example.com",
            "Message-ID: <ABCDE-3@dock.example.org>",
            "References: <ABCDE@dock.example.org>",
            "Auto-Submitted: auto-generated",
            "Subject: Job ABCDE (D-1): done",
            "Date: Fri, 15 Jan 2027 08:00:00 +0000",
        ] {
            assert!(
                mail.split("\r\n").any(|found| found == line),
                "{line} is not in\n{mail}"
            );
        }
    }

    #[test]
    fn no_name_of_a_device_becomes_a_header() {
        let plain = written_as("D-1", "jane@example.com").unwrap();
        for device in [
            "D\r\nBcc: evil@example.com",
            "D\nBcc: evil@example.com\n\nhello",
            "D\rBcc: evil@example.com",
            "Diskette ä\u{85}Bcc: evil@example.com",
            "=?utf-8?q?=0D=0ABcc:_evil@example.com?=",
            "\0\u{1b}[31m",
        ] {
            let mail = written_as(device, "jane@example.com").unwrap();
            assert_eq!(headers(&mail), headers(&plain), "{device:?}");
            assert!(!mail.contains("\nBcc:"), "{mail}");
        }
    }

    #[test]
    fn what_is_no_address_is_never_sent_to() {
        for to in [
            "",
            "jane",
            "a@b@c",
            "jane@example.com\r\nBcc: x@y.example",
            "a b@c.example",
        ] {
            let written = written_as("D-1", to);
            assert!(matches!(written, Err(NotTaken::Never(_))), "{to:?}");
        }
    }
}
