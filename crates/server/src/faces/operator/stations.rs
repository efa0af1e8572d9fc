//! `/operator/v1/stations`: the hosts that have the devices.

use axum::http::Method;
use model::ids::StationName;
use model::operator::NewToken;

use super::fault::OperatorFault;
use super::{Asked, Desk, Document, document};
use crate::ops::stations;

/// Answers what is asked for below `stations`.
pub(super) async fn answer(desk: &Desk<'_>, asked: &Asked<'_>, path: &[&str]) -> Document {
    match path {
        [name, "token"] if asked.is(&Method::POST) => admit(desk, name).await,
        _ => Err(OperatorFault::NoSuchPath),
    }
}

async fn admit(desk: &Desk<'_>, name: &str) -> Document {
    let name = StationName::new(name).map_err(|_| OperatorFault::NoSuchPath)?;
    let token = stations::admit(desk.admin, desk.caller, &name).await?;
    document(&NewToken {
        name: name.to_string(),
        token: token.expose().to_owned(),
    })
}
