//! What a volume is filled with: everything of which a reader has to think, as acts.

use super::acts::{Act, Chance, Ink, Mark};
use super::errand::Driver;

/// A volume, as far as it matters for what is put onto it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ground {
    /// What mounts it.
    pub(crate) driver: Driver,
    /// The size of a cluster in bytes.
    pub(crate) cluster: usize,
    /// How many small files it has room for.
    pub(crate) many: usize,
    /// What it can do with room that nothing was written to.
    pub(crate) room: Room,
}

/// What a volume can do with room that nothing was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// Keep it for a file.
    Reserved,
    /// Nothing.
    Written,
}

/// All that is done to a volume.
pub(crate) fn acts(ground: Ground) -> Vec<Act> {
    let mut acts = Vec::new();
    names(ground, &mut acts);
    sizes(ground, &mut acts);
    deep(&mut acts);
    many(ground, &mut acts);
    turns(ground, &mut acts);
    tails(ground, &mut acts);
    renamed(&mut acts);
    aged(ground, &mut acts);
    dated(&mut acts);
    if ground.driver == Driver::Ntfs3 {
        packed(ground, &mut acts);
    }
    if matches!(ground.driver, Driver::Ntfs3 | Driver::Ext4) {
        holes(ground, &mut acts);
        links(&mut acts);
    }
    acts
}

/// What is done to a volume that is filled, before it is pulled: some of it goes through to the disk, some does not.
pub(crate) fn last_acts() -> Vec<Act> {
    let mut acts = vec![
        rename("renamed/to", "renamed/at last"),
        synced("renamed/at last/TWO.TXT", 1_000, Ink::Noise(1), 20_000),
        rename("renamed", "names/renamed"),
        Act::Remove("sizes/000-0".to_owned()),
        Act::Folder("last/inner".to_owned()),
    ];
    for (seed, index) in (0..).zip(0..50) {
        let path = format!("last/inner/file {index}");
        acts.push(synced(path, 0, Ink::Noise(seed), 700 * index));
    }
    for index in (0..50).step_by(4) {
        acts.push(Act::Remove(format!("last/inner/file {index}")));
    }
    acts.push(resize("turns/0", 10_000));
    acts.push(synced("last/after", 30_000, Ink::Text(1), 5_000));
    acts.push(resize("turns/2", 20_000));
    acts.push(write("last/not-through", 0, Ink::Text(2), 50_000));
    acts
}

fn write(path: impl Into<String>, at: u64, ink: Ink, bytes: usize) -> Act {
    Act::Write {
        path: path.into(),
        at,
        ink,
        bytes,
        is_synced: false,
    }
}

/// The same, through to the disk: what is written next lies elsewhere.
fn synced(path: impl Into<String>, at: u64, ink: Ink, bytes: usize) -> Act {
    Act::Write {
        path: path.into(),
        at,
        ink,
        bytes,
        is_synced: true,
    }
}

fn resize(path: &str, bytes: u64) -> Act {
    Act::Resize {
        path: path.to_owned(),
        bytes,
    }
}

fn rename(from: impl Into<String>, to: impl Into<String>) -> Act {
    Act::Rename {
        from: from.into(),
        to: to.into(),
    }
}

/// Names at the edges of 8.3, of the longest name, of UTF-16 and of what looks like a short name.
fn names(ground: Ground, acts: &mut Vec<Act>) {
    acts.push(Act::Folder("names".to_owned()));
    let plain = [
        "A",
        "UPPER1.TXT",
        "lower2.txt",
        "lower3.TXT",
        "UPPER4.txt",
        "Mixed5.Txt",
        "eightchr.ext",
        "ninechars.ext",
        "four.html",
        "a.b.c.d",
        "no extension and spaces",
        " leading",
        ".hidden",
        "..twice",
        "#a [b], c+d=e; f",
        "LONGFI~1.TXT",
        "longfilename.txt",
        "longfilename2.txt",
        "a%41b",
        "gr\u{f6}\u{df}e.dat",
        "gro\u{308}\u{df}e.dat",
        "\u{dc}BER.TXT",
        "\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442}.txt",
        "\u{6f22}\u{5b57}\u{1f600}.jpeg",
        "\u{1f600}",
        "\u{fffd}\u{feff}x",
        "thirteenunits",
        "\u{6f22}\u{5b57}\u{6f22}\u{5b57}\u{6f22}\u{5b57}\u{6f22}\u{5b57}\u{6f22}\u{5b57}\u{6f22}\u{5b57}\u{6f22}",
    ];
    for (seed, name) in (0_u64..).zip(plain) {
        acts.push(write(format!("names/{name}"), 0, Ink::Noise(seed), 20));
    }
    for length in [25, 26, 27, 254, 255] {
        let name = "x".repeat(length);
        acts.push(write(format!("names/{name}"), 0, Ink::Noise(9), length));
    }
    acts.push(write(
        format!("names/{}", "\u{6f22}".repeat(85)),
        0,
        Ink::Noise(9),
        9,
    ));
    if ground.driver == Driver::Ntfs3 || ground.driver == Driver::Ext4 {
        for name in ["case", "CASE", "Case"] {
            acts.push(write(format!("names/{name}"), 0, Ink::Text(3), name.len()));
        }
    }
}

/// Sizes around what lies in a record, a sector, a cluster, a unit of compression.
fn sizes(ground: Ground, acts: &mut Vec<Act>) {
    acts.push(Act::Folder("sizes".to_owned()));
    let edges = [1, 512, 4096, ground.cluster, 3 * ground.cluster, 65_536];
    let around = edges
        .into_iter()
        .flat_map(|edge| [edge - 1, edge, edge + 1]);
    let resident = (400..=800).step_by(25);
    for (seed, bytes) in (0..).zip(around.chain(resident).chain([1_000_003])) {
        acts.push(write(
            format!("sizes/{seed:03}-{bytes}"),
            0,
            Ink::Noise(seed),
            bytes,
        ));
    }
}

/// Folders in folders, with a file in each.
fn deep(acts: &mut Vec<Act>) {
    let mut path = "deep".to_owned();
    for level in 0..60 {
        path.push_str(&format!("/level {level} of many"));
        acts.push(Act::Folder(path.clone()));
        acts.push(write(format!("{path}/file"), 0, Ink::Text(level), 30));
    }
}

/// A large folder, from which every third name is removed, and some are added again.
fn many(ground: Ground, acts: &mut Vec<Act>) {
    acts.push(Act::Folder("many".to_owned()));
    let name = |index: usize| format!("many/a file with the number {index:05} of many.txt");
    for (seed, index) in (0..).zip(0..ground.many) {
        acts.push(write(name(index), 0, Ink::Noise(seed), index % 300));
    }
    for index in (0..ground.many).step_by(3) {
        acts.push(Act::Remove(name(index)));
    }
    for (seed, index) in (0..).zip((0..ground.many).step_by(6)) {
        acts.push(write(format!("many/{index}"), 0, Ink::Text(seed), 100));
    }
}

/// Files that are written in turns, so that each lies in many places.
fn turns(ground: Ground, acts: &mut Vec<Act>) {
    acts.push(Act::Folder("turns".to_owned()));
    let piece = ground.cluster.min(8192) + 100;
    for turn in 0..100_usize {
        for file in 0..3_u64 {
            let seed = file * 1000 + turn as u64;
            let at = (turn * piece) as u64;
            acts.push(synced(format!("turns/{file}"), at, Ink::Noise(seed), piece));
        }
    }
    acts.push(Act::Remove("turns/1".to_owned()));
    acts.push(synced("turns/into-the-gaps", 0, Ink::Noise(77), 60 * piece));
}

/// Files whose end was never written: zeros, whatever lies there on the disk.
fn tails(ground: Ground, acts: &mut Vec<Act>) {
    acts.push(Act::Folder("tails".to_owned()));
    acts.push(write("tails/longer", 0, Ink::Noise(1), 10_000));
    acts.push(resize("tails/longer", 300_000));
    acts.push(resize("tails/never-written", 200_000));
    acts.push(resize("tails/written-inside", 400_000));
    acts.push(synced("tails/written-inside", 200_123, Ink::Noise(2), 1000));
    acts.push(synced("tails/shorter", 0, Ink::Noise(3), 100_000));
    acts.push(resize("tails/shorter", 777));
    acts.push(synced(
        "tails/shorter-and-longer",
        0,
        Ink::Noise(4),
        100_000,
    ));
    acts.push(resize("tails/shorter-and-longer", 777));
    acts.push(resize("tails/shorter-and-longer", 90_000));
    acts.push(synced("tails/to-nothing", 0, Ink::Noise(5), 50_000));
    acts.push(resize("tails/to-nothing", 0));
    acts.push(synced("tails/beyond", 70_001, Ink::Noise(6), 5));
    acts.push(write("tails/overwritten", 0, Ink::Noise(7), 30_000));
    acts.push(write("tails/overwritten", 4_000, Ink::Noise(8), 9_000));
    if ground.room == Room::Reserved {
        for (name, grows) in [("reserved", false), ("reserved-and-longer", true)] {
            let path = format!("tails/{name}");
            acts.push(synced(path.clone(), 0, Ink::Noise(9), 5_000));
            acts.push(Act::Reserve {
                path,
                bytes: 150_000,
                grows,
            });
        }
    }
}

/// Names that changed, of files and folders, also into other folders and into longer names.
fn renamed(acts: &mut Vec<Act>) {
    for folder in ["renamed/from/inner", "renamed/to"] {
        acts.push(Act::Folder(folder.to_owned()));
    }
    for (seed, name) in (0..).zip(["one", "two", "three"]) {
        acts.push(write(
            format!("renamed/from/inner/{name}"),
            0,
            Ink::Text(seed),
            3000,
        ));
    }
    acts.push(rename(
        "renamed/from/inner/one",
        "renamed/from/inner/a much longer name than it had before.text",
    ));
    acts.push(rename("renamed/from/inner/two", "renamed/to/TWO.TXT"));
    acts.push(rename("renamed/from/inner", "renamed/to/inner moved"));
}

/// Many rounds of making, lengthening, cutting and removing.
fn aged(ground: Ground, acts: &mut Vec<Act>) {
    acts.push(Act::Folder("aged".to_owned()));
    let mut chance = Chance::new(ground.cluster as u64);
    let mut sizes: Vec<Option<u64>> = vec![None; 40];
    for round in 0..400 {
        let which = usize::try_from(chance.below(40)).unwrap_or(0);
        let path = format!("aged/file {which}");
        let size = &mut sizes[which];
        match (*size, chance.below(5)) {
            (Some(_), 0) => {
                acts.push(Act::Remove(path));
                *size = None;
            }
            (Some(bytes), 1) => {
                let bytes = chance.below(bytes + 1);
                acts.push(resize(&path, bytes));
                *size = Some(bytes);
            }
            (Some(bytes), 2) => {
                let bytes = bytes + chance.below(40_000);
                acts.push(resize(&path, bytes));
                *size = Some(bytes);
            }
            (before, _) => {
                let before = before.unwrap_or(0);
                let at = chance.below(before + 9_000);
                let bytes = chance.below(20_000);
                let count = usize::try_from(bytes).unwrap_or(0);
                acts.push(synced(path, at, Ink::Noise(round), count));
                if bytes > 0 {
                    *size = Some(before.max(at + bytes));
                } else {
                    *size = Some(before);
                }
            }
        }
    }
}

/// Times of modification: even seconds, which all of them keep.
fn dated(acts: &mut Vec<Act>) {
    acts.push(Act::Folder("dated".to_owned()));
    // 1980-01-02, a leap day, the last minute of a year, 2038 and after.
    let moments = [
        315_619_200,
        951_782_400,
        1_483_228_798,
        2_147_483_648,
        4_102_444_800,
    ];
    for (seed, seconds) in (0..).zip(moments) {
        let path = format!("dated/{seconds}");
        acts.push(write(path.clone(), 0, Ink::Text(seed), 10));
        acts.push(Act::Date { path, seconds });
    }
}

/// Holes of files that may have some.
fn holes(ground: Ground, acts: &mut Vec<Act>) {
    acts.push(Act::Folder("holes".to_owned()));
    for name in ["sparse", "punched", "all-hole", "behind"] {
        if ground.driver == Driver::Ntfs3 {
            acts.push(Act::Mark {
                path: format!("holes/{name}"),
                mark: Mark::Sparse,
            });
        }
    }
    acts.push(resize("holes/sparse", 3_000_000));
    acts.push(synced("holes/sparse", 1_000_000, Ink::Noise(1), 100_000));
    acts.push(synced("holes/sparse", 2_500_001, Ink::Noise(2), 10));
    acts.push(synced("holes/punched", 0, Ink::Noise(3), 1_000_000));
    acts.push(Act::Hole {
        path: "holes/punched".to_owned(),
        at: 131_072,
        bytes: 524_288,
    });
    acts.push(resize("holes/all-hole", 5_000_000));
    acts.push(synced("holes/behind", 0, Ink::Noise(4), 5_000));
    acts.push(resize("holes/behind", 2_000_000));
}

/// Files with several names, and symbolic links.
fn links(acts: &mut Vec<Act>) {
    acts.push(Act::Folder("links/inner".to_owned()));
    acts.push(write("links/first", 0, Ink::Text(1), 5_000));
    for index in 0..60 {
        acts.push(Act::Link {
            from: "links/first".to_owned(),
            to: format!("links/inner/a further name with the number {index}"),
        });
    }
    acts.push(Act::Remove("links/first".to_owned()));
    let long = format!("../{}", "folder/".repeat(30));
    for (name, target) in [
        ("relative", "inner/a further name with the number 3"),
        ("upwards", "../sizes"),
        ("nowhere", "no such file"),
        ("long", long.as_str()),
    ] {
        acts.push(Act::Symlink {
            target: target.to_owned(),
            path: format!("links/{name}"),
        });
    }
}

/// Files that are compressed: clusters of up to 4 KiB.
fn packed(ground: Ground, acts: &mut Vec<Act>) {
    if ground.cluster > 4096 {
        return;
    }
    acts.push(Act::Folder("packed".to_owned()));
    for name in [
        "text",
        "noise",
        "mixed",
        "hole",
        "rewritten",
        "small",
        "cut",
    ] {
        acts.push(Act::Mark {
            path: format!("packed/{name}"),
            mark: Mark::Compressed,
        });
    }
    acts.push(synced("packed/text", 0, Ink::Text(1), 300_000));
    acts.push(synced("packed/noise", 0, Ink::Noise(1), 300_000));
    for (at, ink) in [(0, Ink::Text(2)), (70_000, Ink::Noise(2))] {
        acts.push(synced("packed/mixed", at, ink, 70_000));
    }
    acts.push(synced("packed/mixed", 140_000, Ink::Text(3), 12_345));
    acts.push(synced("packed/hole", 0, Ink::Text(4), 1_000));
    acts.push(synced("packed/hole", 500_000, Ink::Text(5), 70_000));
    acts.push(synced("packed/rewritten", 0, Ink::Text(6), 200_000));
    acts.push(synced("packed/rewritten", 60_000, Ink::Noise(6), 20_000));
    acts.push(synced("packed/small", 0, Ink::Text(7), 100));
    acts.push(synced("packed/cut", 0, Ink::Text(8), 200_000));
    acts.push(resize("packed/cut", 99_999));
}

#[cfg(test)]
mod tests {
    use super::super::world::World;
    use super::*;

    #[test]
    fn every_plan_can_be_carried_out() {
        for driver in [Driver::Vfat, Driver::Exfat, Driver::Ntfs3, Driver::Ext4] {
            let ground = Ground {
                driver,
                cluster: 4096,
                many: 100,
                room: Room::Reserved,
            };
            let world = World::after(&acts(ground)).unwrap();
            assert!(world.entries().len() > 300, "{driver:?}");
        }
    }
}
