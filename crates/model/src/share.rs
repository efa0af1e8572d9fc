//! Shares: how much of a store's rate a station may use, and until when.
//!
//! A limit belongs to a store, and stations do not know each other. So each says every few seconds how much it wants, and
//! is given a share that ends; it keeps it by asking again. Shares are fair to bays: a station that loads twice as many
//! gets twice as much, and what one does not want the others have.
//!
//! Bytes and requests are limited each for itself ([`Measure`]), by the same rules. What is said of either is a number of
//! [its units](Measure) each second.
//!
//! Whatever is lost on the way, the shares in use never come to more than the limit. A share that is made smaller counts as
//! the larger one until its station says that it goes by the smaller, or until its end.

use serde::{Deserialize, Serialize};

use crate::ids::{Boot, StationName};

/// Seconds that a share holds: three heartbeats.
pub const SHARE_SECONDS: u32 = 15;

/// Seconds without an answer after which a station goes at half of what it may do without one.
pub const HALVED_AFTER_SECONDS: u32 = 300;

/// As much as can be sent: what stands for no limit.
pub const UNLIMITED: u64 = i64::MAX.unsigned_abs();

/// What a request counts. They are shared in thousandths, so that many stations can share a limit of a few: each has some.
pub const REQUEST: u64 = 1_000;

/// What of a store is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// What is sent to it and received from it, in bytes.
    Bytes,
    /// What is asked of it, in thousandths of a request.
    Requests,
}

impl Measure {
    /// All that is limited.
    pub const ALL: [Self; 2] = [Self::Bytes, Self::Requests];

    /// What a station wants at least each second: what it uses grows from here.
    fn least(self) -> u64 {
        match self {
            Self::Bytes => 1 << 20,
            Self::Requests => 5 * REQUEST,
        }
    }
}

/// What a station says of a store that it loads into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreWants {
    /// What the store is called in the settings of the server, as the claim said.
    pub store: String,
    /// How many devices are loaded into it, or filled from it.
    pub loading: u32,
    /// Of its bytes.
    #[serde(flatten)]
    pub bytes: RateWants,
    /// Of its requests; nothing from a station of a release that does not hold them back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<RateWants>,
}

impl StoreWants {
    /// What is said of either.
    #[must_use]
    pub fn of(&self, measure: Measure) -> Option<RateWants> {
        match measure {
            Measure::Bytes => Some(self.bytes),
            Measure::Requests => self.requests,
        }
    }
}

/// What a station wants of a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateWants {
    /// Units per second that it could use; without it, as many as there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wants: Option<u64>,
    /// Units per second since it asked last.
    #[serde(default)]
    pub used: u64,
    /// Units per second of the share that it goes by; without it, it goes by none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has: Option<u64>,
}

/// What a claim says of a store whose rate is shared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedStore {
    /// What the store is called in the settings of the server.
    pub name: String,
    /// Bytes per second, if no share is ever given; without it, as fast as it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub afterwards: Option<u64>,
    /// Thousandths of a request per second, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_afterwards: Option<u64>,
}

/// A station's share of a store's rates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Of which store.
    pub store: String,
    /// Bytes per second; without it, as fast as it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_per_second: Option<u64>,
    /// Seconds that it holds, from when it was asked for.
    pub seconds: u32,
    /// Bytes per second from its end on, if no other follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub afterwards: Option<u64>,
    /// Of its requests; without it, as many as it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<RateShare>,
}

/// A share of one rate. Without limit it is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RateShare {
    /// Units per second; without it, as fast as it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_second: Option<u64>,
    /// Units per second from its end on, if no other follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub afterwards: Option<u64>,
}

impl Share {
    /// A share of a store that was just asked for. Where the station said nothing of requests, nothing is said of them.
    #[must_use]
    pub fn new(store: String, bytes: RateShare, requests: Option<RateShare>) -> Self {
        Self {
            store,
            bytes_per_second: bytes.per_second,
            seconds: SHARE_SECONDS,
            afterwards: bytes.afterwards,
            requests,
        }
    }

    /// The share of either.
    #[must_use]
    pub fn of(&self, measure: Measure) -> RateShare {
        match measure {
            Measure::Bytes => RateShare {
                per_second: self.bytes_per_second,
                afterwards: self.afterwards,
            },
            Measure::Requests => self.requests.unwrap_or_default(),
        }
    }

    /// Whether nothing may go yet, because others have to make room.
    #[must_use]
    pub fn waits(&self) -> bool {
        let mut all = Measure::ALL.into_iter();
        all.any(|measure| self.of(measure).per_second == Some(0))
    }
}

/// `POST /station/v1/shares`: what a docking asks for whose station sends no heartbeats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareRequest {
    /// Whose it is.
    pub station: StationName,
    /// Which run of the station's program.
    pub boot: Boot,
    /// What it wants of each store.
    #[serde(default)]
    pub stores: Vec<StoreWants>,
}

/// The answer to a [`ShareRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareAnswer {
    /// What it may use.
    #[serde(default)]
    pub shares: Vec<Share>,
}

/// Who wants a part of a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asker {
    /// Its weight: how many devices it loads.
    pub loading: u32,
    /// The most that it could use.
    pub wants: u64,
}

/// Who has a part of a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// What it wanted when it asked last.
    pub asker: Asker,
    /// The most that it may use before the end of its share.
    pub counted: u64,
}

/// What is given to one who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Granted {
    /// Its share.
    pub granted: u64,
    /// The most that it may use before its end, if the answer is lost.
    pub counted: u64,
}

/// What each of `askers` should have of `limit`: max-min fair by the devices that they load. Nobody gets more than it
/// wants, and all together no more than the limit.
#[must_use]
pub fn fair(limit: u64, askers: &[Asker]) -> Vec<u64> {
    let mut shares = vec![0; askers.len()];
    let mut order: Vec<usize> = (0..askers.len()).collect();
    // By what each wants for a device: who wants least is done first, and leaves the rest to the others.
    order.sort_by(|&a, &b| {
        let scaled =
            |of: usize, by: usize| u128::from(askers[of].wants) * u128::from(askers[by].loading);
        scaled(a, b).cmp(&scaled(b, a))
    });
    let mut left = limit;
    let mut weight: u64 = askers.iter().map(|asker| u64::from(asker.loading)).sum();
    for index in order {
        let Asker { loading, wants } = askers[index];
        if loading == 0 {
            continue;
        }
        let part = u128::from(left) * u128::from(loading) / u128::from(weight.max(1));
        let part = u64::try_from(part).unwrap_or(u64::MAX).min(wants);
        shares[index] = part;
        left -= part;
        weight -= u64::from(loading);
    }
    shares
}

/// The share of one who asks, of a `limit` of which `others` have theirs. `has` is what it may be using now; that is
/// counted already.
#[must_use]
pub fn grant(limit: u64, others: &[Held], asker: Asker, has: u64) -> Granted {
    let mut askers: Vec<Asker> = others.iter().map(|held| held.asker).collect();
    askers.push(asker);
    let fair = fair(limit, &askers).pop().unwrap_or_default();
    let taken = others
        .iter()
        .fold(0_u64, |sum, held| sum.saturating_add(held.counted));
    let granted = fair.min(limit.saturating_sub(taken));
    Granted {
        granted,
        counted: granted.max(has),
    }
}

/// What a station may do without an answer: an equal part of the `limit`, and no more than its share, of which `stations`
/// have one.
#[must_use]
pub fn afterwards(limit: u64, stations: usize, granted: u64) -> u64 {
    let stations = u64::try_from(stations.max(1)).unwrap_or(u64::MAX);
    granted.min(limit / stations)
}

/// How much a station wants of a rate, from what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanting {
    least: u64,
    /// What the store bears, since it asked to slow down.
    bears: Option<u64>,
}

impl Wanting {
    /// Of one that has done nothing yet.
    #[must_use]
    pub fn new(measure: Measure) -> Self {
        Self {
            least: measure.least(),
            bears: None,
        }
    }

    /// Hears that `used` of a share `has` was used, and whether the store `asked to slow down` meanwhile; gives what is
    /// wanted now. What is not used is left to others, but for room to grow.
    pub fn hear(&mut self, used: u64, has: u64, asked_to_slow_down: bool) -> Option<u64> {
        self.bears = match self.bears {
            _ if asked_to_slow_down => Some((used / 2).max(self.least)),
            Some(bears) if bears / 2 > has => None,
            Some(bears) => Some(bears.saturating_add(bears / 10)),
            None => None,
        };
        let uses_its_share = u128::from(used) * 10 >= u128::from(has) * 8;
        let grows_to = used.saturating_add(used / 2).saturating_add(self.least);
        match self.bears {
            Some(bears) if uses_its_share => Some(bears),
            Some(bears) => Some(bears.min(grows_to)),
            None if uses_its_share => None,
            None => Some(grows_to),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asker(loading: u32, wants: u64) -> Asker {
        Asker { loading, wants }
    }

    #[test]
    fn a_rate_is_shared_by_bays_and_what_one_leaves_the_others_have() {
        for (limit, askers, shares) in [
            (100, vec![], vec![]),
            (100, vec![asker(1, UNLIMITED)], vec![100]),
            (
                100,
                vec![asker(1, UNLIMITED), asker(3, UNLIMITED)],
                vec![25, 75],
            ),
            (100, vec![asker(1, UNLIMITED), asker(1, 10)], vec![90, 10]),
            (
                100,
                vec![asker(4, 20), asker(1, UNLIMITED), asker(1, 15)],
                vec![20, 65, 15],
            ),
            (
                100,
                vec![asker(0, UNLIMITED), asker(1, UNLIMITED)],
                vec![0, 100],
            ),
            (0, vec![asker(1, UNLIMITED)], vec![0]),
            (10, vec![asker(1, 2), asker(1, 3)], vec![2, 3]),
        ] {
            assert_eq!(fair(limit, &askers), shares, "{limit} {askers:?}");
        }
    }

    #[test]
    fn one_who_comes_waits_until_the_others_have_made_room() {
        let (one, two) = (asker(1, UNLIMITED), asker(1, UNLIMITED));
        let all = Held {
            asker: one,
            counted: 100,
        };
        assert_eq!(grant(100, &[all], two, 0).granted, 0);
        // The other asks: its share is less, and counts until it says so.
        let came = Held {
            asker: two,
            counted: 0,
        };
        let smaller = grant(100, &[came], one, 100);
        assert_eq!(
            smaller,
            Granted {
                granted: 50,
                counted: 100
            }
        );
        let said = grant(100, &[came], one, 50);
        assert_eq!(
            said,
            Granted {
                granted: 50,
                counted: 50
            }
        );
        let made_room = Held {
            asker: one,
            counted: 50,
        };
        assert_eq!(grant(100, &[made_room], two, 0).granted, 50);
    }

    #[test]
    fn without_an_answer_nobody_goes_faster() {
        assert_eq!(afterwards(100, 2, 80), 50);
        assert_eq!(afterwards(100, 2, 20), 20);
        assert_eq!(afterwards(100, 0, 100), 100);
    }

    #[test]
    fn a_station_wants_what_it_can_use() {
        let mut wanting = Wanting::new(Measure::Bytes);
        assert_eq!(wanting.hear(0, 0, false), None, "it has nothing yet");
        assert_eq!(wanting.hear(90 << 20, 100 << 20, false), None);
        assert_eq!(wanting.hear(10 << 20, 100 << 20, false), Some(16 << 20));
        assert_eq!(wanting.hear(90 << 20, 100 << 20, true), Some(45 << 20));
        let after = wanting.hear(45 << 20, 45 << 20, false).unwrap();
        assert!(
            after > 45 << 20 && after < 50 << 20,
            "slowly again: {after}"
        );
        for _ in 0..30 {
            wanting.hear(45 << 20, 45 << 20, false);
        }
        assert_eq!(wanting.hear(45 << 20, 45 << 20, false), None);
    }

    #[test]
    fn a_station_wants_requests_as_it_wants_bytes() {
        let mut wanting = Wanting::new(Measure::Requests);
        let hear = |wanting: &mut Wanting, used: u64, has: u64, slowed| {
            let wants = wanting.hear(used * REQUEST, has * REQUEST, slowed);
            wants.map(|wants| wants / REQUEST)
        };
        assert_eq!(hear(&mut wanting, 90, 100, false), None);
        assert_eq!(hear(&mut wanting, 10, 100, false), Some(20));
        assert_eq!(hear(&mut wanting, 80, 100, true), Some(40));
        assert_eq!(hear(&mut wanting, 40, 40, false), Some(44));
        assert_eq!(hear(&mut wanting, 2, 40, true), Some(5), "some always");
    }

    #[test]
    fn of_a_limit_of_one_request_everybody_has_some() {
        let askers = vec![asker(1, UNLIMITED); 64];
        let shares = fair(REQUEST, &askers);
        assert!(shares.iter().all(|share| *share > 0), "{shares:?}");
        assert!(afterwards(REQUEST, 64, REQUEST) / 2 > 0);
    }

    /// What stations and servers of the release before say, and what they make of what is said now.
    #[test]
    fn messages_without_requests_are_those_of_the_release_before() {
        let before = r#"{"store":"ceph","loading":2,"wants":9,"used":4,"has":7}"#;
        let read: StoreWants = serde_json::from_str(before).unwrap();
        let bytes = RateWants {
            wants: Some(9),
            used: 4,
            has: Some(7),
        };
        assert_eq!(
            (read.of(Measure::Bytes), read.requests),
            (Some(bytes), None)
        );
        assert_eq!(serde_json::to_string(&read).unwrap(), before);
        let all = r#"{"store":"ceph","loading":2}"#;
        let read: StoreWants = serde_json::from_str(all).unwrap();
        assert_eq!(
            (read.bytes.wants, read.bytes.used, read.bytes.has),
            (None, 0, None)
        );
        let before = r#"{"store":"ceph","bytes_per_second":5,"seconds":15,"afterwards":3}"#;
        let share: Share = serde_json::from_str(before).unwrap();
        assert_eq!(share.of(Measure::Bytes).per_second, Some(5));
        assert_eq!(
            share.of(Measure::Requests),
            RateShare::default(),
            "no limit"
        );
        assert_eq!(serde_json::to_string(&share).unwrap(), before);
        let shared = r#"{"name":"ceph","afterwards":3}"#;
        let read: SharedStore = serde_json::from_str(shared).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), shared);
    }

    #[test]
    fn a_share_waits_where_either_of_its_rates_does() {
        let of = |per_second| RateShare {
            per_second,
            afterwards: Some(1),
        };
        for (bytes, requests, waits) in [
            (Some(1), Some(of(Some(1))), false),
            (Some(0), Some(of(Some(1))), true),
            (None, Some(of(Some(0))), true),
            (None, None, false),
        ] {
            let share = Share::new("ceph".to_owned(), of(bytes), requests);
            assert_eq!(share.waits(), waits, "{share:?}");
        }
    }

    /// A station of the property below: what it may use, and until when.
    #[derive(Debug, Clone, Copy, Default)]
    struct Using {
        held: Option<Held>,
        row_until: u32,
        has: u64,
        until: u32,
    }

    proptest! {
        #[test]
        fn nobody_gets_more_than_it_wants_and_all_no_more_than_the_limit(
            limit in 0..1_000_000_u64,
            askers in prop::collection::vec((0..9_u32, 0..2_000_000_u64), 0..12),
        ) {
            let askers: Vec<Asker> = askers.into_iter().map(|(loading, wants)| asker(loading, wants)).collect();
            let shares = fair(limit, &askers);
            prop_assert!(shares.iter().sum::<u64>() <= limit);
            for (share, asker) in shares.iter().zip(&askers) {
                prop_assert!(*share <= asker.wants);
            }
            // Nothing is left while somebody with a bay wants more, but for what does not divide.
            let is_hungry = |(share, asker): (&u64, &Asker)| asker.loading > 0 && *share < asker.wants;
            if shares.iter().zip(&askers).any(is_hungry) {
                prop_assert!(limit - shares.iter().sum::<u64>() <= askers.len() as u64 * 9);
            }
        }

        /// Answers are lost, stations go and come, wants change: what may be used never comes to more than the limit.
        #[test]
        fn shares_in_use_never_come_to_more_than_the_limit(
            steps in prop::collection::vec((0..4_usize, 1..4_u32, 0..200_u64, any::<bool>(), 0..8_u32), 1..80),
        ) {
            let (limit, mut now, mut stations) = (100, 0, [Using::default(); 4]);
            for (who, loading, wants, answer_comes, passes) in steps {
                now += passes;
                let others: Vec<Held> = stations.iter().enumerate()
                    .filter(|(index, station)| *index != who && station.row_until >= now)
                    .filter_map(|(_, station)| station.held)
                    .collect();
                let station = &mut stations[who];
                let counted = station.held.filter(|_| station.row_until >= now).map_or(0, |held| held.counted);
                let has = if station.until >= now { station.has } else { 0 };
                let asker = asker(loading, wants);
                let given = grant(limit, &others, asker, has.min(counted));
                station.held = Some(Held { asker, counted: given.counted });
                station.row_until = now + SHARE_SECONDS;
                if answer_comes {
                    (station.has, station.until) = (given.granted, now + SHARE_SECONDS);
                }
                let in_use: u64 = stations.iter().filter(|station| station.until >= now).map(|station| station.has).sum();
                prop_assert!(in_use <= limit, "{in_use} at {now}: {stations:?}");
            }
        }
    }
}
