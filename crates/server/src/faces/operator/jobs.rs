//! `/operator/v1/jobs`: the jobs of all accounts.

use ::custody::line::Entry;
use ::custody::words;
use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::control::{
    AbortRequest, FinishRequest, GiveUpRequest, HoldRequest, JobRequest, ResumeRequest,
    RetryRequest, ReturnRequest,
};
use model::disposal::Unerased;
use model::ids::{JobId, StationName};
use model::operator::custody::{JobReceipt, JobReceiptPdf};
use model::operator::disposal::{ComparedWhole, ObjectFor, ReleaseFor, Ruin, ToldOf};
use model::operator::stations::FiguresLine;
use model::operator::{
    Abort, GiveSecretFor, GiveUpFor, History, HistoryEntry, HoldFor, JobDetail, JobLine, JobsPage,
    Return, ToldLine,
};
use model::progress::Progress;
use model::time::Timestamp;

use super::fault::OperatorFault;
use super::{Desk, Document, Inquiry, document};
use crate::ops::jobs::{self, MOST_JOBS, Search};
use crate::ops::{Refused, custody, disposal, parcels, receipts, remarks, secrets};

/// Answers what is asked for below `jobs`.
pub(super) async fn answer(desk: &Desk<'_>, asked: &Inquiry<'_>, path: &[&str]) -> Document {
    let is_get = asked.is(&Method::GET);
    let is_post = asked.is(&Method::POST);
    match path {
        [] if is_get => list(desk, asked).await,
        [id] if is_get => show(desk, job(id)?).await,
        [id, "manifest"] if is_get => manifest(desk, job(id)?).await,
        [id, "rates"] if is_get => document(&jobs::rates(desk.admin, desk.caller, job(id)?).await?),
        [id, "failed"] if is_get => failed(desk, job(id)?).await,
        [id, "history"] if is_get => history(desk, job(id)?).await,
        [id, "receipt"] if is_get => receipt(desk, job(id)?).await,
        [id, "receipt.pdf"] if is_get => receipt_pdf(desk, job(id)?).await,
        [id, "photograph"] if is_post => {
            let told = remarks::photographed(desk.admin, desk.caller, job(id)?, asked.message()?);
            document(&told.await?)
        }
        [id, "unpack"] if is_post => {
            let told = remarks::unpacked(desk.admin, desk.caller, job(id)?, asked.message()?);
            document(&told.await?)
        }
        [id, "seal"] if is_post => {
            let told = remarks::sealed(desk.admin, desk.caller, job(id)?, asked.message()?);
            document(&told.await?)
        }
        [id, "correct"] if is_post => {
            let told = remarks::correct(desk.admin, desk.caller, job(id)?, asked.message()?);
            document(&told.await?)
        }
        [id, "abort"] if is_post => abort(desk, asked, job(id)?).await,
        [id, "hold"] if is_post => {
            let HoldFor { because } = asked.message()?;
            let request = HoldRequest {
                job: job(id)?,
                because,
            };
            jobs::hold(desk.service()?, desk.caller, request).await?;
            show(desk, job(id)?).await
        }
        [id, "resume"] if is_post => {
            let request = ResumeRequest { job: job(id)? };
            jobs::resume(desk.service()?, desk.caller, request).await?;
            show(desk, job(id)?).await
        }
        [id, "give-up"] if is_post => give_up(desk, asked, job(id)?).await,
        [id, "finish-without"] if is_post => finish_without(desk, asked, job(id)?).await,
        [id, "retry"] if is_post => retry(desk, job(id)?).await,
        [id, "arrive"] if is_post => arrive(desk, asked, job(id)?).await,
        [id, "return"] if is_post => give_back(desk, asked, job(id)?).await,
        [id, "release"] if is_post => release(desk, asked, job(id)?).await,
        [id, "object"] if is_post => object(desk, asked, job(id)?).await,
        [id, "withdraw"] if is_post => withdraw(desk, job(id)?).await,
        [id, "verified"] if is_post => verified(desk, asked, job(id)?).await,
        [id, "secret"] if is_post => give_secret(desk, asked, job(id)?).await,
        [id, "destroyed"] if is_post => destroyed(desk, asked, job(id)?).await,
        _ => Err(OperatorFault::NoSuchPath),
    }
}

/// A text that is no id is the id of no job.
fn job(text: &str) -> Result<JobId, OperatorFault> {
    JobId::new(text).map_err(|_| Refused::NoSuchJob(text.to_owned()).into())
}

async fn list(desk: &Desk<'_>, asked: &Inquiry<'_>) -> Document {
    let found = jobs::search(desk.admin, desk.caller, read(asked.query)?).await?;
    let next = found.jobs.last().map(|(job, _)| job.id);
    let patience = desk.admin.patience();
    document(&JobsPage {
        next: next.filter(|_| found.truncated),
        jobs: found
            .jobs
            .iter()
            .map(|(job, name)| JobLine::of(job, name.clone(), patience))
            .collect(),
    })
}

/// Reads what is wanted. A name that is not known is refused: a filter that does nothing shows too much.
fn read(query: &[(String, String)]) -> Result<Search, OperatorFault> {
    let mut search = Search::default();
    for (name, value) in query {
        let wrong = || OperatorFault::Query {
            name: name.clone(),
            value: value.clone(),
        };
        match name.as_str() {
            "state" => search.progress = Some(state(value).ok_or_else(wrong)?),
            "held" => search.held = value.parse().map_err(|_| wrong())?,
            "account" => search.account = Some(value.clone()),
            "station" => search.station = Some(StationName::new(value).map_err(|_| wrong())?),
            "search" => search.word = Some(value.clone()),
            "before" => search.before = Some(JobId::new(value).map_err(|_| wrong())?),
            "limit" => {
                let limit = value.parse().ok();
                let limit = limit.filter(|limit| (1..=MOST_JOBS).contains(limit));
                search.limit = Some(limit.ok_or_else(wrong)?);
            }
            _ => return Err(wrong()),
        }
    }
    Ok(search)
}

/// A `ProgressCode`, in any case.
fn state(text: &str) -> Option<String> {
    let mut found = Progress::codes().filter(|code| code.eq_ignore_ascii_case(text));
    found.next().map(str::to_owned)
}

async fn show(desk: &Desk<'_>, job: JobId) -> Document {
    let service = desk.service()?;
    let facts = jobs::look(service, desk.caller, JobRequest { job }).await?;
    let beside = jobs::beside(service, desk.caller, job).await?;
    document(&JobDetail {
        figures: beside.figures.map(FiguresLine::from),
        due: Some(beside.due),
        due_sentence: Some(beside.sentence),
        is_image: beside.is_image,
        ..JobDetail::from(facts)
    })
}

async fn manifest(desk: &Desk<'_>, job: JobId) -> Document {
    let work = desk.service.map(|service| service.work.clone());
    let work = work.unwrap_or_default();
    document(&jobs::manifest(desk.admin, &work, desk.caller, job).await?)
}

async fn failed(desk: &Desk<'_>, job: JobId) -> Document {
    let digests = desk.service.map(|service| &service.digests);
    document(&jobs::failed(desk.admin, desk.stores, digests, desk.caller, job).await?)
}

async fn history(desk: &Desk<'_>, job_id: JobId) -> Document {
    let lines = jobs::history(desk.admin, desk.caller, job_id).await?;
    let entries = lines
        .into_iter()
        .map(|line| HistoryEntry::of(line.at, line.actor, line.event.as_ref()));
    let told = jobs::told(desk.admin, desk.caller, job_id).await?;
    document(&History {
        job_id,
        history: entries.collect(),
        told: told.iter().enumerate().map(told_line).collect(),
    })
}

fn told_line((number, entry): (usize, &Entry)) -> ToldLine {
    ToldLine {
        number: u64::try_from(number).unwrap_or(u64::MAX),
        at: Timestamp::from_unix(entry.at.unix_millis().div_euclid(1000)),
        who: words::who(entry),
        sentence: words::happened(entry),
    }
}

async fn receipt(desk: &Desk<'_>, job_id: JobId) -> Document {
    let receipt = receipts::receipt(desk.admin, desk.service, desk.caller, job_id).await?;
    document(&JobReceipt {
        job_id,
        edition: receipt.edition,
        events: receipt.events,
        closed: receipt.is_closed,
        receipt: receipt.text,
    })
}

async fn receipt_pdf(desk: &Desk<'_>, job_id: JobId) -> Document {
    let (receipt, pdf) =
        receipts::for_people(desk.admin, desk.service, desk.caller, job_id).await?;
    document(&JobReceiptPdf {
        job_id,
        edition: receipt.edition,
        events: receipt.events,
        closed: receipt.is_closed,
        pdf: STANDARD.encode(pdf),
    })
}

async fn abort(desk: &Desk<'_>, asked: &Inquiry<'_>, job: JobId) -> Document {
    let Abort {
        reason,
        because,
        account,
        progress_code,
    } = asked.message()?;
    let request = AbortRequest {
        job,
        reason,
        because,
        account,
        shown: progress_code,
    };
    jobs::abort(desk.service()?, desk.caller, request).await?;
    show(desk, job).await
}

async fn give_up(desk: &Desk<'_>, asked: &Inquiry<'_>, job: JobId) -> Document {
    let GiveUpFor {
        because,
        account,
        progress_code,
    } = asked.message()?;
    let request = GiveUpRequest {
        job,
        because: because.unwrap_or_default(),
        account,
        shown: progress_code,
    };
    jobs::give_up(desk.service()?, desk.caller, request).await?;
    show(desk, job).await
}

async fn finish_without(desk: &Desk<'_>, asked: &Inquiry<'_>, job: JobId) -> Document {
    let GiveUpFor {
        because,
        account,
        progress_code,
    } = asked.message()?;
    let request = FinishRequest {
        job,
        because,
        account,
        shown: progress_code,
    };
    jobs::finish_without(desk.service()?, desk.caller, request).await?;
    show(desk, job).await
}

async fn retry(desk: &Desk<'_>, job: JobId) -> Document {
    jobs::retry(desk.service()?, desk.caller, RetryRequest { job }).await?;
    show(desk, job).await
}

async fn arrive(desk: &Desk<'_>, asked: &Inquiry<'_>, job: JobId) -> Document {
    let message = asked.message()?;
    document(&parcels::arrive(desk.service()?, desk.caller, job, message).await?)
}

async fn give_back(desk: &Desk<'_>, asked: &Inquiry<'_>, job: JobId) -> Document {
    let Return {
        carrier,
        tracking_number,
        unerased,
        authority,
    } = asked.message()?;
    let request = ReturnRequest {
        job,
        carrier,
        tracking_number,
        unerased: Unerased::of(authority, unerased)
            .map_err(|why| OperatorFault::Unreadable(why.to_string()))?,
    };
    custody::give_back(desk.service()?, desk.caller, request).await?;
    show(desk, job).await
}

async fn release(desk: &Desk<'_>, asked: &Inquiry<'_>, job: JobId) -> Document {
    let ReleaseFor { because } = asked.message()?;
    let service = desk.service()?;
    disposal::release(service, desk.caller, job.as_str(), 0, Some(&because)).await?;
    show(desk, job).await
}

async fn object(desk: &Desk<'_>, asked: &Inquiry<'_>, job: JobId) -> Document {
    let ObjectFor { because } = asked.message()?;
    disposal::object(desk.service()?, desk.caller, job.as_str(), &because).await?;
    show(desk, job).await
}

async fn withdraw(desk: &Desk<'_>, job: JobId) -> Document {
    disposal::withdraw(desk.service()?, desk.caller, job.as_str()).await?;
    show(desk, job).await
}

async fn verified(desk: &Desk<'_>, asked: &Inquiry<'_>, job_id: JobId) -> Document {
    let compared: ComparedWhole = asked.message()?;
    disposal::verified(desk.admin, desk.caller, job_id, &compared).await?;
    document(&ToldOf { job_id })
}

async fn destroyed(desk: &Desk<'_>, asked: &Inquiry<'_>, job: JobId) -> Document {
    let Ruin { authority, reason } = asked.message()?;
    let what = Unerased { authority, reason };
    disposal::destroyed(desk.service()?, desk.caller, job.as_str(), what).await?;
    show(desk, job).await
}

async fn give_secret(desk: &Desk<'_>, asked: &Inquiry<'_>, job: JobId) -> Document {
    let GiveSecretFor { secret } = asked.message()?;
    secrets::give(desk.service()?, desk.caller, job.as_str(), secret).await?;
    show(desk, job).await
}
