//! `/operator/v1/stations` and `/operator/v1/bays`: the hosts that have the devices.

use std::collections::BTreeMap;

use axum::http::Method;
use model::bay::{BayState, BayStatus};
use model::disposal::messages::Confirmation;
use model::ids::{BayName, JobId, StationName};
use model::metrics_address::MetricsAddress;
use model::operator::NewToken;
use model::operator::stations::{
    BayLine, BayList, CommandFor, LastTold, OrderFor, OrderLine, OtherLine, ShareLine,
    StationDetail, StationLine, StationList, TargetGroup, TargetLabels,
};
use model::order::{Order, OrderVerb};
use model::other_disk::OtherDisk;
use model::presence::StationState;
use model::request_rate::RequestRate;
use model::time::Timestamp;

use super::fault::OperatorFault;
use super::{Desk, Document, Inquiry, document};
use crate::jobstore::{HeldShares, Station, StoredOrder};
use crate::ops::stations::{self, StationOverview};
use crate::ops::{cards, orders};

/// Most stations of a page.
const MOST_STATIONS: u32 = 1_000;

/// Answers what is asked for below `stations`.
pub(super) async fn answer(desk: &Desk<'_>, asked: &Inquiry<'_>, path: &[&str]) -> Document {
    let is_get = asked.is(&Method::GET);
    let is_post = asked.is(&Method::POST);
    let (admin, caller) = (desk.admin, desk.caller);
    match path {
        [] if is_get => list(desk, asked).await,
        [name] if is_get => show(desk, &station(name)?).await,
        [name, "token"] if is_post => admit(desk, &station(name)?).await,
        [name, "bay"] if is_get => bay(desk, asked, &station(name)?).await,
        [name, "orders"] if is_post => order(desk, asked, &station(name)?).await,
        [name, "commands"] if is_post => command(desk, asked, &station(name)?).await,
        [name, "watch"] if is_post => {
            document(&stations::watch(admin, caller, &station(name)?).await?)
        }
        [name, "drain"] if is_post => {
            document(&stations::drain(admin, caller, &station(name)?).await?)
        }
        [name, "undrain"] if is_post => {
            document(&stations::undrain(admin, caller, &station(name)?).await?)
        }
        [name, "revoke"] if is_post => {
            document(&stations::revoke(admin, caller, &station(name)?).await?)
        }
        _ => Err(OperatorFault::NoSuchPath),
    }
}

/// Answers what is asked for below `bays`.
pub(super) async fn answer_bays(desk: &Desk<'_>, asked: &Inquiry<'_>, path: &[&str]) -> Document {
    match path {
        [] if asked.is(&Method::GET) => bays(desk, asked).await,
        _ => Err(OperatorFault::NoSuchPath),
    }
}

fn station(text: &str) -> Result<StationName, OperatorFault> {
    StationName::new(text).map_err(|_| OperatorFault::NoSuchPath)
}

/// The `after` and `limit` of a page.
fn page(asked: &Inquiry<'_>) -> Result<(Option<StationName>, u32), OperatorFault> {
    let (mut after, mut limit) = (None, MOST_STATIONS);
    for (name, value) in asked.query {
        let wrong = || OperatorFault::Query {
            name: name.clone(),
            value: value.clone(),
        };
        match name.as_str() {
            "after" => after = Some(StationName::new(value).map_err(|_| wrong())?),
            "limit" => {
                let number = value.parse().ok();
                let number = number.filter(|number| (1..=MOST_STATIONS).contains(number));
                limit = number.ok_or_else(wrong)?;
            }
            _ => return Err(wrong()),
        }
    }
    Ok((after, limit))
}

async fn list(desk: &Desk<'_>, asked: &Inquiry<'_>) -> Document {
    let (after, limit) = page(asked)?;
    let found = stations::list(desk.admin, desk.caller, after.as_ref(), limit).await?;
    let stations: Vec<StationLine> = found.into_iter().map(line).collect();
    let last = stations.last().map(|line| line.name.clone());
    document(&StationList {
        next: last.filter(|_| is_full(stations.len(), limit)),
        stations,
    })
}

/// Whether a page has as many as were asked for: there may be more.
fn is_full(found: usize, limit: u32) -> bool {
    usize::try_from(limit).is_ok_and(|limit| found >= limit)
}

fn line(found: stations::StationLine) -> StationLine {
    let heard = found.station.heard;
    StationLine {
        name: found.station.name,
        state: found.state,
        no_claims: found.no_claims,
        admitted: found.station.registered,
        heard: heard.as_ref().map(|last| last.at),
        clock_ahead: heard.as_ref().map(|last| last.clock_ahead),
        release: heard.map(|last| last.release),
        draining: found.station.draining,
        revoked: found.station.revoked,
        bays: found.bays,
        at_work: found.at_work,
        waiting: found.waiting,
    }
}

/// What a run of a station has of a store.
pub(super) fn share(held: HeldShares) -> ShareLine {
    let HeldShares {
        store,
        station,
        bytes,
        requests,
        ..
    } = held;
    let all = || bytes.iter().chain(&requests);
    let loading = all().map(|share| share.held.asker.loading).max();
    let until = all().map(|share| share.until).min();
    ShareLine {
        store,
        station: Some(station),
        loading: loading.unwrap_or(0),
        until: until.unwrap_or(Timestamp::from_unix(0)),
        bytes_per_second: bytes.as_ref().map(|share| share.granted),
        requests_per_second: requests.as_ref().map(|share| RequestRate {
            thousandths: share.granted,
        }),
    }
}

async fn show(desk: &Desk<'_>, name: &StationName) -> Document {
    let StationOverview {
        station,
        state,
        no_claims,
        told,
        jobs,
        orders,
        shares,
    } = stations::show(desk.admin, desk.caller, name).await?;
    let waited_for = stations::waited_for(desk.admin, desk.stores, told.bays.iter()).await?;
    let last_told = last_told(&station, state);
    let in_list = stations::StationLine::of(station, state, no_claims, &told);
    let order = |stored: StoredOrder| OrderLine::of(stored.order, stored.answered);
    document(&StationDetail {
        line: line(in_list),
        jobs,
        told: told
            .bays
            .into_iter()
            .map(|bay| bay_line(name, last_told.clone(), bay, &waited_for))
            .collect(),
        others: others(name, told.others),
        free_bytes: told.host.journal_bytes,
        orders: orders.into_iter().map(order).collect(),
        shares: shares.into_iter().map(share).collect(),
    })
}

async fn bays(desk: &Desk<'_>, asked: &Inquiry<'_>) -> Document {
    let (after, limit) = page(asked)?;
    let found = stations::bays(desk.admin, desk.caller, after.as_ref(), limit).await?;
    let last = found.last().map(|(station, ..)| station.name.clone());
    let next = last.filter(|_| is_full(found.len(), limit));
    let told = found.iter().flat_map(|(.., told)| &told.bays);
    let stores = stations::waited_for(desk.admin, desk.stores, told).await?;
    let mut list = BayList {
        bays: Vec::new(),
        others: Vec::new(),
        next,
    };
    for (station, state, told) in found {
        let last_told = last_told(&station, state);
        let bays = told.bays.into_iter();
        let line = |bay| bay_line(&station.name, last_told.clone(), bay, &stores);
        list.bays.extend(bays.map(line));
        list.others.extend(others(&station.name, told.others));
    }
    document(&list)
}

/// When a station told what is known of its bays, if it tells no more.
fn last_told(station: &Station, state: StationState) -> Option<LastTold> {
    let is_gone = matches!(state, StationState::Silent | StationState::Revoked);
    is_gone.then(|| LastTold {
        station: state,
        at: station.heard.as_ref().map(|last| last.at),
    })
}

/// A bay, with when its station told of it last if that tells no more, and the name of the store that it waits for.
fn bay_line(
    station: &StationName,
    last_told: Option<LastTold>,
    bay: BayStatus,
    stores: &BTreeMap<JobId, String>,
) -> BayLine {
    let is_waiting = bay.state == BayState::WaitingForStore;
    let store = bay
        .job
        .filter(|_| is_waiting)
        .and_then(|job| stores.get(&job));
    BayLine {
        last_told,
        store: store.cloned(),
        ..BayLine::of(station, bay)
    }
}

fn others(station: &StationName, told: Vec<OtherDisk>) -> Vec<OtherLine> {
    let told = told.into_iter();
    told.map(|other| OtherLine::of(station, other)).collect()
}

/// The stations whose figures can be fetched, as Prometheus asks for them (*HTTP SD*): a list of groups.
pub(super) async fn targets(desk: &Desk<'_>) -> Document {
    let found = stations::with_metrics(desk.admin, desk.caller).await?;
    let group = |(station, address): (StationName, MetricsAddress)| TargetGroup {
        targets: [address],
        labels: TargetLabels { station },
    };
    document(&found.into_iter().map(group).collect::<Vec<_>>())
}

async fn order(desk: &Desk<'_>, asked: &Inquiry<'_>, name: &StationName) -> Document {
    let order = ordered(desk, asked.message()?, name).await?;
    document(&OrderLine {
        unheard_since: stations::unheard_since(desk.admin, name).await,
        ..OrderLine::of(order, None)
    })
}

async fn ordered(
    desk: &Desk<'_>,
    message: OrderFor,
    name: &StationName,
) -> Result<Order, OperatorFault> {
    let OrderFor {
        bay,
        verb,
        job,
        sheet,
        serial_end,
        secret,
    } = message;
    let (admin, caller) = (desk.admin, desk.caller);
    if let Some(secret) = secret {
        return match verb {
            OrderVerb::Unlock => Ok(orders::unlock(admin, caller, name, &bay, secret).await?),
            _ => Err(orders::no_secret_for(verb).into()),
        };
    }
    if let (OrderVerb::Erase, Some(job), Some(serial_end)) = (verb, job, serial_end) {
        let said = Confirmation::of(job, serial_end);
        return Ok(orders::erase(desk.service()?, caller, name, &bay, said).await?);
    }
    Ok(match (sheet, job) {
        (None, Some(_)) if verb == OrderVerb::Erase => {
            orders::order(admin, caller, name, &bay, verb).await?
        }
        (Some(sheet), _) => orders::present(desk.service()?, caller, name, &bay, sheet).await?,
        (None, Some(job)) => orders::load_as(admin, caller, name, &bay, job).await?,
        (None, None) => orders::order(admin, caller, name, &bay, verb).await?,
    })
}

/// How one bay is, for whoever may order something of it.
async fn bay(desk: &Desk<'_>, asked: &Inquiry<'_>, name: &StationName) -> Document {
    let [(field, value)] = asked.query else {
        return Err(OperatorFault::Query {
            name: "bay".to_owned(),
            value: String::new(),
        });
    };
    let found = (field == "bay").then(|| BayName::new(value).ok()).flatten();
    let bay = found.ok_or_else(|| OperatorFault::Query {
        name: field.clone(),
        value: value.clone(),
    })?;
    let told = orders::told(desk.admin, desk.caller, name, &bay).await?;
    let (station, state) = stations::state(desk.admin, name).await?;
    let stores = stations::waited_for(desk.admin, desk.stores, std::iter::once(&told)).await?;
    document(&bay_line(name, last_told(&station, state), told, &stores))
}

async fn command(desk: &Desk<'_>, asked: &Inquiry<'_>, name: &StationName) -> Document {
    let CommandFor { bay, verb, card } = asked.message()?;
    let said = (verb.as_str(), card.as_str());
    document(&cards::command(desk.service()?, desk.caller, name, bay, said).await?)
}

async fn admit(desk: &Desk<'_>, name: &StationName) -> Document {
    let token = stations::admit(desk.admin, desk.caller, name).await?;
    document(&NewToken {
        name: name.to_string(),
        token: token.expose().to_owned(),
    })
}
