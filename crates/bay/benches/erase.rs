//! How fast an image is erased: `cargo xtask bench erase [MEBIBYTES [ROUNDS]]`.
//!
//! Ours and the tools that people use, in turn, on the same file: it is made anew before each run, and whatever is waiting to
//! be written is written. Each tool does the same work as the run of ours above it; what nobody else does has no peer.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be run fails")]
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use bay::erase::{
    Abilities, Beginning, Erasing, ErasingProgress, Journal, Key, Means, SystemTools, Target, erase,
};
use model::disposal::GrantId;
use model::erasure::{ErasureEnd, ErasureTool, Technique, VerifyMode};
use model::ids::JobId;
use model::time::{Clock as _, SystemClock};

/// A way to erase the image.
struct Way {
    name: &'static str,
    /// Which of ours does the same work.
    like: Option<Technique>,
    run: fn(&Path),
}

fn main() {
    let words = std::env::args().skip(1).filter(|word| word != "--bench");
    let words: Vec<u64> = words.map(|word| word.parse().unwrap()).collect();
    let bytes = words.first().copied().unwrap_or(1024) << 20;
    let rounds = words.get(1).copied().unwrap_or(3);
    let folder = PathBuf::from(std::env::var_os("BENCH_FOLDER").unwrap_or_else(|| ".".into()));
    let image = folder.join("erased.img");
    let zeros = Some(Technique::OverwriteZeros);
    let stream = Some(Technique::OverwriteStream);
    let ways = [
        Way {
            name: "longshore overwrite-zeros, all read",
            like: None,
            run: ours_zeros,
        },
        Way {
            name: "dd of zeros (4 MiB, direct, fsync), then cmp",
            like: zeros,
            run: dd,
        },
        Way {
            name: "shred -n 0 -z, then cmp",
            like: zeros,
            run: shred_zeros,
        },
        Way {
            name: "longshore overwrite-stream, read, zeros, all read",
            like: None,
            run: ours_stream,
        },
        Way {
            name: "shred -n 1 -z, then cmp (the stream is not read)",
            like: stream,
            run: shred_random,
        },
    ];
    let mut best: Vec<Option<f64>> = ways.iter().map(|_| None).collect();
    for _ in 0..rounds {
        for (way, best) in ways.iter().zip(&mut best) {
            make(&image, bytes);
            let begun = Instant::now();
            (way.run)(&image);
            let took = begun.elapsed().as_secs_f64();
            must_be_zero(&image, bytes);
            *best = Some(best.map_or(took, |best| best.min(took)));
        }
    }
    std::fs::remove_file(&image).unwrap();
    println!("{} MiB, the best of {rounds} rounds\n", bytes >> 20);
    println!("| Way | seconds | MB of the device a second | by ours |\n| --- | --- | --- | --- |");
    let mut ours = None;
    for (way, best) in ways.iter().zip(best) {
        let Some(best) = best else {
            println!("| {} | not installed | | |", way.name);
            continue;
        };
        if way.like.is_none() {
            ours = Some(best);
        }
        let ratio = ours.map_or(1.0, |ours| best / ours);
        let rate = f64::from(u32::try_from(bytes >> 20).unwrap()) * 1.048_576 / best;
        println!("| {} | {best:.2} | {rate:.0} | {ratio:.2} |", way.name);
    }
}

/// Fills the image with what is no zero, and leaves nothing to be written.
fn make(image: &Path, bytes: u64) {
    let mut file = File::create(image).unwrap();
    let block = vec![0xa5; 4 << 20];
    for _ in 0..bytes / (4 << 20) {
        file.write_all(&block).unwrap();
    }
    file.sync_all().unwrap();
}

fn must_be_zero(image: &Path, bytes: u64) {
    run(Command::new("cmp")
        .arg("--bytes")
        .arg(bytes.to_string())
        .arg(image)
        .arg("/dev/zero"));
}

fn ours_zeros(image: &Path) {
    ours(image, Technique::OverwriteZeros);
}

fn ours_stream(image: &Path) {
    ours(image, Technique::OverwriteStream);
}

fn ours(image: &Path, technique: Technique) {
    let target = Target::open(image, &[]).unwrap();
    let drive = SystemTools::on(image);
    let seal = target.seal().clone();
    let able = Abilities::ask(&drive, seal.connector);
    let beginning = Beginning {
        job: JobId::new("45HFS").unwrap(),
        grant: GrantId::new("0".repeat(32)).unwrap(),
        marks: seal.marks.clone(),
        technique,
        verify: VerifyMode::Full,
        started: SystemClock.now(),
        key: Key::new([7; 32]),
        seed: [8; 32],
        interface_errors: None,
    };
    let mut journal = Journal::begin(&image.with_extension("journal"), beginning).unwrap();
    let erasing = Erasing {
        surface: &target,
        drive: &drive,
        connector: seal.connector,
        device: able.erased(&seal),
        able: &able,
    };
    let means = Means {
        clock: &SystemClock,
        progress: &ErasingProgress::default(),
        is_stopped: &|| false,
        tool: ErasureTool {
            name: "longshore".into(),
            version: "bench".into(),
        },
    };
    let end = erase(&erasing, &mut journal, &means).unwrap();
    assert!(matches!(end, ErasureEnd::Erased(_)), "{end:?}");
    journal.destroy().unwrap();
}

fn dd(image: &Path) {
    let blocks = std::fs::metadata(image).unwrap().len() / (4 << 20);
    run(Command::new("dd")
        .arg("if=/dev/zero")
        .arg(format!("of={}", image.display()))
        .arg(format!("count={blocks}"))
        .args(["bs=4M", "oflag=direct", "conv=notrunc,fsync", "status=none"]));
    read_back(image);
}

fn shred_zeros(image: &Path) {
    run(Command::new("shred").args(["-n", "0", "-z"]).arg(image));
    read_back(image);
}

fn shred_random(image: &Path) {
    run(Command::new("shred").args(["-n", "1", "-z"]).arg(image));
    read_back(image);
}

/// What ours does after the last write: the cache of the host does not answer.
fn read_back(image: &Path) {
    run(Command::new("dd")
        .arg(format!("if={}", image.display()))
        .args(["of=/dev/null", "iflag=nocache", "count=0", "status=none"]));
    must_be_zero(image, std::fs::metadata(image).unwrap().len());
}

fn run(command: &mut Command) {
    let ended = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(ended.unwrap().success(), "{command:?}");
}
