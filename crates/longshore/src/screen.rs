//! What moves at the bottom of the terminal: one bar at a time. Whatever else is written there,
//! log lines and notes, goes above it and never into it.

use std::sync::{Mutex, PoisonError};

use indicatif::ProgressBar;

/// The bar that is drawn at present.
static BAR: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// A bar on the terminal; it goes with this value.
pub(crate) struct OnScreen(ProgressBar);

impl OnScreen {
    /// Puts a bar up, in the place of one that is there.
    pub(crate) fn put(bar: ProgressBar) -> Self {
        *BAR.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar.clone());
        Self(bar)
    }

    /// The bar.
    pub(crate) fn bar(&self) -> &ProgressBar {
        &self.0
    }
}

impl Drop for OnScreen {
    fn drop(&mut self) {
        // Whoever wants to write waits until the line is free.
        let mut shown = BAR.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.finish_and_clear();
        *shown = None;
    }
}

/// Runs `write`, which writes whole lines to stdout or stderr, with the bar out of its way.
pub(crate) fn aside<T>(write: impl FnOnce() -> T) -> T {
    let shown = BAR.lock().unwrap_or_else(PoisonError::into_inner);
    match &*shown {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::sync::Arc;

    use indicatif::{ProgressDrawTarget, ProgressStyle, TermLike};

    /// A terminal that knows whether there is anything on the line where the cursor is.
    #[derive(Debug, Default, Clone)]
    struct Terminal(Arc<Mutex<Lines>>);

    #[derive(Debug, Default)]
    struct Lines {
        above: Vec<String>,
        line: String,
    }

    impl Terminal {
        fn write(&self, text: &str) {
            let mut lines = self.0.lock().unwrap();
            for c in text.chars() {
                match c {
                    '\n' => {
                        let line = std::mem::take(&mut lines.line);
                        lines.above.push(line);
                    }
                    '\r' => lines.line.clear(),
                    c => lines.line.push(c),
                }
            }
        }
    }

    impl TermLike for Terminal {
        fn width(&self) -> u16 {
            40
        }
        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write(text);
            self.write("\n");
            Ok(())
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            self.write(text);
            Ok(())
        }
        fn clear_line(&self) -> io::Result<()> {
            self.write("\r");
            Ok(())
        }
        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_is_written_beside_a_bar_has_lines_of_its_own() {
        let terminal = Terminal::default();
        let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        let bar = ProgressBar::with_draw_target(Some(10), target);
        bar.set_style(ProgressStyle::with_template("bar {pos}").unwrap());
        let screen = OnScreen::put(bar);
        for position in 0..3 {
            screen.bar().set_position(position);
            screen.bar().tick();
            assert!(terminal.0.lock().unwrap().line.starts_with("bar"));
            aside(|| terminal.write(&format!("WARN {position}\n")));
        }
        drop(screen);
        aside(|| terminal.write("done\n"));
        let lines = terminal.0.lock().unwrap();
        assert_eq!(lines.above, ["WARN 0", "WARN 1", "WARN 2", "done"]);
        assert_eq!(lines.line, "");
    }
}
