//! Shows how far a transfer is: a bar on terminals, a plain line now and then elsewhere.

use std::io::{self, IsTerminal as _};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use model::loading::Figures;
use transfer::progress::{Pace, Progress};

use crate::output;
use crate::screen::OnScreen;

/// How often the bar is drawn.
const BAR_EVERY: Duration = Duration::from_millis(100);

/// How often a plain line is written.
pub(crate) const LINE_EVERY: Duration = Duration::from_secs(10);

/// Runs `work` and shows `progress` beside it.
pub(crate) fn beside<T>(progress: &Progress, work: impl FnOnce() -> T) -> T {
    beside_as("Loaded", progress, work)
}

/// Runs `work`, which is called `done` when it is, and shows `progress` beside it.
pub(crate) fn beside_as<T>(done: &str, progress: &Progress, work: impl FnOnce() -> T) -> T {
    let word = done;
    std::thread::scope(|scope| {
        let (running, done) = mpsc::channel::<()>();
        scope.spawn(move || match io::stderr().is_terminal() {
            true => draw_bar(progress, &done),
            false => write_lines(word, progress, &done),
        });
        let result = work();
        // The thread sees the other end go.
        drop(running);
        result
    })
}

fn draw_bar(progress: &Progress, done: &mpsc::Receiver<()>) {
    let bar = ProgressBar::with_draw_target(Some(1000), ProgressDrawTarget::stderr());
    bar.set_style(style(false));
    let screen = OnScreen::put(bar);
    let bar = screen.bar();
    let mut pace = Pace::default();
    while done.recv_timeout(BAR_EVERY) == Err(RecvTimeoutError::Timeout) {
        let figures = pace.figures(progress.snapshot(), Instant::now());
        bar.set_style(style(figures.found_all));
        bar.set_position(figures.thousandths());
        bar.set_prefix(figures.pace().unwrap_or_default());
        bar.set_message(details(&figures));
        bar.tick();
    }
}

/// Before all is found there is no whole to show a part of.
fn style(found_all: bool) -> ProgressStyle {
    let template = if found_all {
        "{wide_bar} {percent:>3} %  {prefix}\n{wide_msg}"
    } else {
        "{spinner} counting  {prefix}\n{wide_msg}"
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// The line below the bar: `12 of 20 files, 1.4 of 2.0 MB, 1 failed  photos/a.jpg`
fn details(figures: &Figures) -> String {
    let mut text = format!("{}, {}", figures.files(), figures.bytes());
    if figures.tally.failed > 0 {
        let failed = model::readable::number(figures.tally.failed);
        text.push_str(&format!(", {failed} failed"));
    }
    if let Some(current) = figures.current() {
        text.push_str(&format!("  {current}"));
    }
    text
}

fn write_lines(word: &str, progress: &Progress, done: &mpsc::Receiver<()>) {
    let mut pace = Pace::default();
    // The measuring begins with the work, not with the first line.
    pace.figures(progress.snapshot(), Instant::now());
    while done.recv_timeout(LINE_EVERY) == Err(RecvTimeoutError::Timeout) {
        let figures = pace.figures(progress.snapshot(), Instant::now());
        output::note(&figures.sentence(word));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::control::Tally;

    #[test]
    fn the_line_below_the_bar_has_files_bytes_failures_and_the_name() {
        let figures = Figures {
            tally: Tally {
                stored: 10,
                bytes: 900_000,
                ignored: 1,
                failed: 1,
            },
            current: Some("photos/a\x1b.jpg".to_owned()),
            found: 20,
            found_bytes: 2_000_000,
            found_all: true,
            sent_bytes: 1_400_000,
            ..Figures::default()
        };
        assert_eq!(
            details(&figures),
            "10 of 20 files, 1.4 of 2.0 MB, 1 failed  photos/a\\u{1b}.jpg"
        );
    }

    #[test]
    fn the_result_of_the_work_comes_back() {
        assert_eq!(beside(&Progress::default(), || 7), 7);
    }
}
