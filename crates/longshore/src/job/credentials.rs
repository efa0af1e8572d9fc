//! Finds the access key to sign with, where AWS tools look for it, and in the data folder.

use std::path::{Path, PathBuf};

use awsproto::claims::AccessKeyId;
use awsproto::secret::{SecretKey, SessionToken};
use awsproto::sign::Credentials;

use crate::environment::Environment;

/// An access key that cannot be found or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CredentialsError {
    /// Nothing anywhere.
    #[error("there is no access key to sign with")]
    Nowhere,
    /// The file cannot be read.
    #[error("could not read the credentials file `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file has no such profile, or an incomplete one.
    #[error("the credentials file `{}` has no complete profile `{profile}`", path.display())]
    Profile {
        /// The file.
        path: PathBuf,
        /// The profile.
        profile: String,
    },
    /// A key's id that cannot be one.
    #[error("`{0}` is not an access key id")]
    KeyId(String),
}

/// Where the endpoint comes from; an endpoint of the data folder is spoken to with its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndpointFrom {
    /// Named by the user.
    User,
    /// Found in the data folder.
    DataFolder,
}

/// A place to look in.
#[derive(Debug, Clone, PartialEq, Eq)]
enum CredentialsPlace {
    Environment,
    File { path: PathBuf, profile: String },
}

/// Finds the access key: `profile`, then the environment, then the file that the environment names,
/// then, for an endpoint of the data folder, that folder's; at last the AWS file in the home folder
/// and the data folder's.
///
/// # Errors
/// [`CredentialsError`]. A place that was named and does not have the key is an error, not a reason
/// to look further.
pub(crate) fn find(
    environment: &Environment,
    profile: Option<&str>,
    data: Option<&Path>,
    endpoint: EndpointFrom,
) -> Result<Credentials, CredentialsError> {
    match place(environment, profile, data, endpoint, Path::is_file) {
        Some(CredentialsPlace::Environment) => from_environment(environment),
        Some(CredentialsPlace::File { path, profile }) => read(&path, &profile),
        None => Err(CredentialsError::Nowhere),
    }
}

/// Reads a profile of a credentials file.
///
/// # Errors
/// [`CredentialsError`].
pub(crate) fn read(path: &Path, profile: &str) -> Result<Credentials, CredentialsError> {
    let text = std::fs::read_to_string(path).map_err(|source| CredentialsError::File {
        path: path.to_owned(),
        source,
    })?;
    let setting = |name| setting(&text, profile, name);
    match (
        setting("aws_access_key_id"),
        setting("aws_secret_access_key"),
    ) {
        (Some(id), Some(secret)) => credentials(id, secret, setting("aws_session_token")),
        _ => Err(CredentialsError::Profile {
            path: path.to_owned(),
            profile: profile.to_owned(),
        }),
    }
}

fn place(
    environment: &Environment,
    profile: Option<&str>,
    data: Option<&Path>,
    endpoint: EndpointFrom,
    is_file: impl Fn(&Path) -> bool,
) -> Option<CredentialsPlace> {
    let named_file = environment.path("AWS_SHARED_CREDENTIALS_FILE");
    let home_file = environment
        .path("HOME")
        .map(|home| home.join(".aws/credentials"));
    let shared = named_file.clone().or_else(|| home_file.clone());
    let in_file = |path, profile: &str| CredentialsPlace::File {
        path,
        profile: profile.to_owned(),
    };
    if let Some(profile) = profile {
        return shared.map(|path| in_file(path, profile));
    }
    if environment.text("AWS_ACCESS_KEY_ID").is_some() {
        return Some(CredentialsPlace::Environment);
    }
    let named_profile = environment.text("AWS_PROFILE");
    if named_profile.is_some() || named_file.is_some() {
        return shared.map(|path| in_file(path, named_profile.unwrap_or("default")));
    }
    let of_data = data.map(server::data_dir::credentials_path);
    let in_order = match endpoint {
        EndpointFrom::DataFolder => [of_data, home_file],
        EndpointFrom::User => [home_file, of_data],
    };
    let found = in_order.into_iter().flatten().find(|path| is_file(path))?;
    Some(in_file(found, "default"))
}

fn from_environment(environment: &Environment) -> Result<Credentials, CredentialsError> {
    let id = environment.text("AWS_ACCESS_KEY_ID");
    let secret = environment.text("AWS_SECRET_ACCESS_KEY");
    match (id, secret) {
        (Some(id), Some(secret)) => credentials(id, secret, environment.text("AWS_SESSION_TOKEN")),
        _ => Err(CredentialsError::Nowhere),
    }
}

fn credentials(
    id: &str,
    secret: &str,
    token: Option<&str>,
) -> Result<Credentials, CredentialsError> {
    Ok(Credentials {
        access_key_id: AccessKeyId::parse(id)
            .ok_or_else(|| CredentialsError::KeyId(id.to_owned()))?,
        secret: SecretKey::new(secret),
        session_token: token.map(SessionToken::new),
    })
}

/// A value of a section, as AWS tools read the file: `[name]` lines, `key = value` lines, comments
/// from `#` or `;` at the start of a line.
fn setting<'a>(text: &'a str, profile: &str, name: &str) -> Option<&'a str> {
    let mut inside = false;
    let mut found = None;
    for line in text.lines().map(str::trim) {
        if line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(section) = line
            .strip_prefix('[')
            .and_then(|rest| rest.split(']').next())
        {
            inside = section.trim() == profile;
        } else if let Some((key, value)) = line.split_once('=').filter(|_| inside)
            && key.trim().eq_ignore_ascii_case(name)
        {
            found = Some(value.trim());
        }
    }
    found.filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# comment\n[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n\
        aws_secret_access_key=wJalr=XUtn+FEMI/K7\n; another\n[ dock ]\n\
        AWS_ACCESS_KEY_ID= LSIAAAAAAAAAAAAAAAAA\naws_secret_access_key = s\n\
        aws_session_token = t\n[half]\naws_access_key_id = X\naws_secret_access_key =\n";

    fn choose(
        variables: &[(&str, &str)],
        profile: Option<&str>,
        endpoint: EndpointFrom,
    ) -> Option<CredentialsPlace> {
        let environment = Environment::of(variables);
        place(
            &environment,
            profile,
            Some(Path::new("/data")),
            endpoint,
            |_| true,
        )
    }

    fn file(path: &str, profile: &str) -> Option<CredentialsPlace> {
        Some(CredentialsPlace::File {
            path: path.into(),
            profile: profile.to_owned(),
        })
    }

    #[test]
    fn profiles_are_read_as_aws_tools_read_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials");
        std::fs::write(&path, FILE).unwrap();
        let default = read(&path, "default").unwrap();
        assert_eq!(default.access_key_id.as_str(), "AKIAIOSFODNN7EXAMPLE");
        assert_eq!(default.secret.expose(), "wJalr=XUtn+FEMI/K7");
        assert!(default.session_token.is_none());
        let dock = read(&path, "dock").unwrap();
        assert_eq!(dock.access_key_id.as_str(), "LSIAAAAAAAAAAAAAAAAA");
        assert_eq!(dock.session_token.unwrap().expose(), "t");
        for missing in ["half", "other", ""] {
            let error = read(&path, missing).unwrap_err();
            assert!(
                matches!(error, CredentialsError::Profile { .. }),
                "{missing}"
            );
        }
    }

    #[test]
    fn what_is_named_outranks_what_is_found() {
        let home = ("HOME", "/h");
        let keys = ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE");
        let shared = ("AWS_SHARED_CREDENTIALS_FILE", "/s");
        let data_folder = EndpointFrom::DataFolder;
        assert_eq!(
            choose(&[home, keys], Some("p"), data_folder),
            file("/h/.aws/credentials", "p")
        );
        assert_eq!(
            choose(&[home, keys, shared], Some("p"), data_folder),
            file("/s", "p")
        );
        assert_eq!(
            choose(&[home, keys, shared], None, data_folder),
            Some(CredentialsPlace::Environment)
        );
        assert_eq!(
            choose(&[home, shared], None, data_folder),
            file("/s", "default")
        );
        let profile = ("AWS_PROFILE", "q");
        assert_eq!(
            choose(&[home, profile], None, data_folder),
            file("/h/.aws/credentials", "q")
        );
    }

    #[test]
    fn a_data_folders_endpoint_is_spoken_to_with_its_key() {
        let home = [("HOME", "/h")];
        let found = choose(&home, None, EndpointFrom::DataFolder);
        assert_eq!(found, file("/data/credentials", "default"));
        let found = choose(&home, None, EndpointFrom::User);
        assert_eq!(found, file("/h/.aws/credentials", "default"));
    }

    #[test]
    fn half_a_key_in_the_environment_is_none() {
        let environment = Environment::of(&[("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")]);
        let found = find(&environment, None, None, EndpointFrom::User);
        assert!(matches!(found, Err(CredentialsError::Nowhere)));
    }
}
