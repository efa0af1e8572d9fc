//! The AWS Import/Export API: parameters to operations to XML.
//!
//! A request is read into the input of an operation of [`crate::ops`], and what that gives is written as
//! elements. [`Fault`] is the one table of refusals. The order in which a request is checked: the caller,
//! the action, what the policies of a user say of it, missing parameters, values, `APIVersion`, and then as the operations say.

mod answer;
mod create_job;
mod device;
mod fault;
mod get_shipping_label;
mod get_status;
mod give_secret;
mod input;
mod list_jobs;
mod open_console;
mod submission;
mod update_job;

use awsproto::params::Params;
use awsproto::xml::Element;

pub(super) use answer::answer;
use device::HoldInput;
use fault::Fault;
use policy::ActionName;

use crate::access::Caller;
use crate::app::Context;
use crate::ops::artifacts::{self, ArtifactLink};
use crate::ops::{Refused, disposal, jobs, secrets, sign_ins};

/// The six operations of AWS, and our own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Operation {
    /// Registers a job.
    CreateJob,
    /// Replaces a job's manifest.
    UpdateJob,
    /// Takes a job back.
    CancelJob,
    /// Tells how a job is.
    GetStatus,
    /// Lists an account's jobs.
    ListJobs,
    /// Makes a label for a parcel.
    GetShippingLabel,
    /// Says that a device may be erased. Ours.
    ReleaseDevice,
    /// Says that a device may not be erased, or no more. Ours.
    HoldDevice,
    /// Lets the customer who asks in at the console, once. Ours.
    OpenConsole,
    /// Gives what opens the device of a job. Ours.
    GiveSecret,
}

impl Operation {
    const ALL: [Self; 10] = [
        Self::CreateJob,
        Self::UpdateJob,
        Self::CancelJob,
        Self::GetStatus,
        Self::ListJobs,
        Self::GetShippingLabel,
        Self::ReleaseDevice,
        Self::HoldDevice,
        Self::OpenConsole,
        Self::GiveSecret,
    ];

    /// The name on the wire.
    fn name(self) -> &'static str {
        match self {
            Self::CreateJob => "CreateJob",
            Self::UpdateJob => "UpdateJob",
            Self::CancelJob => "CancelJob",
            Self::GetStatus => "GetStatus",
            Self::ListJobs => "ListJobs",
            Self::GetShippingLabel => "GetShippingLabel",
            Self::ReleaseDevice => "ReleaseDevice",
            Self::HoldDevice => "HoldDevice",
            Self::OpenConsole => "OpenConsole",
            Self::GiveSecret => "GiveSecret",
        }
    }

    /// What policies call it.
    fn action(self) -> ActionName {
        match self {
            Self::CreateJob => ActionName::CreateJob,
            Self::UpdateJob => ActionName::UpdateJob,
            Self::CancelJob => ActionName::CancelJob,
            Self::GetStatus => ActionName::GetStatus,
            Self::ListJobs => ActionName::ListJobs,
            Self::GetShippingLabel => ActionName::GetShippingLabel,
            Self::ReleaseDevice => ActionName::ReleaseDevice,
            Self::HoldDevice => ActionName::HoldDevice,
            Self::OpenConsole => ActionName::OpenConsole,
            Self::GiveSecret => ActionName::GiveSecret,
        }
    }

    /// Reads the operation of a request, `Action` or its old alias `Operation`.
    ///
    /// # Errors
    /// `MissingAction` or `InvalidAction`.
    fn of(params: &Params) -> Result<Self, Fault> {
        let name = params.action()?;
        Self::ALL
            .into_iter()
            .find(|operation| operation.name() == name)
            .ok_or_else(|| awsproto::Fault::InvalidAction(fault::echo(name)).into())
    }

    /// Does what the request asks, and gives the elements of its result.
    ///
    /// # Errors
    /// [`Fault`].
    async fn run(
        self,
        context: &Context,
        caller: &Caller,
        params: &Params,
    ) -> Result<Vec<Element>, Fault> {
        let refused = |refused: Refused| Fault::of(self, refused);
        Ok(match self {
            Self::CreateJob => {
                let submission = create_job::read(params)?;
                let created = jobs::create(context, caller, submission).await;
                create_job::elements(&created.map_err(refused)?)
            }
            Self::UpdateJob => {
                let (id, submission) = update_job::read(params)?;
                let updated = jobs::update(context, caller, &id, submission).await;
                update_job::elements(&updated.map_err(refused)?)
            }
            Self::CancelJob => {
                let id = input::only_job_id(params)?;
                let canceled = jobs::cancel(context, caller, &id).await;
                canceled.map_err(refused)?;
                vec![Element::leaf("Success", "true")]
            }
            Self::GetStatus => {
                let id = input::only_job_id(params)?;
                let status = jobs::get_status(context, caller, &id).await;
                get_status::elements(&status.map_err(refused)?)
            }
            Self::ListJobs => {
                let page = jobs::list(context, caller, list_jobs::read(params)?).await;
                list_jobs::elements(&page.map_err(refused)?)
            }
            Self::GetShippingLabel => {
                let input = get_shipping_label::read(params)?;
                let label = artifacts::print_label(context, caller, input).await;
                get_shipping_label::elements(&label.map_err(refused)?)
            }
            Self::ReleaseDevice => {
                let device::ReleaseInput {
                    job,
                    gives_up,
                    because,
                } = device::release(params)?;
                let because = because.as_deref();
                let released = disposal::release(context, caller, &job, gives_up, because).await;
                device::elements(&released.map_err(refused)?)
            }
            Self::HoldDevice => {
                let held = match device::hold(params)? {
                    HoldInput::Object { job, because } => {
                        disposal::object(context, caller, &job, &because).await
                    }
                    HoldInput::Withdraw { job } => disposal::withdraw(context, caller, &job).await,
                };
                device::elements(&held.map_err(refused)?)
            }
            Self::GiveSecret => {
                let (id, secret) = give_secret::read(params)?;
                let job = secrets::give(context, caller, &id, secret).await;
                give_secret::elements(&job.map_err(refused)?)
            }
            Self::OpenConsole => {
                let console = open_console::read(params, context.console.as_deref())?;
                let link = sign_ins::link_of_customer(&context.admin(), caller).await;
                open_console::elements(console, &link.map_err(refused)?)
            }
        })
    }
}

fn artifact_list(links: &[ArtifactLink]) -> Element {
    let member = |link: &ArtifactLink| {
        vec![
            Element::leaf("Description", link.description),
            Element::leaf("URL", link.url.as_str()),
        ]
    };
    Element::list("ArtifactList", links.iter().map(member))
}
