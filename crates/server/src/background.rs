//! What happens by itself: tasks that look now and then whether there is something to do.
//!
//! Each of several servers that share a database has them all. A task keeps nothing that matters to itself: it reads
//! rows, acts, and lets the compare-and-swap of the job store say which server was first. So a round may be cut off,
//! come late, or be done by two servers at once.

mod holds;
mod notices;
mod receipts;
mod rounds;
mod secrets;
mod sweeper;

use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;

use durable::reserve::Reserve;
use localstore::LocalStore;
use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::app::Context;

pub(crate) use receipts::deliver as put_receipts;

/// Between two looks for jobs that have expired or stand still: what they find is counted in minutes and days.
const SWEEP: Duration = Duration::from_secs(60);

/// Between two notes of the time, of which the next start is sure.
const NOTE_TIME: Duration = Duration::from_secs(60);

/// Between two looks whether what jobs are on hold for is mended. With the next heartbeat of the station that has the
/// device, five seconds later, and with what stores take to answer, they go on within a minute.
const LOOK_AFTER_HOLDS: Duration = Duration::from_secs(45);

/// The same for what is mended here, where a look costs a query or two.
const LOOK_NEAR: Duration = Duration::from_secs(5);

/// Between two looks for receipts that are due: a customer who sees that the job is over finds it soon after.
const DELIVER_RECEIPTS: Duration = Duration::from_secs(2);

/// Between two looks whether the log of custody has grown since witnesses signed its head.
const ASK_WITNESSES: Duration = Duration::from_secs(15);

/// Between two looks for notices that are to be sent: who waits for one sees what happened soon after.
const BRING_NOTICES: Duration = Duration::from_secs(1);

/// Between two looks for holds that are overdue, which are counted in days: each of them costs a statement.
const REMIND: Duration = Duration::from_secs(15 * 60);

/// Between two looks for notices that are long over, and for rates.
const FORGET_NOTICES: Duration = Duration::from_secs(60 * 60);

/// Between two looks whether a disk that was full has room again.
const KEEP_ROOM: Duration = Duration::from_secs(60);

/// The tasks of a service, until they are stopped. If this is dropped, they go on until the runtime ends.
#[derive(Debug)]
pub(crate) struct Background {
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Background {
    /// Starts every task; the first round of each begins at once. `reserve` is the room kept aside in the data folder.
    /// `embedded` is the embedded store, if there is one.
    pub(crate) fn start(
        context: &Context,
        reserve: &Reserve,
        embedded: Option<&LocalStore>,
    ) -> Self {
        let mut tasks = Self {
            stop: CancellationToken::new(),
            tasks: Vec::new(),
        };
        tasks.add(
            "note the time",
            NOTE_TIME,
            context,
            |context, _| async move { sweeper::note_time(&context).await },
        );
        tasks.add(
            "expire overdue jobs",
            SWEEP,
            context,
            |context, stop| async move { sweeper::expire_overdue(&context, &stop).await },
        );
        tasks.add(
            "note silent stations",
            SWEEP,
            context,
            |context, stop| async move { sweeper::note_silent(&context, &stop).await },
        );
        tasks.add(
            "forget stale orders",
            SWEEP,
            context,
            |context, _| async move { sweeper::forget_orders(&context).await },
        );
        tasks.add(
            "give up overdue holds",
            SWEEP,
            context,
            |context, stop| async move { holds::give_up_overdue(&context, &stop).await },
        );
        let memory = holds::Memory::default();
        tasks.add(
            "look after holds",
            LOOK_AFTER_HOLDS,
            context,
            move |context, stop| {
                let memory = memory.clone();
                async move { holds::look(&context, &memory, &stop).await }
            },
        );
        let (memory, embedded) = (holds::Memory::default(), embedded.cloned());
        tasks.add(
            "look after what is mended here",
            LOOK_NEAR,
            context,
            move |context, _| {
                let made = embedded.as_ref().map_or(0, LocalStore::buckets_made);
                let memory = memory.clone();
                async move { holds::look_near(&context, &memory, made).await }
            },
        );
        tasks.add(
            "hand on secrets",
            LOOK_NEAR,
            context,
            |context, _| async move { secrets::hand_on(&context).await },
        );
        tasks.add(
            "destroy old secrets",
            SWEEP,
            context,
            |context, stop| async move { secrets::destroy_old(&context, &stop).await },
        );
        tasks.add(
            "put receipts beside reports",
            DELIVER_RECEIPTS,
            context,
            |context, stop| async move { receipts::deliver(&context, &stop).await },
        );
        tasks.add(
            "ask witnesses",
            ASK_WITNESSES,
            context,
            |context, _| async move {
                context.witnesses.round(&*context.jobs).await;
                Ok::<(), Infallible>(())
            },
        );
        tasks.add(
            "bring notices",
            BRING_NOTICES,
            context,
            |context, stop| async move { notices::bring(&context, &stop).await },
        );
        tasks.add(
            "tell of jobs that expire soon",
            SWEEP,
            context,
            |context, stop| async move { notices::tell_of_expiring(&context, &stop).await },
        );
        tasks.add(
            "remind of overdue holds",
            REMIND,
            context,
            |context, stop| async move { notices::tell_of_overdue(&context, &stop).await },
        );
        tasks.add(
            "forget old notices",
            FORGET_NOTICES,
            context,
            |context, _| async move { notices::forget(&context).await },
        );
        tasks.add(
            "thin rates",
            FORGET_NOTICES,
            context,
            |context, _| async move { sweeper::thin_rates(&context).await },
        );
        tasks.add("keep room aside", KEEP_ROOM, reserve, |reserve, _| {
            keep(reserve)
        });
        tasks
    }

    fn add<T, F, E>(
        &mut self,
        task: &'static str,
        interval: Duration,
        subject: &T,
        round: impl Fn(T, CancellationToken) -> F + Send + 'static,
    ) where
        T: Clone + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Error + Send + 'static,
    {
        let (subject, stop) = (subject.clone(), self.stop.clone());
        let of_round = stop.clone();
        let round = move || round(subject.clone(), of_round.clone());
        self.tasks
            .push(tokio::spawn(rounds::repeat(task, interval, stop, round)));
    }

    /// Begins no other round, and waits for those under way.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "background task failed");
            }
        }
    }
}

/// Keeps room aside if there is plenty.
async fn keep(reserve: Reserve) -> Result<(), JoinError> {
    tokio::task::spawn_blocking(move || reserve.keep()).await
}
