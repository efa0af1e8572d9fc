//! Shows how far an erasing is: a bar on terminals, a plain line now and then elsewhere.

use std::io::{self, IsTerminal as _};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use bay::erase::{ErasingProgress, Figures};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use model::readable;

use crate::output;
use crate::progress_bar::LINE_EVERY;
use crate::screen::OnScreen;

/// How often the bar is drawn.
const BAR_EVERY: Duration = Duration::from_millis(100);

/// Runs `work` and shows its progress beside it.
pub(super) fn beside<T>(progress: &ErasingProgress, work: impl FnOnce() -> T) -> T {
    std::thread::scope(|scope| {
        let (running, done) = mpsc::channel::<()>();
        scope.spawn(move || match io::stderr().is_terminal() {
            true => draw(progress, &done),
            false => write(progress, &done),
        });
        let result = work();
        // The thread sees the other end go.
        drop(running);
        result
    })
}

fn draw(progress: &ErasingProgress, done: &mpsc::Receiver<()>) {
    let bar = ProgressBar::with_draw_target(Some(100), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{wide_bar} {percent:>3} %\n{wide_msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let screen = OnScreen::put(bar);
    let bar = screen.bar();
    while done.recv_timeout(BAR_EVERY) == Err(RecvTimeoutError::Timeout) {
        let figures = progress.figures();
        bar.set_position(figures.percent());
        bar.set_message(sentence(&figures));
        bar.tick();
    }
}

fn write(progress: &ErasingProgress, done: &mpsc::Receiver<()>) {
    while done.recv_timeout(LINE_EVERY) == Err(RecvTimeoutError::Timeout) {
        output::note(&format!(
            "{} %: {}",
            progress.figures().percent(),
            sentence(&progress.figures())
        ));
    }
}

/// `step 2 of 4, reading the stream back, 3.1 GB of 16 GB`
fn sentence(figures: &Figures) -> String {
    let (bytes, of) = (readable::bytes(figures.bytes), readable::bytes(figures.of));
    let errors = match figures.errors {
        0 => String::new(),
        errors => format!(", {errors} errors"),
    };
    format!(
        "step {} of {}, {}, {bytes} of {of}{errors}",
        figures.step,
        figures.steps,
        figures.doing.words()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use bay::erase::Doing;

    #[test]
    fn the_line_has_the_step_the_bytes_and_the_errors() {
        let figures = Figures {
            doing: Doing::ReadingStream,
            step: 2,
            steps: 4,
            bytes: 3_100_000_000,
            of: 16_000_000_000,
            errors: 3,
            ..Figures::default()
        };
        assert_eq!(
            sentence(&figures),
            "step 2 of 4, reading the stream back, 3.1 GB of 16.0 GB, 3 errors"
        );
        assert_eq!(beside(&ErasingProgress::default(), || 7), 7);
    }
}
