//! `/operator/v1/stores`: the S3 stores of the installation.

use std::time::Duration;

use axum::http::Method;
use model::operator::stores::{ProbeFor, SignOfLife, StoreLine, StoreList, StoreProbe};
use model::request_rate::RequestRate;

use super::fault::OperatorFault;
use super::stations::share;
use super::{Desk, Document, Inquiry, document};
use crate::ops::stores::{self, Probed, StoreState};

/// Answers what is asked for below `stores`.
pub(super) async fn answer(desk: &Desk<'_>, asked: &Inquiry<'_>, path: &[&str]) -> Document {
    match path {
        [] if asked.is(&Method::GET) => list(desk).await,
        ["probe"] if asked.is(&Method::POST) => probe(desk, asked).await,
        _ => Err(OperatorFault::NoSuchPath),
    }
}

async fn list(desk: &Desk<'_>) -> Document {
    let found = stores::list(desk.admin, desk.stores, desk.caller).await?;
    document(&StoreList {
        stores: found.into_iter().map(line).collect(),
    })
}

fn line(state: StoreState) -> StoreLine {
    let StoreState {
        facts,
        heard,
        held,
        limits: [bytes_per_second, requests],
        shares,
    } = state;
    StoreLine {
        name: facts.name,
        endpoint: facts.endpoint,
        region: facts.region,
        path_style: facts.path_style,
        buckets: facts.buckets,
        heard: heard_of(heard),
        held,
        bytes_per_second,
        requests_per_second: requests.map(|thousandths| RequestRate { thousandths }),
        shares: shares.into_iter().map(share).collect(),
    }
}

fn heard_of(heard: Result<Duration, String>) -> SignOfLife {
    let took = heard.as_ref().ok().map(Duration::as_millis);
    SignOfLife {
        answers: heard.is_ok(),
        milliseconds: took.map(|took| u64::try_from(took).unwrap_or(u64::MAX)),
        trouble: heard.err(),
    }
}

async fn probe(desk: &Desk<'_>, asked: &Inquiry<'_>) -> Document {
    let ProbeFor { of } = asked.message()?;
    let Probed {
        facts,
        heard,
        bucket,
    } = stores::probe(desk.stores, desk.caller, &of).await?;
    let (bucket, found) = bucket.unzip();
    let (capabilities, refuses) = match found {
        Some(Ok(capabilities)) => (Some(capabilities), None),
        Some(Err(why)) => (None, Some(why)),
        None => (None, None),
    };
    document(&StoreProbe {
        store: facts.name,
        endpoint: facts.endpoint,
        bucket,
        heard: heard_of(heard),
        refuses,
        capabilities,
    })
}
