//! The way to a service for the people who run it: over HTTP with a token, or on its host into the installation
//! itself, beside a service or without one. Both are asked the same and answer the same, and what is done is in
//! `server::ops`.

use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use model::control::ControlFault;
use model::time::SystemClock;
use serde::Serialize;
use serde::de::DeserializeOwned;
use server::installation::{Inquiry, Installation, Method, NotOpened};
use server::jobstore::JobStoreError;
use station::control::ControlError;
use station::control::wire::Wire;
use tokio::runtime::Runtime;

use crate::cli::{DataArgs, ServerArgs, StoreArgs};
use crate::docking;
use crate::exit::{Exit, Failure};
use crate::own_station::{self, read_token};
use crate::settings::{self, Listen};

/// The way to a service.
pub(crate) enum Way {
    /// On its host.
    Here(Here),
    /// With a token.
    There(Wire),
}

/// An installation on this host, which is closed when it is dropped.
pub(crate) struct Here {
    runtime: Runtime,
    installation: Option<Installation>,
}

impl Drop for Here {
    fn drop(&mut self) {
        if let Some(installation) = self.installation.take() {
            self.runtime.block_on(installation.close());
        }
    }
}

impl Way {
    /// Finds the way that the arguments name.
    ///
    /// # Errors
    /// If there is no installation here, or no token.
    pub(crate) fn open(args: &StoreArgs) -> Result<Self, Failure> {
        let data = args.data.data.as_deref();
        let config = settings::load(args.config.as_deref(), data, Listen::default())?;
        if let (Some(url), Some(file)) = (&args.remote.server, &args.remote.token_file) {
            let surroundings = config.network.surroundings();
            let token = read_token(file)?;
            return Ok(Self::There(Wire::through(url, &token, &surroundings)));
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.context("could not start the runtime")?;
        let opened = runtime.block_on(Installation::open(&config, Arc::new(SystemClock)));
        Ok(Self::Here(Here {
            installation: Some(opened.map_err(not_opened)?),
            runtime,
        }))
    }

    /// Finds the way to the service that runs here, as its station, or elsewhere with a token.
    ///
    /// # Errors
    /// If there is no service, or no token.
    pub(crate) fn beside(args: &ServerArgs) -> Result<Self, Failure> {
        Ok(Self::There(own_station::wire(args)?))
    }

    /// Finds the way to the service that runs on a data folder, as its station.
    ///
    /// # Errors
    /// If there is no service, or no token.
    pub(crate) fn on(data: &DataArgs) -> Result<Self, Failure> {
        Ok(Self::There(own_station::wire_on(data)?))
    }

    /// Asks for a document below `/operator/v1/`.
    ///
    /// # Errors
    /// What is refused, in the user's terms.
    pub(crate) fn get<A: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(String, String)],
    ) -> Result<A, Failure> {
        match self {
            Self::Here(here) => here.ask(&Inquiry {
                method: &Method::GET,
                path,
                query,
                body: &[],
            }),
            Self::There(wire) => wire.get(&below(path), query).map_err(not_done),
        }
    }

    /// Has something done.
    ///
    /// # Errors
    /// What is refused, in the user's terms.
    pub(crate) fn post<A: DeserializeOwned>(
        &self,
        path: &str,
        message: &impl Serialize,
    ) -> Result<A, Failure> {
        match self {
            Self::Here(here) => here.ask(&Inquiry {
                method: &Method::POST,
                path,
                query: &[],
                body: &serde_json::to_vec(message).context("could not write JSON")?,
            }),
            Self::There(wire) => wire.post(&below(path), message).map_err(not_done),
        }
    }
}

fn below(path: &str) -> String {
    format!("operator/v1/{path}")
}

impl Here {
    fn ask<A: DeserializeOwned>(&self, asked: &Inquiry<'_>) -> Result<A, Failure> {
        let installation = self.installation.as_ref();
        let installation = installation.expect("it is taken only when this is dropped");
        let answered = self.runtime.block_on(installation.ask(asked));
        if answered.status.is_success() {
            let document = serde_json::from_slice(&answered.body);
            return Ok(document.context("could not read the answer of the installation")?);
        }
        let fault = serde_json::from_slice(&answered.body);
        Err(refused(
            fault.context("could not read the answer of the installation")?,
        ))
    }
}

/// An installation that cannot be opened, in the user's terms.
fn not_opened(error: NotOpened) -> Failure {
    match error {
        NotOpened::NoInstallation(_) => Failure::usage(error.to_string())
            .hint("start `longshore serve` once, or name another --data"),
        NotOpened::DiskFull { .. } => Failure::new(Exit::Unavailable, error)
            .hint("make room for some MiB on that disk, and start again"),
        NotOpened::JobStore(error) => {
            let exit = match &error {
                JobStoreError::Unavailable(_) => Exit::Unavailable,
                JobStoreError::Exists(_)
                | JobStoreError::Missing(_)
                | JobStoreError::Conflict
                | JobStoreError::QuotaExceeded
                | JobStoreError::WrongKey
                | JobStoreError::Corrupt(_)
                | JobStoreError::Migration(_) => Exit::Error,
            };
            Failure::new(exit, error)
        }
        NotOpened::Stores(_) | NotOpened::EmbeddedStore(_) => Failure::new(Exit::Error, error),
        NotOpened::MasterKey(error) => Failure::new(Exit::Error, error),
    }
}

/// A server that does not answer or refuses, in the user's terms.
fn not_done(error: ControlError) -> Failure {
    match error {
        ControlError::Refused(fault) => refused(fault),
        error => {
            let (exit, hint) = docking::control_exit(&error);
            Failure::new(exit, error).hint(hint)
        }
    }
}

/// What is refused, in the user's terms.
fn refused(fault: ControlFault) -> Failure {
    let (exit, hint) = match fault.code.as_str() {
        "BadName" | "BadRight" | "BadWord" | "BadQuery" | "BadMarker" | "BadWebhook"
        | "BadPolicy" | "Unreadable" => (Exit::Usage, ""),
        "UnknownAccount" => (Exit::Refused, "`longshore account list` shows them"),
        "UnknownKey" => (Exit::Refused, "`longshore key list` shows them"),
        "UnknownUser" => (Exit::Refused, "`longshore user list` shows them"),
        "UnknownGroup" => (Exit::Refused, "`longshore group list` shows them"),
        "UnknownStore" => (Exit::Refused, "`longshore store list` shows them"),
        "UnknownStation" => (Exit::Refused, "`longshore station list` shows them"),
        "UnknownBay" => (Exit::Refused, "`longshore bay list STATION` shows them"),
        "UnknownParcel" => (Exit::Refused, "`longshore parcel list` shows them"),
        "UnknownWebhook" => (Exit::Refused, "`longshore webhook list` shows them"),
        "UnknownDelivery" => (Exit::Refused, "`longshore webhook deliveries` shows them"),
        "UnknownSession" => (Exit::Refused, "`longshore console sessions` shows them"),
        "UnknownPasskey" => (Exit::Refused, "`longshore console passkeys` shows them"),
        "UnknownOperator" => (Exit::Refused, "`longshore operator list` shows them"),
        "Unauthorized" => (
            Exit::Refused,
            "at the host of the service `longshore operator add NAME --role ROLE` makes a token for a person, and \
             `longshore station token NAME` one for a station, which ends the one that it has",
        ),
        "Denied" => (Exit::Refused, "it takes a role with more rights"),
        "Unavailable" => (Exit::Unavailable, ""),
        "Internal" => (Exit::Error, ""),
        _ => (Exit::Refused, ""),
    };
    Failure::new(exit, anyhow!(fault.message)).hint(hint)
}
