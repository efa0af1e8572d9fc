//! Where the figures of a station are served: a part of `[station]`.

use std::net::{Ipv4Addr, SocketAddr};

use model::metrics_address::MetricsAddress;
use serde::{Deserialize, Serialize};

/// The port that figures are served on unless something else is said.
const PORT: u16 = 4783;

/// Where the figures of a station are served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StationMetrics {
    /// `metrics_listen`: the address that is listened on; none if figures are not served.
    pub listen: Option<SocketAddr>,
    /// `metrics_address`: the same as others reach it, where that is something else.
    pub address: Option<MetricsAddress>,
}

impl Default for StationMetrics {
    fn default() -> Self {
        Self {
            listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, PORT))),
            address: None,
        }
    }
}

/// What `metrics_listen` says.
pub(super) fn listen(text: &str) -> Result<Option<SocketAddr>, String> {
    match text {
        "none" => Ok(None),
        _ => text
            .parse()
            .map(Some)
            .map_err(|_| format!("`{text}` is neither none nor an address like `127.0.0.1:4783`")),
    }
}
