//! Whole erasings: of honest devices and others, cut off at every point.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use disks::facts::Marks;
use model::device::Connector;
use model::disposal::GrantId;
use model::erasure::{
    Certificate, ErasedDevice, ErasureEnd, ErasureFailure, ErasureTool, Extent, FailureCause,
    HiddenArea, Medium, PassFill, Span, Technique, Verdict, VerifyMode,
};
use model::ids::JobId;
use model::time::{Clock, Timestamp};

use super::course::erase_as;
use super::fakes::{Fake, Honesty, Recorded, SECTOR};
use super::limits::Sizes;
use super::places::{Drawing, spans};
use super::*;

/// Small, so that a small device has many of them.
const SMALL: Sizes = Sizes {
    chunk: 4 << 10,
    sync: 32 << 10,
    note_read: 64 << 10,
};

const FEW: Drawing = Drawing {
    places: 16,
    place_bytes: 4096,
    edge_bytes: 8192,
};

const BYTES: u64 = 256 << 10;

struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(1_800_000_000)
    }
}

fn marks(serial: Option<&str>) -> Marks {
    Marks {
        bytes: BYTES,
        maker: None,
        model: None,
        serial: serial.map(str::to_owned),
        wwn: None,
    }
}

fn beginning(technique: Technique, verify: VerifyMode, serial: Option<&str>) -> Beginning {
    Beginning {
        job: JobId::new("45HFS").unwrap(),
        grant: GrantId::new("0".repeat(32)).unwrap(),
        marks: marks(serial),
        technique,
        verify,
        started: Now.now(),
        key: Key::new([42; 32]),
        seed: [17; 32],
        interface_errors: None,
    }
}

/// A device that is being erased, and where its journal is.
struct World {
    folder: tempfile::TempDir,
    fake: Fake,
    drive: Recorded,
    beginning: Beginning,
    medium: Medium,
    stopped: AtomicBool,
}

/// A folder in memory where there is one: syncing a journal a thousand times proves nothing of it.
fn folder() -> tempfile::TempDir {
    match Path::new("/dev/shm").is_dir() {
        true => tempfile::tempdir_in("/dev/shm").unwrap(),
        false => tempfile::tempdir().unwrap(),
    }
}

impl World {
    fn new(technique: Technique, honesty: Honesty) -> Self {
        Self {
            folder: folder(),
            fake: Fake::new(BYTES, honesty),
            drive: Recorded::default(),
            beginning: beginning(technique, VerifyMode::Full, None),
            medium: Medium::Image,
            stopped: AtomicBool::new(false),
        }
    }

    fn journal(&self) -> Journal {
        let path: &Path = &self.folder.path().join("journal");
        match Journal::open(path).unwrap() {
            Some(journal) => journal,
            None => Journal::begin(path, self.beginning.clone()).unwrap(),
        }
    }

    fn run(&self) -> Result<ErasureEnd, EraseError> {
        let progress = ErasingProgress::default();
        let marks = &self.beginning.marks;
        let erasing = Erasing {
            surface: &self.fake,
            drive: &self.drive,
            connector: Connector::Image,
            device: ErasedDevice {
                maker: None,
                model: None,
                serial: marks.serial.clone(),
                wwn: None,
                firmware: None,
                medium: self.medium,
                bytes: BYTES,
                hidden: HiddenArea::Sectors(0),
            },
            able: &Abilities::default(),
        };
        let means = Means {
            clock: &Now,
            progress: &progress,
            is_stopped: &|| self.stopped.load(Ordering::Relaxed),
            tool: ErasureTool {
                name: "longshore".into(),
                version: "1".into(),
            },
        };
        let end = erase_as(&erasing, &mut self.journal(), &means, SMALL, FEW);
        if let Ok(ErasureEnd::Erased(_)) = end {
            let figures = progress.figures();
            assert_eq!(figures.doing, Doing::Done);
        }
        end
    }

    fn erased(&self) -> Certificate {
        match self.run().unwrap() {
            ErasureEnd::Erased(certificate) => *certificate,
            ErasureEnd::Failed(failure) => panic!("{failure:?}"),
        }
    }

    fn failed(&self) -> ErasureFailure {
        match self.run().unwrap() {
            ErasureEnd::Erased(certificate) => panic!("{certificate:?}"),
            ErasureEnd::Failed(failure) => *failure,
        }
    }

    fn is_zero(&self) -> bool {
        self.fake.content().iter().all(|byte| *byte == 0)
    }
}

#[test]
fn a_device_is_zero_when_its_certificate_says_so() {
    for (technique, passes) in [
        (Technique::OverwriteZeros, vec![PassFill::Zeros]),
        (
            Technique::OverwriteStream,
            vec![PassFill::KeyedStream, PassFill::Zeros],
        ),
    ] {
        let world = World::new(technique, Honesty::Keeps);
        let certificate = world.erased();
        assert!(world.is_zero());
        let fills: Vec<PassFill> = certificate.passes.iter().map(|it| it.fill).collect();
        assert_eq!(fills, passes);
        assert_eq!(certificate.bytes_written, BYTES * passes.len() as u64);
        let read = certificate.verification.unwrap();
        assert_eq!((read.extent, read.bytes_read), (Extent::Full, BYTES));
        assert!((read.share - 1.0).abs() < 1e-9);
        assert_eq!(certificate.validation.verdict, Verdict::Approved);
        // Who asks again is told the same, and nothing is written.
        let done = world.fake.done.load(Ordering::Relaxed);
        world.erased();
        assert_eq!(world.fake.done.load(Ordering::Relaxed), done);
    }
}

#[test]
fn what_is_made_of_cells_is_not_approved_by_writing_over_it() {
    let mut world = World::new(Technique::OverwriteStream, Honesty::Keeps);
    world.medium = Medium::Flash;
    let certificate = world.erased();
    assert_eq!(certificate.validation.verdict, Verdict::Escalate);
    assert_eq!(certificate.method, model::erasure::ErasureMethod::Clear);
}

#[test]
fn a_device_that_wraps_or_keeps_only_some_of_it_is_refused_and_zeros_alone_would_not_tell() {
    for honesty in [
        Honesty::Wraps(BYTES / 4),
        Honesty::Elides(BYTES / 4),
        Honesty::Elides(0),
    ] {
        let zeros = World::new(Technique::OverwriteZeros, honesty);
        zeros.erased();
        let world = World::new(Technique::OverwriteStream, honesty);
        let failure = world.failed();
        assert_eq!(failure.cause, FailureCause::Counterfeit, "{honesty:?}");
        assert!(failure.why.contains("does not keep"), "{}", failure.why);
        let read = failure.account.verification.unwrap();
        assert_eq!(read.expected, PassFill::KeyedStream);
        assert!(read.first_difference.is_some());
        // It stays so.
        assert_eq!(world.failed().cause, FailureCause::Counterfeit);
    }
}

#[test]
fn one_byte_that_is_there_again_before_the_last_reading_is_found() {
    for at in [0, 77_777, 1 << 17, (1 << 18) - 1] {
        let world = World::new(Technique::OverwriteZeros, Honesty::Keeps);
        // 64 writes and 8 syncs, and the one at the end; what follows is the first read.
        *world.fake.put_back.lock().unwrap() = Some((74, at, 7));
        let failure = world.failed();
        assert_eq!(failure.cause, FailureCause::NotAsWritten);
        let found = failure.account.verification.unwrap();
        let found = found.first_difference.unwrap();
        assert_eq!((found.offset, found.found), (at as u64, 7));
        assert_eq!(failure.account.validation.verdict, Verdict::Rejected);
    }
}

#[test]
fn bad_places_become_ranges_and_the_rest_is_written() {
    let world = World::new(Technique::OverwriteStream, Honesty::Keeps);
    *world.fake.bad.lock().unwrap() = vec![0, 100, 101, 511];
    let failure = world.failed();
    assert_eq!(failure.cause, FailureCause::BadBlocks);
    let unwritten = failure.account.not_written;
    let spans = [(0, 1), (100, 2), (511, 1)].map(|(sector, count)| Span {
        offset: sector * SECTOR,
        bytes: count * SECTOR,
    });
    assert_eq!(unwritten.listed, spans);
    assert_eq!(unwritten.bytes, 4 * SECTOR);
    assert!(failure.account.errors > 8);
    let content = world.fake.content();
    let is_bad = |at: usize| {
        spans
            .iter()
            .any(|it| (it.offset..it.end()).contains(&(at as u64)))
    };
    let is_right = |(at, byte): (usize, &u8)| (*byte == 0) != is_bad(at);
    assert!(content.iter().enumerate().all(is_right));
    assert_eq!(failure.account.passes[1].bytes, BYTES - 4 * SECTOR);
}

/// The device is without power after every second of its operations in turn, at 190 points, every other sector that was not synced is lost, and
/// it is gone on with until it is done.
#[test]
fn it_goes_on_wherever_it_is_cut_off_and_ends_zero() {
    for technique in [Technique::OverwriteZeros, Technique::OverwriteStream] {
        let whole = World::new(technique, Honesty::Keeps);
        whole.erased();
        let operations = whole.fake.done.load(Ordering::Relaxed);
        assert!(operations >= 130, "{operations}");
        for point in (0..operations).step_by(2) {
            let world = World::new(technique, Honesty::Keeps);
            world.fake.fails_after(point);
            let cut = world.run().unwrap_err();
            assert!(
                matches!(cut, EraseError::Gone { .. } | EraseError::Changed { .. }),
                "{cut:?}"
            );
            world.fake.comes_back();
            let certificate = world.erased();
            assert!(world.is_zero(), "{technique} {point}");
            assert_eq!(certificate.resumed, 1);
            let text = std::fs::read_to_string(world.folder.path().join("journal")).unwrap();
            assert_eq!(text.matches(r#""did":"ended""#).count(), 1);
        }
    }
}

#[test]
fn it_stops_when_it_is_told_to_and_goes_on_where_it_was() {
    let world = World::new(Technique::OverwriteZeros, Honesty::Keeps);
    world.fake.fails_after(40);
    world.run().unwrap_err();
    world.fake.comes_back();
    world.stopped.store(true, Ordering::Relaxed);
    let stopped = world.run().unwrap_err();
    assert!(matches!(stopped, EraseError::Interrupted));
    let before = world.fake.done.load(Ordering::Relaxed);
    world.stopped.store(false, Ordering::Relaxed);
    world.erased();
    let operations = world.fake.done.load(Ordering::Relaxed) - before;
    assert!(
        operations < 64 + 64 + 16,
        "{operations}: not from the beginning"
    );
}

#[test]
fn another_device_is_not_gone_on_with_and_not_a_byte_of_it_is_changed() {
    let mut world = World::new(Technique::OverwriteStream, Honesty::Keeps);
    world.fake.fails_after(50);
    world.run().unwrap_err();
    // One of the same size, of which nothing else is known: it has not what was written.
    world.fake = Fake::new(BYTES, Honesty::Keeps);
    let before = world.fake.content();
    let other = world.run().unwrap_err();
    assert!(matches!(other, EraseError::Changed { .. }), "{other:?}");
    assert_eq!(world.fake.content(), before);
    // One that is not what was opened.
    let world = World::new(Technique::OverwriteZeros, Honesty::Keeps);
    world.fake.is_another.store(true, Ordering::Relaxed);
    let before = world.fake.content();
    assert!(matches!(world.run(), Err(EraseError::Changed { .. })));
    assert_eq!(world.fake.content(), before);
    // One with another number.
    let mut world = World::new(Technique::OverwriteZeros, Honesty::Keeps);
    drop(world.journal());
    let named = |serial| beginning(Technique::OverwriteZeros, VerifyMode::Full, Some(serial));
    world.beginning = named("S1");
    std::fs::remove_file(world.folder.path().join("journal")).unwrap();
    drop(world.journal());
    world.beginning = named("S2");
    let before = world.fake.content();
    let other = world.run().unwrap_err().to_string();
    assert!(other.contains("serial number is another"), "{other}");
    assert_eq!(world.fake.content(), before);
}

/// A disk whose memory was lost with its power has not what its journal says: it is known by its number, and begun anew.
#[test]
fn a_device_that_is_known_by_its_number_is_begun_anew_if_it_lost_what_was_written() {
    let mut world = World::new(Technique::OverwriteStream, Honesty::Keeps);
    world.beginning = beginning(Technique::OverwriteStream, VerifyMode::Full, Some("S1"));
    world.fake.fails_after(50);
    world.run().unwrap_err();
    world.fake = Fake::new(BYTES, Honesty::Keeps);
    world.erased();
    assert!(world.is_zero());
}

#[test]
fn a_sample_reads_the_places_that_its_certificate_tells() {
    let mut world = World::new(Technique::OverwriteZeros, Honesty::Keeps);
    world.beginning.verify = VerifyMode::Sampled;
    let certificate = world.erased();
    let read = certificate.verification.unwrap();
    let Extent::Sampled { seed, places, .. } = &read.extent else {
        panic!("{read:?}");
    };
    assert_eq!((seed.as_str(), *places), (&*"11".repeat(32), 16));
    let places = spans(&read.extent, BYTES);
    let bytes: u64 = places.iter().map(|it| it.bytes).sum();
    assert_eq!(read.bytes_read, bytes);
    assert!(read.share < 0.4 && read.misses.len() == 3);
    // A left-over in a place is found, one beside all places is not: the certificate says with which chance.
    let inside = usize::try_from(places[3].offset).unwrap();
    let outside = usize::try_from(places[3].end()).unwrap();
    for (at, is_found) in [(inside, true), (outside, false)] {
        let mut world = World::new(Technique::OverwriteZeros, Honesty::Keeps);
        world.beginning.verify = VerifyMode::Sampled;
        *world.fake.put_back.lock().unwrap() = Some((74, at, 1));
        let end = world.run().unwrap();
        assert_eq!(matches!(end, ErasureEnd::Failed(_)), is_found, "{at}");
    }
}

#[test]
fn a_device_lets_itself_be_erased_and_what_it_refuses_is_a_failure() {
    const SANITIZE: &str = "--yes-i-know-what-i-am-doing --sanitize-block-erase";
    let done = "Issuing SANITIZE_STATUS command\nSanitize status:\n    State:    SD0 Sanitize Idle\n    \
                Last Sanitize Operation Completed Without Error\n";
    let mut world = World::new(Technique::AtaSanitizeBlock, Honesty::Keeps);
    world.drive = Recorded::default()
        .says(Program::Hdparm, SANITIZE, 0, "Issuing command\n")
        .says(Program::Hdparm, "--sanitize-status", 0, done);
    let certificate = world.erased();
    assert_eq!(certificate.method, model::erasure::ErasureMethod::Purge);
    assert_eq!(certificate.commands.len(), 2);
    assert!(
        certificate.commands[0]
            .command
            .contains("--sanitize-block-erase")
    );
    assert_eq!(certificate.passes.len(), 1, "zeros, for the next owner");
    assert!(world.is_zero());
    // What went on by itself while the host was away is not begun again.
    let asked = world.drive.asked.lock().unwrap().clone();
    let sent = asked.iter().filter(|it| it.contains("block-erase")).count();
    assert_eq!(sent, 1);
    let mut world = World::new(Technique::AtaSanitizeBlock, Honesty::Keeps);
    let before = world.fake.content();
    world.drive = Recorded::default().says(Program::Hdparm, SANITIZE, 5, "SG_IO: bad sense data");
    let failure = world.failed();
    assert_eq!(failure.cause, FailureCause::CommandFailed);
    assert!(failure.why.contains("bad sense data"), "{}", failure.why);
    assert_eq!(world.fake.content(), before);
}

#[test]
fn an_image_file_is_erased_past_the_cache() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disk.img");
    let bytes = (9_u64 << 20) + 777;
    std::fs::write(&path, vec![3; usize::try_from(bytes).unwrap()]).unwrap();
    let target = Target::open(&path, &[]).unwrap();
    let drive = SystemTools::on(&path);
    let seal = target.seal().clone();
    let able = Abilities::ask(&drive, seal.connector);
    let device = able.erased(&seal);
    assert_eq!((device.medium, device.bytes), (Medium::Image, bytes));
    let chosen = choose(&able, device.medium, None).unwrap();
    assert_eq!(chosen.technique, Technique::OverwriteStream);
    let mut beginning = beginning(chosen.technique, VerifyMode::Sampled, None);
    beginning.marks = seal.marks.clone();
    let journal_path = folder.path().join("journal");
    let mut journal = Journal::begin(&journal_path, beginning).unwrap();
    let erasing = Erasing {
        surface: &target,
        drive: &drive,
        connector: seal.connector,
        device,
        able: &able,
    };
    let means = Means {
        clock: &Now,
        progress: &ErasingProgress::default(),
        is_stopped: &|| false,
        tool: ErasureTool {
            name: "longshore".into(),
            version: "1".into(),
        },
    };
    let end = erase(&erasing, &mut journal, &means).unwrap();
    let ErasureEnd::Erased(certificate) = end else {
        panic!("{end:?}");
    };
    assert_eq!(certificate.bytes_written, 2 * bytes);
    let content = std::fs::read(&path).unwrap();
    assert_eq!(content.len() as u64, bytes);
    assert!(content.iter().all(|byte| *byte == 0));
    journal.destroy().unwrap();
    assert!(!journal_path.exists());
}
