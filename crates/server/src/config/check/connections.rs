//! `[connections]`: what connections may take.

use listen::Network;
use toml::Spanned;

use super::super::ConnectionsConfig;
use super::super::raw::{Given, RawConnections};
use super::Check;

impl Check<'_> {
    pub(super) fn connections(&mut self, raw: &RawConnections) -> ConnectionsConfig {
        let default = ConnectionsConfig::default();
        let exempt = self.networks("connections.exempt", &raw.exempt);
        let trusted = self.networks("connections.trusted_proxies", &raw.trusted_proxies);
        ConnectionsConfig {
            limit: self.number("connections.limit", &raw.limit, 16..=65_536, default.limit),
            per_address: self.number(
                "connections.per_address",
                &raw.per_address,
                1..=65_536,
                default.per_address,
            ),
            exempt: exempt.unwrap_or(default.exempt),
            trusted_proxies: trusted.unwrap_or(default.trusted_proxies),
        }
    }
    /// Addresses and networks, of which each that is none is a fault.
    pub(super) fn networks(
        &mut self,
        setting: &str,
        given: &Given<Vec<Spanned<String>>>,
    ) -> Option<Vec<Network>> {
        let given = given.as_ref()?;
        let mut networks = Vec::new();
        for (index, text) in given.get_ref().iter().enumerate() {
            match text.get_ref().parse() {
                Ok(network) => networks.push(network),
                Err(listen::NotANetwork) => {
                    let setting = format!("{setting}[{index}]");
                    let message = format!(
                        "`{}` is not an address or a network such as `10.0.0.0/8`",
                        text.get_ref()
                    );
                    self.fault(Some(text.span()), &setting, message);
                }
            }
        }
        Some(networks)
    }
}
