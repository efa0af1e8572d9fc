//! A heartbeat: what a resident station says every few seconds, and what it is answered. `docs/formats.md` has its fields.
//!
//! One message carries all there is to say: the bays, the leases that are kept, the orders that are done. A run of the
//! station counts its heartbeats, so that one that comes twice, or late, changes nothing. Whoever reads one passes over
//! fields it does not know, and over entries of a list that it cannot read: a bay in a state of next year's release must
//! not cost the lease of another bay.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use crate::bay::{BayState, BayStatus};
use crate::control::{LeaseState, Renewal};
use crate::ids::{Boot, JobId, StationName};
use crate::metrics_address::MetricsAddress;
use crate::order::{Acknowledgement, Order};
use crate::other_disk::{OTHER_DISKS, OtherDisk};
use crate::presence::NoClaims;
use crate::share::{Share, StoreWants};
use crate::time::Timestamp;

/// Longest heartbeat in bytes: 64 bays with a sentence, a hint and the facts of a device each are about 40 KiB, their
/// leases and figures about 20. Letters of other scripts take up to four bytes each: what is left out then is in
/// [`Heartbeat::message`].
pub const HEARTBEAT_BYTES: usize = 64 << 10;

/// Most bays that are kept of a heartbeat, and most leases that it renews: as many as a station has at most.
pub const BAYS: usize = 64;

/// Most words on orders that one heartbeat carries: four for each bay. What is left comes with the next.
pub const ACKNOWLEDGEMENTS: usize = 4 * BAYS;

/// Bytes of words on orders in a heartbeat that is too long with all of them: those of 256 orders that were done, and of
/// sixteen that were refused with a sentence of four-byte letters each.
const ACKNOWLEDGEMENTS_BYTES: usize = 12 << 10;

/// Most characters of a release's name.
const RELEASE_CHARS: usize = 32;

/// `POST /station/v1/heartbeat`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The [`PROTOCOL_VERSION`](crate::control::PROTOCOL_VERSION) of the station.
    pub version: u32,
    /// Whose it is.
    pub station: StationName,
    /// Which run of the station's program.
    pub boot: Boot,
    /// Which heartbeat of this run, from 1.
    pub seq: u64,
    /// The release of the station's program.
    #[serde(default)]
    pub release: String,
    /// What time it is there.
    pub clock: Timestamp,
    /// How its bays are, as far as this release can read it.
    #[serde(default, deserialize_with = "readable")]
    pub bays: Vec<BayStatus>,
    /// Disks that it sees and leaves alone, and why.
    #[serde(
        default,
        deserialize_with = "readable",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub others: Vec<OtherDisk>,
    /// The leases that it keeps.
    #[serde(
        default,
        deserialize_with = "readable",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub leases: Vec<Renewal>,
    /// What became of orders.
    #[serde(
        default,
        deserialize_with = "readable",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub done: Vec<Acknowledgement>,
    /// What it wants of the stores that it loads into, where their rates are shared.
    #[serde(
        default,
        deserialize_with = "readable",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub stores: Vec<StoreWants>,
    /// How the host is.
    #[serde(default)]
    pub host: HostFacts,
    /// Where its figures can be fetched, if anywhere.
    #[serde(
        default,
        deserialize_with = "readable_or_none",
        skip_serializing_if = "Option::is_none"
    )]
    pub metrics: Option<MetricsAddress>,
}

/// How a station's host is, each where it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HostFacts {
    /// Processes that want a processor, on average over the last minute, in hundredths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_hundredths: Option<u64>,
    /// Memory that programs may still take, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Room that is left where the journals are, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal_bytes: Option<u64>,
}

/// What is kept of a heartbeat, for whoever looks at the station: all that is no secret.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Told {
    /// How its bays are.
    #[serde(default, deserialize_with = "readable")]
    pub bays: Vec<BayStatus>,
    /// Disks that it leaves alone, and why.
    #[serde(
        default,
        deserialize_with = "readable",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub others: Vec<OtherDisk>,
    /// How the host is.
    #[serde(default)]
    pub host: HostFacts,
    /// Where its figures can be fetched, if anywhere.
    #[serde(
        default,
        deserialize_with = "readable_or_none",
        skip_serializing_if = "Option::is_none"
    )]
    pub metrics: Option<MetricsAddress>,
}

/// The answer to a heartbeat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeartbeatAnswer {
    /// Milliseconds until the next is wanted.
    pub next_ms: u32,
    /// What time it is at the server.
    pub clock: Timestamp,
    /// What is to be done and not yet acknowledged, in the order in which it was wanted.
    #[serde(default, deserialize_with = "readable")]
    pub orders: Vec<Order>,
    /// What has become of each lease that was named.
    #[serde(default, deserialize_with = "readable")]
    pub leases: Vec<LeaseAnswer>,
    /// Which jobs of bays that are held are not on hold any more.
    #[serde(
        default,
        deserialize_with = "readable",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub mended: Vec<MendedJob>,
    /// Jobs of its bays whose devices it may ask to erase without a person: whether they are is the gate's to say.
    #[serde(
        default,
        deserialize_with = "readable",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub erasable: Vec<JobId>,
    /// What it may use of the rates of stores that it asked for.
    #[serde(
        default,
        deserialize_with = "readable",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub shares: Vec<Share>,
    /// Why the station gets no new job, if it gets none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_claims: Option<NoClaims>,
    /// By how many seconds its clock is ahead of the server's (behind, if it is negative), where that is worth a word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_ahead_seconds: Option<i64>,
}

/// A job that is not on hold any more, and goes on when a station takes its device up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MendedJob {
    /// Which.
    pub job: JobId,
    /// Since when that is known: one that is on hold again, and mended again, has another time.
    pub since: Timestamp,
}

/// What has become of a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseAnswer {
    /// Of which job.
    pub job: JobId,
    /// Whether to go on.
    pub state: LeaseState,
}

impl Heartbeat {
    /// What is kept of it, in words that fit on a screen whatever the station says.
    #[must_use]
    pub fn told(&self) -> Told {
        let bays = self.bays.iter().take(BAYS).cloned();
        let others = self.others.iter().take(OTHER_DISKS).cloned();
        Told {
            bays: bays.map(BayStatus::tidied).collect(),
            others: others.map(OtherDisk::tidied).collect(),
            host: self.host,
            metrics: self.metrics.clone(),
        }
    }

    /// The release of the station's program, on one line and short.
    #[must_use]
    pub fn release(&self) -> String {
        crate::readable::name(&self.release, RELEASE_CHARS)
    }

    /// The message. One that is longer than [`HEARTBEAT_BYTES`] is told with less, what can best be missed first: the
    /// maps of devices, disks that are left alone, what can be done about a bay, which file is read, what a device is called, words on orders that the next heartbeat
    /// says as well, how far a bay is, and what that means in words. Every lease is told, and every bay with its state and job
    /// unless the names of the bays alone are too long: then those in which nothing is are left out, and others
    /// only after them.
    #[must_use]
    pub fn message(mut self) -> Vec<u8> {
        self.bays.truncate(BAYS);
        self.others.truncate(OTHER_DISKS);
        self.leases.truncate(BAYS);
        self.done.truncate(ACKNOWLEDGEMENTS);
        self.stores.truncate(BAYS);
        for shorten in SHORTER {
            if self.written().len() <= HEARTBEAT_BYTES {
                break;
            }
            shorten(&mut self);
        }
        loop {
            let written = self.written();
            if written.len() <= HEARTBEAT_BYTES || !self.leave_a_bay_out() {
                return written;
            }
        }
    }

    /// Leaves out the last bay in which nothing is, or else the last one; whether there was any.
    fn leave_a_bay_out(&mut self) -> bool {
        let is_empty = |bay: &BayStatus| bay.state == BayState::Empty;
        let last_empty = self.bays.iter().rposition(is_empty);
        match last_empty.or(self.bays.len().checked_sub(1)) {
            Some(index) => {
                self.bays.remove(index);
                true
            }
            None => false,
        }
    }

    fn written(&self) -> Vec<u8> {
        written(self)
    }
}

fn written<T: Serialize>(what: &T) -> Vec<u8> {
    serde_json::to_vec(what).expect("numbers and texts are written to memory")
}

/// What is left out of a heartbeat that is too long, one after another.
const SHORTER: [fn(&mut Heartbeat); 8] = [
    |it| it.bays.iter_mut().for_each(|bay| bay.map = None),
    |it| it.others.clear(),
    |it| it.bays.iter_mut().for_each(|bay| bay.hint = None),
    |it| {
        let of_bays = it.bays.iter_mut().filter_map(|bay| bay.figures.as_mut());
        let of_leases = it.leases.iter_mut().map(|renewal| &mut renewal.figures);
        of_bays
            .chain(of_leases)
            .for_each(|figures| figures.current = None);
    },
    |it| {
        it.bays
            .iter_mut()
            .for_each(|bay| (bay.device, bay.medium) = (None, None));
    },
    |it| {
        let mut left = ACKNOWLEDGEMENTS_BYTES;
        let fits = it.done.iter().take_while(|word| {
            let bytes = written(word).len();
            let fits = bytes <= left;
            left = left.saturating_sub(bytes);
            fits
        });
        let fits = fits.count();
        it.done.truncate(fits);
    },
    |it| it.bays.iter_mut().for_each(|bay| bay.figures = None),
    |it| it.bays.iter_mut().for_each(|bay| bay.sentence.clear()),
];

/// Reads the entries of a list that this release can read.
fn readable<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Vec<T>, D::Error> {
    let all = Vec::<serde_json::Value>::deserialize(from)?;
    let read = all
        .into_iter()
        .filter_map(|one| serde_json::from_value(one).ok());
    Ok(read.collect())
}

/// Reads what this release can read; the rest is as if it were not there.
fn readable_or_none<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    from: D,
) -> Result<Option<T>, D::Error> {
    let one = Option::<serde_json::Value>::deserialize(from)?;
    Ok(one.and_then(|one| serde_json::from_value(one).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::{LeaseToken, Tally};
    use crate::device::DeviceFacts;
    use crate::ids::{BayName, OrderId, PortId};
    use crate::live_map::{self, LiveMap};
    use crate::loading::Figures;
    use crate::order::{OrderOutcome, OrderVerb};

    fn at() -> Timestamp {
        "2026-01-02T03:04:05Z".parse().unwrap()
    }

    fn heartbeat(bays: Vec<BayStatus>) -> Heartbeat {
        Heartbeat {
            version: 4,
            station: StationName::new("dock-1").unwrap(),
            boot: Boot::new("00ff").unwrap(),
            seq: 7,
            release: "0.9.0".to_owned(),
            clock: at(),
            bays,
            others: Vec::new(),
            leases: Vec::new(),
            done: Vec::new(),
            stores: Vec::new(),
            host: HostFacts::default(),
            metrics: None,
        }
    }

    fn bay(name: &str) -> BayStatus {
        BayStatus::empty(
            BayName::new(name).unwrap(),
            PortId::new("usb-1").unwrap(),
            at(),
        )
    }

    /// A frozen sample: what stations in the field send.
    #[test]
    fn the_first_version_is_read() {
        let text = r#"{"version":4,"station":"dock-1","boot":"00ff","seq":7,"release":"0.9.0",
            "clock":"2026-01-02T03:04:05Z","bays":[{"name":"B3","port":"usb-1","state":"empty",
            "since":"2026-01-02T03:04:05Z","sentence":"Nothing is plugged in."}],
            "leases":[{"job":"ABCDE","lease":"t","tally":{"stored":1,"bytes":2,"ignored":0,"failed":0}}],
            "done":[{"id":"9a","outcome":"done"},{"id":"9b","outcome":"refused","why":"it is empty"}],
            "host":{"load_hundredths":150,"journal_bytes":1000},"metrics":"dock-1:4783"}"#;
        let read: Heartbeat = serde_json::from_str(text).unwrap();
        assert_eq!(read.bays, [bay("B3")]);
        assert_eq!(read.leases[0].lease, LeaseToken("t".to_owned()));
        assert_eq!(read.leases[0].figures.tally.stored, 1);
        assert_eq!(read.done[0].outcome, OrderOutcome::Done);
        assert_eq!(read.done.len(), 2);
        assert_eq!(read.host.load_hundredths, Some(150));
        assert_eq!(read.metrics.as_ref().unwrap().as_str(), "dock-1:4783");
        let again: Heartbeat = serde_json::from_slice(&read.clone().message()).unwrap();
        assert_eq!(again, read);
    }

    #[test]
    fn what_a_later_release_says_costs_nothing_else() {
        let text = r#"{"version":9,"station":"dock-1","boot":"00ff","seq":7,"mood":"good","metrics":"127.0.0.1:22",
            "clock":"2026-01-02T03:04:05Z",
            "bays":[{"name":"B1","port":"usb-1","state":"levitating","since":"2026-01-02T03:04:05Z",
                "sentence":"It floats."},{"name":["B2"]},{"name":"B3","port":"usb-1","state":"empty",
                "since":"2026-01-02T03:04:05Z","sentence":"Nothing is plugged in.","colour":"red"}],
            "leases":[{"job":"ABCDE"},{"job":"ABCDF","lease":"t","tally":{"stored":1,"bytes":2,
                "ignored":0,"failed":0},"warmth":3}],
            "done":[{"id":"9a","outcome":"postponed"},{"id":"9b","outcome":"done"}]}"#;
        let read: Heartbeat = serde_json::from_str(text).unwrap();
        let states: Vec<BayState> = read.bays.iter().map(|bay| bay.state).collect();
        assert_eq!(states, [BayState::Other, BayState::Empty]);
        assert_eq!(read.leases.len(), 1);
        assert_eq!(read.done.len(), 1);
        assert_eq!(read.metrics, None);

        let text = r#"{"next_ms":5000,"clock":"2026-01-02T03:04:05Z","tide":"high",
            "orders":[{"id":"9a","bay":"B1","verb":"polish","by":"service","at":"2026-01-02T03:04:05Z"},
                {"id":"9b"}],
            "leases":[{"job":"ABCDE","state":"lent"},{"job":"ABCDF","state":"held"}],
            "mended":[{"job":"ABCDE","since":"2026-01-02T03:04:05Z"},{"job":7}],
            "no_claims":"eclipse"}"#;
        let read: HeartbeatAnswer = serde_json::from_str(text).unwrap();
        assert_eq!((read.orders.len(), read.leases.len()), (1, 1));
        assert_eq!(read.orders[0].verb, OrderVerb::Other);
        assert_eq!(read.no_claims, Some(NoClaims::Other));
        assert_eq!(read.mended.len(), 1);
    }

    /// The longest of everything that a bay can tell.
    fn full(number: usize) -> BayStatus {
        let long = |chars: usize| "\u{1d11e}".repeat(chars);
        BayStatus {
            state: BayState::Loading,
            sentence: long(400),
            hint: Some(long(400)),
            medium: Some(long(100)),
            stay: Some(u32::MAX),
            device: Some(DeviceFacts {
                model: Some(long(64)),
                ..DeviceFacts::default()
            }),
            figures: Some(Figures::default()),
            ..bay(&format!("B{number}"))
        }
    }

    fn tokens(it: &Heartbeat) -> Vec<(JobId, LeaseToken)> {
        let leases = it.leases.iter();
        leases.map(|it| (it.job, it.lease.clone())).collect()
    }

    #[test]
    fn a_heartbeat_always_fits_and_keeps_its_leases() {
        let renewal = |n: usize| Renewal {
            version: crate::control::PROTOCOL_VERSION,
            job: JobId::from_entropy(u64::try_from(n).unwrap().to_le_bytes()),
            lease: LeaseToken("0".repeat(32)),
            figures: Figures {
                current: Some("x".repeat(200)),
                ..Figures::default()
            },
        };
        let done = |n: usize| Acknowledgement {
            id: OrderId::new(format!("{n:016}")).unwrap(),
            outcome: OrderOutcome::Done,
        };
        let sent = Heartbeat {
            leases: (0..BAYS).map(renewal).collect(),
            done: (0..BAYS).map(done).collect(),
            ..heartbeat((0..BAYS + 9).map(full).collect())
        };
        let message = sent.clone().message();
        assert!(message.len() <= HEARTBEAT_BYTES, "{}", message.len());
        let read: Heartbeat = serde_json::from_slice(&message).unwrap();
        assert_eq!((tokens(&read), &read.done), (tokens(&sent), &sent.done));
        assert_eq!(read.bays.len(), BAYS);
        assert!(read.bays.iter().all(|bay| bay.hint.is_none()));

        let few = heartbeat(vec![full(1)]);
        let read: Heartbeat = serde_json::from_slice(&few.clone().message()).unwrap();
        assert_eq!(read, few, "nothing is left out without need");
    }

    /// Disks, their files and whoever refuses orders are called as it pleases those who mean harm.
    #[test]
    fn hostile_names_cost_no_lease_and_no_bay() {
        let long = |chars: usize| "\u{1d11e}".repeat(chars);
        let most = u64::MAX;
        let figures = |current: usize| Figures {
            tally: Tally {
                stored: most,
                bytes: most,
                ignored: most,
                failed: most,
            },
            current: Some(long(current)),
            found: most,
            found_bytes: most,
            found_all: true,
            sent_bytes: most,
            rate: Some(most),
            seconds_left: Some(most),
        };
        let job = |n: usize| JobId::from_entropy(u64::try_from(n).unwrap().to_le_bytes());
        let bays = (0..BAYS).map(|n| BayStatus {
            state: BayState::ReadingBack,
            job: Some(job(n)),
            figures: Some(figures(80)),
            map: Some(LiveMap {
                bytes: most,
                cells: "~".repeat(live_map::CELLS),
            }),
            ..full(n)
        });
        let renewal = |n: usize| Renewal {
            version: crate::control::PROTOCOL_VERSION,
            job: job(n),
            lease: LeaseToken("0".repeat(32)),
            figures: figures(200),
        };
        let other = |n: usize| {
            OtherDisk {
                medium: long(90),
                port: PortId::new(format!("usb-{n}")).unwrap(),
                bytes: most,
                why: long(300),
                remedy: Some(long(300)),
            }
            .tidied()
        };
        let refused = |n: usize| Acknowledgement {
            id: OrderId::new(format!("{n:016}")).unwrap(),
            outcome: OrderOutcome::Refused { why: long(160) },
        };
        let sent = Heartbeat {
            leases: (0..BAYS).map(renewal).collect(),
            done: (0..ACKNOWLEDGEMENTS).map(refused).collect(),
            others: (0..OTHER_DISKS).map(other).collect(),
            ..heartbeat(bays.map(BayStatus::tidied).collect())
        };
        let message = sent.clone().message();
        assert!(message.len() <= HEARTBEAT_BYTES, "{}", message.len());
        let read: Heartbeat = serde_json::from_slice(&message).unwrap();
        assert_eq!(tokens(&read), tokens(&sent));
        let states = |it: &Heartbeat| -> Vec<_> {
            let bays = it.bays.iter();
            bays.map(|it| (it.name.clone(), it.state, it.job)).collect()
        };
        assert_eq!(states(&read), states(&sent));
        assert!(read.others.is_empty(), "what is left alone is missed first");
        assert!(read.done.len() >= 12, "{}", read.done.len());
        assert_eq!(read.done, sent.done[..read.done.len()]);
    }

    #[test]
    fn where_the_names_of_bays_are_too_long_empty_ones_are_left_out_first() {
        let bays = (0..BAYS).map(|n| BayStatus {
            name: BayName::new(format!("{n}{}", "\u{1d11e}".repeat(190))).unwrap(),
            port: PortId::new("\u{1d11e}".repeat(300)).unwrap(),
            state: match n % 2 {
                0 => BayState::Empty,
                _ => BayState::Loading,
            },
            ..full(n)
        });
        let message = heartbeat(bays.collect()).message();
        assert!(message.len() <= HEARTBEAT_BYTES, "{}", message.len());
        let read: Heartbeat = serde_json::from_slice(&message).unwrap();
        let count = |state| read.bays.iter().filter(|bay| bay.state == state).count();
        assert!(count(BayState::Loading) > 20, "{}", read.bays.len());
        assert_eq!(count(BayState::Empty), 0);
    }

    #[test]
    fn what_is_kept_holds_no_lease_and_plays_with_no_terminal() {
        let mut sent = heartbeat((0..BAYS + 1).map(|n| bay(&format!("B{n}"))).collect());
        sent.bays[0].sentence = "\u{1b}[2J".to_owned();
        sent.others = (0..OTHER_DISKS + 5)
            .map(|_| OtherDisk {
                medium: "sdq".to_owned(),
                port: PortId::new("usb-1").unwrap(),
                bytes: 1,
                why: "\u{1b}[2J".to_owned(),
                remedy: None,
            })
            .collect();
        sent.leases.push(Renewal {
            version: crate::control::PROTOCOL_VERSION,
            job: JobId::new("ABCDE").unwrap(),
            lease: LeaseToken("secret".to_owned()),
            figures: Figures::default(),
        });
        let told = sent.told();
        assert_eq!((told.bays.len(), told.others.len()), (BAYS, OTHER_DISKS));
        let kept = serde_json::to_string(&told).unwrap();
        assert!(
            !kept.contains("secret") && !kept.contains("\\u001b"),
            "{kept}"
        );
        assert_eq!(serde_json::from_str::<Told>(&kept).unwrap(), told);
    }
}
