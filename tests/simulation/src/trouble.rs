//! What is to go wrong in one attempt, decided before it begins.

use crate::chance::Chance;

/// When something happens, counted in steps of the attempt: requests to the store before and after
/// their effect, writes to the journal, reads of the device, messages to the server.
pub type Step = u64;

/// Everything that goes wrong in an attempt. [`Trouble::default`] is fair weather.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trouble {
    /// The station is killed, and what its disk had not confirmed is lost.
    pub kill: Option<Step>,
    /// The same, at this step of those that have to do with uploads in parts.
    pub kill_in_parts: Option<Step>,
    /// The operator presses Ctrl-C.
    pub interrupt: Option<Step>,
    /// The lease lapses and another station claims the job.
    pub usurp: Option<Step>,
    /// The station is held up, and goes on when another has the job.
    pub pause: Option<Step>,
    /// The customer cancels the job.
    pub cancel: Option<Step>,
    /// The device is pulled at this of its own accesses.
    pub pull: Option<u64>,
    /// The device dies where it is: from this of its own accesses on every read fails, while names and
    /// sizes still come from memory, and nobody can say how it is.
    pub dies: Option<u64>,
    /// Some files cannot be read in this attempt, and can in others.
    pub flaky: bool,
    /// The journal's disk takes so many bytes more.
    pub disk_takes: Option<u64>,
    /// This sync of the journal fails, and what was not synced is lost.
    pub sync_fails: Option<u64>,
    /// Requests in a hundred that fail, before or after their effect.
    pub store_faults: u64,
    /// The store cannot be reached from this of its calls on, for so many.
    pub outage: Option<(u64, u64)>,
    /// From this of its calls on the store does not know the access key any more.
    pub revoked: Option<u64>,
    /// From this of its calls on the store denies everything.
    pub denied: Option<u64>,
    /// Of what is written to the device so many in a thousand writes come out otherwise.
    pub rot: u64,
    /// The store takes some milliseconds for each request.
    pub slow: bool,
    /// Messages in a hundred that get lost, or whose answer does, or that come late.
    pub network_faults: u64,
    /// The server is stopped and started at this message.
    pub restart: Option<u64>,
}

/// One kind of trouble each; an attempt has up to three.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Kill,
    KillInParts,
    Interrupt,
    Usurp,
    Pull,
    Flaky,
    DiskFull,
    SyncFails,
    StoreFaults,
    Outage,
    Revoked,
    Denied,
    Slow,
    Network,
    Restart,
}

impl Trouble {
    /// The trouble of a stormy attempt that takes about `steps` steps if nothing happens.
    #[must_use]
    pub fn storm(chance: Chance, steps: u64) -> Self {
        const KINDS: [Kind; 22] = [
            Kind::Kill,
            Kind::Kill,
            Kind::Kill,
            Kind::Kill,
            Kind::KillInParts,
            Kind::KillInParts,
            Kind::Interrupt,
            Kind::Usurp,
            Kind::Pull,
            Kind::Pull,
            Kind::Flaky,
            Kind::DiskFull,
            Kind::SyncFails,
            Kind::StoreFaults,
            Kind::StoreFaults,
            Kind::StoreFaults,
            Kind::Outage,
            Kind::Revoked,
            Kind::Denied,
            Kind::Slow,
            Kind::Network,
            Kind::Restart,
        ];
        let mut trouble = Self::default();
        // Drawn apart from the others, so that seeds keep their meaning.
        let dies = chance.of("dies");
        if dies.one_in(8) {
            trouble.dies = Some(dies.of("when").below(steps / 2 + 1));
        }
        for index in 0..=chance.of("troubles").below(3) {
            let kind = chance.of(("kind", index)).pick(&KINDS);
            trouble.add(kind, chance.of(("when", index)), steps);
        }
        trouble
    }

    /// Of this trouble what is the customer's doing alone.
    #[must_use]
    pub fn of_the_customer(&self) -> Self {
        Self {
            cancel: self.cancel,
            ..Self::default()
        }
    }

    /// Adds what only happens where several stations and devices are at work.
    pub fn of_many(&mut self, chance: Chance, steps: u64) {
        let pause = chance.of("pause");
        if pause.one_in(4) {
            self.pause = Some(1 + pause.of("when").below(steps));
        }
        let rot = chance.of("rot");
        if rot.one_in(6) {
            self.rot = 1 + rot.of("how much").below(40);
        }
    }

    fn add(&mut self, kind: Kind, chance: Chance, steps: u64) {
        let step = Some(1 + chance.below(steps));
        let call = chance.below(steps / 4 + 1);
        match kind {
            Kind::Kill => self.kill = step,
            Kind::KillInParts => self.kill_in_parts = Some(1 + chance.below(20)),
            Kind::Interrupt => self.interrupt = step,
            Kind::Usurp => self.usurp = step,
            Kind::Pull => self.pull = Some(chance.below(steps / 2 + 1)),
            Kind::Flaky => self.flaky = true,
            Kind::DiskFull => self.disk_takes = Some(chance.below(16 << 10)),
            Kind::SyncFails => self.sync_fails = Some(chance.below(4)),
            Kind::StoreFaults => self.store_faults = 2 + chance.below(30),
            Kind::Outage => self.outage = Some((call, 3 + chance.of("length").below(150))),
            Kind::Revoked => self.revoked = Some(call),
            Kind::Denied => self.denied = Some(call),
            Kind::Slow => self.slow = true,
            Kind::Network => self.network_faults = 5 + chance.below(30),
            Kind::Restart => self.restart = Some(chance.below(4)),
        }
    }
}
