//! Looks now and then whether certificates were renewed, and at once when somebody asks.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::Notify;
use tokio::time::MissedTickBehavior;

use super::{Renewal, Tls};

/// How often it is looked: two small files, which the system has in memory.
const EVERY: Duration = Duration::from_secs(10);

/// How long before its end a certificate is told in the log. Whoever renews by a program does it thirty days before.
pub const SOON: Duration = Duration::from_secs(14 * 86_400);

/// How often that is told.
const REMIND: Duration = Duration::from_secs(86_400);

/// Why it is looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// It is time.
    Itself,
    /// Somebody waits for what comes of it.
    Request,
}

/// What the log was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Nothing,
    Renewed,
    Trouble,
}

/// A certificate that is looked after.
struct Watched {
    tls: Tls,
    /// What was wrong with the files when they were last looked at, and whether that was told.
    trouble: Option<(String, bool)>,
    reminded: Option<SystemTime>,
}

/// Keeps certificates as their files have them. Does not end.
pub async fn watch(all: Vec<Tls>, asked: Arc<Notify>) -> Infallible {
    let mut all: Vec<Watched> = all.into_iter().map(Watched::new).collect();
    let mut clock = tokio::time::interval(EVERY);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let by = tokio::select! {
            _ = clock.tick() => By::Itself,
            () = asked.notified() => By::Request,
        };
        for watched in &mut all {
            watched.look(by);
            watched.remind(SystemTime::now());
        }
    }
}

impl Watched {
    fn new(tls: Tls) -> Self {
        Self {
            tls,
            trouble: None,
            reminded: None,
        }
    }

    /// Reads the files again. Who renews writes one after the other, so that what is wrong is told when it is wrong
    /// twice, or when somebody asks; and once.
    fn look(&mut self, by: By) -> Told {
        let file = self.tls.files().certificate.display();
        let error = match self.tls.renew() {
            Ok(Renewal::Renewed) => {
                let names = self.tls.certificate().names().join(", ");
                tracing::info!(%file, names, "another certificate is shown");
                (self.trouble, self.reminded) = (None, None);
                return Told::Renewed;
            }
            Ok(Renewal::Same) => {
                if by == By::Request {
                    tracing::info!(%file, "the certificate is the one that is shown");
                }
                self.trouble = None;
                return Told::Nothing;
            }
            Err(error) => error,
        };
        let now = format!("{error:?}");
        let known = self.trouble.take().filter(|(before, _)| *before == now);
        let (again, told) = known.map_or((false, false), |(_, told)| (true, told));
        let tell = by == By::Request || (again && !told);
        if tell {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(%file, error, "certificate not renewed; the one before is shown further");
        }
        self.trouble = Some((now, told || tell));
        match tell {
            true => Told::Trouble,
            false => Told::Nothing,
        }
    }

    /// Says once a day that a certificate ends soon, or has ended.
    fn remind(&mut self, now: SystemTime) -> Told {
        let until = self.tls.certificate().until();
        let left = until.duration_since(now);
        let lately = |then: SystemTime| now.duration_since(then).is_ok_and(|past| past < REMIND);
        if left.as_ref().is_ok_and(|left| *left > SOON) || self.reminded.is_some_and(lately) {
            return Told::Nothing;
        }
        let file = self.tls.files().certificate.display();
        match left {
            Ok(left) => {
                let days = left.as_secs() / 86_400;
                tracing::warn!(%file, days, "a certificate ends soon");
            }
            Err(_) => tracing::error!(%file, "a certificate has ended: clients refuse it"),
        }
        self.reminded = Some(now);
        Told::Trouble
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::certificate::CertificateFiles;
    use std::path::Path;

    const DAY: Duration = Duration::from_secs(86_400);

    fn fixture(name: &str) -> std::path::PathBuf {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certificates");
        folder.join(name)
    }

    fn watched(folder: &Path) -> Watched {
        let files = CertificateFiles {
            certificate: folder.join("c.pem"),
            key: folder.join("c.key"),
        };
        lay_down(folder, "first");
        Watched::new(Tls::open(&files).unwrap())
    }

    fn lay_down(folder: &Path, name: &str) {
        for end in ["pem", "key"] {
            let from = fixture(&format!("{name}.{end}"));
            std::fs::copy(from, folder.join(format!("c.{end}"))).unwrap();
        }
    }

    #[test]
    fn a_renewal_that_is_half_done_is_no_trouble_and_one_that_stays_so_is_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut watched = watched(folder.path());
        assert_eq!(watched.look(By::Itself), Told::Nothing);
        std::fs::copy(fixture("second.pem"), folder.path().join("c.pem")).unwrap();
        assert_eq!(watched.look(By::Itself), Told::Nothing);
        lay_down(folder.path(), "second");
        assert_eq!(watched.look(By::Itself), Told::Renewed);

        std::fs::write(folder.path().join("c.key"), "nothing").unwrap();
        let looked: Vec<Told> = (0..4).map(|_| watched.look(By::Itself)).collect();
        let once = [Told::Nothing, Told::Trouble, Told::Nothing, Told::Nothing];
        assert_eq!(looked, once);
        // Other trouble is news, and who asks is answered.
        std::fs::remove_file(folder.path().join("c.key")).unwrap();
        assert_eq!(watched.look(By::Itself), Told::Nothing);
        assert_eq!(watched.look(By::Itself), Told::Trouble);
        assert_eq!(watched.look(By::Request), Told::Trouble);
        lay_down(folder.path(), "second");
        assert_eq!(watched.look(By::Request), Told::Nothing);
    }

    #[test]
    fn the_end_of_a_certificate_is_told_every_day_from_two_weeks_before() {
        let folder = tempfile::tempdir().unwrap();
        let mut watched = watched(folder.path());
        let end = watched.tls.certificate().until();
        assert_eq!(watched.remind(end - 15 * DAY), Told::Nothing);
        assert_eq!(watched.remind(end - 13 * DAY), Told::Trouble);
        assert_eq!(watched.remind(end - 13 * DAY + DAY / 2), Told::Nothing);
        assert_eq!(watched.remind(end - 12 * DAY), Told::Trouble);
        assert_eq!(watched.remind(end + DAY), Told::Trouble);
    }
}
