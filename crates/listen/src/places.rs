//! Who has a place.
//!
//! A connection gets one of the ordinary places, or if there is none, one at the door: there the head of its
//! request is read, and it is answered at once if it is urgent; otherwise it waits a little for an
//! ordinary place. Where there is none, the connection that has been idle for the longest time loses its own, and
//! where none is idle, the slowest of those that are too slow.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::Limits;
use crate::meter::{Forfeit, Meter, Phase};
use crate::networks::neighbourhood;

/// How long a request waits at the door.
const AT_THE_DOOR: Duration = Duration::from_secs(5);

/// How often it looks whether somebody has become idle.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// All places of a port.
#[derive(Debug)]
pub(crate) struct Places {
    limits: Limits,
    taken: Mutex<Taken>,
    /// An ordinary place came free.
    freed: Notify,
}

#[derive(Debug, Default)]
struct Taken {
    last: u64,
    seats: HashMap<u64, Occupant>,
    ordinary: usize,
    /// Connections of each address that is not exempt.
    by_address: HashMap<IpAddr, usize>,
}

#[derive(Debug)]
struct Occupant {
    /// `None` is exempt.
    address: Option<IpAddr>,
    place: Place,
    meter: Arc<Meter>,
    lost: CancellationToken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Ordinary,
    Door,
}

/// A connection's place, until all of its clones are gone.
#[derive(Debug, Clone)]
pub(crate) struct Seat(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: u64,
    places: Arc<Places>,
    meter: Arc<Meter>,
    lost: CancellationToken,
}

impl Places {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            taken: Mutex::default(),
            freed: Notify::new(),
        }
    }

    /// A place for a connection from `address`. `None` if there is none even at the door.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Seat> {
        let is_exempt = |network: &crate::Network| network.contains(address);
        let exempt = self.limits.exempt.iter().any(is_exempt);
        let address = (!exempt).then(|| neighbourhood(address));
        let mut taken = self.taken();
        let place = self.place(&mut taken, address)?;
        let (meter, lost) = (Arc::new(Meter::new()), CancellationToken::new());
        let id = taken.seat(Occupant {
            address,
            place,
            meter: Arc::clone(&meter),
            lost: lost.clone(),
        });
        drop(taken);
        Some(Seat(Arc::new(Inner {
            id,
            places: Arc::clone(self),
            meter,
            lost,
        })))
    }

    /// Lets a connection go that idles or is slow, if one does or is.
    pub(crate) fn make_room(&self) -> bool {
        self.taken().let_go(|_| true)
    }

    fn place(&self, taken: &mut Taken, address: Option<IpAddr>) -> Option<Place> {
        if self.has_ordinary(taken, address) {
            return Some(Place::Ordinary);
        }
        let most = self.limits.connections;
        let at_door = taken.seats.len() - taken.ordinary;
        let at_door_of = |address| taken.at_door_of(address);
        // One address has half of the door, so that others get to it.
        let crowds = address.is_some_and(|address| at_door_of(address) >= most.div_ceil(2));
        if at_door < most && !crowds {
            return Some(Place::Door);
        }
        let neighbours = |other: &Occupant| !crowds || other.address == address;
        taken
            .let_go(|other| other.place == Place::Door && neighbours(other))
            .then_some(Place::Door)
    }

    /// Whether an address may have an ordinary place, and there is one or one was made.
    fn has_ordinary(&self, taken: &mut Taken, address: Option<IpAddr>) -> bool {
        self.has_share(taken, address)
            && (taken.ordinary < self.limits.connections
                || taken.let_go(|other| other.place == Place::Ordinary))
    }

    /// Whether an address may have another place, if need be in the stead of one of its own.
    fn has_share(&self, taken: &mut Taken, address: Option<IpAddr>) -> bool {
        let Some(address) = address else { return true };
        let has = taken.by_address.get(&address).copied().unwrap_or_default();
        has < self.limits.per_address
            || taken
                .let_go(|other| other.place == Place::Ordinary && other.address == Some(address))
    }

    /// Gives a connection at the door an ordinary place, if there is one.
    fn promote(&self, id: u64) -> bool {
        let mut taken = self.taken();
        let Some(occupant) = taken.seats.get(&id) else {
            return false;
        };
        if occupant.place == Place::Ordinary {
            return true;
        }
        let address = occupant.address;
        let promoted = self.has_ordinary(&mut taken, address);
        if promoted {
            taken.promote(id);
        }
        promoted
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn seat(&mut self, occupant: Occupant) -> u64 {
        self.last += 1;
        self.count(&occupant, 1);
        self.seats.insert(self.last, occupant);
        self.last
    }

    fn leave(&mut self, id: u64) -> Option<Place> {
        let occupant = self.seats.remove(&id)?;
        self.count(&occupant, -1);
        Some(occupant.place)
    }

    fn promote(&mut self, id: u64) {
        if let Some(mut occupant) = self.seats.remove(&id) {
            occupant.place = Place::Ordinary;
            self.count(&occupant, 1);
            self.seats.insert(id, occupant);
        }
    }

    /// Only ordinary places count towards an address's share.
    fn count(&mut self, occupant: &Occupant, by: isize) {
        if occupant.place == Place::Door {
            return;
        }
        self.ordinary = self.ordinary.saturating_add_signed(by);
        if let Some(address) = occupant.address {
            let count = self.by_address.entry(address).or_default();
            *count = count.saturating_add_signed(by);
            if *count == 0 {
                self.by_address.remove(&address);
            }
        }
    }

    fn at_door_of(&self, address: IpAddr) -> usize {
        let at_door =
            |other: &&Occupant| other.place == Place::Door && other.address == Some(address);
        self.seats.values().filter(at_door).count()
    }

    /// Takes the place of the one that has been idle for the longest time or, if none is, of the slowest.
    /// `false` if all of them are at work.
    fn let_go(&mut self, may_be: impl Fn(&Occupant) -> bool) -> bool {
        let mut forfeits: Vec<(Forfeit, u64, Phase)> = self
            .seats
            .iter()
            .filter(|(_, occupant)| may_be(occupant))
            .filter_map(|(id, occupant)| {
                Some((occupant.meter.may_lose()?, *id, occupant.meter.phase()))
            })
            .collect();
        forfeits.sort_unstable_by_key(|(forfeit, ..)| std::cmp::Reverse(*forfeit));
        for (_, id, phase) in forfeits {
            let occupant = &self.seats[&id];
            // One that has begun a request meanwhile keeps its place.
            if occupant.meter.change(phase, Phase::Lost) {
                occupant.lost.cancel();
                self.leave(id);
                return true;
            }
        }
        false
    }
}

impl Seat {
    pub(crate) fn limits(&self) -> &Limits {
        &self.0.places.limits
    }

    pub(crate) fn meter(&self) -> Arc<Meter> {
        Arc::clone(&self.0.meter)
    }

    /// Begins a request, at the door once there is a place for it. `false` if none came free in time.
    pub(crate) async fn begin(&self, is_urgent: bool) -> bool {
        let Inner {
            id, places, meter, ..
        } = &*self.0;
        if is_urgent || places.promote(*id) {
            return meter.change(Phase::Idle, Phase::Working);
        }
        if !meter.change(Phase::Idle, Phase::Queued) {
            return false;
        }
        let promoted = tokio::time::timeout(AT_THE_DOOR, self.promoted()).await;
        promoted == Ok(true) && meter.change(Phase::Queued, Phase::Working)
    }

    async fn promoted(&self) -> bool {
        let Inner { id, places, .. } = &*self.0;
        loop {
            tokio::select! {
                () = places.freed.notified() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                () = self.0.lost.cancelled() => return false,
            }
            if places.promote(*id) {
                return true;
            }
        }
    }

    /// Ends a request.
    pub(crate) fn end(&self) {
        self.0.meter.change(Phase::Working, Phase::Idle);
    }

    /// Resolves when another has got this place, and nobody waits for an answer here.
    pub(crate) async fn lost(&self) {
        self.0.lost.cancelled().await;
        // Whoever waited at the door is told why.
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let left = self.places.taken().leave(self.id);
        if left == Some(Place::Ordinary) {
            self.places.freed.notify_one();
        }
    }
}
