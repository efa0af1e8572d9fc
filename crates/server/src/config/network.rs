//! `[network]`, and what `[[stores]]` say of the way to a store: proxies and certificates.

use std::collections::BTreeMap;
use std::path::Path;

use awshttp::Surroundings;
use awshttp::proxies::{self, NamedProxy};
use awshttp::trust;
use model::control::StoreAccess;

/// The variables of the process that count here.
pub const VARIABLES: [&str; 11] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "AWS_CA_BUNDLE",
];

/// `[network]`: the way from this host to others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetworkConfig {
    /// `proxy` and `ca_file`, for everything.
    pub way: Way,
    /// Those of [`VARIABLES`] that the process has. `None`: neither they nor the host's authorities count.
    pub variables: Option<BTreeMap<String, String>>,
}

/// What is set of the way to a service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Way {
    /// `proxy`: whether there is one.
    pub proxy: Option<Proxy>,
    /// The content of `ca_file`: certificates of authorities to trust, in the form of PEM.
    pub certificates: Option<String>,
}

/// `proxy`.
#[derive(Clone, PartialEq, Eq)]
pub enum Proxy {
    /// `"none"`
    None,
    /// The address of one, perhaps with a password.
    At(String),
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::At(_) => f.write_str("At(…)"),
        }
    }
}

impl Proxy {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.trim() == proxies::NONE {
            return Ok(Self::None);
        }
        match NamedProxy::new(text, "") {
            Ok(_) => Ok(Self::At(text.trim().to_owned())),
            Err(error) => Err(format!("{error}, nor `none`")),
        }
    }

    fn named(&self, named_by: &str) -> Option<NamedProxy> {
        match self {
            Self::None => None,
            Self::At(address) => NamedProxy::new(address, named_by).ok(),
        }
    }
}

/// Reads a `ca_file`.
pub(super) fn certificates(path: &Path) -> Result<String, String> {
    trust::read(path).map_err(|error| match error {
        trust::InvalidCertificates::Unreadable { ref source, .. } => format!("{error}: {source}"),
        trust::InvalidCertificates::Empty(_) => error.to_string(),
    })
}

impl NetworkConfig {
    /// What stands between this host and others.
    #[must_use]
    pub fn surroundings(&self) -> Surroundings {
        let mut surroundings = match &self.variables {
            Some(variables) => Surroundings::of_variables(&|name| variables.get(name).cloned()),
            None => Surroundings::default(),
        };
        if let Some(proxy) = &self.way.proxy {
            let named = proxy.named("`proxy` of `[network]`");
            surroundings.proxies = surroundings.proxies.replaced_by(named);
        }
        if let Some(pem) = &self.way.certificates {
            surroundings.trust = surroundings
                .trust
                .and_checked("`ca_file` of `[network]`", pem);
        }
        surroundings
    }

    /// Adds to an access how its service is reached, so that stations reach it the same way: what is set
    /// for the service itself, else what is set for all. What the variables say is each host's own affair.
    pub fn add_way(&self, access: &mut StoreAccess, own: &Way) {
        let for_all = self
            .way
            .proxy
            .as_ref()
            .map(|proxy| self.for_one(proxy, &access.endpoint));
        access.proxy = match own.proxy.clone().or(for_all) {
            Some(Proxy::At(address)) => Some(address),
            Some(Proxy::None) => Some(proxies::NONE.to_owned()),
            None => None,
        };
        let both = [&own.certificates, &self.way.certificates]
            .into_iter()
            .flatten();
        let pem: Vec<&str> = both.map(String::as_str).collect();
        access.certificates = (!pem.is_empty()).then(|| pem.join("\n"));
    }

    /// The proxy for all leaves out this host, and what `NO_PROXY` names.
    fn for_one(&self, proxy: &Proxy, endpoint: &str) -> Proxy {
        let (scheme, host) = endpoint.split_once("://").unwrap_or(("http", endpoint));
        match self.surroundings().proxies.of(scheme, host) {
            Some(_) => proxy.clone(),
            None => Proxy::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{faults, parse};

    const STORE: &str = "[[stores]]\nname = \"s\"\nendpoint = \"https://s3.example\"\n\
                         access_key_id = \"AK\"\nsecret_access_key = \"SK\"\n";

    fn way(text: &str, variables: &[(&str, &str)]) -> Option<String> {
        let mut config = parse(text).unwrap();
        let variables = variables.iter();
        let owned = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        config.network.variables = Some(owned.collect());
        let mut access = config.stores[0].access();
        config.network.add_way(&mut access, &config.stores[0].way);
        access.proxy
    }

    #[test]
    fn a_stores_own_proxy_outranks_that_for_all_and_both_the_variables() {
        let all = format!("[network]\nproxy = \"http://all:1\"\n{STORE}");
        let own = format!("{STORE}proxy = \"http://own:1\"\n");
        assert_eq!(way(STORE, &[("HTTPS_PROXY", "http://x:1")]), None);
        assert_eq!(way(&all, &[]).as_deref(), Some("http://all:1"));
        assert_eq!(
            way(&own, &[("NO_PROXY", "*")]).as_deref(),
            Some("http://own:1")
        );
        let both = format!("{all}proxy = \"none\"\n");
        assert_eq!(way(&both, &[]).as_deref(), Some("none"));
        assert_eq!(
            way(&all, &[("NO_PROXY", ".example")]).as_deref(),
            Some("none")
        );
        let here = all.replace("https://s3.example", "http://127.0.0.1:9000");
        assert_eq!(way(&here, &[]).as_deref(), Some("none"));
    }

    #[test]
    fn a_proxy_or_a_file_that_cannot_be_used_is_a_fault_of_its_line() {
        for (line, expected) in [
            ("proxy = \"socks5://x:1\"", "proxy: is a SOCKS proxy"),
            ("proxy = \"\"", "proxy: is not an address like"),
            (
                "ca_file = \"/none/ca.pem\"",
                "ca_file: could not read the certificates in `/none/ca.pem`",
            ),
        ] {
            let found = faults(&format!("[network]\n{line}\n"));
            let expected_there = format!("longshore.toml:2: network.{expected}");
            assert!(found.starts_with(&expected_there), "{found}");
            let found = faults(&format!("{STORE}{line}\n"));
            let expected_there = format!("longshore.toml:6: stores[0].{expected}");
            assert!(found.starts_with(&expected_there), "{found}");
        }
    }
}
