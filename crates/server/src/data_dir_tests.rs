//! Tests of the data folder.

use std::fs::Permissions;

use super::*;

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

fn endpoints() -> Endpoints {
    let api = "http://127.0.0.1:4780".to_owned();
    Endpoints {
        console: None,
        api,
        s3: Some("http://127.0.0.1:4781".to_owned()),
        pid: 4711,
        station: crate::config::Config::default().station,
        config: None,
    }
}

#[test]
fn a_new_folder_is_made_with_all_above_it_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("a/b/data");
    let dir = DataDir::open(&root).unwrap();
    for path in [dir.root(), &dir.objects(), &dir.station()] {
        assert!(path.is_dir());
        assert_eq!(mode(path), 0o700);
    }
    assert!(dir.database().starts_with(&root) && dir.secret_key().starts_with(&root));
}

#[test]
fn a_folder_that_is_there_keeps_its_permissions() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    DataDir::open(folder.path()).unwrap();
    assert_eq!(mode(folder.path()), 0o755);
}

#[test]
fn a_folder_that_others_may_write_to_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for mode in [0o770, 0o702, 0o777] {
        std::fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
        let error = DataDir::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains(&format!("mode {mode:04o}")), "{error}");
        assert!(error.contains("chmod go-w"), "{error}");
    }
}

#[test]
fn a_file_in_the_place_of_the_folder_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    std::fs::write(&path, "").unwrap();
    assert!(matches!(DataDir::open(&path), Err(DataDirError::Io { .. })));
}

#[test]
fn two_services_never_share_a_folder_and_the_second_learns_who_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let first = DataDir::open(folder.path()).unwrap();
    let error = DataDir::open(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains(&format!("in use by process {}", std::process::id())),
        "{error}"
    );
    drop(first);
    DataDir::open(folder.path()).unwrap();
}

#[test]
fn endpoints_are_there_while_the_service_runs() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(read_endpoints(folder.path()).unwrap(), None);
    let dir = DataDir::open(folder.path()).unwrap();
    dir.write_endpoints(&endpoints()).unwrap();
    assert_eq!(read_endpoints(folder.path()).unwrap(), Some(endpoints()));
    assert_eq!(mode(&endpoints_path(folder.path())), 0o600);
    dir.remove_endpoints().unwrap();
    dir.remove_endpoints().unwrap();
    assert_eq!(read_endpoints(folder.path()).unwrap(), None);
}

#[test]
fn what_a_crashed_service_left_is_gone_with_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    DataDir::open(folder.path())
        .unwrap()
        .write_endpoints(&endpoints())
        .unwrap();
    assert!(read_endpoints(folder.path()).unwrap().is_some());
    let _next = DataDir::open(folder.path()).unwrap();
    assert_eq!(read_endpoints(folder.path()).unwrap(), None);
}

#[test]
fn endpoints_torn_anywhere_are_an_error_and_never_half_read() {
    let folder = tempfile::tempdir().unwrap();
    let dir = DataDir::open(folder.path()).unwrap();
    dir.write_endpoints(&endpoints()).unwrap();
    let path = endpoints_path(folder.path());
    let whole = std::fs::read(&path).unwrap();
    for cut in 0..whole.len() {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let error = read_endpoints(folder.path()).unwrap_err();
        assert!(
            matches!(error, DataDirError::Torn { .. }),
            "cut at {cut}: {error}"
        );
    }
    let newer = String::from_utf8(whole)
        .unwrap()
        .replace("endpoints-1", "endpoints-2");
    std::fs::write(&path, newer).unwrap();
    let error = read_endpoints(folder.path()).unwrap_err().to_string();
    assert!(error.contains("longshore-endpoints-2"), "{error}");
}
