//! `[mail]` and `[webhooks]`: how people and programs are told of jobs.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::{fmt, fs, io};

use lettre::Address;
use listen::Network;
use url::{Host, Url};
use zeroize::Zeroizing;

use crate::notices::template::{self, Template, Templates};

/// `[mail]` and `[webhooks]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NoticesConfig {
    /// `[mail]`; `None` if no mail is sent.
    pub mail: Option<MailConfig>,
    /// `[webhooks]`
    pub webhooks: WebhooksConfig,
}

/// `[mail]`: how mails are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailConfig {
    /// `url`: the server that takes them.
    pub server: MailServer,
    /// `from`: who sends them.
    pub from: MailAddress,
    /// `operator`: who is told that something could not be delivered.
    pub operator: Option<MailAddress>,
    /// The content of `ca_file`: certificates of authorities to trust besides, in the form of PEM.
    pub certificates: Option<String>,
    /// The files of `templates`: mails in other words.
    pub templates: Templates,
}

/// Reads the templates of a folder: files that are named after what is told, and end in `.txt`. Others are let be.
///
/// # Errors
/// What is wrong, with the file and its line.
pub(super) fn templates(folder: &Path) -> Result<Templates, String> {
    let wrong = |error: io::Error| format!("could not read `{}`: {error}", folder.display());
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(wrong)? {
        let path = entry.map_err(wrong)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !name.ends_with(template::ENDING) {
            continue;
        }
        let kind = template::kind_of(&name)?;
        let told = |why: &dyn fmt::Display| format!("`{}`: {why}", path.display());
        let text = fs::read_to_string(&path).map_err(|error| told(&error))?;
        let read = Template::parse(&text).map_err(|fault| told(&fault))?;
        all.insert(kind, read);
    }
    Ok(Templates::new(all))
}

/// `[webhooks]`: where requests to webhooks may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhooksConfig {
    /// `allow`: networks that they may go to although they are not public.
    pub allow: Vec<Network>,
    /// `ports`: the ports that they may go to.
    pub ports: Vec<u16>,
    /// `allow_http`: whether they may go unencrypted.
    pub http: Unencrypted,
}

/// Whether something may go unencrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unencrypted {
    /// It may.
    Allowed,
    /// It may not.
    Refused,
}

/// The port that webhooks may have unless something else is said.
const HTTPS: u16 = 443;

impl Default for WebhooksConfig {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            ports: vec![HTTPS],
            http: Unencrypted::Refused,
        }
    }
}

/// An address of mail, perhaps with a name before it in angle brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailAddress(lettre::message::Mailbox);

impl MailAddress {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        text.parse()
            .map(Self)
            .map_err(|_| format!("`{text}` is not an address such as `Dock <dock@example.org>`"))
    }

    /// As a header has it.
    #[must_use]
    pub fn mailbox(&self) -> &lettre::message::Mailbox {
        &self.0
    }

    /// The address alone.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.0.email
    }
}

/// How a mail server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailSecurity {
    /// `smtps://`: encrypted from the beginning.
    Tls,
    /// `smtp://`: encrypted by STARTTLS, before anything of a mail or a password is sent, or not at all.
    StartTls,
    /// `smtp://` on this host: not encrypted.
    None,
}

/// Who the mail server knows us as.
#[derive(Clone, PartialEq, Eq)]
pub struct MailLogin {
    /// The name.
    pub user: String,
    password: Zeroizing<String>,
}

impl MailLogin {
    /// Shows the password, for logging in; the caller must not print it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.password
    }
}

impl fmt::Debug for MailLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailLogin(…)")
    }
}

/// A server that takes mails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailServer {
    /// How it is spoken to.
    pub security: MailSecurity,
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// As whom we log in, if we do.
    pub login: Option<MailLogin>,
}

impl MailServer {
    /// Reads `url`, with the content of `password_file` where there is one. What is wrong is said without repeating the
    /// text: even a mistyped URL may hold a password.
    pub(super) fn parse(text: &str, password: Option<&str>) -> Result<Self, String> {
        let wrong = || "is not a URL such as `smtps://user@mail.example.org`".to_owned();
        let url = Url::parse(text).map_err(|_| wrong())?;
        let host = url.host().ok_or_else(wrong)?;
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err("has more than scheme, user, password, host and port".to_owned());
        }
        let (security, port) = match (url.scheme(), is_here(&host)) {
            ("smtps", _) => (MailSecurity::Tls, 465),
            ("smtp", true) => (MailSecurity::None, 25),
            ("smtp", false) => (MailSecurity::StartTls, 587),
            _ => return Err(wrong()),
        };
        Ok(Self {
            security,
            host: host.to_string().trim_matches(['[', ']']).to_owned(),
            port: url.port().unwrap_or(port),
            login: login(&url, password)?,
        })
    }
}

fn is_here(host: &Host<&str>) -> bool {
    match host {
        // Of a scheme that no browser knows every host is a name.
        Host::Domain(name) => {
            let address = name.parse::<IpAddr>();
            *name == "localhost" || address.is_ok_and(|address| address.is_loopback())
        }
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

fn login(url: &Url, password: Option<&str>) -> Result<Option<MailLogin>, String> {
    let decoded = |text: &str| {
        let bytes = percent_encoding::percent_decode_str(text);
        Zeroizing::new(bytes.decode_utf8_lossy().into_owned())
    };
    let own = url.password().map(&decoded);
    let user = decoded(url.username());
    let given = password.map(|text| Zeroizing::new(text.to_owned()));
    match (user.is_empty(), own, given) {
        (_, Some(_), Some(_)) => Err("has a password, and `password_file` is given as well".into()),
        (true, None, None) => Ok(None),
        (true, ..) => Err("has no user, and a password is given".into()),
        (false, None, None) => {
            Err("has a user and no password; `password_file` may hold it".into())
        }
        (false, Some(password), None) | (false, None, Some(password)) => Ok(Some(MailLogin {
            user: user.to_string(),
            password,
        })),
    }
}

#[cfg(test)]
mod tests {
    use model::notice::NoticeKind;

    use super::super::tests::{faults, parse};
    use super::*;

    fn mail(lines: &str) -> MailConfig {
        let text = format!("[mail]\nfrom = \"Dock <dock@example.org>\"\n{lines}\n");
        parse(&text).unwrap().notices.mail.unwrap()
    }

    #[test]
    fn a_mail_server_is_encrypted_unless_it_is_here() {
        for (url, security, port) in [
            ("smtps://mail.example.org", MailSecurity::Tls, 465),
            ("smtps://localhost:1465", MailSecurity::Tls, 1465),
            ("smtp://mail.example.org", MailSecurity::StartTls, 587),
            ("smtp://10.1.2.3:25/", MailSecurity::StartTls, 25),
            ("smtp://localhost", MailSecurity::None, 25),
            ("smtp://127.0.0.1:2525", MailSecurity::None, 2525),
            ("smtp://[::1]:2525", MailSecurity::None, 2525),
        ] {
            let server = mail(&format!("url = \"{url}\"")).server;
            assert_eq!((server.security, server.port), (security, port), "{url}");
            assert_eq!(server.login, None);
        }
        assert_eq!(mail("url = \"smtp://[::1]\"").server.host, "::1");
        assert_eq!(parse("").unwrap().notices.mail, None);
    }

    #[test]
    fn a_password_comes_from_the_url_or_a_file_and_is_never_printed() {
        let one = mail("url = \"smtps://dock%40x:hunter%3A2@mail.example.org\"");
        let login = one.server.login.clone().unwrap();
        assert_eq!(
            (login.user.as_str(), login.expose()),
            ("dock@x", "hunter:2")
        );
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "hunter:2\n").unwrap();
        let line = format!(
            "url = \"smtps://dock%40x@mail.example.org\"\npassword_file = \"{}\"",
            file.display()
        );
        let other = mail(&line);
        assert_eq!(other, one);
        assert!(!format!("{one:?}").contains("hunter"), "{one:?}");
    }

    #[test]
    fn what_cannot_be_is_a_fault_of_its_line_that_tells_no_password() {
        for (lines, expected) in [
            ("from = \"a@b.example\"", "1: mail.url: is missing"),
            ("url = \"smtp://localhost\"", "1: mail.from: is missing"),
            (
                "from = \"a@b.example\"\nurl = \"http://x:hunter2@y\"",
                "3: mail.url: is not a URL",
            ),
            (
                "from = \"nobody\"\nurl = \"smtp://localhost\"",
                "2: mail.from: `nobody` is not an address",
            ),
            (
                "from = \"a@b.example\"\nurl = \"smtps://me@mail.example\"",
                "3: mail.url: has a user and no password",
            ),
            (
                "from = \"a@b.example\"\nurl = \"smtp://localhost/hunter2?x\"",
                "3: mail.url: has more than",
            ),
        ] {
            let found = faults(&format!("[mail]\n{lines}\n"));
            let expected = format!("longshore.toml:{expected}");
            assert!(found.starts_with(&expected), "{found}");
            assert!(!found.contains("hunter2"), "{found}");
        }
    }

    #[test]
    fn mails_are_in_the_words_of_the_files_of_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        put("device.held.txt", "Subject: {job} waits\n\nPlease help.\n");
        put("README", "not a mail");
        let given = format!(
            "url = \"smtp://localhost\"\ntemplates = \"{}\"",
            folder.path().display()
        );
        let templates = mail(&given).templates;
        assert!(templates.of(NoticeKind::DeviceHeld).is_some());
        assert!(templates.of(NoticeKind::DeviceErased).is_none());
        put("device.erased.txt", "Subject: {job}\n\n{jobs}\n");
        let found = faults(&format!("[mail]\nfrom = \"a@b.example\"\n{given}\n"));
        let expected = "longshore.toml:4: mail.templates: ";
        assert!(
            found.starts_with(expected) && found.contains("device.erased.txt`: line 3: `{jobs}`"),
            "{found}"
        );
    }

    #[test]
    fn webhooks_go_by_https_to_what_is_public_unless_more_is_allowed() {
        assert_eq!(parse("").unwrap().notices.webhooks.ports, [443]);
        let text =
            "[webhooks]\nallow = [\"10.1.0.0/16\"]\nports = [443, 8443]\nallow_http = true\n";
        let webhooks = parse(text).unwrap().notices.webhooks;
        assert_eq!(webhooks.allow, ["10.1.0.0/16".parse().unwrap()]);
        assert_eq!(webhooks.ports, [443, 8443]);
        assert_eq!(webhooks.http, Unencrypted::Allowed);
        let found = faults("[webhooks]\nports = [0]\n");
        assert!(
            found.starts_with("longshore.toml:2: webhooks.ports[0]: `0` is not"),
            "{found}"
        );
        let found = faults("[webhooks]\nallow = [\"x\"]\n");
        assert!(
            found.starts_with("longshore.toml:2: webhooks.allow[0]: "),
            "{found}"
        );
    }
}
