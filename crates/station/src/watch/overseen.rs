//! An inbox that is looked at by a thread of its own: a folder whose file system gives no answer keeps nobody from the other
//! bays.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::inbox::{Inbox, Scanned};
use super::{Medium, PortNote, UnusableFolder};
use crate::port::PortId;

/// How long a look is waited for: it takes some milliseconds where the folder answers, and counting ends by itself.
const ANSWERS_WITHIN: Duration = Duration::from_millis(200);

/// How long a look may take before it is told that the folder gives no answer: disks spin up in less.
const SILENT_AFTER: Duration = Duration::from_secs(15);

/// An inbox, and what was last seen in it.
#[derive(Debug)]
pub(super) struct OverseenInbox {
    folder: PathBuf,
    port: PortId,
    looks: Sender<Instant>,
    seen: Receiver<Scanned>,
    /// Since when a look goes on.
    looking_since: Option<Instant>,
    last: Scanned,
}

impl OverseenInbox {
    pub(super) fn new(folder: PathBuf, port: PortId, still_for: Duration) -> Self {
        let mut inbox = Inbox::new(folder.clone(), port.clone(), still_for);
        Self::over(folder, port, move |now| inbox.scan(now))
    }

    /// One that is looked at so.
    fn over(
        folder: PathBuf,
        port: PortId,
        mut look: impl FnMut(Instant) -> Scanned + Send + 'static,
    ) -> Self {
        let ((looks, wanted), (says, seen)) = (bounded::<Instant>(1), bounded(1));
        let begun = thread::Builder::new().name("inbox".into()).spawn(move || {
            // Until nobody watches it any more.
            for now in wanted {
                if says.send(look(now)).is_err() {
                    return;
                }
            }
        });
        if let Err(error) = begun {
            tracing::error!(folder = %folder.display(), %error, "no thread is to be had to look at an inbox");
        }
        Self {
            folder,
            port,
            looks,
            seen,
            looking_since: None,
            last: Scanned::default(),
        }
    }

    /// Whether it is the inbox of a port.
    pub(super) fn is_at(&self, port: &PortId) -> bool {
        self.port == *port
    }

    /// Has it looked at, and gives what is complete there: what was last seen, where it gives no answer at once.
    pub(super) fn scan(&mut self, now: Instant) -> Vec<Medium> {
        let patience = match self.looking_since {
            None => {
                // A thread that has gone gives no answer either.
                let _ = self.looks.try_send(now);
                ANSWERS_WITHIN
            }
            Some(_) => Duration::ZERO,
        };
        let since = *self.looking_since.get_or_insert(now);
        if let Ok(seen) = self.seen.recv_timeout(patience) {
            self.last = seen;
            self.looking_since = None;
        } else if now.saturating_duration_since(since) >= SILENT_AFTER {
            self.tell_silent();
        }
        self.last.media.clone()
    }

    fn tell_silent(&mut self) {
        let silent = PortNote::Unusable(UnusableFolder::Silent(self.folder.clone()));
        if self.last.note.as_ref() != Some(&silent) {
            let folder = self.folder.display();
            tracing::warn!(%folder, "inbox gives no answer: other bays go on without it");
        }
        self.last.note = Some(silent);
        self.last.is_counting = false;
    }

    /// What was last seen there beside that.
    pub(super) fn note(&self) -> Option<(PortId, PortNote)> {
        Some((self.port.clone(), self.last.note.clone()?))
    }

    /// Whether a count goes on, so that there is something to do at once.
    pub(super) fn is_counting(&self) -> bool {
        self.last.is_counting && self.looking_since.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inbox_that_gives_no_answer_keeps_nobody_says_so_and_is_there_again_when_it_does() {
        let (opens, door) = bounded::<Scanned>(0);
        let port = PortId::new("folder:/srv/inbox").unwrap();
        let folder = PathBuf::from("/srv/inbox");
        let look = move |_| door.recv().unwrap_or_default();
        let mut inbox = OverseenInbox::over(folder.clone(), port.clone(), look);
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        for second in 0..14 {
            assert_eq!(inbox.scan(at(second)), []);
            assert_eq!(inbox.note(), None, "it may answer yet");
        }
        assert!(begun.elapsed() < Duration::from_secs(5), "nobody waits");
        inbox.scan(at(15));
        let silent = PortNote::Unusable(UnusableFolder::Silent(folder));
        assert_eq!(inbox.note(), Some((port, silent)));
        opens.send(Scanned::default()).unwrap();
        let answered = || {
            inbox.scan(at(16));
            inbox.note().is_none()
        };
        let mut answered = answered;
        while !answered() {
            assert!(begun.elapsed() < Duration::from_secs(30));
        }
    }
}
