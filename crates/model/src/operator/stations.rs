//! Stations and their bays, for the people who run a service.

use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::bay::{BayState, BayStatus, SerialDoubt};
use crate::handling::Failing;
use crate::ids::{BayName, JobId, OrderId, PortId, StationName};
use crate::live_map::LiveMap;
use crate::loading::Figures;
use crate::metrics_address::MetricsAddress;
use crate::order::{Order, OrderOutcome, OrderVerb};
use crate::other_disk::OtherDisk;
use crate::presence::{NoClaims, StationState};
use crate::request_rate::RequestRate;
use crate::secret::DeviceSecret;
use crate::signature::SignatureFile;
use crate::time::Timestamp;

/// `GET /operator/v1/stations`: a page of the stations, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StationList {
    /// The stations.
    pub stations: Vec<StationLine>,
    /// The `after` of the next page, where there are more.
    pub next: Option<StationName>,
}

/// A station in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StationLine {
    /// Which.
    pub name: StationName,
    /// How it is.
    pub state: StationState,
    /// Why it gets no new job, if it gets none.
    pub no_claims: Option<NoClaims>,
    /// When it was admitted, the last time.
    pub admitted: Timestamp,
    /// When its last heartbeat came.
    pub heard: Option<Timestamp>,
    /// The release of its program.
    pub release: Option<String>,
    /// By how many seconds its clock is ahead of the server's.
    pub clock_ahead: Option<i64>,
    /// Since when it is to begin nothing new.
    pub draining: Option<Timestamp>,
    /// Since when its token is void.
    pub revoked: Option<Timestamp>,
    /// How many bays it has.
    pub bays: usize,
    /// In how many of them something is at work.
    pub at_work: usize,
    /// In how many of them something waits for a person.
    pub waiting: usize,
}

/// One of the groups of `GET /operator/v1/prometheus-targets`, in the names that Prometheus gives them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetGroup {
    /// Where the figures of a station can be fetched.
    pub targets: [MetricsAddress; 1],
    /// What is to stand beside them.
    pub labels: TargetLabels,
}

/// What stands beside the figures of a station.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetLabels {
    /// Which.
    pub station: StationName,
}

/// `GET /operator/v1/stations/NAME`: all that is known of a station.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StationDetail {
    /// As a list has it.
    #[serde(flatten)]
    pub line: StationLine,
    /// The jobs whose leases it has.
    pub jobs: Vec<JobId>,
    /// What it told last of its bays.
    pub told: Vec<BayLine>,
    /// Disks that it sees and leaves alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<OtherLine>,
    /// Bytes that are free where its journals are, as it told last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_bytes: Option<u64>,
    /// What was ordered of it in the last ten minutes, the oldest first.
    pub orders: Vec<OrderLine>,
    /// What it may use of the rates of stores that several stations share.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<ShareLine>,
}

/// What a run of a station's program may use of a store's rates: of those that are limited at this hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ShareLine {
    /// Of which store.
    pub store: String,
    /// Which station. A service of an earlier release does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub station: Option<StationName>,
    /// For how many devices.
    pub loading: u32,
    /// Bytes per second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_per_second: Option<u64>,
    /// Requests per second. None of a station of an earlier release, which does not hold them back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_second: Option<RequestRate>,
    /// When it ends, if it is not asked for again.
    pub until: Timestamp,
}

/// `GET /operator/v1/bays`: the bays of a page of the stations, by the names of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct BayList {
    /// The bays.
    pub bays: Vec<BayLine>,
    /// Disks that the stations see and leave alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<OtherLine>,
    /// The `after` of the next page of stations, where there are more.
    pub next: Option<StationName>,
}

/// A bay, as its station told it last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct BayLine {
    /// Whose it is.
    pub station: StationName,
    /// Which.
    pub bay: BayName,
    /// Where it is.
    pub port: PortId,
    /// That this is what its station told last and may be so no more, where nothing is heard of that.
    #[serde(default)]
    pub last_told: Option<LastTold>,
    /// What is going on there.
    pub state: BayState,
    /// Since when.
    pub since: Timestamp,
    /// What that means, in one sentence.
    pub sentence: String,
    /// What a person can do, if anything.
    pub hint: Option<String>,
    /// What the kernel calls the device, or the name of the image.
    pub medium: Option<String>,
    /// What is known of the device: its maker, model and serial number.
    pub device: Option<String>,
    /// The job that it belongs to.
    pub job_id: Option<JobId>,
    /// Why it stands still, in a stable word.
    pub held: Option<String>,
    /// That its device is failing, and how that is known.
    #[serde(default)]
    pub failing: Option<FailingLine>,
    /// The store that it waits for, if it waits for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
    /// What its serial number is not good for, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<SerialDoubt>,
    /// How far it is.
    pub figures: Option<FiguresLine>,
    /// What of the device was read so far, while it is read.
    #[serde(default)]
    pub map: Option<LiveMap>,
}

/// That nothing is heard of a station any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LastTold {
    /// How the station is: silent, or revoked.
    pub station: StationState,
    /// When its last heartbeat came.
    pub at: Option<Timestamp>,
}

/// That a device is failing, and how that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FailingLine {
    /// Whether it says so itself.
    pub says_so: bool,
    /// How many ranges of it could not be read, where they are too many.
    pub bad_ranges: Option<u64>,
    /// The same for a person, as a fragment.
    pub why: String,
}

/// A disk that a station leaves alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OtherLine {
    /// Which station sees it.
    pub station: StationName,
    /// What the kernel calls it.
    pub medium: String,
    /// Where it is plugged in.
    pub port: PortId,
    /// Its size in bytes.
    pub bytes: u64,
    /// Why it is left alone, in one sentence.
    pub why: String,
    /// What a person can do so that it is not, if anything.
    pub remedy: Option<String>,
}

/// How far a transfer is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FiguresLine {
    /// How much of the work is done, in thousandths.
    pub thousandths: u64,
    /// Files that are stored.
    pub files: u64,
    /// Files that were found so far.
    pub files_found: u64,
    /// Files that failed.
    pub failed: u64,
    /// Bytes that are in the store.
    pub bytes: u64,
    /// Bytes that were found so far.
    pub bytes_found: u64,
    /// Bytes per second, lately.
    pub rate: Option<u64>,
    /// About how many seconds are left.
    pub seconds_left: Option<u64>,
    /// The file whose reading was last begun.
    pub current: Option<String>,
}

/// `POST /operator/v1/stations/NAME/orders`: what the station is to do with a bay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OrderFor {
    /// Which bay.
    pub bay: BayName,
    /// What.
    pub verb: OrderVerb,
    /// The job whose slip was scanned: what is in the bay must be its device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
    /// The sheet that was scanned for what is in the bay, with [`OrderVerb::Load`]: it stands for a SIGNATURE file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<SignatureFile>,
    /// The last four characters of the serial of the device that is to be erased, with [`OrderVerb::Erase`] and its job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial_end: Option<String>,
    /// What opens the device in the bay, with [`OrderVerb::Unlock`]: it is used once, and kept until the station has heard of
    /// it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<DeviceSecret>,
}

/// `POST /operator/v1/stations/NAME/commands`: a card was scanned behind the tag of a bay.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CommandFor {
    /// Which bay.
    pub bay: BayName,
    /// What the card asks for.
    pub verb: String,
    /// What was scanned of it, which proves that this installation printed it.
    pub card: String,
}

impl std::fmt::Debug for CommandFor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CommandFor({}, {}, …)", self.bay, self.verb)
    }
}

/// The answer: what is done now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Commanded {
    /// Which bay.
    pub bay: BayName,
    /// What the card asks for.
    pub verb: String,
    /// The same for a person.
    pub sentence: String,
    /// When the station was heard last, if nothing is heard of it now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unheard_since: Option<Timestamp>,
}

/// `GET /operator/v1/command-cards`: what is printed on command cards.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CardList {
    /// The cards.
    pub cards: Vec<CardLine>,
}

/// A command card.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CardLine {
    /// What it asks for.
    pub verb: String,
    /// What it does, in words.
    pub what: String,
    /// What its barcode holds.
    pub code: String,
}

/// An order, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OrderLine {
    /// Which.
    pub order: OrderId,
    /// Of which bay.
    pub bay: BayName,
    /// What is wanted.
    pub verb: OrderVerb,
    /// Who wants it.
    pub by: Actor,
    /// Since when.
    pub at: Timestamp,
    /// When the station answered.
    pub answered: Option<Timestamp>,
    /// Why the station did not do it, if it did not.
    pub refused: Option<String>,
    /// Whether another person has to order the same before the station hears of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waits_for_second: bool,
    /// Who that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<Actor>,
    /// When the station was heard last, where it was given just now and nothing is heard of the station.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unheard_since: Option<Timestamp>,
}

/// That a station may never hear of what was just ordered of it.
#[must_use]
pub fn unheard(station: &StationName, since: Timestamp) -> String {
    format!(
        "Station {station} has not been heard since {since}: it hears of this if it is heard again within ten minutes, and \
         never after that."
    )
}

impl OtherLine {
    /// What a station told of a disk.
    #[must_use]
    pub fn of(station: &StationName, other: OtherDisk) -> Self {
        Self {
            station: station.clone(),
            medium: other.medium,
            port: other.port,
            bytes: other.bytes,
            why: other.why,
            remedy: other.remedy,
        }
    }
}

impl BayLine {
    /// What a station told of a bay.
    #[must_use]
    pub fn of(station: &StationName, bay: BayStatus) -> Self {
        Self {
            station: station.clone(),
            bay: bay.name,
            port: bay.port,
            last_told: None,
            state: bay.state,
            since: bay.since,
            sentence: bay.sentence,
            hint: bay.hint,
            medium: bay.medium,
            device: bay.device.map(|facts| facts.to_string()),
            job_id: bay.job,
            held: bay.cause.map(|cause| cause.code().to_owned()),
            failing: bay.failing.map(FailingLine::from),
            store: None,
            serial: bay.serial,
            figures: bay.figures.map(FiguresLine::from),
            // A station may tell more than a picture has.
            map: bay.map.map(LiveMap::tidied),
        }
    }
}

impl From<Failing> for FailingLine {
    fn from(failing: Failing) -> Self {
        Self {
            says_so: failing.says_so,
            bad_ranges: failing.bad_ranges,
            why: failing.to_string(),
        }
    }
}

impl From<Figures> for FiguresLine {
    fn from(figures: Figures) -> Self {
        Self {
            thousandths: figures.thousandths(),
            files: figures.tally.stored,
            files_found: figures.found,
            failed: figures.tally.failed,
            bytes: figures.sent_bytes,
            bytes_found: figures.found_bytes,
            rate: figures.rate,
            seconds_left: figures.seconds_left,
            current: figures.current,
        }
    }
}

impl OrderLine {
    /// An order, and the station's answer.
    #[must_use]
    pub fn of(order: Order, answered: Option<(Timestamp, OrderOutcome)>) -> Self {
        let (at, outcome) = answered.unzip();
        let refused = match outcome {
            Some(OrderOutcome::Refused { why }) => Some(why),
            Some(OrderOutcome::Done) | None => None,
        };
        Self {
            waits_for_second: order.waits(),
            second: order.second,
            unheard_since: None,
            order: order.id,
            bay: order.bay,
            verb: order.verb,
            by: order.by,
            at: order.at,
            answered: at,
            refused,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live_map::CELLS;

    #[test]
    fn whatever_a_station_tells_of_a_device_its_map_has_no_more_than_its_cells() {
        let port = PortId::new("usb1-1").unwrap();
        let told = BayStatus {
            map: Some(LiveMap {
                bytes: 1,
                cells: "-<".repeat(30_000),
            }),
            ..BayStatus::empty(BayName::new("A").unwrap(), port, Timestamp::from_unix(0))
        };
        let line = BayLine::of(&StationName::new("dock-1").unwrap(), told);
        let cells = line.map.unwrap().cells;
        assert_eq!(cells, "-?".repeat(CELLS / 2));
    }
}
