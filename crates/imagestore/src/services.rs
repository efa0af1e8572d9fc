//! The way to the services, from what a claim gives access to.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use awshttp::Surroundings;
use awshttp::endpoint::ServiceConfig;
use awshttp::retry::{RealTime, Retry, RetryPolicy};
use awsproto::claims::AccessKeyId;
use awsproto::secret::SecretKey;
use awsproto::sign::Credentials;
use model::control::{StoreAccess, VaultAccess};

use crate::ebs::EbsSnapshots;
use crate::glacier::{GlacierVault, VaultAddress};
use crate::snapshots::Snapshots;
use crate::vaults::Vault;

/// A claim that does not say how to reach a service, or says nonsense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("could not use the {service} service: {reason}")]
pub struct NoService {
    /// Which: EBS or Glacier.
    pub service: &'static str,
    /// What is wrong.
    pub reason: String,
}

/// What a run asks of its clients.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// How many requests are sent at once, at most.
    pub parallel: usize,
    /// Set when the run is to stop.
    pub stop: Arc<AtomicBool>,
}

/// The way to the services.
///
/// # Contract
/// What is opened tries again by itself while trying may help, and ends its waiting soon after the run is to stop.
/// Nothing need be sent before the first call.
pub trait Services: Send + Sync {
    /// Opens the EBS direct APIs.
    ///
    /// # Errors
    /// [`NoService`].
    fn snapshots(
        &self,
        access: &StoreAccess,
        options: &ClientOptions,
    ) -> Result<Box<dyn Snapshots>, NoService>;

    /// Opens a vault.
    ///
    /// # Errors
    /// [`NoService`].
    fn vault(
        &self,
        access: &VaultAccess,
        vault: &str,
        options: &ClientOptions,
    ) -> Result<Box<dyn Vault>, NoService>;
}

/// Services that speak as AWS does, at the addresses the claim names.
#[derive(Debug, Clone, Default)]
pub struct AwsServices {
    /// What stands between this host and the services.
    pub surroundings: Surroundings,
}

#[deny(clippy::missing_trait_methods)]
impl Services for AwsServices {
    fn snapshots(
        &self,
        access: &StoreAccess,
        options: &ClientOptions,
    ) -> Result<Box<dyn Snapshots>, NoService> {
        let wrong = |reason| NoService {
            service: "EBS",
            reason,
        };
        let config = config(access, options, &self.surroundings).map_err(wrong)?;
        let connected = EbsSnapshots::connect(&config, retry(options));
        Ok(Box::new(connected.map_err(|e| wrong(e.to_string()))?))
    }

    fn vault(
        &self,
        access: &VaultAccess,
        vault: &str,
        options: &ClientOptions,
    ) -> Result<Box<dyn Vault>, NoService> {
        let wrong = |reason| NoService {
            service: "Glacier",
            reason,
        };
        let config = config(&access.access, options, &self.surroundings).map_err(wrong)?;
        let address = VaultAddress {
            account: &access.account,
            name: vault,
        };
        let connected = GlacierVault::connect(&config, &address, retry(options));
        Ok(Box::new(connected.map_err(|e| wrong(e.to_string()))?))
    }
}

fn config(
    access: &StoreAccess,
    options: &ClientOptions,
    surroundings: &Surroundings,
) -> Result<ServiceConfig, String> {
    let access_key_id = AccessKeyId::parse(&access.access_key_id)
        .ok_or_else(|| format!("`{}` is not an access key id", access.access_key_id))?;
    let credentials = Credentials {
        access_key_id,
        secret: SecretKey::new(&*access.secret_access_key),
        session_token: None,
    };
    let mut config = ServiceConfig::new(&*access.endpoint, &*access.region, credentials);
    config.connections = options.parallel;
    let (proxy, certificates) = (access.proxy.as_deref(), access.certificates.as_deref());
    config.surroundings = surroundings.of_service(proxy, certificates);
    Ok(config)
}

fn retry(options: &ClientOptions) -> Retry {
    let seed = u64::from(std::process::id());
    let sleeper = Box::new(RealTime::new(Arc::clone(&options.stop)));
    Retry::new(RetryPolicy::default(), seed, sleeper)
}
