//! What is run, and in which order.

use std::ffi::OsString;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;

use anyhow::{Context as _, Result, bail};

use crate::shell::{cargo, command, exists, path_with, root, run, target, watched};
use crate::steps::{Steps, Tally};
use crate::tidy;
use crate::{cargo_test, fuzz, package, s3tests, setup};

/// How long a fuzz target runs in a test of everything, in seconds.
const FUZZ_BRIEFLY: u32 = 10;

/// The variable that says which seeds the simulation runs.
const SEEDS: &str = "LONGSHORE_SIMULATION_SEEDS";

/// The variable that makes a missing tool a fault: set-up has installed them all.
const EVERY_TOOL: &str = "LONGSHORE_EVERY_TOOL";

/// How a test of everything runs the files of the end-to-end tests.
const SIDE_BY_SIDE: [&str; 2] = [
    "--dist=loadfile",
    // In the order of `conftest.py`, and not by the number of tests in each.
    "--no-loadscope-reorder",
];

/// Seeds that are simulated in a test of everything: about a minute on two cores.
const SIMULATED_BRIEFLY: u32 = 120;

/// Seeds that are simulated on their own, unless said otherwise.
const SIMULATED: u32 = 2000;

/// How long it runs on its own, unless said otherwise.
const FUZZ: u32 = 30;

/// `cargo xtask test`
pub(crate) fn everything() -> Result<ExitCode> {
    let mut steps = Steps::new();
    // It waits for the network, and the lints need nothing of it.
    let setting_up = thread::spawn(setup::tools);
    tidy::add(&mut steps);
    steps.step("cargo fmt", |_| succeeds(["fmt", "--all", "--check"]));
    let clippy = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ];
    steps.step("cargo clippy", |_| succeeds(clippy));
    let ready = steps.step("set-up", |_| match setting_up.join() {
        Ok(result) => result.map(|()| true),
        Err(_) => bail!("the set-up has panicked"),
    });
    steps.step("cargo test", |tally| {
        let seeds = format!("0..{SIMULATED_BRIEFLY}");
        cargo_test::run_all(&[(SEEDS, seeds), (EVERY_TOOL, "1".into())], tally)
    });
    let built = steps.step("build", |_| build().map(|()| true));
    if built && exists("dpkg-deb") {
        steps.step("package", |_| package::make().map(|_| true));
    }
    if ready && built {
        let at_once = format!("--numprocesses={}", files_at_once());
        let arguments = with(&SIDE_BY_SIDE, &[at_once, "--durations=10".into()]);
        steps.step("clients and stores", |tally| pytest(&arguments, tally));
    }
    if built {
        s3_tests(&mut steps);
    }
    if ready {
        fuzz_targets(&mut steps, FUZZ_BRIEFLY);
        steps.step("licences and sources", |_| licences());
    }
    Ok(steps.sum_up())
}

/// How many files of the end-to-end tests run at once: one more than there are cores, since they wait for a service, a
/// store or a client more than half of their time.
fn files_at_once() -> usize {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    (cores + 1).min(5)
}

/// `cargo xtask e2e`
pub(crate) fn end_to_end(arguments: &[String]) -> Result<ExitCode> {
    setup::tools()?;
    build()?;
    if exists("dpkg-deb") {
        package::make()?;
    }
    let mut steps = Steps::new();
    steps.step("clients and stores", |tally| pytest(arguments, tally));
    Ok(steps.sum_up())
}

/// `cargo xtask ceph`
pub(crate) fn ceph(arguments: &[String]) -> Result<ExitCode> {
    setup::tools()?;
    setup::ceph()?;
    build()?;
    let mut steps = Steps::new();
    let arguments = with(&["--ceph", "test_ceph.py"], arguments);
    steps.step("ceph", |tally| pytest(&arguments, tally));
    Ok(steps.sum_up())
}

/// `cargo xtask large`
pub(crate) fn large(arguments: &[String]) -> Result<ExitCode> {
    setup::tools()?;
    build()?;
    let mut steps = Steps::new();
    let arguments = with(&["--large", "-s", "test_large.py"], arguments);
    steps.step("large amounts", |tally| pytest(&arguments, tally));
    Ok(steps.sum_up())
}

/// `cargo xtask simulate`: optimised, so that thousands of seeds are a matter of minutes.
pub(crate) fn simulate(arguments: &[String]) -> Result<ExitCode> {
    let seeds = match arguments.first() {
        Some(range) if range.contains("..") => range.clone(),
        Some(count) => format!("0..{count}"),
        None => format!("0..{SIMULATED}"),
    };
    let mut steps = Steps::new();
    steps.step(&format!("seeds {seeds}"), |tally| {
        let words = [
            "test",
            "--release",
            "--locked",
            "--package",
            "simulation",
            "--test",
            "seeds",
        ];
        let mut test = cargo(words);
        test.env(SEEDS, &seeds);
        watched(&mut test, &mut |line| tally.read(line))
    });
    Ok(steps.sum_up())
}

/// `cargo xtask fuzz`
pub(crate) fn fuzz(arguments: &[String]) -> Result<ExitCode> {
    let seconds = match arguments.first() {
        Some(text) => text
            .parse()
            .with_context(|| format!("`{text}` is no number of seconds"))?,
        None => FUZZ,
    };
    setup::tools()?;
    let mut steps = Steps::new();
    fuzz_targets(&mut steps, seconds);
    Ok(steps.sum_up())
}

fn with(first: &[&str], then: &[String]) -> Vec<String> {
    first
        .iter()
        .map(|&word| word.to_owned())
        .chain(then.iter().cloned())
        .collect()
}

fn succeeds<const N: usize>(arguments: [&str; N]) -> Result<bool> {
    run(&mut cargo(arguments)).map(|()| true)
}

/// The suite that somebody else keeps, where there is a copy of it.
fn s3_tests(steps: &mut Steps) {
    let Some(checkout) = std::env::var_os(s3tests::CHECKOUT) else {
        println!(
            "\n=== {}: not run, {} names no checkout",
            s3tests::STEP,
            s3tests::CHECKOUT
        );
        return;
    };
    steps.step(s3tests::STEP, |tally| {
        s3tests::checked(Path::new(&checkout), &[], tally)
    });
}

fn fuzz_targets(steps: &mut Steps, seconds: u32) {
    if !steps.step("fuzz lock", |_| fuzz::is_locked()) {
        return;
    }
    steps.step("fuzz", |tally| fuzz::run_all(seconds, tally));
}

/// Builds the binary as it is shipped.
///
/// # Errors
/// If it does not build.
pub(crate) fn build() -> Result<()> {
    if given_binary().is_some() {
        return Ok(());
    }
    run(&mut cargo([
        "build",
        "--release",
        "--locked",
        "--package",
        "longshore",
    ]))
}

fn given_binary() -> Option<OsString> {
    std::env::var_os("LONGSHORE_BIN")
}

/// The binary that is built, or that `LONGSHORE_BIN` names.
pub(crate) fn binary() -> PathBuf {
    match given_binary() {
        Some(path) => root().join(path),
        None => target().join("release/longshore"),
    }
}

fn pytest(arguments: &[String], tally: &mut Tally) -> Result<bool> {
    let mut pytest = command(setup::venv().join("bin/python"), ["-m", "pytest"]);
    pytest
        .args(arguments)
        .current_dir(root().join("tests/e2e"))
        .env("LONGSHORE_BIN", binary())
        .env(EVERY_TOOL, "1")
        .env("LONGSHORE_E2E_NODE_PATH", setup::node_modules())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONUNBUFFERED", "1");
    watched(&mut pytest, &mut |line| tally.read(line))
}

fn licences() -> Result<bool> {
    let mut deny = cargo(["deny", "--locked", "check", "bans", "licenses", "sources"]);
    deny.env("PATH", path_with(&setup::venv().join("bin"))?);
    run(&mut deny).map(|()| true)
}
