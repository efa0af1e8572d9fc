//! The pages of customers, and what their buttons do. All of it is what they could ask of the API, of the same
//! operations: whose a job is and what a user's policies say is decided there, and here nothing of others is even asked
//! for.

use axum::response::Response;
use model::control::{HoldRequest, ResumeRequest};
use model::ids::JobId;
use model::secret::{BadSecret, DeviceSecret};

use super::form::{Fields, Form};
use super::guard::see_other;
use super::language::{Text, key, text};
use super::pages::list_file::FileForm;
use super::pages::new_job::{self, foresee};
use super::pages::{me, own_job, own_jobs};
use super::trouble::Trouble;
use super::visit::Visit;
use crate::ops::{disposal, jobs, secrets};

/// Answers what only looks.
pub(super) async fn show(
    visit: &Visit,
    words: &[&str],
    query: &Fields,
) -> Result<Response, Trouble> {
    match words {
        [""] => Ok(see_other(visit.home())),
        ["jobs"] => own_jobs::list(visit, query).await,
        ["jobs.csv"] => own_jobs::kept(visit, query, FileForm::Csv).await,
        ["jobs.json"] => own_jobs::kept(visit, query, FileForm::Json).await,
        ["jobs", id] => own_job::show(visit, id).await,
        ["jobs", id, "edit"] => new_job::edit(visit, id).await,
        ["jobs", id, "foresee"] => foresee::of_job(visit, id).await,
        ["jobs", id, "live"] => own_job::live(visit, id, query).await,
        ["jobs", id, "failed"] => own_job::failed(visit, id).await,
        ["jobs", id, file] => own_job::file_of(visit, id, file).await,
        ["me"] => me::show(visit).await,
        ["new"] => new_job::blank(visit, query).await,
        _ => Err(Trouble::no_such_page()),
    }
}

/// Whether what is sent there is only looked at, as often as somebody likes.
pub(super) fn only_looks(words: &[&str]) -> bool {
    matches!(
        words,
        ["new", "check"] | ["foresee"] | ["jobs", _, "edit", "check"]
    )
}

/// Answers with what would come of a form, and does nothing.
pub(super) async fn look(visit: &Visit, words: &[&str], form: &Form) -> Result<Response, Trouble> {
    match words {
        ["new", "check"] => new_job::check(visit, form).await,
        ["foresee"] => foresee::of_list(visit, form).await,
        ["jobs", id, "edit", "check"] => new_job::check_edit(visit, id, form).await,
        _ => Err(Trouble::no_such_page()),
    }
}

/// Does what a button is for.
pub(super) async fn act(visit: &Visit, words: &[&str], form: &Form) -> Result<Response, Trouble> {
    let (context, caller) = (&visit.console.context, visit.caller());
    let because = form.get("Because");
    match words {
        ["new"] => return new_job::make(visit, form).await,
        ["jobs", id, "edit"] => return new_job::replace(visit, id, form).await,
        ["jobs", id, "cancel"] => jobs::cancel(context, caller, id).await?,
        ["jobs", id, "release"] => {
            let lines = form.get("GiveUpLines").unwrap_or("0");
            let wrong = |_| Trouble::field(text("field-no-number").with("words", lines));
            let lines = lines.parse().map_err(wrong)?;
            disposal::release(context, caller, id, lines, because).await?;
        }
        ["jobs", id, "object"] => {
            let needed = || Trouble::field(key("field-why-needed"));
            disposal::object(context, caller, id, because.ok_or_else(needed)?).await?;
        }
        ["jobs", id, "secret"] => {
            // Blanks count, and nothing of it is ever shown again.
            let wrong = |why: BadSecret| {
                let why = Text::English(why.to_string());
                Trouble::field(text("field-password-wrong").text("why", why))
            };
            let secret = DeviceSecret::new(form.raw("Secret").to_owned()).map_err(wrong)?;
            secrets::give(context, caller, id, secret).await?;
        }
        ["jobs", id, "hold"] => {
            let because = because.unwrap_or_default().to_owned();
            let job = own(id)?;
            jobs::hold(context, caller, HoldRequest { job, because }).await?;
        }
        ["jobs", id, "resume"] => {
            let job = own(id)?;
            jobs::resume(context, caller, ResumeRequest { job }).await?;
        }
        ["jobs", id, "withdraw"] => {
            disposal::withdraw(context, caller, id).await?;
        }
        _ => return Err(Trouble::no_such_page()),
    }
    Ok(see_other(&form.back(visit.home())))
}

/// A text that is no id is the id of no job.
fn own(id: &str) -> Result<JobId, Trouble> {
    JobId::new(id).map_err(|_| Trouble::no_such_page())
}
