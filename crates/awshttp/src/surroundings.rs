//! What stands between this host and others: proxies, and whom to trust.

use ureq::tls::TlsConfig;

use crate::proxies::{self, NamedProxy, Proxies};
use crate::route::Route;
use crate::trust::Trust;

/// What stands between this host and others: proxies, and whom to trust. By default there are no
/// proxies, and the built-in authorities are trusted.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The proxies of this host.
    pub proxies: Proxies,
    /// The authorities of this host.
    pub trust: Trust,
    /// The proxy that is set for this one service, whatever its address.
    pub own_proxy: Option<NamedProxy>,
}

impl Surroundings {
    /// What the variables of a process say, and what the host has.
    #[must_use]
    pub fn of_variables(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            proxies: Proxies::of_variables(variable),
            trust: Trust::of_system(variable),
            own_proxy: None,
        }
    }

    /// The same for one service that has a proxy of its own, or `none`, and certificates of authorities of
    /// its own, in the form of PEM. What cannot be used is told in the log.
    #[must_use]
    pub fn of_service(&self, proxy: Option<&str>, certificates: Option<&str>) -> Self {
        let mut own = self.clone();
        match proxy {
            Some(proxies::NONE) => own.proxies = Proxies::default(),
            Some(address) => match NamedProxy::new(address, "`proxy` in the settings") {
                Ok(named) => own.own_proxy = Some(named),
                Err(error) => tracing::warn!(%error, "proxy not used"),
            },
            None => {}
        }
        if let Some(pem) = certificates {
            own.trust = own.trust.and_checked("`ca_file` in the settings", pem);
        }
        own
    }

    /// The way to the host of an address.
    #[must_use]
    pub fn route(&self, scheme: &str, host: &str) -> Route {
        let proxy = self.own_proxy.clone();
        let proxy = proxy.or_else(|| self.proxies.of(scheme, host).cloned());
        let needs_tls = scheme == "https" || proxy.as_ref().is_some_and(NamedProxy::speaks_tls);
        let tls = needs_tls.then(|| TlsConfig::builder().root_certs(self.trust.roots()).build());
        Route::new(format!("{scheme}://{host}"), proxy, tls)
    }
}
