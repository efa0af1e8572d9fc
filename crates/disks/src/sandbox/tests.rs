//! Parent and child together, the child in a thread; and children that lie.

use std::ops::ControlFlow;

use filesystems::blocks::{Blocks, Fault, MemoryBlocks};
use filesystems::reader::{Options, Refusal};
use filesystems::told::{Codec, Facts, Summary, Told};
use filesystems::volumes::Survey;

use super::{Heard, Launcher, ParseError, Sandbox};

mod lies;
mod locks;
mod volume;

/// What a catalogue comes to.
type Catalogue = (Result<(Facts, Summary), ParseError>, Vec<Told>);

/// Tells all of the first volume, and forgets what is told anew.
fn catalogue(sandbox: &mut Sandbox, device: &mut dyn Blocks, survey: &Survey) -> Catalogue {
    let mut heard = Vec::new();
    let done = sandbox.catalogue(
        device,
        &survey.volumes[0],
        &Options::default(),
        &mut |said| {
            match said {
                Heard::Told(told) => heard.push(told),
                Heard::Anew => heard.clear(),
            }
            ControlFlow::Continue(())
        },
    );
    (done, heard)
}

fn name(told: &Told) -> &[u8] {
    match told {
        Told::Folder(folder) => &folder.name,
        Told::File(file) => &file.name,
        Told::Damaged(_) => b"?",
    }
}

#[test]
fn a_child_tells_what_the_reader_tells() {
    let mut device = volume::fat(40);
    let mut sandbox = Sandbox::new(Launcher::Thread);
    let survey = sandbox.survey(&mut device).unwrap();
    let (done, heard) = catalogue(&mut sandbox, &mut device, &survey);
    let (facts, summary) = done.unwrap();

    let volume = &filesystems::volumes::survey(&mut device).unwrap().volumes[0];
    let mut reader = volume.open(&mut device, &Options::default()).unwrap();
    let mut expected = Vec::new();
    let plain = reader.catalogue(&mut device, &mut |told| {
        expected.push(told);
        ControlFlow::Continue(())
    });
    assert_eq!((facts, summary), (reader.facts(), plain.unwrap()));
    assert_eq!(heard, expected);
    assert_eq!(heard.len(), 41);
    assert_eq!(name(&heard[1]), b"FILE0000.BIN");
}

#[test]
fn a_survey_is_that_of_the_reader() {
    let mut device = volume::partitioned(volume::fat(3));
    let survey = Sandbox::new(Launcher::Thread).survey(&mut device).unwrap();
    let expected = filesystems::volumes::survey(&mut device).unwrap();
    assert_eq!(format!("{survey:?}"), format!("{expected:?}"));
    assert_eq!(survey.volumes.len(), 2);
    let (done, heard) = catalogue(&mut Sandbox::new(Launcher::Thread), &mut device, &survey);
    assert_eq!((done.unwrap().0.kind, heard.len()), ("FAT16", 4));
}

#[test]
fn whoever_breaks_off_hears_no_more_and_may_ask_again() {
    let mut device = volume::fat(40);
    let mut sandbox = Sandbox::new(Launcher::Thread);
    let survey = sandbox.survey(&mut device).unwrap();
    let mut count = 0;
    let stopped = sandbox.catalogue(
        &mut device,
        &survey.volumes[0],
        &Options::default(),
        &mut |_| {
            count += 1;
            ControlFlow::Break(())
        },
    );
    assert!(matches!(stopped, Err(ParseError::Stopped)), "{stopped:?}");
    assert_eq!(count, 1);
    assert_eq!(catalogue(&mut sandbox, &mut device, &survey).1.len(), 41);
}

#[test]
fn what_is_refused_is_refused_and_the_child_stays() {
    let mut device = MemoryBlocks::new(vec![0; 4 << 20]);
    let mut sandbox = Sandbox::new(Launcher::Thread);
    let survey = sandbox.survey(&mut device).unwrap();
    assert!(survey.volumes[0].recognised.is_empty);
    let (done, heard) = catalogue(&mut sandbox, &mut device, &survey);
    assert!(matches!(done, Err(ParseError::Refused(Refusal::Other))));
    assert!(heard.is_empty());
    assert!(sandbox.child.is_some());
}

/// A device that is pulled after so many reads.
struct Pulled(MemoryBlocks, usize);

impl Blocks for Pulled {
    fn bytes(&self) -> u64 {
        self.0.bytes()
    }

    fn sector(&self) -> u32 {
        512
    }

    fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<(), Fault> {
        self.1 = self.1.checked_sub(1).ok_or(Fault::Ended)?;
        self.0.read(offset, into)
    }
}

#[test]
fn a_pulled_device_is_gone_whenever_it_goes() {
    for reads in 0..3 {
        let mut device = Pulled(volume::fat(5), reads);
        let gone = Sandbox::new(Launcher::Thread).survey(&mut device);
        assert!(matches!(gone, Err(ParseError::Gone(_))), "{reads} {gone:?}");
    }
}

#[test]
fn what_cannot_be_read_is_bad_for_the_reader_and_not_for_the_child() {
    let mut device = volume::fat(5);
    let mut sandbox = Sandbox::new(Launcher::Thread);
    let survey = sandbox.survey(&mut device).unwrap();
    device.break_range(volume::ROOT..volume::ROOT + 512);
    let (done, heard) = catalogue(&mut sandbox, &mut device, &survey);
    assert_eq!(done.unwrap().0.kind, "FAT16");
    let is_told = heard.iter().any(|told| matches!(told, Told::Damaged(_)));
    assert!(is_told, "{heard:?}");
    assert!(sandbox.child.is_some());
}

#[test]
fn a_unit_is_unpacked_or_damaged() {
    let mut sandbox = Sandbox::new(Launcher::Thread);
    // A chunk of four literals: its header says 5 bytes.
    let plain = sandbox.unpack(Codec::Lznt1, b"\x04\xB0\0abcd", 4);
    assert_eq!(plain.unwrap(), b"abcd");
    for (packed, bytes) in [
        (&b"\x04"[..], 4),
        (b"\x04\xB0\0abcd", 70_000),
        (&[0; 200_000], 4),
    ] {
        let damaged = sandbox.unpack(Codec::Lznt1, packed, bytes);
        assert!(matches!(damaged, Err(ParseError::Packed(_))), "{damaged:?}");
    }
    let plain = sandbox.unpack(Codec::Lznt1, b"\x04\xB0\0abcd", 2);
    assert_eq!(plain.unwrap(), b"ab");
}
