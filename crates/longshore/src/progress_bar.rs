//! Shows how far a transfer is: a bar on terminals, a plain line now and then elsewhere.

use std::io::{self, IsTerminal as _};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use station::progress::{Progress, Snapshot};

use crate::output;

/// How often the bar is drawn.
const BAR_EVERY: Duration = Duration::from_millis(100);

/// How often a plain line is written.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Runs `work` and shows `progress` beside it.
pub(crate) fn beside<T>(progress: &Progress, work: impl FnOnce() -> T) -> T {
    std::thread::scope(|scope| {
        let (running, done) = mpsc::channel::<()>();
        scope.spawn(move || match io::stderr().is_terminal() {
            true => draw_bar(progress, &done),
            false => write_lines(progress, &done),
        });
        let result = work();
        // The thread sees the other end go.
        drop(running);
        result
    })
}

fn draw_bar(progress: &Progress, done: &mpsc::Receiver<()>) {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let begun = Instant::now();
    while done.recv_timeout(BAR_EVERY) == Err(RecvTimeoutError::Timeout) {
        let now = progress.snapshot();
        bar.set_style(style(now.found_all));
        bar.set_length(now.found_bytes.max(1));
        bar.set_position(moved(&now));
        bar.set_message(line(&now, begun.elapsed()));
        bar.tick();
    }
    bar.finish_and_clear();
}

/// Before all is found there is no whole to show a part of.
fn style(found_all: bool) -> ProgressStyle {
    let template = if found_all {
        "{bar:30} {percent:>3}%  {wide_msg}"
    } else {
        "{spinner} counting  {wide_msg}"
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn write_lines(progress: &Progress, done: &mpsc::Receiver<()>) {
    let begun = Instant::now();
    while done.recv_timeout(LINE_EVERY) == Err(RecvTimeoutError::Timeout) {
        output::note(&line(&progress.snapshot(), begun.elapsed()));
    }
}

/// Bytes that are done with: sent in this attempt, or stored by an earlier one.
fn moved(now: &Snapshot) -> u64 {
    now.sent_bytes.max(now.tally.bytes)
}

/// `12 of 20 files, 1.4 of 2.0 MB, 4.7 MB/s, 1 failed  photos/a.jpg`
fn line(now: &Snapshot, time: Duration) -> String {
    let of = if now.found_all { "of" } else { "of at least" };
    let done = now.tally.stored + now.tally.ignored + now.tally.failed;
    let mut text = format!(
        "{done} {of} {}, {} {of} {}, {}",
        output::count(now.found, "file"),
        output::bytes(moved(now)),
        output::bytes(now.found_bytes),
        output::rate(now.sent_bytes, time)
    );
    if now.tally.failed > 0 {
        text.push_str(&format!(", {} failed", now.tally.failed));
    }
    if let Some(current) = &now.current {
        text.push_str(&format!(
            "  {}",
            output::printable(&current.replace('\n', " "))
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::control::Tally;

    fn snapshot(found_all: bool) -> Snapshot {
        Snapshot {
            found: 20,
            found_bytes: 2_000_000,
            found_all,
            tally: Tally {
                stored: 10,
                bytes: 900_000,
                ignored: 1,
                failed: 1,
            },
            sent_bytes: 1_400_000,
            current: Some("photos/a\x1b.jpg".to_owned()),
            ..Snapshot::default()
        }
    }

    #[test]
    fn a_line_has_files_bytes_rate_and_failures() {
        let half_a_second = Duration::from_millis(500);
        assert_eq!(
            line(&snapshot(true), half_a_second),
            "12 of 20 files, 1.4 MB of 2.0 MB, 2.8 MB/s, 1 failed  photos/a\u{fffd}.jpg"
        );
        assert!(line(&snapshot(false), half_a_second).starts_with("12 of at least 20 files"));
    }

    #[test]
    fn the_result_of_the_work_comes_back() {
        assert_eq!(beside(&Progress::default(), || 7), 7);
    }
}
