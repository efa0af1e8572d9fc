//! Real children: this program starts itself, as one that parses or as one that tries what it may not.
//!
//! It has a `main` of its own because a child is one before anything else is. `--ignored` runs what measures.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod many;
mod speed;
mod tricks;
#[path = "../../src/sandbox/tests/volume.rs"]
mod volume;
mod walls;

use std::panic::catch_unwind;
use std::process::ExitCode;

/// A test and its name.
type Test = (&'static str, fn());

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some(disks::sandbox::ARGUMENT) => return disks::sandbox::child(),
        Some(argument) => {
            if let Some(trick) = argument.strip_prefix(tricks::CONFINED) {
                return tricks::play(trick, true);
            }
            if let Some(trick) = argument.strip_prefix(tricks::FREE) {
                return tricks::play(trick, false);
            }
        }
        None => {}
    }
    let has = |word| arguments.iter().any(|it| it == word);
    let tests = match has("--ignored") {
        true => speed::TESTS,
        false => walls::TESTS,
    };
    let wanted: Vec<&Test> = tests
        .iter()
        .filter(|it| is_wanted(it.0, &arguments))
        .collect();
    if has("--list") {
        wanted.iter().for_each(|it| println!("{}: test", it.0));
        return ExitCode::SUCCESS;
    }
    run(&wanted)
}

fn is_wanted(name: &str, arguments: &[String]) -> bool {
    let mut filters = arguments
        .iter()
        .filter(|it| !it.starts_with('-'))
        .peekable();
    filters.peek().is_none() || filters.any(|it| name.contains(it.as_str()))
}

fn run(tests: &[&Test]) -> ExitCode {
    println!("\nrunning {} tests", tests.len());
    let mut failed = 0;
    for (name, test) in tests {
        let is_passed = catch_unwind(test).is_ok();
        failed += usize::from(!is_passed);
        println!(
            "test {name} ... {}",
            if is_passed { "ok" } else { "FAILED" }
        );
    }
    let (word, passed) = match failed {
        0 => ("ok", tests.len()),
        _ => ("FAILED", tests.len() - failed),
    };
    println!("\ntest result: {word}. {passed} passed; {failed} failed");
    ExitCode::from(u8::from(failed > 0))
}
