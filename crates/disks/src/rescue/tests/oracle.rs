//! GNU ddrescue beside ours, where it is installed: on the same faults the same map and the same bytes.

use std::process::Command;

use super::*;

/// Whether ddrescue is there.
fn is_there() -> bool {
    let there = Command::new("ddrescue").arg("--version").output().is_ok();
    if !there {
        eprintln!("not tried: ddrescue is not installed");
    }
    there
}

/// A device of 4 MiB in files: its content, and the map by which ddrescue lets it fail.
struct Files(tempfile::TempDir);

impl Files {
    fn new(bad: &[Range<u64>]) -> (Self, Arc<MemoryDevice>) {
        let (files, content) = (Self(tempfile::tempdir().unwrap()), content(4096 * KIB));
        std::fs::write(files.path("disk"), &content).unwrap();
        let device = MemoryDevice::new(content);
        let mut map = RescueMap::new(4096 * KIB);
        map.set(0..4096 * KIB, Status::Read);
        for range in bad {
            map.set(range.clone(), Status::Bad);
            device.break_range(range.clone(), Errno::IO, u32::MAX);
        }
        std::fs::write(files.path("faults"), map.render()).unwrap();
        (files, Arc::new(device))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs ddrescue in test mode over a map.
    fn ddrescue(&self, arguments: &[&str], map: &Path) {
        let mut ddrescue = Command::new("ddrescue");
        ddrescue.args(arguments).arg("-H").arg(self.path("faults"));
        ddrescue
            .args(["disk", "copy"].map(|name| self.path(name)))
            .arg(map);
        let output = ddrescue.output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

fn map_in(path: &Path) -> RescueMap {
    RescueMap::parse(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn faults() -> [Vec<Range<u64>>; 4] {
    let many = |n: u64| n * 130_000 / 512 * 512..n * 130_000 / 512 * 512 + 512 * (n % 5 + 1);
    [
        vec![],
        only(0..512),
        vec![
            100 * KIB..300 * KIB,
            301 * KIB..302 * KIB,
            4090 * KIB..4091 * KIB,
        ],
        (0..30).map(many).collect(),
    ]
}

#[test]
fn both_find_the_same() {
    for bad in faults().iter().filter(|_| is_there()) {
        let (files, device) = Files::new(bad);
        files.ddrescue(&["-r1"], &files.path("theirs"));
        let rescue = open(&device, files.0.path());
        let content = content(4096 * KIB);
        read(&rescue, &content, 0..4096 * KIB);
        retry(&rescue);
        assert_eq!(read(&rescue, &content, 0..4096 * KIB), *bad);
        assert_eq!(
            rescue.map().blocks(),
            map_in(&files.path("theirs")).blocks()
        );
    }
}

#[test]
fn ddrescue_goes_on_with_our_map() {
    for bad in faults().iter().filter(|_| is_there()) {
        let (files, device) = Files::new(bad);
        let rescue = open(&device, files.0.path());
        read(&rescue, &content(4096 * KIB), 0..4096 * KIB);
        rescue.save().unwrap();
        let check = Command::new("ddrescuelog")
            .arg("-t")
            .arg(files.path(MAP))
            .output();
        assert!(check.unwrap().status.success());
        files.ddrescue(&["-r1"], &files.path(MAP));
        assert_eq!(map_in(&files.path(MAP)).ranges(Status::Bad), *bad);
    }
}

#[test]
fn we_go_on_with_a_map_of_ddrescue() {
    for bad in faults().iter().filter(|_| is_there()) {
        let (files, device) = Files::new(bad);
        // Not trimmed, not scraped.
        files.ddrescue(&["-n", "-N"], &files.path(MAP));
        let rescue = open(&device, files.0.path());
        retry(&rescue);
        let content = content(4096 * KIB);
        assert_eq!(read(&rescue, &content, 0..4096 * KIB), *bad);
        assert_eq!(rescue.map().ranges(Status::Bad), *bad);
    }
}
