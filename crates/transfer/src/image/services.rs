//! The services that take images, as the engine sees them: what it needs of [`images`], and no more.

use awshttp::Surroundings;
use awshttp::endpoint::ServiceConfig;
use awshttp::retry::{RealTime, Retry, RetryPolicy};
use awsquery::claims::AccessKeyId;
use awsquery::secret::SecretKey;
use awsquery::sign::Credentials;
use images::ServiceError;
use images::snapshots::{Beginning, SnapshotId, Snapshots, Status, StoredBlock};
use images::vaults::{Archive, Hashes, StoredPart, UploadId, Vault, VaultAddress};
use model::control::{StoreAccess, VaultAccess};

use crate::settings::Settings;
use crate::stop::Stop;

/// A claim that does not say how to reach a service, or says nonsense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("could not use the {service} service: {reason}")]
pub struct NoService {
    /// Which: EBS or Glacier.
    pub service: &'static str,
    /// What is wrong.
    pub reason: String,
}

/// The EBS direct APIs, as [`Snapshots`] describes them.
///
/// # Contract
/// Calls block and may be made from any number of threads. A block or snapshot that was confirmed stays.
#[expect(
    missing_docs,
    reason = "each is the method of `images::Snapshots` of that name"
)]
#[expect(
    clippy::missing_errors_doc,
    reason = "each is the method of `images::Snapshots` of that name"
)]
pub trait SnapshotService: Send + Sync {
    fn start(&self, beginning: &Beginning<'_>) -> Result<SnapshotId, ServiceError>;
    fn put_block(
        &self,
        snapshot: &SnapshotId,
        index: u32,
        data: &[u8],
        sha256: &[u8; 32],
    ) -> Result<(), ServiceError>;
    fn complete(&self, snapshot: &SnapshotId, changed_blocks: u32) -> Result<Status, ServiceError>;
    fn is_readable(&self, snapshot: &SnapshotId) -> Result<bool, ServiceError>;
    fn list_blocks(&self, snapshot: &SnapshotId) -> Result<Vec<StoredBlock>, ServiceError>;
    fn get_block(
        &self,
        snapshot: &SnapshotId,
        block: &StoredBlock,
    ) -> Result<Vec<u8>, ServiceError>;
}

/// A Glacier vault, as [`Vault`] describes it.
///
/// # Contract
/// As [`SnapshotService`].
#[expect(
    missing_docs,
    reason = "each is the method of `images::Vault` of that name"
)]
#[expect(
    clippy::missing_errors_doc,
    reason = "each is the method of `images::Vault` of that name"
)]
pub trait VaultService: Send + Sync {
    fn initiate(&self, part_bytes: u64, description: &str) -> Result<UploadId, ServiceError>;
    fn put_part(
        &self,
        upload: &UploadId,
        offset: u64,
        data: &[u8],
        hashes: &Hashes,
    ) -> Result<(), ServiceError>;
    fn list_parts(&self, upload: &UploadId) -> Result<Vec<StoredPart>, ServiceError>;
    fn complete(
        &self,
        upload: &UploadId,
        total_bytes: u64,
        tree: &[u8; 32],
    ) -> Result<Archive, ServiceError>;
    fn abort(&self, upload: &UploadId) -> Result<(), ServiceError>;
}

/// The way to the services.
///
/// # Contract
/// What is opened tries again by itself while trying may help, and ends its waiting soon after
/// `stop` is set. Nothing need be sent before the first call.
pub trait Services: Send + Sync {
    /// Opens the EBS direct APIs.
    ///
    /// # Errors
    /// [`NoService`].
    fn snapshots(
        &self,
        access: &StoreAccess,
        settings: Settings,
        stop: &Stop,
    ) -> Result<Box<dyn SnapshotService>, NoService>;

    /// Opens a vault.
    ///
    /// # Errors
    /// [`NoService`].
    fn vault(
        &self,
        access: &VaultAccess,
        vault: &str,
        settings: Settings,
        stop: &Stop,
    ) -> Result<Box<dyn VaultService>, NoService>;
}

/// Services that speak as AWS does, at the addresses the claim names.
#[derive(Debug, Clone, Default)]
pub struct AwsServices {
    /// What stands between this host and the services.
    pub surroundings: Surroundings,
}

impl Services for AwsServices {
    fn snapshots(
        &self,
        access: &StoreAccess,
        settings: Settings,
        stop: &Stop,
    ) -> Result<Box<dyn SnapshotService>, NoService> {
        let wrong = |reason| NoService {
            service: "EBS",
            reason,
        };
        let config = config(access, settings, &self.surroundings).map_err(wrong)?;
        let connected = Snapshots::connect(&config, retry(stop));
        Ok(Box::new(connected.map_err(|e| wrong(e.to_string()))?))
    }

    fn vault(
        &self,
        access: &VaultAccess,
        vault: &str,
        settings: Settings,
        stop: &Stop,
    ) -> Result<Box<dyn VaultService>, NoService> {
        let wrong = |reason| NoService {
            service: "Glacier",
            reason,
        };
        let config = config(&access.access, settings, &self.surroundings).map_err(wrong)?;
        let address = VaultAddress {
            account: &access.account,
            name: vault,
        };
        let connected = Vault::connect(&config, &address, retry(stop));
        Ok(Box::new(connected.map_err(|e| wrong(e.to_string()))?))
    }
}

fn config(
    access: &StoreAccess,
    settings: Settings,
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
    config.connections = settings.parallel;
    let (proxy, certificates) = (access.proxy.as_deref(), access.certificates.as_deref());
    config.surroundings = surroundings.of_service(proxy, certificates);
    Ok(config)
}

fn retry(stop: &Stop) -> Retry {
    let seed = u64::from(std::process::id());
    let sleeper = Box::new(RealTime::new(stop.flag()));
    Retry::new(RetryPolicy::default(), seed, sleeper)
}

impl SnapshotService for Snapshots {
    fn start(&self, beginning: &Beginning<'_>) -> Result<SnapshotId, ServiceError> {
        self.start(beginning)
    }

    fn put_block(
        &self,
        snapshot: &SnapshotId,
        index: u32,
        data: &[u8],
        sha256: &[u8; 32],
    ) -> Result<(), ServiceError> {
        self.put_block(snapshot, index, data, sha256)
    }

    fn complete(&self, snapshot: &SnapshotId, changed_blocks: u32) -> Result<Status, ServiceError> {
        self.complete(snapshot, changed_blocks, None)
    }

    fn is_readable(&self, snapshot: &SnapshotId) -> Result<bool, ServiceError> {
        self.is_readable(snapshot)
    }

    fn list_blocks(&self, snapshot: &SnapshotId) -> Result<Vec<StoredBlock>, ServiceError> {
        self.list_blocks(snapshot)
    }

    fn get_block(
        &self,
        snapshot: &SnapshotId,
        block: &StoredBlock,
    ) -> Result<Vec<u8>, ServiceError> {
        self.get_block(snapshot, block)
    }
}

impl VaultService for Vault {
    fn initiate(&self, part_bytes: u64, description: &str) -> Result<UploadId, ServiceError> {
        self.initiate(part_bytes, description)
    }

    fn put_part(
        &self,
        upload: &UploadId,
        offset: u64,
        data: &[u8],
        hashes: &Hashes,
    ) -> Result<(), ServiceError> {
        self.put_part(upload, offset, data, hashes)
    }

    fn list_parts(&self, upload: &UploadId) -> Result<Vec<StoredPart>, ServiceError> {
        self.list_parts(upload)
    }

    fn complete(
        &self,
        upload: &UploadId,
        total_bytes: u64,
        tree: &[u8; 32],
    ) -> Result<Archive, ServiceError> {
        self.complete(upload, total_bytes, tree)
    }

    fn abort(&self, upload: &UploadId) -> Result<(), ServiceError> {
        self.abort(upload)
    }
}
