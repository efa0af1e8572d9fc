//! `/operator/v1/today`: a day, for whoever hands over.

use super::fault::OperatorFault;
use super::{Desk, Document, Inquiry, document};
use crate::ops::today;

/// Answers what is asked for at `today`.
pub(super) async fn answer(desk: &Desk<'_>, asked: &Inquiry<'_>) -> Document {
    let mut day = None;
    for (name, value) in asked.query {
        let wrong = || OperatorFault::Query {
            name: name.clone(),
            value: value.clone(),
        };
        match name.as_str() {
            "day" => day = Some(today::day(value).ok_or_else(wrong)?),
            _ => return Err(wrong()),
        }
    }
    document(&today::today(desk.admin, desk.caller, day).await?)
}
