//! `/operator/v1/mail`: mails as they would be sent, and one that is.

use axum::http::Method;
use model::ids::JobId;
use model::notice::NoticeKind;
use model::operator::notices::{MailShown, TestMail, TestMailSent};

use super::fault::OperatorFault;
use super::{Desk, Document, Inquiry, document};
use crate::ops::notices;

/// Answers what is asked for below `mail`.
pub(super) async fn answer(desk: &Desk<'_>, asked: &Inquiry<'_>, path: &[&str]) -> Document {
    match path {
        ["show"] if asked.is(&Method::GET) => {
            let wanted = wanted(asked.query)?;
            let (admin, post, days) = (desk.admin, desk.post()?, desk.expire_after_days);
            let shown = notices::show_mail(admin, post, desk.caller, days, wanted).await?;
            let (to, mail) = shown;
            document(&MailShown { to, mail })
        }
        ["test"] if asked.is(&Method::POST) => {
            let TestMail { to } = asked.message()?;
            let answer = notices::test_mail(desk.admin, desk.post()?, desk.caller, &to).await?;
            document(&TestMailSent { answer })
        }
        _ => Err(OperatorFault::NoSuchPath),
    }
}

/// Reads which mail is wanted.
fn wanted(query: &[(String, String)]) -> Result<(JobId, NoticeKind), OperatorFault> {
    let (mut job, mut kind) = (None, None);
    for (name, value) in query {
        let wrong = || OperatorFault::Query {
            name: name.clone(),
            value: value.clone(),
        };
        match name.as_str() {
            "job" => job = Some(JobId::new(value).map_err(|_| wrong())?),
            "event" => kind = Some(value.parse().map_err(|_| wrong())?),
            _ => return Err(wrong()),
        }
    }
    let missing = |name: &str| OperatorFault::Query {
        name: name.to_owned(),
        value: String::new(),
    };
    Ok((
        job.ok_or_else(|| missing("job"))?,
        kind.ok_or_else(|| missing("event"))?,
    ))
}
