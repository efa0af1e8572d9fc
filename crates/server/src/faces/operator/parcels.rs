//! `/operator/v1/parcels`: boxes that came and went.

use axum::http::Method;
use model::ids::JobId;
use model::operator::parcels::ParcelsPage;
use model::parcel::ParcelNumber;

use super::fault::OperatorFault;
use super::{Desk, Document, Inquiry, document};
use crate::jobstore::ParcelFilter;
use crate::ops::parcels::{self, MOST_PARCELS, PARCELS};

/// Answers what is asked for below `parcels`.
pub(super) async fn answer(desk: &Desk<'_>, asked: &Inquiry<'_>, path: &[&str]) -> Document {
    let is_get = asked.is(&Method::GET);
    let is_post = asked.is(&Method::POST);
    match path {
        [] if is_get => list(desk, asked).await,
        [] if is_post => {
            let message = asked.message()?;
            document(&parcels::receive(desk.service()?, desk.caller, message).await?)
        }
        [text] if is_get => {
            document(&parcels::show(desk.admin, desk.caller, &number(text)?).await?)
        }
        [text, "return"] if is_post => {
            let (number, message) = (number(text)?, asked.message()?);
            let service = desk.service()?;
            document(&parcels::send_back(service, desk.caller, &number, message).await?)
        }
        _ => Err(OperatorFault::NoSuchPath),
    }
}

fn number(text: &str) -> Result<ParcelNumber, OperatorFault> {
    ParcelNumber::new(text).map_err(|_| OperatorFault::NoSuchPath)
}

async fn list(desk: &Desk<'_>, asked: &Inquiry<'_>) -> Document {
    let (filter, limit) = read(asked.query)?;
    let mut found = parcels::list(desk.admin, desk.caller, &filter, limit).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    found.truncate(limit);
    document(&ParcelsPage {
        next: found.last().map(|(place, _)| *place).filter(|_| more),
        parcels: found.into_iter().map(|(_, line)| line).collect(),
    })
}

/// Reads what is wanted. A name that is not known is refused: a filter that does nothing shows too much.
fn read(query: &[(String, String)]) -> Result<(ParcelFilter, u32), OperatorFault> {
    let (mut filter, mut limit) = (ParcelFilter::default(), PARCELS);
    for (name, value) in query {
        let wrong = || OperatorFault::Query {
            name: name.clone(),
            value: value.clone(),
        };
        match name.as_str() {
            "direction" => filter.direction = Some(value.parse().map_err(|_| wrong())?),
            "number" => filter.beginning = Some(value.parse().map_err(|_| wrong())?),
            "job" => filter.job = Some(JobId::new(value).map_err(|_| wrong())?),
            "before" => filter.before = Some(value.parse().map_err(|_| wrong())?),
            "limit" => {
                let number = value.parse().ok();
                let number = number.filter(|number| (1..=MOST_PARCELS).contains(number));
                limit = number.ok_or_else(wrong)?;
            }
            _ => return Err(wrong()),
        }
    }
    Ok((filter, limit))
}
