//! Decides which endpoint to speak to, for which region and with which key.

use std::path::Path;

use anyhow::Context as _;
use server::data_dir;
use server::data_dir::users::Joined;

use super::client::Client;
use super::credentials::{self, CredentialsError, EndpointFrom};
use crate::cli::ApiArgs;
use crate::environment::Environment;
use crate::exit::{Exit, Failure};
use crate::local_service::LocalService;
use crate::settings::{self, Listen};

/// The region that signatures are made for where nobody says another (botocore, `endpoints.json`).
const REGION: &str = "us-east-1";

/// Opens the customer's way to the API.
///
/// # Errors
/// If there is no endpoint or no key.
pub(crate) fn connect(args: &ApiArgs) -> Result<Connected, Failure> {
    let environment = Environment::of_process();
    let data = environment.data_folder(args.data.as_deref());
    let (url, from, joined) =
        endpoint(args.endpoint_url.as_deref(), &environment, data.as_deref())?;
    let key = credentials::find(&environment, args.profile.as_deref(), data.as_deref(), from)
        .map_err(no_key)?;
    let region = region(args.region.as_deref(), &environment);
    let surroundings = environment.surroundings();
    Ok(Connected {
        client: Client::new(&url, region, key, &surroundings)?,
        _joined: joined,
        _local: None,
    })
}

/// The way to the API, and what keeps the service behind it running.
pub(crate) struct Connected {
    client: Client,
    _joined: Option<Joined>,
    /// A service of our own, if none was running.
    _local: Option<LocalService>,
}

impl std::ops::Deref for Connected {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// The same for a command that only asks: where no service is running on the data folder, one is
/// started for as long as the answer takes.
///
/// # Errors
/// As [`connect`]. A data folder that no service ever used is not made for this.
pub(crate) fn connect_or_start(args: &ApiArgs) -> Result<Connected, Failure> {
    let environment = Environment::of_process();
    let none_runs = match connect(args) {
        Ok(connected) => return Ok(connected),
        Err(failure) => failure,
    };
    let data = environment.data_folder(args.data.as_deref());
    let is_none_running =
        endpoint(args.endpoint_url.as_deref(), &environment, data.as_deref()).is_err();
    let used = data.filter(|data| is_none_running && data_dir::credentials_path(data).is_file());
    let Some(data) = used else {
        return Err(none_runs);
    };
    let local = LocalService::open(settings::load(None, Some(&data), Listen::any_port())?)?;
    Ok(Connected {
        client: local.client()?,
        _joined: None,
        _local: Some(local),
    })
}

fn endpoint(
    given: Option<&str>,
    environment: &Environment,
    data: Option<&Path>,
) -> Result<(String, EndpointFrom, Option<Joined>), Failure> {
    let variables = ["LONGSHORE_ENDPOINT", "AWS_ENDPOINT_URL_IMPORTEXPORT"];
    let named = given.or_else(|| {
        variables
            .into_iter()
            .find_map(|name| environment.text(name))
    });
    if let Some(url) = named {
        return Ok((url.to_owned(), EndpointFrom::User, None));
    }
    let joined = data.map(Joined::join).transpose();
    let joined = joined.context("could not find the service")?.flatten();
    match joined {
        Some(joined) => {
            let url = joined.endpoints.api.clone();
            Ok((url, EndpointFrom::DataFolder, Some(joined)))
        }
        None => Err(no_service(data)),
    }
}

/// The region to sign for: the one given, or that of the environment.
pub(crate) fn region<'a>(given: Option<&'a str>, environment: &'a Environment) -> &'a str {
    given
        .or_else(|| environment.text("AWS_REGION"))
        .or_else(|| environment.text("AWS_DEFAULT_REGION"))
        .unwrap_or(REGION)
}

/// No service runs on the data folder.
pub(crate) fn no_service(data: Option<&Path>) -> Failure {
    let place = data.map(|data| format!(" on the data folder `{}`", data.display()));
    let message = format!("no service is running{}", place.unwrap_or_default());
    Failure::new(Exit::Unavailable, anyhow::Error::msg(message)).hint(
        "start `longshore serve`; if it runs on another data folder, name that with --data or \
         LONGSHORE_DATA; if on another host, name its URL",
    )
}

/// An access key that is not found, in the user's terms.
pub(crate) fn no_key(error: CredentialsError) -> Failure {
    let hint = match &error {
        CredentialsError::Nowhere => {
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a --profile"
        }
        CredentialsError::File { .. }
        | CredentialsError::Profile { .. }
        | CredentialsError::KeyId(_) => "",
    };
    Failure::new(Exit::Error, error).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_named_first_wins() {
        let both = Environment::of(&[
            ("LONGSHORE_ENDPOINT", "http://l"),
            ("AWS_ENDPOINT_URL_IMPORTEXPORT", "http://a"),
        ]);
        let url = |given, environment: &Environment| endpoint(given, environment, None).unwrap().0;
        assert_eq!(url(Some("http://g"), &both), "http://g");
        assert_eq!(url(None, &both), "http://l");
        let aws = Environment::of(&[("AWS_ENDPOINT_URL_IMPORTEXPORT", "http://a")]);
        assert_eq!(url(None, &aws), "http://a");
    }

    #[test]
    fn without_a_service_the_user_is_told_so() {
        let empty = tempfile::tempdir().unwrap();
        let failure = endpoint(None, &Environment::default(), Some(empty.path())).unwrap_err();
        assert_eq!(failure.exit, Exit::Unavailable);
        assert!(failure.hint.unwrap().contains("longshore serve"));
    }

    #[test]
    fn regions_come_from_the_variables_of_aws() {
        let environment = Environment::of(&[("AWS_DEFAULT_REGION", "eu-west-1")]);
        assert_eq!(region(None, &environment), "eu-west-1");
        assert_eq!(region(Some("ap-south-1"), &environment), "ap-south-1");
        assert_eq!(region(None, &Environment::default()), "us-east-1");
    }
}
