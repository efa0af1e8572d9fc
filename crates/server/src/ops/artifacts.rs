//! The sheets that go with jobs: links to them, labels, and the sheets themselves.
//!
//! A link is the whole right to its sheet: who follows one is no caller, and is not asked who it is.

use model::custody::Custody;
use model::ids::JobId;
use model::job::{Job, Refusal};
use model::manifest::ServiceLevel;
use model::progress::Progress;

use super::{Context, Refused, SubmissionFault, jobs};
use crate::access::{Action, Caller};
pub use crate::artifact::ArtifactLink;
use crate::artifact::{Artifact, BadLink, Gone, Sender, Subject, prepare};
use crate::work::NotDone;

/// A request for a label: of a parcel with the devices of some jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintLabel {
    /// The jobs, as the customer names them; at least one and at most as many as a label has room for.
    pub job_ids: Vec<String>,
    /// Who sends the parcel, as far as that was said.
    pub(crate) sender: Box<Sender>,
}

/// A label, and where it is had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelLink {
    /// A link that needs no other credential, and expires.
    pub url: String,
    /// What is odd about the jobs.
    pub warning: Option<String>,
}

/// Makes a link to a label with the address of the sender, or where that has gaps the return
/// address of the first job. The label is drawn when the link is followed, from the jobs as they stand
/// then.
///
/// # Errors
/// [`Refused`] of the first job that cannot have a label, or of the address.
pub async fn print_label(
    context: &Context,
    caller: &Caller,
    PrintLabel { job_ids, sender }: PrintLabel,
) -> Result<LabelLink, Refused> {
    let mut devices: Vec<Device> = Vec::new();
    let mut home = None;
    for id in &job_ids {
        let job = jobs::find(context, caller, Action::PrintLabel, id).await?;
        check(&job)?;
        if devices.iter().any(|device| device.job == job.id) {
            continue;
        }
        let subject = Subject::of(context, job).await?.ok_or(Refused::Internal)?;
        devices.push(Device::of(&subject));
        home.get_or_insert(subject.common.return_address);
    }
    sender
        .complete(home.as_ref())
        .map_err(SubmissionFault::from)?;
    let jobs = devices.iter().map(|device| device.job).collect();
    Ok(LabelLink {
        url: Artifact::ShippingLabel { jobs, sender }.link(context),
        warning: warning(&devices),
    })
}

/// A sheet of one job, for the customer who has it open before him.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SheetOf {
    /// What lies in the box.
    Slip,
    /// What stands for the SIGNATURE file of a device that is taken as an image.
    Signature,
    /// What the parcel carries, with the return address of the job as that of the sender.
    Label,
}

/// Draws a sheet of a job, as its link would.
///
/// # Errors
/// [`Refused`] as of [`print_label`] and of [`jobs::get_status`]; [`Refused::Busy`] if there was no turn to draw it.
pub(crate) async fn sheet(
    context: &Context,
    caller: &Caller,
    id: &str,
    which: SheetOf,
) -> Result<Drawn, Refused> {
    let action = match which {
        SheetOf::Label => Action::PrintLabel,
        SheetOf::Slip | SheetOf::Signature => Action::GetStatus,
    };
    let job = jobs::find(context, caller, action, id).await?;
    check(&job)?;
    let artifact = match which {
        SheetOf::Slip => Artifact::PackingSlip { job: job.id },
        SheetOf::Signature => Artifact::SignatureSheet { job: job.id },
        SheetOf::Label => {
            // What stands against a label is told before it is drawn.
            let asked = PrintLabel {
                job_ids: vec![id.to_owned()],
                sender: Box::default(),
            };
            print_label(context, caller, asked).await?;
            Artifact::ShippingLabel {
                jobs: vec![job.id],
                sender: Box::default(),
            }
        }
    };
    match draw_now(context, &artifact).await {
        Ok(drawn) => Ok(drawn),
        Err(NoSheet::NotDone(why) | NoSheet::Gone(Gone::Busy(why))) => Err(why.into()),
        Err(NoSheet::Gone(Gone::Store(error))) => Err(error.into()),
        Err(NoSheet::Gone(Gone::Job { .. }) | NoSheet::Link(_)) => {
            Err(Refused::NoSuchJob(id.to_owned()))
        }
        Err(NoSheet::Drawing) => Err(Refused::Internal),
    }
}

/// What a label asks of the job of one device in the parcel.
struct Device {
    job: JobId,
    service_level: ServiceLevel,
    is_received: bool,
}

impl Device {
    fn of(subject: &Subject) -> Self {
        Self {
            job: subject.job.id,
            service_level: subject.common.service_level,
            is_received: subject.job.custody != Custody::NotReceived,
        }
    }
}

fn check(job: &Job) -> Result<(), Refused> {
    let why = match job.progress {
        Progress::Canceled { .. } => Refusal::Canceled,
        Progress::Expired { .. } => Refusal::Expired,
        _ => return Ok(()),
    };
    Err(Refused::State { job: job.id, why })
}

fn warning(devices: &[Device]) -> Option<String> {
    let mut warnings = Vec::new();
    let mut pairs = devices.windows(2);
    if pairs.any(|two| two[0].service_level != two[1].service_level) {
        warnings
            .push("The jobs ask for different service levels; the label says Standard.".to_owned());
    }
    let received = devices.iter().filter(|device| device.is_received);
    let received: Vec<String> = received.map(|device| device.job.to_string()).collect();
    if !received.is_empty() {
        let text = "The devices of these jobs have been received already:";
        warnings.push(format!("{text} {}.", received.join(", ")));
    }
    (!warnings.is_empty()).then(|| warnings.join("\n"))
}

/// A sheet that was drawn.
#[derive(Debug)]
pub(crate) struct Drawn {
    /// The name to keep it under.
    pub(crate) file_name: String,
    /// The sheet.
    pub(crate) pdf: Vec<u8>,
}

/// Why there is no sheet. The text is for whoever followed the link.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoSheet {
    #[error(transparent)]
    Link(#[from] BadLink),
    #[error(transparent)]
    Gone(#[from] Gone),
    #[error(transparent)]
    NotDone(#[from] NotDone),
    #[error("the sheet could not be drawn")]
    Drawing,
}

/// Draws the sheet that a link's last name and token ask for.
pub(crate) async fn draw(context: &Context, name: &str, token: &str) -> Result<Drawn, NoSheet> {
    draw_now(context, &Artifact::of_link(context, name, token)?).await
}

async fn draw_now(context: &Context, artifact: &Artifact) -> Result<Drawn, NoSheet> {
    let sheet = prepare(context, artifact).await?;
    match context.work.run(move || sheet.draw()).await? {
        Ok(pdf) => Ok(Drawn {
            file_name: artifact.file_name(),
            pdf,
        }),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "sheet not drawn");
            Err(NoSheet::Drawing)
        }
    }
}
