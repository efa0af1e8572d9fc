//! What a server lets this host use of the rates of a store: how much, and how often.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use awshttp::retry::Sleeper;
use model::share::{Measure, Share, SharedStore, StoreWants};

use super::shared_rate::SharedRate;

/// The shares of a store's rates that this host goes by. They are asked for and given together, and each ends by itself.
pub struct StoreShare {
    store: String,
    time: Arc<dyn Sleeper>,
    bytes: Arc<SharedRate>,
    requests: Arc<SharedRate>,
}

impl fmt::Debug for StoreShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreShare")
            .field("store", &self.store)
            .field("bytes", &self.bytes)
            .field("requests", &self.requests)
            .finish_non_exhaustive()
    }
}

impl StoreShare {
    /// Of a store, by `time`. What the server does not speak of is not limited.
    #[must_use]
    pub fn new(of: &SharedStore, time: Arc<dyn Sleeper>) -> Self {
        let rate =
            |measure, afterwards| Arc::new(SharedRate::new(measure, afterwards, Arc::clone(&time)));
        Self {
            store: of.name.clone(),
            bytes: rate(Measure::Bytes, of.afterwards),
            requests: rate(Measure::Requests, of.requests_afterwards),
            time,
        }
    }

    /// The share of either.
    #[must_use]
    pub fn rate(&self, measure: Measure) -> &Arc<SharedRate> {
        match measure {
            Measure::Bytes => &self.bytes,
            Measure::Requests => &self.requests,
        }
    }

    /// Waits for new shares, since nothing goes by the last any more.
    pub(crate) fn begin(&self) {
        self.bytes.begin();
        self.requests.begin();
    }

    /// Whether shares should be asked for at once: there was none yet, or the last was less than the one before, which
    /// the server counts until it hears of it.
    #[must_use]
    pub fn has_news(&self) -> bool {
        self.bytes.has_news() || self.requests.has_news()
    }

    /// What is asked for, by `loading` devices, when the store has asked `slowed` times to slow down. With it comes when
    /// it was asked, for [`give`](Self::give).
    pub fn ask(&self, loading: u32, slowed: u64) -> (StoreWants, Duration) {
        let now = self.time.elapsed();
        let asked = StoreWants {
            store: self.store.clone(),
            loading,
            bytes: self.bytes.ask(now, slowed),
            requests: Some(self.requests.ask(now, slowed)),
        };
        (asked, now)
    }

    /// Goes by a share that was asked for at `asked`, if it is of this store.
    pub fn give(&self, share: &Share, asked: Duration) {
        if share.store != self.store {
            return;
        }
        let end = asked + Duration::from_secs(share.seconds.into());
        for measure in Measure::ALL {
            self.rate(measure).give(share.of(measure), asked, end);
        }
    }
}

#[cfg(test)]
mod tests {
    use model::share::{REQUEST, RateShare};

    use super::*;
    use crate::paced::tests::ManualTime;

    /// A share of both rates: of bytes, and a tenth as many requests.
    fn share(rate: u64, afterwards: u64) -> Share {
        let of = |per_second, afterwards| RateShare {
            per_second: Some(per_second),
            afterwards: Some(afterwards),
        };
        let requests = of(rate * REQUEST / 10, afterwards * REQUEST / 10);
        Share::new("ceph".to_owned(), of(rate, afterwards), Some(requests))
    }

    fn shared(time: &ManualTime, afterwards: Option<u64>) -> StoreShare {
        let of = SharedStore {
            name: "ceph".to_owned(),
            afterwards,
            requests_afterwards: afterwards.map(|rate| rate * REQUEST / 10),
        };
        StoreShare::new(&of, Arc::new(time.clone()))
    }

    /// The bytes per second that go, if a tenth as many requests do.
    fn rate_of(share: &StoreShare) -> Option<u64> {
        let [bytes, requests] = Measure::ALL.map(|measure| share.rate(measure).rate());
        assert_eq!(requests, bytes.map(|rate| rate * REQUEST / 10));
        bytes
    }

    #[test]
    fn a_share_holds_until_its_end_and_then_less_goes() {
        let time = ManualTime::default();
        let step = |seconds| time.sleep(Duration::from_secs(seconds));
        let rate = shared(&time, Some(40));
        assert_eq!(
            rate_of(&rate),
            Some(0),
            "nothing goes before the first share"
        );
        step(14);
        let (_, asked) = rate.ask(1, 0);
        step(1);
        assert_eq!(rate_of(&rate), Some(40), "no share came");
        rate.give(&share(100, 30), asked);
        assert_eq!(rate_of(&rate), Some(100));
        step(13);
        assert_eq!(rate_of(&rate), Some(100));
        step(1);
        assert_eq!(rate_of(&rate), Some(30), "it ends by when it was asked for");
        step(299);
        assert_eq!(rate_of(&rate), Some(30));
        step(1);
        assert_eq!(rate_of(&rate), Some(15));
    }

    #[test]
    fn who_begins_again_waits_for_a_share_of_its_own() {
        let time = ManualTime::default();
        let rate = shared(&time, Some(40));
        let (_, asked) = rate.ask(1, 0);
        rate.give(&share(100, 30), asked);
        time.sleep(Duration::from_secs(60));
        assert_eq!((rate_of(&rate), rate.has_news()), (Some(30), false));
        rate.begin();
        assert_eq!((rate_of(&rate), rate.has_news()), (Some(0), true));
        let (asked, at) = rate.ask(1, 0);
        assert_eq!(asked.bytes.wants, None);
        rate.give(&share(50, 30), at);
        assert_eq!(rate_of(&rate), Some(50));
    }

    #[test]
    fn what_is_used_is_said_and_a_smaller_share_is_news() {
        let time = ManualTime::default();
        let step = |seconds| time.sleep(Duration::from_secs(seconds));
        let rate = shared(&time, None);
        assert!(rate.has_news());
        let (asked, at) = rate.ask(2, 0);
        assert_eq!(
            (asked.loading, asked.bytes.has, asked.bytes.wants),
            (2, Some(0), None)
        );
        rate.give(&share(100, 100), at);
        assert!(!rate.has_news());
        rate.rate(Measure::Bytes).passed(500);
        rate.rate(Measure::Requests).passed(50 * REQUEST);
        step(5);
        let (asked, at) = rate.ask(2, 0);
        assert_eq!(
            (asked.bytes.used, asked.bytes.has, asked.bytes.wants),
            (100, Some(100), None)
        );
        rate.give(&share(50, 50), at);
        assert!(
            rate.has_news(),
            "the server counts the larger one until it hears"
        );
        let (asked, at) = rate.ask(2, 1);
        assert_eq!(asked.bytes.has, Some(50));
        let wants = Measure::ALL.map(|measure| asked.of(measure).unwrap().wants);
        assert!(
            wants.iter().all(Option::is_some),
            "the store has asked to slow down: {wants:?}"
        );
        rate.give(&share(50, 50), at);
        assert!(!rate.has_news());
    }

    #[test]
    fn what_a_server_does_not_speak_of_is_not_limited() {
        let time = ManualTime::default();
        let of = SharedStore {
            name: "ceph".to_owned(),
            afterwards: Some(40),
            requests_afterwards: None,
        };
        let rate = StoreShare::new(&of, Arc::new(time.clone()));
        let (_, asked) = rate.ask(1, 0);
        let given = Share {
            requests: None,
            ..share(100, 30)
        };
        rate.give(&given, asked);
        let rates = || Measure::ALL.map(|measure| rate.rate(measure).rate());
        assert_eq!(rates(), [Some(100), None]);
        time.sleep(Duration::from_secs(20));
        assert_eq!(rates(), [Some(30), None]);
        let of_another = Share {
            store: "weed".to_owned(),
            ..share(1, 1)
        };
        rate.give(&of_another, time.elapsed());
        assert_eq!(rates(), [Some(30), None]);
    }
}
