//! What the log must never have in it, however much of it is asked for.

use std::fs;
use std::path::Path;

use crate::world::World;

const PIN: &str = "4711004711";
const PASSWORD: &str = "hidden-Word_9";

/// The last words of all lines of a file that is kept secret.
fn secrets_in(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let last = |line: &str| line.split([' ', '=', ':']).next_back().map(str::to_owned);
    let words = text.lines().filter_map(last);
    words.filter(|word| word.len() > 20).collect()
}

#[test]
fn a_dock_at_the_level_of_traces_writes_no_secret() {
    let world = World::new();
    let _service = world.serve();
    let folder = world.device("for the bucket");
    let folder = folder.to_str().unwrap();
    world.run(["import", folder, "--bucket", "photos"]).with(0);
    let (device, manifest) = (world.device("disk"), world.manifest("photos"));
    let text = fs::read_to_string(&manifest).unwrap();
    let locked = format!("{text}pinCode: {PIN}\ntrueCryptPassword: {PASSWORD}\n");
    fs::write(&manifest, locked).unwrap();
    let (device, manifest) = (device.to_str().unwrap(), manifest.to_str().unwrap());
    world
        .run(["job", "create", manifest, "--sign", device])
        .with(0);

    let ended = world.run(["dock", device, "--log", "trace"]).with(0);
    assert!(ended.err.contains("DEBUG"), "it tells much: {}", ended.err);
    let mut secrets = vec![PIN.to_owned(), PASSWORD.to_owned()];
    for file in ["station/token", "credentials", "service.key", "secret.key"] {
        let path = world.data().join(file);
        let found = fs::read(&path).is_ok_and(|bytes| bytes.is_ascii());
        if found {
            secrets.extend(secrets_in(&path));
        }
    }
    assert!(secrets.len() >= 5, "{}", secrets.len());
    for secret in secrets {
        assert!(!ended.err.contains(&secret), "{secret}");
    }
}
