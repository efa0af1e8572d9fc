//! `[console]`: the pages for people who run the service.

use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;

/// The port that the console is served on unless something else is said.
const PORT: u16 = 4782;

/// `[console]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleConfig {
    /// `listen`: where it is served; none if it is not. Port 0 lets the system choose one.
    pub listen: Option<SocketAddr>,
    /// `public_url`: the console as browsers see it, without a slash at the end. `None` if they see it as it is served.
    pub public_url: Option<String>,
}

impl ConsoleConfig {
    /// Where it is served unless something else is said: if the port is taken, any other is as good.
    #[must_use]
    pub fn usual() -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, PORT))
    }
}

impl Default for ConsoleConfig {
    fn default() -> Self {
        Self {
            listen: Some(Self::usual()),
            public_url: None,
        }
    }
}

/// What `listen` says: where the console is served, or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsoleListen(pub Option<SocketAddr>);

impl FromStr for ConsoleListen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self(None)),
            _ => text
                .parse()
                .map(|address| Self(Some(address)))
                .map_err(|_| {
                    format!("`{text}` is neither none nor an address like `127.0.0.1:4782`")
                }),
        }
    }
}
