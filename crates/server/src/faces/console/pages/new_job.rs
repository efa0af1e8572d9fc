//! A customer's new job, or the manifest of one anew: form and text side by side, checked by what makes the job.

mod fields;
pub(in super::super) mod foresee;

use askama::Template;
use axum::response::Response;
use model::ids::JobType;
use model::job::Job;

use crate::faces::console::form::{Fields, Form};
use crate::faces::console::guard::see_other;
use crate::faces::console::language::{Text, key, text};
use crate::faces::console::page::{Shell, html, say};
use crate::faces::console::trouble::Trouble;
use crate::faces::console::visit::Visit;
use crate::ops::jobs::{self, Submission, ValidateOnly};
use crate::ops::{Caller, Refused, SubmissionFault};
use crate::stores::BucketFault;
use fields::{Finding, ShownGroup, WrittenJob};

#[derive(Template)]
#[template(path = "new_job.html")]
struct NewJob {
    shell: Shell,
    /// Where the form is sent.
    action: String,
    /// The job whose manifest it is, if there is one already.
    job: Option<String>,
    draft: WrittenJob,
    groups: Vec<ShownGroup>,
    /// Buckets that can be meant, as far as they are known by name.
    buckets: Vec<String>,
    findings: Vec<Finding>,
    notices: Vec<String>,
    state: Checked,
}

/// What is known of a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Checked {
    /// Nothing yet.
    No,
    /// A job can be made of it.
    Good,
    /// No job can be made of it.
    Faulty,
}

impl NewJob {
    fn is_export(&self) -> bool {
        self.draft.job_type == JobType::Export
    }

    fn is_good(&self) -> bool {
        self.state == Checked::Good
    }

    fn is_faulty(&self) -> bool {
        self.state == Checked::Faulty
    }

    /// What can be chosen, as it is shown: words of manifests, but for yes, no and nothing.
    fn choice(&self, choice: impl AsRef<str>) -> String {
        let say = self.shell.say;
        match choice.as_ref() {
            "" => say.t("not-said").to_string(),
            "yes" => say.t("yes").to_string(),
            "no" => say.t("no").to_string(),
            other => say::name(other),
        }
    }

    fn place_of(&self, finding: &Finding) -> String {
        let place = self.draft.place_of(finding);
        place.unwrap_or_else(|| "manifest".to_owned())
    }
}

/// What a manifest is for.
enum Of<'a> {
    /// A job that is to be made.
    New,
    /// One that is there.
    Job(&'a str),
}

/// The page of a new job; with `like` it begins as the manifest of another.
pub(in super::super) async fn blank(visit: &Visit, query: &Fields) -> Result<Response, Trouble> {
    let like = query.iter().find(|(name, _)| name == "like");
    let draft = match like {
        Some((_, id)) => {
            let Job {
                job_type, manifest, ..
            } = own(visit, id).await?;
            WrittenJob::of(job_type, &manifest)
        }
        None => {
            let buckets = buckets(visit)?;
            let [only] = buckets.as_slice() else {
                return show(
                    visit,
                    &Of::New,
                    WrittenJob::new(JobType::Import, ""),
                    Outcome::nothing(),
                );
            };
            WrittenJob::new(JobType::Import, only)
        }
    };
    show(visit, &Of::New, draft, Outcome::nothing())
}

/// The page of the manifest of a job.
pub(in super::super) async fn edit(visit: &Visit, id: &str) -> Result<Response, Trouble> {
    let Job {
        job_type, manifest, ..
    } = own(visit, id).await?;
    let draft = WrittenJob::of(job_type, &manifest);
    let outcome = submit(visit, &Of::Job(id), &draft, ValidateOnly::Yes).await?;
    show(visit, &Of::Job(id), draft, outcome)
}

async fn own(visit: &Visit, id: &str) -> Result<Job, Trouble> {
    let status = jobs::get_status(&visit.console.context, visit.caller(), id).await;
    Ok(status?.job)
}

/// Says what would come of a new job.
pub(in super::super) async fn check(visit: &Visit, form: &Form) -> Result<Response, Trouble> {
    look(visit, &Of::New, form).await
}

/// Says what would come of a manifest anew.
pub(in super::super) async fn check_edit(
    visit: &Visit,
    id: &str,
    form: &Form,
) -> Result<Response, Trouble> {
    own(visit, id).await?;
    look(visit, &Of::Job(id), form).await
}

async fn look(visit: &Visit, of: &Of<'_>, form: &Form) -> Result<Response, Trouble> {
    let draft = WrittenJob::sent(form);
    let outcome = submit(visit, of, &draft, ValidateOnly::Yes).await?;
    show(visit, of, draft, outcome)
}

/// Makes the job; or shows why not, and the form may be sent again.
pub(in super::super) async fn make(visit: &Visit, form: &Form) -> Result<Response, Trouble> {
    store(visit, &Of::New, form).await
}

/// Replaces the manifest of a job.
pub(in super::super) async fn replace(
    visit: &Visit,
    id: &str,
    form: &Form,
) -> Result<Response, Trouble> {
    store(visit, &Of::Job(id), form).await
}

async fn store(visit: &Visit, of: &Of<'_>, form: &Form) -> Result<Response, Trouble> {
    let draft = WrittenJob::sent(form);
    let outcome = submit(visit, of, &draft, ValidateOnly::No).await?;
    match outcome.job {
        Some(job) => Ok(see_other(&format!("/jobs/{job}"))),
        None => {
            form.free(visit).await;
            show(visit, of, draft, outcome)
        }
    }
}

/// What came of a manifest.
struct Outcome {
    /// The job that has it now.
    job: Option<String>,
    findings: Vec<Finding>,
    notices: Vec<String>,
    state: Checked,
}

impl Outcome {
    fn nothing() -> Self {
        Self {
            job: None,
            findings: Vec::new(),
            notices: Vec::new(),
            state: Checked::No,
        }
    }

    /// It was taken, or would be.
    fn taken(job: Option<String>, warning: Option<String>) -> Self {
        let notices = warning.unwrap_or_default();
        Self {
            job,
            notices: notices.lines().map(str::to_owned).collect(),
            state: Checked::Good,
            ..Self::nothing()
        }
    }

    /// It was not, because of what can be written otherwise. Anything else is a trouble of the page.
    fn refused(refused: Refused) -> Result<Self, Trouble> {
        let findings = match refused {
            Refused::Submission(SubmissionFault::Manifest { faults, .. }) => {
                faults.iter().map(Finding::fault).collect()
            }
            Refused::Submission(SubmissionFault::Buckets(fault)) => of_buckets(&fault),
            Refused::Submission(fault @ SubmissionFault::Quota(_)) => {
                vec![Finding::other(fault.to_string(), None)]
            }
            other => return Err(other.into()),
        };
        Ok(Self {
            findings,
            state: Checked::Faulty,
            ..Self::nothing()
        })
    }
}

fn of_buckets(fault: &BucketFault) -> Vec<Finding> {
    let about = |bucket: &str, text: String| Finding::other(text, Some(bucket.to_owned()));
    match fault {
        BucketFault::Missing(buckets) => {
            let missing = |bucket: &model::ids::BucketName| {
                about(bucket.as_str(), format!("there is no bucket {bucket}"))
            };
            buckets.iter().map(missing).collect()
        }
        BucketFault::Denied(buckets) => {
            let details = fault.details();
            let denied = std::iter::zip(buckets, details);
            denied
                .map(|((bucket, _), text)| about(bucket.as_str(), text))
                .collect()
        }
        BucketFault::Name(bucket) => vec![about(bucket.as_str(), fault.to_string())],
        BucketFault::Elsewhere { .. }
        | BucketFault::SeveralRegions(_)
        | BucketFault::StoreSilent(_)
        | BucketFault::StoreUnusable(_)
        | BucketFault::NotDone(_) => vec![Finding::other(fault.to_string(), None)],
    }
}

/// Submits a manifest as a client of the API does.
async fn submit(
    visit: &Visit,
    of: &Of<'_>,
    draft: &WrittenJob,
    validate_only: ValidateOnly,
) -> Result<Outcome, Trouble> {
    let (context, caller) = (&visit.console.context, visit.caller());
    let submission = Submission {
        job_type: draft.job_type,
        manifest: draft.text.clone(),
        validate_only,
    };
    let is_stored = validate_only == ValidateOnly::No;
    let done = match of {
        Of::New => {
            let created = jobs::create(context, caller, submission).await;
            created.map(|created| (created.job_id, created.warning))
        }
        Of::Job(id) => {
            let updated = jobs::update(context, caller, id, submission).await;
            updated.map(|updated| ((*id).to_owned(), updated.warning))
        }
    };
    match done {
        Ok((job, warning)) => Ok(Outcome::taken(is_stored.then_some(job), warning)),
        Err(refused) => Outcome::refused(refused),
    }
}

/// The buckets that the account may use, as far as its rights name them.
fn buckets(visit: &Visit) -> Result<Vec<String>, Trouble> {
    let Caller::Customer(customer) = visit.caller() else {
        return Err(Trouble::no_such_page());
    };
    let account = &customer.account;
    let mut names: Vec<String> = account
        .import
        .iter()
        .chain(&account.export)
        .cloned()
        .collect();
    names.retain(|name| !name.ends_with('*'));
    names.sort();
    names.dedup();
    Ok(names)
}

fn show(
    visit: &Visit,
    of: &Of<'_>,
    draft: WrittenJob,
    outcome: Outcome,
) -> Result<Response, Trouble> {
    let (title, here, action, job): (Text, _, _, _) = match of {
        Of::New => (key("new-job").into(), "new", "/new".to_owned(), None),
        Of::Job(id) => {
            let job = Some((*id).to_owned());
            (
                text("manifest-of-job").with("job", id),
                "jobs",
                format!("/jobs/{id}/edit"),
                job,
            )
        }
    };
    let page = NewJob {
        shell: Shell::new(visit, title, here, &action),
        action,
        job,
        groups: draft.groups(&outcome.findings),
        buckets: buckets(visit)?,
        draft,
        findings: outcome.findings,
        notices: outcome.notices,
        state: outcome.state,
    };
    html(&page)
}
