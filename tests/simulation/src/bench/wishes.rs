//! How people have something done with a bay: in front of it, or from afar, where the server knows the bay by heartbeats and
//! the station hears of it by their answers.

use model::bay::{BayName, BayState, BayStatus};
use model::order::OrderVerb;
use model::signature::SignatureFile;

use super::{Room, sockets};
use crate::chance::Chance;
use crate::consignment::Consignment;

/// What somebody wants of a bay.
#[derive(Debug, Clone)]
pub(super) enum Wish {
    /// An order.
    Order(OrderVerb),
    /// That what is in it is loaded as the device of this sheet.
    Present(SignatureFile),
}

/// Where the person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whence {
    InFront,
    Afar,
}

impl Room {
    /// Has it done; what came of it, in words.
    pub(super) fn wish(&self, wish: Wish, host: usize, bay: &BayName, whence: Whence) -> String {
        let watchman = &self.watchmen[host];
        let (server, station) = (&self.yard.server, &self.yard.hosts[host].name);
        match (wish, whence) {
            (Wish::Order(verb), Whence::InFront) => {
                format!("{verb}: {:?}", watchman.order(verb, bay))
            }
            (Wish::Order(verb), Whence::Afar) => {
                format!("{verb} from afar: {:?}", server.order(station, bay, verb))
            }
            (Wish::Present(sheet), Whence::InFront) => {
                format!("its sheet: {:?}", watchman.present(sheet, bay))
            }
            (Wish::Present(sheet), Whence::Afar) => {
                let done = server.present(station, bay, sheet);
                format!("its sheet from afar: {done:?}")
            }
        }
    }

    /// Has whatever stands still go on.
    pub(super) fn see_to_bays(&self) {
        for (host, watchman) in self.watchmen.iter().enumerate() {
            let whence = whence(self.yard.chance.of(("whence", host)));
            for bay in watchman.statuses() {
                // What was wanted yesterday may be heard of only today.
                if bay.state == BayState::SafeToRemove && self.is_open(&bay) {
                    self.plug(self.index_at(&bay), host);
                    continue;
                }
                let wish = match bay.state {
                    BayState::WaitingForStore => Wish::Order(OrderVerb::Stop),
                    BayState::Held | BayState::Ready | BayState::Stopped => {
                        Wish::Order(OrderVerb::Load)
                    }
                    // A disk that cannot say whose it is came with a sheet.
                    BayState::Failed | BayState::Unknown => Wish::Present(self.sheet(&bay)),
                    _ => continue,
                };
                let done = self.wish(wish, host, &bay.name, whence);
                let BayStatus {
                    state,
                    name,
                    sentence,
                    ..
                } = &bay;
                self.note(format_args!("{state} in {name}: {done}: {sentence}"));
            }
        }
    }

    /// The sheet that came with the disk in a bay.
    fn sheet(&self, bay: &BayStatus) -> SignatureFile {
        let consignment = &self.consignments[self.index_at(bay)];
        SignatureFile::parse(consignment.signature.as_bytes()).expect("the server made it")
    }

    /// Whether the job of the disk in a bay is not over.
    fn is_open(&self, bay: &BayStatus) -> bool {
        let job = self.consignments[self.index_at(bay)].job;
        !self.yard.server.job(job).0.progress.is_terminal()
    }

    /// Of which consignment the disk in a bay is.
    fn index_at(&self, bay: &BayStatus) -> usize {
        let is_here = |it: &Consignment| sockets::port(it.index).as_str() == bay.port.as_str();
        let index = self.consignments.iter().position(is_here);
        index.expect("every socket is of a job")
    }
}

/// Where somebody is who wants something of a bay.
pub(super) fn whence(chance: Chance) -> Whence {
    match chance.one_in(2) {
        true => Whence::Afar,
        false => Whence::InFront,
    }
}
