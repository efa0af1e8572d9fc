//! Processor time and memory, from what the system counts.

use std::fs;

use anyhow::{Context as _, Result};

/// Processor time of a process that runs, its threads included, in seconds.
///
/// # Errors
/// If there is no such process.
pub(crate) fn of_process(id: u32) -> Result<f64> {
    let path = format!("/proc/{id}/stat");
    let text = fs::read_to_string(&path).with_context(|| format!("could not read `{path}`"))?;
    let ticks = process_ticks(&text).with_context(|| format!("`{path}` is not understood"))?;
    Ok(seconds(ticks))
}

/// The most memory that a process which runs has had at once, in bytes.
///
/// # Errors
/// If there is no such process.
pub(crate) fn peak_memory(id: u32) -> Result<u64> {
    let path = format!("/proc/{id}/status");
    let text = fs::read_to_string(&path).with_context(|| format!("could not read `{path}`"))?;
    let most = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = most.and_then(|most| most.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    Ok(kib.with_context(|| format!("`{path}` is not understood"))? << 10)
}

/// Processor time of the processes that run and were started by this one, in seconds; not of those that they started.
///
/// # Errors
/// If the system does not list its processes.
pub(crate) fn of_children(id: u32) -> Result<f64> {
    let mut ticks = 0;
    for entry in fs::read_dir("/proc").context("could not list `/proc`")? {
        // What is no process, or has ended since, has no such file.
        let text = fs::read_to_string(entry?.path().join("stat")).unwrap_or_default();
        if parent(&text) == Some(id) {
            ticks += process_ticks(&text).unwrap_or(0);
        }
    }
    Ok(seconds(ticks))
}

/// Processor time of all programs and the system since the machine was started, in seconds.
///
/// Without interrupts: those that the loopback network raises are in truth of the race.
///
/// # Errors
/// If the system does not say.
pub(crate) fn of_machine() -> Result<f64> {
    let text = fs::read_to_string("/proc/stat").context("could not read `/proc/stat`")?;
    let ticks = machine_ticks(&text).context("`/proc/stat` is not understood")?;
    Ok(seconds(ticks))
}

/// `ppid` of proc(5), the second field behind the program's name in brackets.
fn parent(text: &str) -> Option<u32> {
    let (_, fields) = text.rsplit_once(')')?;
    fields.split_whitespace().nth(1)?.parse().ok()
}

/// `utime` and `stime` of proc(5), which follow the program's name in brackets.
fn process_ticks(text: &str) -> Option<u64> {
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

/// `user`, `nice` and `system` of proc(5).
fn machine_ticks(text: &str) -> Option<u64> {
    let fields = text.lines().next()?.strip_prefix("cpu ")?;
    let fields = fields.split_whitespace().take(3);
    fields.map(|field| field.parse::<u64>().ok()).sum()
}

#[expect(clippy::cast_precision_loss, reason = "less than 2^53 ticks")]
fn seconds(ticks: u64) -> f64 {
    ticks as f64 / rustix::param::clock_ticks_per_second() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_read() {
        let process = "77 (a (b) c) S 1 77 77 0 -1 4194560 1 2 3 4 150 25 7 8 20 0 9 0 12345";
        assert_eq!(process_ticks(process), Some(175));
        assert_eq!(parent(process), Some(1));
        let machine = "cpu  100 5 20 9000 30 4 3 2 0 0\ncpu0 1 1 1 1\n";
        assert_eq!(machine_ticks(machine), Some(125));
        assert_eq!(machine_ticks("intr 1 2 3"), None);
        assert!(of_process(std::process::id()).is_ok() && of_machine().is_ok());
        assert!(peak_memory(std::process::id()).unwrap() > 1 << 20);
    }
}
