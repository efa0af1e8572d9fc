//! A list as a file: CSV for spreadsheets, JSON for programs. It has all that the query of the page asks for, and is read
//! page by page as it is sent, so that a long one takes no more memory than a short one.

use std::fmt::Write as _;
use std::io;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use futures::stream;
use model::operator::audit::{AuditLine, AuditPage};
use model::operator::parcels::{ParcelLine, ParcelsPage};
use model::operator::{JobLine, JobsPage};
use model::report::csv;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::form_urlencoded::Serializer;

use crate::faces::console::form::{Fields, of_list};
use crate::faces::console::trouble::Trouble;
use crate::faces::console::visit::Visit;

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum FileForm {
    /// A table for people.
    Csv,
    /// The documents of the operator API, all pages in one.
    Json,
}

/// A list that comes as a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum ListOf {
    Jobs,
    Parcels,
    Acts,
}

impl FileForm {
    fn kind(self) -> &'static str {
        match self {
            Self::Csv => csv::CONTENT_TYPE,
            Self::Json => "application/json",
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }
}

/// A page of a list.
pub(super) trait ListPage: DeserializeOwned + Send + 'static {
    type Row: Serialize;
    /// What it is called in a path, and in its document.
    const PATH: &'static str;
    const NAME: &'static str;
    /// Rows of a page that is asked for.
    const MOST: u32;
    const COLUMNS: &'static [&'static str];

    /// The rows, and behind which the next page begins, where there is one.
    fn rows(self) -> (Vec<Self::Row>, Option<String>);

    fn cells(row: &Self::Row) -> Vec<String>;
}

fn text<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

impl ListPage for JobsPage {
    type Row = JobLine;
    const PATH: &'static str = "jobs";
    const NAME: &'static str = "Jobs";
    const MOST: u32 = 1_000;
    const COLUMNS: &'static [&'static str] = &[
        "JobId",
        "JobType",
        "Account",
        "AccountName",
        "CreationDate",
        "LocationCode",
        "Station",
        "Serial",
        "ProgressCode",
        "ErrorCount",
        "HeldSince",
        "HeldFor",
        "HeldMessage",
    ];

    fn rows(self) -> (Vec<JobLine>, Option<String>) {
        (self.jobs, self.next.map(|job| job.to_string()))
    }

    fn cells(row: &JobLine) -> Vec<String> {
        let held = row.held.as_ref();
        vec![
            row.job_id.to_string(),
            row.job_type.to_string(),
            row.account.to_string(),
            text(row.account_name.as_ref()),
            row.creation_date.to_string(),
            row.location_code.clone(),
            text(row.station.as_ref()),
            text(row.serial.as_ref()),
            row.progress_code.clone(),
            text(row.error_count),
            text(held.map(|held| held.since)),
            text(held.map(|held| &held.code)),
            text(held.map(|held| &held.message)),
        ]
    }
}

impl ListPage for ParcelsPage {
    type Row = ParcelLine;
    const PATH: &'static str = "parcels";
    const NAME: &'static str = "Parcels";
    const MOST: u32 = 200;
    const COLUMNS: &'static [&'static str] = &[
        "Number",
        "Direction",
        "At",
        "Carrier",
        "Station",
        "Jobs",
        "Condition",
        "Seal",
        "Note",
        "Actor",
    ];

    fn rows(self) -> (Vec<ParcelLine>, Option<String>) {
        (self.parcels, self.next.map(|place| place.to_string()))
    }

    fn cells(row: &ParcelLine) -> Vec<String> {
        let jobs: Vec<String> = row.jobs.iter().map(|job| job.job_id.to_string()).collect();
        vec![
            row.number.to_string(),
            row.direction.name().to_owned(),
            row.at.to_string(),
            text(row.carrier.as_ref()),
            text(row.station.as_ref()),
            jobs.join(" "),
            text(row.condition),
            text(row.seal.as_ref()),
            text(row.note.as_ref()),
            row.actor.to_string(),
        ]
    }
}

impl ListPage for AuditPage {
    type Row = AuditLine;
    const PATH: &'static str = "audit";
    const NAME: &'static str = "Acts";
    const MOST: u32 = 1_000;
    const COLUMNS: &'static [&'static str] = &[
        "Number", "At", "Actor", "Role", "Action", "Resource", "JobId", "Said", "Address",
        "Outcome",
    ];

    fn rows(self) -> (Vec<AuditLine>, Option<String>) {
        (self.acts, self.next.map(|number| number.to_string()))
    }

    fn cells(row: &AuditLine) -> Vec<String> {
        vec![
            row.number.to_string(),
            row.at.to_string(),
            row.actor.to_string(),
            text(row.role),
            row.action.clone(),
            row.resource.clone(),
            text(row.job_id),
            row.said.to_string(),
            text(row.address.as_ref()),
            text(row.outcome.as_ref()),
        ]
    }
}

/// The query of a file of the whole list that a page is of: all it says but where the page begins.
pub(super) fn of_file(query: &Fields) -> String {
    let wanted = wanted(query);
    let kept: Vec<_> = wanted.iter().filter(|(name, _)| name != "before").collect();
    if kept.is_empty() {
        return String::new();
    }
    let mut text = Serializer::new(String::new());
    for (name, value) in kept {
        text.append_pair(name, value);
    }
    format!("?{}", text.finish())
}

/// What a query says. What is empty says nothing.
pub(super) fn wanted(query: &Fields) -> Fields {
    let mut wanted = query.clone();
    wanted.retain(|(_, value)| !value.trim().is_empty());
    wanted
}

/// A list for people who run the service.
pub(in super::super) async fn keep(
    visit: &Visit,
    list: ListOf,
    query: &Fields,
    form: FileForm,
) -> Result<Response, Trouble> {
    let (query, visit) = (wanted(query), visit.clone());
    match list {
        ListOf::Jobs => of_pages(form, query, visit, asked::<JobsPage>).await,
        ListOf::Parcels => of_pages(form, query, visit, asked::<ParcelsPage>).await,
        ListOf::Acts => of_pages(form, query, visit, asked::<AuditPage>).await,
    }
}

async fn asked<P: ListPage>(visit: Visit, query: Fields) -> Result<P, Trouble> {
    visit.get(P::PATH, &of_list(&query, P::MOST)).await
}

/// A list that is sent.
struct Going<F> {
    form: FileForm,
    query: Fields,
    visit: Visit,
    /// What gives the next page.
    page: F,
}

/// A list, page by page. The first is asked for before anything is answered: what is refused is refused.
pub(super) async fn of_pages<P, F, A>(
    form: FileForm,
    query: Fields,
    visit: Visit,
    page: F,
) -> Result<Response, Trouble>
where
    P: ListPage,
    F: Fn(Visit, Fields) -> A + Send + 'static,
    A: Future<Output = Result<P, Trouble>> + Send,
{
    let first = page(visit.clone(), query.clone()).await?;
    let (text, next) = piece(form, first, true);
    let going = Going {
        form,
        query,
        visit,
        page,
    };
    let begin = (Some(text), next, going);
    let pieces = stream::unfold(Some(begin), |state| async move {
        let (ready, next, mut going) = state?;
        if let Some(text) = ready {
            let more = next.map(|next| (None, Some(next), going));
            return Some((Ok(Bytes::from(text)), more));
        }
        going.query.retain(|(name, _)| name != "before");
        going.query.push(("before".to_owned(), next?));
        match (going.page)(going.visit.clone(), going.query.clone()).await {
            Ok(page) => {
                let (text, next) = piece(going.form, page, false);
                let more = next.map(|next| (None, Some(next), going));
                Some((Ok(Bytes::from(text)), more))
            }
            // A file that is cut short must not pass for a whole one: the connection breaks off.
            Err(trouble) => Some((Err(io::Error::other(trouble.in_english())), None)),
        }
    });
    let headers = [
        (header::CONTENT_TYPE, form.kind().to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{}.{}\"", P::PATH, form.ending()),
        ),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
}

/// A page as a part of a file, and behind which row the next begins.
fn piece<P: ListPage>(form: FileForm, page: P, is_first: bool) -> (String, Option<String>) {
    let (rows, next) = page.rows();
    let text = match form {
        FileForm::Csv => csv_piece::<P>(&rows, is_first),
        FileForm::Json => json_piece::<P>(&rows, is_first, next.is_none()),
    };
    (text, next)
}

fn csv_piece<P: ListPage>(rows: &[P::Row], is_first: bool) -> String {
    let mut text = String::new();
    if is_first {
        text.push_str(&P::COLUMNS.join(","));
        text.push('\n');
    }
    for row in rows {
        let cells: Vec<String> = P::cells(row).iter().map(|cell| csv::cell(cell)).collect();
        let _ = writeln!(text, "{}", cells.join(","));
    }
    text
}

fn json_piece<P: ListPage>(rows: &[P::Row], is_first: bool, is_last: bool) -> String {
    let mut text = match is_first {
        true => format!("{{\"{}\":[", P::NAME),
        false => String::new(),
    };
    for (index, row) in rows.iter().enumerate() {
        if index > 0 || !is_first {
            text.push(',');
        }
        text.push('\n');
        text.push_str(&serde_json::to_string(row).unwrap_or_default());
    }
    if is_last {
        text.push_str("\n],\"Next\":null}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(numbers: &[&str], next: Option<i64>) -> ParcelsPage {
        let parcel = |number: &&str| {
            serde_json::from_value(serde_json::json!({
                "Number": number, "Direction": "in", "Carrier": "=cmd|' /C calc'!A0", "Note": "a\"b\u{202e}",
                "Condition": null, "Seal": null, "Station": "dock-1", "At": "2026-11-30T12:00:00Z",
                "Actor": "person:jane", "Jobs": [],
            }))
            .unwrap()
        };
        ParcelsPage {
            parcels: numbers.iter().map(parcel).collect(),
            next,
        }
    }

    #[test]
    fn pages_make_one_table_in_which_nothing_is_a_formula() {
        let (first, next) = piece(FileForm::Csv, page(&["1ZA"], Some(7)), true);
        let (last, end) = piece(FileForm::Csv, page(&["1ZB"], None), false);
        assert_eq!((next.as_deref(), end), (Some("7"), None));
        assert_eq!(
            first + &last,
            "Number,Direction,At,Carrier,Station,Jobs,Condition,Seal,Note,Actor\n\
             1ZA,in,2026-11-30T12:00:00Z,'=cmd|' /C calc'!A0,dock-1,,,,\"a\"\"b%E2%80%AE\",person:jane\n\
             1ZB,in,2026-11-30T12:00:00Z,'=cmd|' /C calc'!A0,dock-1,,,,\"a\"\"b%E2%80%AE\",person:jane\n"
        );
    }

    #[test]
    fn pages_make_one_document() {
        for pages in [
            vec![page(&[], None)],
            vec![page(&["1ZA", "1ZB"], None)],
            vec![page(&["1ZA"], Some(7)), page(&["1ZB"], None)],
            vec![page(&["1ZA"], Some(7)), page(&[], None)],
        ] {
            let expected: Vec<ParcelLine> =
                pages.iter().flat_map(|page| page.parcels.clone()).collect();
            let pieces = pages.into_iter().enumerate();
            let text: String = pieces
                .map(|(index, page)| piece(FileForm::Json, page, index == 0).0)
                .collect();
            let whole: ParcelsPage = serde_json::from_str(&text).unwrap();
            assert_eq!((whole.parcels, whole.next), (expected, None), "{text}");
        }
    }

    #[test]
    fn the_file_of_a_list_begins_where_the_list_does() {
        let query = |pairs: &[(&str, &str)]| {
            let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            of_file(&pairs.iter().map(pair).collect::<Fields>())
        };
        assert_eq!(query(&[]), "");
        assert_eq!(query(&[("search", ""), ("before", "EX1ID")]), "");
        let kept = query(&[("search", "a&b"), ("held", "true"), ("before", "EX1ID")]);
        assert_eq!(kept, "?search=a%26b&held=true");
    }
}
