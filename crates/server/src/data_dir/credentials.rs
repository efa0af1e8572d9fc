//! The first account's access key, written down for AWS tools.

use std::io;
use std::path::Path;

use awsproto::secret::SecretKey;
use model::ids::AccessKeyId;
use zeroize::Zeroizing;

/// Writes an access key and a region, without which they do nothing, where AWS tools look for it (AWS CLI user guide, *Shared config and
/// credentials files*), for the owner alone. A file that says the same already is left alone.
///
/// # Errors
/// As the file system gives them.
pub(crate) fn write_credentials(
    path: &Path,
    id: &AccessKeyId,
    secret: &SecretKey,
    region: &str,
) -> io::Result<()> {
    let text = Zeroizing::new(format!(
        "# Made by Longshore; point AWS_SHARED_CREDENTIALS_FILE here.\n\
         [default]\n\
         aws_access_key_id = {id}\n\
         aws_secret_access_key = {}\n\
         region = {region}\n",
        secret.expose()
    ));
    if is_private_and_says(path, text.as_bytes())? {
        return Ok(());
    }
    durable::replace(path, text.as_bytes())
}

fn is_private_and_says(path: &Path, text: &[u8]) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    match std::fs::read(path).map(Zeroizing::new) {
        Ok(there) if *there == text => Ok(path.metadata()?.permissions().mode() & 0o077 == 0),
        Ok(_) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
