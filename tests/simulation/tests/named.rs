//! Seeds that failed once, with what they showed. A seed stands for its storms only as long as the
//! simulation draws them alike: a change of the simulation may take the meaning from a name here.

use simulation::scenario::{Scenario, Work};

fn holds(seed: u64) {
    if let Err(failed) = simulation::run_as(seed, Scenario::one_import()) {
        panic!("{failed}");
    }
}

/// The answer to the beginning of an upload got lost and the upload was begun again: the first was
/// completed by nobody and stayed open.
#[test]
fn an_upload_that_was_begun_twice_is_not_left_open() {
    [147, 418, 523, 682, 916].into_iter().for_each(holds);
}

/// The access key was revoked while the probe removed what it had put, and nobody came back for it: among it was
/// the object on which public ACLs are tried.
#[test]
fn what_the_probe_could_not_remove_is_not_left() {
    holds(1_310_158_608_156);
}

/// The first sync of a new journal failed and left its length but not its bytes: it was no journal
/// on every later attempt, and the job could not be loaded there any more.
#[test]
fn a_journal_that_was_torn_at_its_birth_is_begun_anew() {
    holds(343);
}

/// A disk could not read a place beside the SIGNATURE, and that was read with what lies around it: it was not tried
/// again, and the disk could not be docked.
#[test]
fn a_signature_near_a_bad_place_is_read() {
    let scenario = Scenario {
        jobs: vec![Work::Disk],
        hosts: 2,
    };
    if let Err(failed) = simulation::run_as(53, scenario) {
        panic!("{failed}");
    }
}

/// A device that was filled died where it is: names were there, and nothing could be read. Files that an attempt
/// before had named, and could not note any more, were taken for somebody else's.
#[test]
fn what_a_dying_device_does_not_let_compare_is_nobody_elses() {
    let scenario = Scenario {
        jobs: vec![Work::Export, Work::Import, Work::Export],
        hosts: 3,
    };
    if let Err(failed) = simulation::run_as(230, scenario) {
        panic!("{failed}");
    }
}
