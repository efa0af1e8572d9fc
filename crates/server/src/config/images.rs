//! `[ebs]` and `[glacier]`: where the images of EBS and Glacier imports go.

use awsproto::secret::SecretKey;
use model::control::{ImageTarget, StoreAccess, VaultAccess};
use model::manifest::{Manifest, Region};

use super::values;

/// What stands for the manifest's region in an endpoint.
const REGION: &str = "{region}";

/// The account that Glacier's paths name unless the operator says otherwise: the key's own.
pub(super) const OWN_ACCOUNT: &str = "-";

/// `[ebs]`: the EBS direct APIs of the operator's, for snapshots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EbsConfig {
    /// Where the API is, and with which key.
    pub access: RegionalAccess,
}

/// `[glacier]`: where archives go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GlacierConfig {
    /// `endpoint`: a Glacier API of the operator's.
    Vaults {
        /// `account`: twelve digits, or `-` for the account of the key.
        account: String,
        /// Where the API is, and with which key.
        access: RegionalAccess,
    },
    /// Objects in the log bucket.
    Objects {
        /// `storage_class`: their storage class, where it is not the store's default.
        storage_class: Option<String>,
    },
}

/// An AWS API that may have an endpoint for each region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionalAccess {
    /// `endpoint`.
    pub endpoint: RegionalEndpoint,
    /// `access_key_id`: the key that stations use there.
    pub access_key_id: String,
    /// `secret_access_key` or `secret_access_key_file`: its secret.
    pub secret_access_key: SecretKey,
}

/// An `http://` or `https://` URL of host and port, in which `{region}` stands for the region of a
/// manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionalEndpoint(String);

impl RegionalEndpoint {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let anywhere = text.replace(REGION, Region::UsEast1.as_str());
        values::base_url(&anywhere)
            .map(|_| Self(text.trim_end_matches('/').to_owned()))
            .map_err(|why| why.replace(&anywhere, text))
    }

    /// The endpoint of a region.
    #[must_use]
    pub fn of(&self, region: Region) -> String {
        self.0.replace(REGION, region.as_str())
    }
}

impl RegionalAccess {
    fn of(&self, region: Region) -> StoreAccess {
        StoreAccess {
            endpoint: self.endpoint.of(region),
            region: region.as_str().to_owned(),
            path_style: true,
            access_key_id: self.access_key_id.clone(),
            secret_access_key: self.secret_access_key.expose().to_owned(),
            session: None,
            proxy: None,
            certificates: None,
        }
    }
}

impl Default for GlacierConfig {
    fn default() -> Self {
        Self::Objects {
            storage_class: None,
        }
    }
}

/// Where the image that `manifest` asks for goes; `None` if it asks for none. A device of more
/// than 1 TB never becomes a snapshot (developer guide, *EBS import*).
#[must_use]
pub fn image_target(
    manifest: &Manifest,
    ebs: Option<&EbsConfig>,
    glacier: &GlacierConfig,
) -> Option<ImageTarget> {
    match manifest {
        Manifest::S3Import(_) | Manifest::S3Export(_) => None,
        Manifest::EbsImport(import) => Some(match ebs {
            Some(ebs) if !import.over_1tb => ImageTarget::Snapshot(ebs.access.of(import.region)),
            _ => ImageTarget::Objects {
                storage_class: None,
            },
        }),
        Manifest::GlacierImport(import) => Some(match glacier {
            GlacierConfig::Vaults { account, access } => ImageTarget::Vault(VaultAccess {
                account: account.clone(),
                access: access.of(import.region),
            }),
            GlacierConfig::Objects { storage_class } => ImageTarget::Objects {
                storage_class: storage_class.clone(),
            },
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{faults, parse};
    use super::*;

    #[test]
    fn archives_are_objects_unless_there_is_an_endpoint() {
        let of = |text: &str| parse(text).unwrap().glacier;
        let objects = |class: Option<&str>| GlacierConfig::Objects {
            storage_class: class.map(str::to_owned),
        };
        assert_eq!(of("[glacier]\n"), objects(None));
        let deep = of("[glacier]\nstorage_class = \"DEEP_ARCHIVE\"\n");
        assert_eq!(deep, objects(Some("DEEP_ARCHIVE")));
        let vaults = "[glacier]\nendpoint = \"http://x\"\naccess_key_id = \"AK\"\n\
                      secret_access_key = \"SK\"\n";
        assert!(matches!(of(vaults), GlacierConfig::Vaults { account, .. } if account == "-"));
        assert_eq!(parse("[ebs]\n").unwrap().ebs, None);
    }

    #[test]
    fn the_ways_of_images_are_checked_like_everything_else() {
        let whole = "endpoint = \"http://x\"\naccess_key_id = \"AK\"\nsecret_access_key = \"SK\"\n";
        for (from, to, expected) in [
            (
                "http://x",
                "x.{region}",
                "2: TABLE.endpoint: `x.{region}` is not an http",
            ),
            (
                "http://x",
                "http://x/{region}",
                "2: TABLE.endpoint: `http://x/{region}` has more",
            ),
            ("endpoint", "#", "1: TABLE.endpoint: is missing"),
            (
                "\"AK\"",
                "\"A/K\"",
                "3: TABLE.access_key_id: is not an access key id",
            ),
            ("access_key_id", "#", "1: TABLE.access_key_id: is missing"),
            (
                "secret_access_key",
                "#",
                "1: TABLE.secret_access_key: is missing, and so",
            ),
            ("\"SK\"", "\"\"", "4: TABLE.secret_access_key: is empty"),
        ] {
            for table in ["ebs", "glacier"] {
                let found = faults(&format!("[{table}]\n{}", whole.replacen(from, to, 1)));
                let expected = format!("longshore.toml:{}", expected.replace("TABLE", table));
                assert!(found.starts_with(&expected), "{expected}\n{found}");
            }
        }
        for (added, expected) in [
            ("account = \"me\"", "account: `me` is not 12 digits or `-`"),
            (
                "storage_class = \"cold\"",
                "storage_class: `cold` is not a storage class",
            ),
            (
                "storage_class = \"COLD\"",
                "storage_class: is for objects, and an endpoint",
            ),
        ] {
            let found = faults(&format!("[glacier]\n{added}\n{whole}"));
            let expected = format!("longshore.toml:2: glacier.{expected}");
            assert!(found.starts_with(&expected), "{expected}\n{found}");
        }
        let lonely = faults("[glacier]\naccount = \"-\"\n");
        assert!(
            lonely.contains("1: glacier.endpoint: is missing"),
            "{lonely}"
        );
    }
}
