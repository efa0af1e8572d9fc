//! How the host is, from the files of `/proc`.

use std::fs;
use std::path::Path;

use model::heartbeat::HostFacts;

/// How this host is; `folder` is where the journals are.
pub(super) fn facts(folder: &Path) -> HostFacts {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    HostFacts {
        load_hundredths: load_hundredths(&read("/proc/loadavg")),
        memory_bytes: memory_bytes(&read("/proc/meminfo")),
        journal_bytes: durable::reserve::free(folder),
    }
}

/// `0.52 0.58 0.59 1/467 12345` is 52 (proc(5), `/proc/loadavg`).
fn load_hundredths(text: &str) -> Option<u64> {
    let (whole, hundredths) = text.split_whitespace().next()?.split_once('.')?;
    if hundredths.len() != 2 {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let hundredths: u64 = hundredths.parse().ok()?;
    whole.checked_mul(100)?.checked_add(hundredths)
}

/// The line `MemAvailable:   12345 kB` (proc(5), `/proc/meminfo`).
fn memory_bytes(text: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_says_is_read_and_nothing_else() {
        assert_eq!(load_hundredths("12.05 0.58 0.59 1/467 12345\n"), Some(1205));
        let memory = "MemTotal:       24576000 kB\nMemAvailable:   12000000 kB\n";
        assert_eq!(memory_bytes(memory), Some(12_000_000 * 1024));
        for odd in ["", "x", "1", "1.5", "-1.00", "99999999999999999999.00"] {
            assert_eq!(load_hundredths(odd), None, "{odd}");
        }
        for odd in [
            "",
            "MemAvailable: kB",
            "MemAvailable: -1 kB",
            "MemAvailable: 7",
        ] {
            assert_eq!(memory_bytes(odd), None, "{odd}");
        }
    }

    #[test]
    fn this_host_says_something() {
        let facts = facts(Path::new("/"));
        assert!(facts.load_hundredths.is_some());
        assert!(facts.memory_bytes.is_some_and(|bytes| bytes > 1 << 20));
        assert!(facts.journal_bytes.is_some());
    }
}
