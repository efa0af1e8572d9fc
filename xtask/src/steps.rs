//! Runs steps one after another, times them, counts their tests, and sums up at the end.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;

/// How many tests passed and failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tally {
    /// Tests that passed.
    pub(crate) passed: u64,
    /// Tests that failed.
    pub(crate) failed: u64,
}

impl Tally {
    /// One check that has no tests of its own.
    pub(crate) fn one(passed: bool) -> Self {
        Self {
            passed: u64::from(passed),
            failed: u64::from(!passed),
        }
    }

    /// Adds what a line of `cargo test` or pytest says at the end of a run.
    pub(crate) fn read(&mut self, line: &str) {
        let is_summary = line.starts_with("test result: ")
            || (line.starts_with('=') && line.ends_with('=') && line.contains(" in "))
            || is_quiet_pytest(line);
        if !is_summary {
            return;
        }
        self.passed += number_before(line, "passed");
        self.failed += number_before(line, "failed") + number_before(line, "error");
    }

    /// Counts what others counted.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// `122 passed, 1 failed in 3.21s`, as pytest prints it with `-q`.
fn is_quiet_pytest(line: &str) -> bool {
    line.starts_with(|c: char| c.is_ascii_digit())
        && line.ends_with(['s', ')'])
        && (line.contains(" passed") || line.contains(" failed"))
        && line.contains(" in ")
}

/// The number in front of the first word that begins with `word`; 0 if there is none.
fn number_before(line: &str, word: &str) -> u64 {
    let words: Vec<&str> = line.split_whitespace().collect();
    let pair = words.windows(2).find(|pair| pair[1].starts_with(word));
    pair.and_then(|pair| pair[0].parse().ok()).unwrap_or(0)
}

struct Step {
    name: String,
    took: Duration,
    /// What the programs that it ran took of all cores.
    worked: Duration,
    passed: bool,
    tally: Tally,
}

/// The steps of a run.
pub(crate) struct Steps {
    begun: Instant,
    done: Vec<Step>,
}

impl Steps {
    /// Begins a run.
    pub(crate) fn new() -> Self {
        Self {
            begun: Instant::now(),
            done: Vec::new(),
        }
    }

    /// Runs a step and notes how it went. A step that fails does not keep later ones from
    /// running. The result is whether it passed.
    pub(crate) fn step(
        &mut self,
        name: &str,
        work: impl FnOnce(&mut Tally) -> Result<bool>,
    ) -> bool {
        println!("\n=== {name}");
        let begun = Instant::now();
        let worked_before = worked_by_children();
        let mut tally = Tally::default();
        let passed = work(&mut tally).unwrap_or_else(|error| {
            eprintln!("error: {error:#}");
            false
        });
        // A step without tests of its own is one; one that broke off has failed, whatever it counted.
        if tally == Tally::default() || (!passed && tally.failed == 0) {
            tally.add(Tally::one(passed));
        }
        self.done.push(Step {
            name: name.to_owned(),
            took: begun.elapsed(),
            worked: worked_by_children().saturating_sub(worked_before),
            passed,
            tally,
        });
        passed
    }

    /// Prints the summary, and gives the code to exit with.
    pub(crate) fn sum_up(self) -> ExitCode {
        println!("\n=== summary");
        let mut all = Tally::default();
        for Step {
            name,
            took,
            worked,
            passed,
            tally,
        } in &self.done
        {
            let word = if *passed { "ok" } else { "FAILED" };
            let Tally { passed, failed } = tally;
            let seconds = took.as_secs_f64();
            let busy = worked.as_secs_f64() / seconds.max(0.1);
            println!(
                "{name:<28} {word:<6} {seconds:>7.1} s  {busy:>4.1} cores  {passed:>5} passed, {failed} failed"
            );
            all.add(*tally);
        }
        let passed = self.done.iter().all(|step| step.passed) && all.failed == 0;
        let minutes = self.begun.elapsed().as_secs_f64() / 60.0;
        let word = if passed { "ok" } else { "FAILED" };
        println!(
            "\n{word}: {} passed, {} failed in {minutes:.1} minutes",
            all.passed, all.failed
        );
        if passed {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

/// Processor time of all programs that were run and have ended, and of those that they ran; nothing where that is
/// not told. `cutime` and `cstime` of <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>.
fn worked_by_children() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = ticks_of_children(&text).unwrap_or(0);
    let each_second = rustix::param::clock_ticks_per_second();
    Duration::from_secs_f64(ticks as f64 / each_second as f64)
}

/// Fields 16 and 17 of `stat`. The name of the program, the second, may have spaces and brackets in it.
fn ticks_of_children(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split_ascii_whitespace().skip(16 - 3);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_worked_is_read_whatever_ours_is_called() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 3 9 0 0 1 2 340 60 20 0 1 0 12 8 1";
        assert_eq!(ticks_of_children(stat), Some(400));
        assert_eq!(ticks_of_children("7 (a) S 1"), None);
    }

    #[test]
    fn the_summaries_of_both_runners_are_counted() {
        let lines = [
            (
                "test result: ok. 31 passed; 0 failed; 2 ignored; 0 measured; finished in 0.02s",
                (31, 0),
            ),
            ("test result: FAILED. 3 passed; 2 failed; 0 ignored", (3, 2)),
            (
                "======== 114 passed, 8 deselected in 200.12s (0:03:20) ========",
                (114, 0),
            ),
            ("=== 1 failed, 113 passed, 2 errors in 3.10s ===", (113, 3)),
            ("12 passed in 3.10s", (12, 0)),
            ("test manifest::tests::nothing_passed ... ok", (0, 0)),
            ("3 passed the gate", (0, 0)),
        ];
        for (line, (passed, failed)) in lines {
            let mut tally = Tally::default();
            tally.read(line);
            assert_eq!(tally, Tally { passed, failed }, "{line}");
        }
    }
}
