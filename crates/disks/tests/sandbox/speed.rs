//! How fast a child is asked and tells: `cargo test --release -p disks --test sandbox -- --ignored`.

use std::ops::ControlFlow;
use std::time::Instant;

use disks::sandbox::{Launcher, Sandbox};
use filesystems::blocks::{Blocks, Fault, MemoryBlocks};
use filesystems::reader::Options;

use crate::tricks::CONFINED;
use crate::walls::{child, trick};
use crate::{Test, many};

pub(crate) const TESTS: &[Test] = &[
    ("starting", starting),
    ("reading", reading),
    ("telling", telling),
    ("unpacking", unpacking),
];

fn rate(count: usize, since: Instant) -> f64 {
    let count = u32::try_from(count).unwrap();
    f64::from(count) / since.elapsed().as_secs_f64()
}

fn starting() {
    let since = Instant::now();
    for _ in 0..50 {
        let mut device = MemoryBlocks::new(vec![0; 4096]);
        Sandbox::new(child()).survey(&mut device).unwrap();
    }
    println!("{:.0} children a second", rate(50, since));
}

fn reading() {
    for (name, bytes) in [("read", 256 << 10), ("ask", 1 << 10)] {
        let mut device = MemoryBlocks::new(vec![1; 64 << 20]);
        let since = Instant::now();
        let ended = Sandbox::new(trick(CONFINED, name)).survey(&mut device);
        assert!(ended.unwrap_err().to_string().contains("survived"));
        // The child was replaced once.
        let asked = rate(2 * 16_384, since);
        let speed = asked * f64::from(bytes) / 1e6;
        println!("{asked:.0} reads of {bytes} bytes a second, {speed:.0} MB/s");
    }
}

fn telling() {
    let (start, bytes) = many::fat32(20, 50_000);
    let mut device = Sparse(MemoryBlocks::new(start), bytes);
    let since = Instant::now();
    let told = count(None, &mut device);
    println!("{:.0} names a second without a child", rate(told, since));
    for launcher in [Launcher::Thread, child()] {
        let since = Instant::now();
        let name = format!("{launcher:?}");
        let told = count(Some(launcher), &mut device);
        println!("{:.0} names a second from a {name}", rate(told, since));
    }
}

fn count(launcher: Option<Launcher>, device: &mut dyn Blocks) -> usize {
    let mut told = 0;
    let mut tell = || {
        told += 1;
        ControlFlow::Continue(())
    };
    let options = Options::default();
    match launcher {
        Some(launcher) => {
            let mut sandbox = Sandbox::new(launcher);
            let survey = sandbox.survey(device).unwrap();
            let volume = &survey.volumes[0];
            sandbox
                .catalogue(device, volume, &options, &mut |_| tell())
                .unwrap();
        }
        None => {
            let survey = filesystems::volumes::survey(device).unwrap();
            let mut reader = survey.volumes[0].open(device, &options).unwrap();
            reader.catalogue(device, &mut |_| tell()).unwrap();
        }
    }
    assert_eq!(told, 1_000_021);
    told
}

fn unpacking() {
    let mut sandbox = Sandbox::new(child());
    // A unit of 64 KiB: a literal and a copy of it in each of its chunks of 4 KiB.
    let packed = b"\x03\xB0\x02a\xFC\x0F".repeat(16);
    let since = Instant::now();
    for _ in 0..10_000 {
        let plain = sandbox.unpack(filesystems::told::Codec::Lznt1, &packed, 64 << 10);
        assert_eq!(plain.unwrap().len(), 64 << 10);
    }
    println!("{:.0} units of 64 KiB a second", rate(10_000, since));
}

/// A volume that is zeros behind what is in memory of it.
struct Sparse(MemoryBlocks, u64);

impl Blocks for Sparse {
    fn bytes(&self) -> u64 {
        self.1
    }

    fn sector(&self) -> u32 {
        512
    }

    fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<(), Fault> {
        let held = self.0.bytes().saturating_sub(offset);
        let held = usize::try_from(held).unwrap().min(into.len());
        into[held..].fill(0);
        match held {
            0 => Ok(()),
            _ => self.0.read(offset, &mut into[..held]),
        }
    }
}
