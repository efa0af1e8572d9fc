//! A host with a station.

use std::path::{Path, PathBuf};

use model::ids::StationName;

use crate::service::Server;

/// A station's name, its token, and the folder of its host.
pub struct Host {
    /// Its name.
    pub name: StationName,
    /// The token of its station.
    pub token: String,
    /// Where its station keeps what it must not forget.
    pub folder: PathBuf,
}

impl Host {
    /// A host that the server knows, with a folder below `folder`.
    #[must_use]
    pub fn new(server: &Server, folder: &Path, name: &str) -> Self {
        let folder = folder.join(name);
        let name = StationName::new(name).expect("a station name");
        let token = server.register(&name);
        Self {
            name,
            token,
            folder,
        }
    }
}
