//! Any faults, and a kill at any read: what comes out is the same.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::traced::Traced;
use super::*;

/// What somebody reads in one go.
const REQUEST: u64 = 512 * KIB;

/// A sector that fails.
type Broken = BTreeMap<u64, (Errno, u32)>;

#[derive(Debug, Clone)]
struct Scene {
    sector: u64,
    bytes: u64,
    broken: Broken,
    wanted: Vec<Range<u64>>,
}

fn errno() -> impl Strategy<Value = Errno> {
    let all = [
        Errno::IO,
        Errno::NODATA,
        Errno::REMOTEIO,
        Errno::ILSEQ,
        Errno::TIMEDOUT,
    ];
    prop::sample::select(all.to_vec())
}

prop_compose! {
    /// Up to six areas, each bad for good or until it was read once, and up to four ranges of which somebody wants the
    /// bytes.
    fn scene()(
        sector in prop::sample::select(vec![512, 4096_u64]),
        areas in prop::collection::vec((0..2000 * KIB, 1..60_u64, errno(), any::<bool>()), 0..6),
        cuts in prop::collection::btree_set(0..2048 * KIB / 4096, 2..9),
    ) -> Scene {
        let bytes = 2048 * KIB;
        let mut broken = Broken::new();
        for (start, sectors, errno, is_passing) in areas {
            let first = start / sector;
            for at in first..(first + sectors).min(bytes / sector) {
                broken.insert(at * sector, (errno, if is_passing { 1 } else { u32::MAX }));
            }
        }
        let cuts: Vec<u64> = cuts.into_iter().map(|cut| cut * 4096).collect();
        let wanted = cuts.chunks_exact(2).map(|pair| pair[0]..pair[1]).collect();
        Scene { sector, bytes, broken, wanted }
    }
}

impl Scene {
    fn device(&self) -> Arc<MemoryDevice> {
        let sector = u32::try_from(self.sector).unwrap();
        let device = MemoryDevice::new(content(self.bytes)).with_sector(sector);
        for (start, (errno, times)) in &self.broken {
            device.break_range(*start..*start + self.sector, *errno, *times);
        }
        Arc::new(device)
    }

    /// The sectors that nobody can read, of those that are wanted.
    fn lost(&self) -> Vec<Range<u64>> {
        let mut lost = Vec::new();
        for (start, (_, times)) in &self.broken {
            let is_wanted = self.wanted.iter().any(|range| range.contains(start));
            if *times == u32::MAX && is_wanted {
                push(&mut lost, *start..*start + self.sector);
            }
        }
        lost
    }

    /// Reads all that is wanted, tries again, and gives what is not read then. `None` if it was killed.
    fn carry_out(&self, device: Arc<Traced>, folder: &Path) -> Option<Vec<Range<u64>>> {
        let opened = Rescue::open_with(Arc::clone(&device) as Arc<dyn Device>, folder, at_once());
        let Ok(rescue) = opened else {
            assert!(device.is_killed());
            return None;
        };
        let ended = self.read_all(&rescue);
        let ended = ended.and_then(|_| rescue.retry(&RetryLimits::default(), &|| false));
        let ended = ended.and_then(|()| self.read_all(&rescue));
        match (ended, device.is_killed()) {
            // Nothing is done any more by a process that was killed, not even what ends it.
            (_, true) => {
                std::mem::forget(rescue);
                None
            }
            (ended, false) => Some(ended.unwrap()),
        }
    }

    fn read_all(&self, rescue: &Rescue) -> Result<Vec<Range<u64>>, DeviceGone> {
        let there = content(self.bytes);
        let mut all = Vec::new();
        for range in &self.wanted {
            let mut at = range.start;
            while at < range.end {
                let end = range.end.min((at / REQUEST + 1) * REQUEST);
                let mut bytes = vec![1; index(end - at)];
                let unread = rescue.read(at, &mut bytes)?;
                let mut expected = there[index(at)..index(end)].to_vec();
                for gap in &unread {
                    expected[index(gap.start - at)..index(gap.end - at)].fill(0);
                }
                assert!(bytes == expected, "wrong bytes in {at}..{end}");
                unread.into_iter().for_each(|gap| push(&mut all, gap));
                at = end;
            }
        }
        Ok(all)
    }

    /// Only what was wanted was touched, in whole sectors.
    fn check_trace(&self, device: &Traced) {
        for asked in &*device.asked.lock().unwrap() {
            let Range { start, end } = asked.range;
            let is_wanted = self
                .wanted
                .iter()
                .any(|it| it.start <= start && end <= it.end);
            assert!(is_wanted, "{start}..{end} of {:?}", self.wanted);
            assert!(start.is_multiple_of(self.sector) && end.is_multiple_of(self.sector));
        }
    }

    /// No sector was tried more often than three times, once in the retries, and twice for each kill: what a read that
    /// failed and its clusters said is lost together.
    fn check_tries(&self, device: &MemoryDevice, kills: u32) {
        for start in self.broken.keys() {
            let tried = device.failed_reads(*start);
            assert!(tried <= 4 + 2 * kills, "{start} was tried {tried} times");
        }
    }
}

/// Where syncing costs nothing: what is known is saved after each error.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    match memory.is_dir() {
        true => tempfile::tempdir_in(memory).unwrap(),
        false => tempfile::tempdir().unwrap(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn what_comes_does_not_depend_on_where_it_was_killed(scene in scene(), kills in prop::collection::vec(0..1000_u64, 6)) {
        let (plain, home) = (scene.device(), folder());
        let whole = Arc::new(Traced::whole(Arc::clone(&plain) as Arc<dyn Device>));
        prop_assert_eq!(scene.carry_out(Arc::clone(&whole), home.path()), Some(scene.lost()));
        scene.check_trace(&whole);
        scene.check_tries(&plain, 0);
        let reads = whole.asked.lock().unwrap().len() as u64;
        // A kill at so many thousandths of it.
        for part in kills {
            let at = 1 + reads.saturating_sub(1) * part / 1000;
            let (plain, first, second) = (scene.device(), folder(), folder());
            let inner = || Arc::clone(&plain) as Arc<dyn Device>;
            let killed = Arc::new(Traced::new(inner(), at, first.path(), second.path()));
            prop_assert_eq!(scene.carry_out(Arc::clone(&killed), first.path()), None);
            let next = Arc::new(Traced::whole(inner()));
            prop_assert_eq!(scene.carry_out(Arc::clone(&next), second.path()), Some(scene.lost()));
            scene.check_trace(&killed);
            scene.check_trace(&next);
            scene.check_tries(&plain, 1);
        }
    }

    /// Killed again and again, after so many reads each time.
    #[test]
    fn it_ends_however_often_it_is_killed(scene in scene(), every in 20..200_u64) {
        let (plain, mut home, mut kills) = (scene.device(), folder(), 0);
        let lost = loop {
            let found = folder();
            let inner = Arc::clone(&plain) as Arc<dyn Device>;
            let device = Arc::new(Traced::new(inner, every, home.path(), found.path()));
            if let Some(lost) = scene.carry_out(device, home.path()) {
                break lost;
            }
            (home, kills) = (found, kills + 1);
            prop_assert!(kills < 200);
        };
        prop_assert_eq!(lost, scene.lost());
        scene.check_tries(&plain, kills);
    }
}

/// A small scene, and a kill at each of its reads.
#[test]
fn no_read_is_a_bad_one_to_be_killed_at() {
    let broken = [
        (0, 1),
        (3, u32::MAX),
        (40, u32::MAX),
        (41, 1),
        (42, u32::MAX),
        (127, 1),
    ];
    let scene = Scene {
        sector: 4096,
        bytes: 512 * KIB,
        broken: broken
            .map(|(at, times)| (at * 4096, (Errno::NODATA, times)))
            .into(),
        wanted: vec![0..256 * KIB, 300 * KIB..512 * KIB],
    };
    for at in 1.. {
        let (plain, first, second) = (scene.device(), folder(), folder());
        let inner = || Arc::clone(&plain) as Arc<dyn Device>;
        let killed = Arc::new(Traced::new(inner(), at, first.path(), second.path()));
        if let Some(lost) = scene.carry_out(killed, first.path()) {
            assert_eq!(lost, scene.lost());
            assert!(at > 30);
            break;
        }
        let next = Arc::new(Traced::whole(inner()));
        assert_eq!(
            scene.carry_out(next, second.path()),
            Some(scene.lost()),
            "{at}"
        );
        scene.check_tries(&plain, 1);
    }
}

/// By what it is known again may have been read once more since, sector by sector, and kept.
#[test]
fn what_was_kept_of_a_mark_is_no_reason_to_begin_anew() {
    let sectors = (574_976 / 512..604_160 / 512).map(|at| (at * 512, (Errno::IO, u32::MAX)));
    let scene = Scene {
        sector: 512,
        bytes: 2048 * KIB,
        broken: sectors.collect(),
        wanted: only(512 * KIB..640 * KIB),
    };
    let (plain, mut home, mut kills) = (scene.device(), folder(), 0);
    let lost = loop {
        let found = folder();
        let inner = Arc::clone(&plain) as Arc<dyn Device>;
        let device = Arc::new(Traced::new(inner, 20, home.path(), found.path()));
        match scene.carry_out(device, home.path()) {
            Some(lost) => break lost,
            None => (home, kills) = (found, kills + 1),
        }
        assert!(kills < 40);
    };
    assert_eq!(lost, scene.lost());
    scene.check_tries(&plain, 1);
}
