//! Serves a folder over S3 with one access key, for trying out clients by hand:
//! `serve FOLDER ADDRESS ACCESS_KEY_ID SECRET [relaxed]`.

use async_trait::async_trait;
use listen::Limits;
use localstore::{Durability, Everything, KeyHolder, Keyring, KeyringError, LocalStore, SecretKey};
use std::path::Path;
use std::sync::Arc;

struct OneKey {
    id: String,
    secret: String,
}

#[async_trait]
impl Keyring for OneKey {
    async fn find(&self, access_key_id: &str) -> Result<Option<KeyHolder>, KeyringError> {
        Ok((access_key_id == self.id).then(|| KeyHolder {
            secret: SecretKey::new(self.secret.clone()),
            account: "owner".to_owned(),
            rights: Arc::new(Everything),
        }))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, address, id, secret, rest @ ..] = arguments.as_slice() else {
        return Err("FOLDER ADDRESS ACCESS_KEY_ID SECRET [relaxed]".into());
    };
    let durability = if rest.is_empty() {
        Durability::Full
    } else {
        Durability::Relaxed
    };
    let store = LocalStore::open_with(Path::new(folder), durability).await?;
    let service = store.service(OneKey {
        id: id.clone(),
        secret: secret.clone(),
    });
    let listener = tokio::net::TcpListener::bind(address).await?;
    localstore::serve(listener, service, Limits::default(), async {
        // Without a signal handler the process is simply ended, which the store must survive anyway.
        let _ = tokio::signal::ctrl_c().await;
    })
    .await;
    store.close().await;
    Ok(())
}
