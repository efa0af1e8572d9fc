//! Repository chores: `cargo xtask test` installs what the tests need and runs all of them.
//!
//! The workspace's own crates know nothing of this one.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]
#![expect(clippy::print_stderr, reason = "a program for the terminal")]

mod bench;
mod cargo_test;
mod fuzz;
mod images;
mod kernel;
mod package;
mod s3tests;
mod setup;
mod shell;
mod steps;
mod suites;
mod tidy;
mod workers;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test              everything: install what the tests need, then format, lints, all tests of the
                    workspace, the built binary against real clients and stores, fuzz targets,
                    licences. What CI runs
  package           a Debian package of the program: target/package/longshore_VERSION_ARCHITECTURE.deb
  setup             only install: Debian packages, target/e2e/venv, target/e2e/js
  e2e [ARGUMENT]…   only the built binary; arguments go to pytest: -k kill9, -x, test_import.py
  ceph [ARGUMENT]…  the built binary against Ceph, which is installed if it is missing
  s3tests CHECKOUT [ARGUMENT]…
                    the embedded store under ceph's s3-tests, of which CHECKOUT is a copy: docs/testing.md
  large [ARGUMENT]… 200,000 files, and files of 1 and 6 GiB, with the memory they took
  simulate [SEEDS]  the simulation of server, stations, store and device: 2000 seeds unless said
                    otherwise, or those of a range such as 100..500
  images FOLDER…    every image of a file system in a folder, read and compared with the listing beside it,
                    NAME.truth; --except NAME for a listing that is wrong: docs/testing.md
  kernel [FOLDER]…  our readers beside the drivers of Linux, in a small emulated machine: volumes that these fill,
                    or every image in a folder: docs/testing.md
  kernel --exports [ARGUMENT]…
                    exports onto encrypted devices in such a machine, by its device-mapper; arguments go to pytest
  tidy             the rules of the house that no compiler holds
  fuzz [SECONDS]    every fuzz target, 30 seconds each unless said otherwise
  bench [OPTION]…   a race with other tools: --help, docs/benchmarks.md

LONGSHORE_BIN names a binary to test in place of the one that is built.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<ExitCode> {
    let Some((command, rest)) = arguments.split_first() else {
        println!("{USAGE}");
        return Ok(ExitCode::FAILURE);
    };
    match command.as_str() {
        "test" if rest.is_empty() => suites::everything(),
        "tidy" if rest.is_empty() => Ok(tidy::command()),
        "setup" if rest.is_empty() => setup::tools().map(|()| ExitCode::SUCCESS),
        "package" if rest.is_empty() => package::packaged(),
        "e2e" => suites::end_to_end(rest),
        "ceph" => suites::ceph(rest),
        "s3tests" => s3tests::run(rest),
        "large" => suites::large(rest),
        "simulate" => suites::simulate(rest),
        "images" => images::command(rest),
        "kernel" => kernel::command(rest),
        // Not for people either: `kernel` boots a machine with it.
        kernel::INSIDE => kernel::inside().map(|never| match never {}),
        kernel::INSIDE_WHOLE => kernel::inside_whole().map(|never| match never {}),
        "fuzz" => suites::fuzz(rest),
        "bench" => bench::command(rest),
        // Not for people: `bench` starts it, in a process of its own.
        "null-sink" => bench::sink::serve(rest),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        _ => bail!("no such command: `{}`\n\n{USAGE}", arguments.join(" ")),
    }
}
