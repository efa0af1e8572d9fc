//! A job that is over with failures is to be gone on with for those files alone.

use model::control::RetryRequest;
use model::event::Event;
use model::ids::StationName;
use model::manifest::Manifest;
use model::progress::Progress;
use model::stopped::StopCause;

use super::{StationFault, actor};
use crate::change;
use crate::http::App;

/// Reopens a job. The same message again is answered alike.
pub(super) async fn retry(
    app: &App,
    station: &StationName,
    RetryRequest { job: id }: RetryRequest,
) -> Result<(), StationFault> {
    let job = change::look(&app.context, id).await?;
    let job = job.ok_or(StationFault::UnknownJob(id))?;
    let waits = job.stopped.as_ref().map(|stopped| stopped.cause) == Some(StopCause::Retry);
    if waits && matches!(job.progress, Progress::InProgress { .. }) {
        return Ok(());
    }
    let manifest = Manifest::parse_accepted(&job.manifest, job.job_type);
    if !matches!(manifest, Ok(Manifest::S3Import(_))) {
        return Err(StationFault::NoRetry(id));
    }
    let refused = |why| StationFault::Refused { job: id, why };
    change::apply(&app.context, id, &actor(station), &Event::Reopened, refused)
        .await?
        .ok_or(StationFault::UnknownJob(id))?;
    tracing::info!(%station, job = %id, "job reopened for what failed");
    Ok(())
}
