//! `cargo xtask s3tests`: the embedded store under ceph's s3-tests, which are not ours to keep a copy of.
//!
//! A checkout is named by whoever has one. Tests of what the store refuses on purpose are left out by their
//! marks and names; tests that fail for a reason we stand by are listed with it in
//! `tests/s3tests/expected-failures.txt`. Every other failure is ours.

mod expected;
mod service;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use crate::setup;
use crate::shell::{command, root, target, watched};
use crate::steps::{Steps, Tally};
use crate::suites::build;
use expected::{Outcome, Verdict};
use service::Service;

/// The variable that names a checkout for `cargo xtask test`.
pub(crate) const CHECKOUT: &str = "LONGSHORE_S3TESTS";

/// The name of the step.
pub(crate) const STEP: &str = "s3-tests";

const EXPECTED: &str = "tests/s3tests/expected-failures.txt";

/// The part of the suite that is about objects.
const TESTS: &str = "s3tests/functional/test_s3.py";

/// Marks of tests that are not about this store: the suite's own list of what AWS answers differently, and
/// what the store refuses (docs/store.md).
const MARKS_LEFT_OUT: [&str; 18] = [
    "fails_on_aws",
    "appendobject",
    "bucket_encryption",
    "bucket_logging",
    "bucket_logging_cleanup",
    "bucket_policy",
    "cloud_restore",
    "cloud_transition",
    "delete_marker",
    "encryption",
    "iam_account",
    "iam_user",
    "lifecycle",
    "lifecycle_expiration",
    "lifecycle_transition",
    "object_ownership",
    "sse_s3",
    "storage_class",
];

/// Parts of names of tests that are not about this store and have no mark.
const NAMES_LEFT_OUT: [&str; 12] = [
    "block_public",
    "cors",
    "lifecycle",
    "logging",
    "notification",
    "object_lock",
    "policy",
    "post_object",
    "public_block",
    "versioned",
    "versioning",
    "website",
];

/// Runs the suite of the checkout that the first argument names; further arguments go to pytest.
///
/// # Errors
/// If no checkout is named, or what the suite needs cannot be installed or built.
pub(crate) fn run(arguments: &[String]) -> Result<ExitCode> {
    let Some((checkout, rest)) = arguments.split_first() else {
        bail!("which checkout of ceph's s3-tests? `cargo xtask s3tests FOLDER [ARGUMENT]…`");
    };
    build()?;
    let mut steps = Steps::new();
    steps.step(STEP, |tally| checked(Path::new(checkout), rest, tally));
    Ok(steps.sum_up())
}

/// Runs the suite against the built binary and judges what it says; `true` if nothing failed unexpectedly.
///
/// # Errors
/// If the suite is not there or does not run.
pub(crate) fn checked(checkout: &Path, arguments: &[String], tally: &mut Tally) -> Result<bool> {
    let checkout = root().join(checkout);
    if !checkout.join(TESTS).is_file() {
        bail!(
            "`{}` is no checkout of ceph's s3-tests: it has no `{TESTS}`",
            checkout.display()
        );
    }
    let list = fs::read_to_string(root().join(EXPECTED))
        .with_context(|| format!("could not read `{EXPECTED}`"))?;
    let expected = expected::parse(&list)?;
    let venv = setup::s3tests()?;
    let folder = target().join("s3tests");
    let service = Service::start(&folder)?;
    let outcomes = pytest(&checkout, &venv, service.settings(), arguments)?;
    drop(service);
    if outcomes.is_empty() {
        bail!("pytest ran no test");
    }
    let verdict = Verdict::of(&expected, &outcomes, arguments.is_empty());
    print!("{verdict}");
    // What fails as expected counts for neither: it is told in the line above.
    tally.passed += verdict.passed();
    tally.failed += verdict.unexpected();
    Ok(verdict.unexpected() == 0)
}

/// Test → how it went.
fn pytest(
    checkout: &Path,
    venv: &Path,
    settings: &Path,
    arguments: &[String],
) -> Result<BTreeMap<String, Outcome>> {
    let words = ["-m", "pytest", "-p", "no:cacheprovider", "-v", "--tb=no"];
    let mut pytest = command(venv.join("bin/python"), words);
    pytest
        .args(["-m", &none_of(&MARKS_LEFT_OUT)])
        .args(["-k", &none_of(&NAMES_LEFT_OUT)])
        .arg(TESTS)
        .args(arguments)
        .current_dir(checkout)
        .env("S3TEST_CONF", settings)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONUNBUFFERED", "1")
        .env("NO_PROXY", service::HOST);
    let mut outcomes = BTreeMap::new();
    // Its exit code says no more than the lines: tests that are expected to fail make it fail.
    watched(&mut pytest, &mut |line| {
        expected::note(line, &mut outcomes);
    })?;
    Ok(outcomes)
}

/// The expression by which pytest leaves out all that these words fit.
fn none_of(words: &[&str]) -> String {
    format!("not ({})", words.join(" or "))
}
