//! The tests of the workspace as `cargo test` has them, but with as many of their programs at once as there are
//! cores. Cargo runs one after another, and most of them wait most of their time: for a database, a service, a clock.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use crate::shell::{cargo, command, run};
use crate::steps::Tally;
use crate::workers;

/// Those that take longest go first, so that no core works alone on one at the end.
const LONGEST: [&str; 6] = [
    "seeds",
    "transfer",
    "cli",
    "printed",
    "station_api",
    "disks",
];

/// What is set for the tests, besides what cargo sets.
pub(crate) type Surroundings<'a> = &'a [(&'a str, String)];

/// A program with tests.
#[derive(Debug)]
struct Program {
    name: String,
    executable: PathBuf,
    /// The folder of its package, in which it runs.
    folder: PathBuf,
}

/// Builds the tests, runs every program of them, then those in the documentation; the result is whether all passed.
///
/// # Errors
/// If they cannot be built or run.
pub(crate) fn run_all(surroundings: Surroundings<'_>, tally: &mut Tally) -> Result<bool> {
    let mut programs = built()?;
    programs.sort_by_key(|program| rank(&program.name));
    let tally = Mutex::new(tally);
    let passed = workers::each(&programs, |program| {
        let (passed, said) = run_one(program, surroundings)?;
        let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
        println!("--- {}", program.executable.display());
        for line in said.lines() {
            println!("{line}");
            tally.read(line);
        }
        Ok(passed)
    })?;
    run(&mut cargo([
        "test",
        "--workspace",
        "--locked",
        "--doc",
        "--quiet",
    ]))?;
    Ok(passed)
}

/// The place of a program in the order.
fn rank(name: &str) -> usize {
    LONGEST
        .iter()
        .position(|&long| long == name)
        .unwrap_or(LONGEST.len())
}

/// Builds all programs with tests, and gives them.
fn built() -> Result<Vec<Program>> {
    let mut build = cargo([
        "test",
        "--workspace",
        "--locked",
        "--no-run",
        "--message-format=json-render-diagnostics",
    ]);
    let output = build
        .stderr(Stdio::inherit())
        .output()
        .context("could not run `cargo test --no-run`")?;
    if !output.status.success() {
        bail!("the tests do not build");
    }
    let text = String::from_utf8(output.stdout).context("cargo did not print UTF-8")?;
    let programs: Vec<Program> = text
        .lines()
        .map(program_in)
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect();
    if programs.is_empty() {
        bail!("cargo has built no program with tests");
    }
    Ok(programs)
}

/// The program that a message of cargo is about, if it is one with tests.
/// <https://doc.rust-lang.org/cargo/reference/external-tools.html#artifact-messages>
fn program_in(line: &str) -> Result<Option<Program>> {
    let message: Message =
        serde_json::from_str(line).with_context(|| format!("cargo printed `{line}`"))?;
    let Message {
        target: Some(target),
        profile: Some(profile),
        executable: Some(executable),
        manifest_path: Some(manifest),
    } = message
    else {
        return Ok(None);
    };
    if !profile.test {
        return Ok(None);
    }
    let folder = manifest.parent().context("a manifest lies in a folder")?;
    Ok(Some(Program {
        name: target.name,
        executable,
        folder: folder.to_owned(),
    }))
}

#[derive(Deserialize)]
struct Message {
    target: Option<Built>,
    profile: Option<BuiltAs>,
    executable: Option<PathBuf>,
    manifest_path: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Built {
    name: String,
}

#[derive(Deserialize)]
struct BuiltAs {
    test: bool,
}

/// Runs one program; gives whether its tests passed, and all that it said.
fn run_one(program: &Program, surroundings: Surroundings<'_>) -> Result<(bool, String)> {
    let mut tests = command(&program.executable, [""; 0]);
    tests
        .current_dir(&program.folder)
        .env("CARGO_MANIFEST_DIR", &program.folder);
    for (name, value) in surroundings {
        tests.env(name, value);
    }
    let output = tests
        .output()
        .with_context(|| format!("could not run `{}`", program.executable.display()))?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    Ok((output.status.success(), said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_programs_with_tests_are_taken() {
        let artifact = |test: bool, executable: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","manifest_path":"/c/model/Cargo.toml","target":{{"name":"model","kind":["lib"]}},"profile":{{"opt_level":"0","test":{test}}},"executable":{executable}}}"#
            )
        };
        let program = program_in(&artifact(true, r#""/t/model-1""#)).unwrap();
        let program = program.expect("it has tests");
        assert_eq!(program.name, "model");
        assert_eq!(program.executable, PathBuf::from("/t/model-1"));
        assert_eq!(program.folder, PathBuf::from("/c/model"));
        assert!(
            program_in(&artifact(false, r#""/t/longshore""#))
                .unwrap()
                .is_none()
        );
        assert!(program_in(&artifact(true, "null")).unwrap().is_none());
        let end = r#"{"reason":"build-finished","success":true}"#;
        assert!(program_in(end).unwrap().is_none());
        assert!(program_in("Compiling model").is_err());
    }
}
