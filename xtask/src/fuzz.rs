//! Runs the fuzz targets of `fuzz/` for a while each.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::Result;

use crate::setup::venv;
use crate::shell::{cargo, path_with, root, run};
use crate::steps::Tally;
use crate::workers;

/// A fuzz target and the inputs it starts from. `fuzz/README.md` says what each reads.
struct Target {
    /// Its name.
    name: &'static str,
    seeds: &'static str,
    longest: u32,
}

/// All of them.
const TARGETS: [Target; 11] = [
    Target {
        name: "request",
        seeds: "crates/awsproto/tests/requests",
        longest: 4096,
    },
    Target {
        name: "receipt",
        seeds: "crates/custody/tests/golden",
        longest: 8192,
    },
    Target {
        name: "xml",
        seeds: "crates/awsproto/tests/responses",
        longest: 4096,
    },
    Target {
        name: "manifest",
        seeds: "crates/model/tests/manifests",
        longest: 4096,
    },
    Target {
        name: "sandbox",
        seeds: "fuzz/seeds/sandbox",
        longest: 4096,
    },
    Target {
        name: "fat",
        seeds: "fuzz/seeds/edits",
        longest: 512,
    },
    Target {
        name: "exfat",
        seeds: "fuzz/seeds/edits",
        longest: 512,
    },
    Target {
        name: "ntfs",
        seeds: "fuzz/seeds/edits",
        longest: 512,
    },
    Target {
        name: "ext",
        seeds: "fuzz/seeds/edits",
        longest: 512,
    },
    Target {
        name: "encrypted",
        seeds: "fuzz/seeds/locked",
        longest: 512,
    },
    Target {
        name: "tables",
        seeds: "fuzz/seeds/edits",
        longest: 512,
    },
];

/// Whether `fuzz/Cargo.lock` has all that the targets need. `cargo fuzz` would add what it lacks, and so
/// change a file of the repository.
///
/// # Errors
/// If it cannot be asked.
pub(crate) fn is_locked() -> Result<bool> {
    let words = ["metadata", "--locked", "--format-version", "1"];
    let mut metadata = cargo(words);
    metadata
        .args(["--manifest-path", "fuzz/Cargo.toml"])
        .stdout(Stdio::null());
    let locked = metadata.status()?.success();
    if !locked {
        eprintln!(
            "fuzz/Cargo.lock is stale: `cargo metadata --manifest-path fuzz/Cargo.toml` renews it"
        );
    }
    Ok(locked)
}

/// Runs all targets, each on a core of its own, and shows what each said when it has ended; the result is
/// whether none found anything.
///
/// # Errors
/// If they cannot be built or run.
pub(crate) fn run_all(seconds: u32, tally: &mut Tally) -> Result<bool> {
    run(&mut fuzz(["build", "-s", "none"])?)?;
    let tally = Mutex::new(tally);
    workers::each(&TARGETS, |target| {
        let found_nothing = run_one(target, seconds)?;
        tally
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .add(Tally::one(found_nothing));
        Ok(found_nothing)
    })
}

/// Runs one target; the result is whether it found nothing.
fn run_one(target: &Target, seconds: u32) -> Result<bool> {
    let corpus = format!("fuzz/corpus/{}", target.name);
    fs::create_dir_all(root().join(&corpus))?;
    let mut command = fuzz([
        "run",
        target.name,
        "-s",
        "none",
        &corpus,
        target.seeds,
        "--",
    ])?;
    command
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={}", target.longest))
        .args([
            "-timeout=10",
            "-rss_limit_mb=1024",
            "-verbosity=0",
            "-print_final_stats=1",
        ]);
    let output = command.output()?;
    let said = [output.stdout, output.stderr].concat();
    println!(
        "--- fuzz {}\n{}",
        target.name,
        String::from_utf8_lossy(&said)
    );
    Ok(output.status.success())
}

/// A sub-command of `cargo fuzz`.
fn fuzz<const N: usize>(arguments: [&str; N]) -> Result<Command> {
    let mut command = cargo(["fuzz"]);
    command
        .args(arguments)
        // The coverage flags are the compiler's own, but only named on nightly.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("PATH", path_with(&venv().join("bin"))?);
    Ok(command)
}
