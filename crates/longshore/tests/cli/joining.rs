//! Commands that meet on one data folder: the service that one of them started for itself stays until
//! the others are done with it, and one that was killed misleads nobody.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use crate::world::{World, signal};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A command whose stderr is read line by line. It is killed with the test.
struct Begun {
    child: Child,
    says: Lines<BufReader<ChildStderr>>,
}

impl Begun {
    fn new(mut command: Command) -> Self {
        let piped = command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        let says = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, says }
    }

    /// Waits for a line of stderr.
    #[track_caller]
    fn until(&mut self, words: &str) {
        let mut said = Vec::new();
        for line in self.says.by_ref().map(Result::unwrap) {
            if line.contains(words) {
                return;
            }
            said.push(line);
        }
        panic!("`{words}` is not in: {said:?}");
    }

    /// The rest of stderr, and the exit code.
    fn end(&mut self) -> (Option<i32>, String) {
        let said: Vec<String> = self.says.by_ref().map(Result::unwrap).collect();
        (self.child.wait().unwrap().code(), said.join("\n"))
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        // Ended already, or the test has failed anyway.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A short command that has started a service and waits for the test, which has joined it.
fn waiting_owner(world: &World) -> (Begun, File) {
    let first = world.device("first");
    world
        .run(["import", text(&first), "--bucket", "photos"])
        .with(0);
    let lock = OpenOptions::new()
        .write(true)
        .open(world.data().join("users.lock"))
        .unwrap();
    lock.lock_shared().unwrap();
    let mut owner = Begun::new(world.command(["ls", "s3://photos"]));
    owner.until(" objects, ");
    owner.until("Another command uses this service; waiting for it");
    (owner, lock)
}

fn owner_in_endpoints(world: &World) -> u32 {
    let file = fs::read(world.data().join("endpoints.json")).unwrap();
    let endpoints: serde_json::Value = serde_json::from_slice(&file).unwrap();
    endpoints["pid"].as_u64().unwrap().try_into().unwrap()
}

#[test]
fn the_service_of_a_short_command_stays_until_an_import_that_joined_it_is_done() {
    let world = World::new();
    let (mut owner, lock) = waiting_owner(&world);
    assert_eq!(owner_in_endpoints(&world), owner.child.id());
    let folder = world.path("second");
    fs::create_dir(&folder).unwrap();
    for number in 0..10 {
        fs::write(folder.join(format!("{number}.jpg")), vec![1; 100_000]).unwrap();
    }
    let import = [
        "import",
        text(&folder),
        "--bucket",
        "photos",
        "--rate",
        "1MB",
    ];
    let mut import = Begun::new(world.command(import));
    import.until("Job ");
    // From here on the import alone keeps the owner.
    drop(lock);
    let (code, said) = import.end();
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = owner.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(!world.data().join("endpoints.json").exists());
    world
        .run(["ls", "s3://photos"])
        .with(0)
        .saying("22 objects");
}

#[test]
fn an_owner_that_waits_ends_at_ctrl_c_and_stops_its_service() {
    let world = World::new();
    let (mut owner, _lock) = waiting_owner(&world);
    // The first only stops what the command does, which is done.
    signal(&owner.child, "INT");
    let (code, said) = owner.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(!world.data().join("endpoints.json").exists());
}

#[test]
fn what_a_killed_service_has_left_misleads_no_command() {
    let world = World::new();
    for command in [
        &["job", "list"][..],
        &["ls", "s3://photos"],
        &["import", "--list"],
    ] {
        let (mut owner, lock) = waiting_owner(&world);
        drop(lock);
        // Not waited for: the next command may come before the kernel is done with it.
        owner.child.kill().unwrap();
        let ended = world.run(command).with(0);
        assert!(!ended.err.contains("waiting"), "{}", ended.err);
    }
    let (mut owner, _lock) = waiting_owner(&world);
    owner.child.kill().unwrap();
    owner.child.wait().unwrap();
    assert!(world.data().join("endpoints.json").exists());
    let device = world.device("third");
    world
        .run(["dock", text(&device)])
        .with(5)
        .saying("no service is running");
}
