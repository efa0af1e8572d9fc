//! `[ebs]` and `[glacier]`.

use std::ops::Range;

use awsproto::claims::AccessKeyId;

use super::super::images::{
    EbsConfig, GlacierConfig, OWN_ACCOUNT, RegionalAccess, RegionalEndpoint,
};
use super::super::raw::{Given, RawEbs, RawGlacier};
use super::{Check, span};

/// What both tables have of an API.
struct RawAccess<'r> {
    endpoint: &'r Given<String>,
    access_key_id: &'r Given<String>,
    secret: [&'r Given<String>; 2],
}

impl Check<'_> {
    /// `None` if nothing is given, or something is missing or wrong; the faults are noted.
    pub(super) fn ebs(&mut self, raw: Given<RawEbs>) -> Option<EbsConfig> {
        let (at, raw) = raw.map(|raw| (raw.span(), raw.into_inner()))?;
        let access = RawAccess {
            endpoint: &raw.endpoint,
            access_key_id: &raw.access_key_id,
            secret: [&raw.secret_access_key, &raw.secret_access_key_file],
        };
        if access.is_empty() {
            return None;
        }
        let access = self.regional("ebs", at, &access)?;
        Some(EbsConfig { access })
    }

    pub(super) fn glacier(&mut self, raw: Given<RawGlacier>) -> GlacierConfig {
        let Some((at, raw)) = raw.map(|raw| (raw.span(), raw.into_inner())) else {
            return GlacierConfig::default();
        };
        let storage_class = self.parsed("glacier.storage_class", &raw.storage_class, class);
        let account = self.parsed("glacier.account", &raw.account, account);
        let access = RawAccess {
            endpoint: &raw.endpoint,
            access_key_id: &raw.access_key_id,
            secret: [&raw.secret_access_key, &raw.secret_access_key_file],
        };
        if access.is_empty() && raw.account.is_none() {
            return GlacierConfig::Objects { storage_class };
        }
        if raw.storage_class.is_some() {
            let message = "is for objects, and an endpoint or its account or key is given as well";
            let at = span(&raw.storage_class);
            self.fault(at, "glacier.storage_class", message.to_owned());
        }
        match self.regional("glacier", at, &access) {
            Some(access) => GlacierConfig::Vaults {
                account: account.unwrap_or_else(|| OWN_ACCOUNT.to_owned()),
                access,
            },
            None => GlacierConfig::default(),
        }
    }

    fn regional(
        &mut self,
        table: &str,
        at: Range<usize>,
        raw: &RawAccess<'_>,
    ) -> Option<RegionalAccess> {
        let setting = |name: &str| format!("{table}.{name}");
        let endpoint = self.needed(
            &setting("endpoint"),
            &at,
            raw.endpoint,
            RegionalEndpoint::parse,
        );
        let id = self.needed(&setting("access_key_id"), &at, raw.access_key_id, key_id);
        let secret = self.secret_key(table, at, raw.secret);
        Some(RegionalAccess {
            endpoint: endpoint?,
            access_key_id: id?,
            secret_access_key: secret?,
        })
    }
}

impl RawAccess<'_> {
    fn is_empty(&self) -> bool {
        let [inline, file] = self.secret;
        [self.endpoint, self.access_key_id, inline, file]
            .iter()
            .all(|given| given.is_none())
    }
}

/// A key that requests can be signed with.
fn key_id(text: &str) -> Result<String, String> {
    match AccessKeyId::parse(text) {
        Some(id) => Ok(id.as_str().to_owned()),
        None => Err("is not an access key id of printable characters without `/,=`".to_owned()),
    }
}

/// A storage class as S3 writes it (S3 User Guide, *Storage classes*); stores have their own, too.
fn class(text: &str) -> Result<String, String> {
    let fits = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b"_-".contains(&b);
    if (1..=64).contains(&text.len()) && text.bytes().all(fits) {
        return Ok(text.to_owned());
    }
    Err(format!("`{text}` is not a storage class like `GLACIER`"))
}

/// An account as Glacier's paths have it (Glacier developer guide, *API reference*).
fn account(text: &str) -> Result<String, String> {
    let digits = text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    if digits || text == OWN_ACCOUNT {
        return Ok(text.to_owned());
    }
    Err(format!("`{text}` is not 12 digits or `-`"))
}
