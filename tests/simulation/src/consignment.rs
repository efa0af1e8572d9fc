//! A job of a run, as the world follows it.

use std::sync::Arc;

use model::ids::JobId;
use model::progress::LogLocation;

use crate::chance::Chance;
use crate::shipment::Shipment;

/// A job, and where its device is.
pub struct Consignment {
    /// Which of the run, from 0.
    pub index: u32,
    /// The job.
    pub job: JobId,
    /// The content of its SIGNATURE file.
    pub signature: String,
    /// Where its report goes.
    pub log: LogLocation,
    /// Its device, and the truth about it.
    pub shipment: Arc<dyn Shipment>,
    /// Where its fate comes from.
    pub chance: Chance,
    /// At which host its device is.
    pub host: usize,
    /// Whether the host where the device is may not know it any more, or not yet.
    pub is_estranged: bool,
    /// Whether the job is over.
    pub is_over: bool,
    /// Whether nobody could put away what it had begun: it was canceled in bad weather, or a station died
    /// that went on after its end.
    pub may_leave: bool,
    /// The number of its last lease.
    pub attempt: u32,
}
