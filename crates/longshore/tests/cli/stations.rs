//! Stations and their bays, as the people who run a service see them and say what is to be done: on its host and
//! elsewhere.

use awshttp::Surroundings;
use model::bay::{BayState, BayStatus};
use model::control::PROTOCOL_VERSION;
use model::heartbeat::{Heartbeat, HeartbeatAnswer, HostFacts};
use model::ids::{BayName, Boot, PortId, StationName};
use model::order::{Acknowledgement, OrderOutcome, OrderVerb};
use model::time::{Clock as _, SystemClock};
use serde_json::Value;
use station::control::ControlError;
use station::control::wire::Wire;

use crate::operators::Elsewhere;
use crate::world::{Service, World};

pub(crate) const STATION: &str = "dock-7";

/// A station that says what the test says.
pub(crate) struct Resident {
    wire: Wire,
    token: String,
    seq: u64,
}

impl Resident {
    pub(crate) fn admit(world: &World, service: &Service) -> Self {
        let token = world.run(["station", "token", STATION]).with(0).out;
        Self::with(service, token.trim().to_owned())
    }

    fn with(service: &Service, token: String) -> Self {
        let url = &service.places["Import/Export API"];
        Self {
            wire: Wire::through(url, &token, &Surroundings::default()),
            token,
            seq: 0,
        }
    }

    /// Says that something waits in its one bay, and what became of orders.
    pub(crate) fn beats(
        &mut self,
        done: Vec<Acknowledgement>,
    ) -> Result<HeartbeatAnswer, ControlError> {
        self.seq += 1;
        let now = SystemClock.now();
        let (name, port) = (BayName::new("left, upper").unwrap(), "usb-1");
        let mut bay = BayStatus::empty(name, PortId::new(port).unwrap(), now);
        bay.state = BayState::Ready;
        bay.sentence = "It can be loaded.".to_owned();
        let heartbeat = Heartbeat {
            version: PROTOCOL_VERSION,
            station: StationName::new(STATION).unwrap(),
            boot: Boot::new("run1").unwrap(),
            seq: self.seq,
            release: "0.9.0".to_owned(),
            clock: now,
            bays: vec![bay],
            others: Vec::new(),
            leases: Vec::new(),
            done,
            stores: Vec::new(),
            host: HostFacts::default(),
            metrics: None,
        };
        self.wire.post("station/v1/heartbeat", &heartbeat)
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn what_is_ordered_of_a_bay_comes_to_its_station_and_the_answer_back() {
    let world = World::new();
    let service = world.serve();
    let mut resident = Resident::admit(&world, &service);
    resident.beats(Vec::new()).unwrap();
    let jane = Elsewhere::of(&world, &service, "jane", "operator");

    let list = jane.run(&["station", "list"]).with(0).out;
    let line = list.lines().find(|line| line.starts_with(STATION)).unwrap();
    assert!(line.contains("here") && line.ends_with("0.9.0"), "{list}");
    for arguments in [
        &["bay", "list"][..],
        &["bay", "list", STATION, "--json"],
        &["station", "list", "--json"],
        &["station", "show", STATION],
    ] {
        let (here, there) = (world.run(arguments).with(0), jane.run(arguments).with(0));
        assert_eq!(here.out, there.out);
    }
    let bays = jane.run(&["bay", "list"]).with(0).out;
    assert!(bays.contains("left, upper  ready"), "{bays}");

    jane.run(&["bay", "load", STATION, "left, upper"])
        .with(0)
        .saying("with its next heartbeat");
    let orders = resident.beats(Vec::new()).unwrap().orders;
    let order = orders.first().unwrap();
    assert_eq!(
        (order.verb, order.by.to_string().as_str()),
        (OrderVerb::Load, "person:jane")
    );
    let shown = jane.run(&["station", "show", STATION]).with(0).out;
    assert!(shown.contains("not answered yet"), "{shown}");
    let why = "It is dirty.".to_owned();
    let answer = Acknowledgement {
        id: order.id.clone(),
        outcome: OrderOutcome::Refused { why },
    };
    assert!(resident.beats(vec![answer]).unwrap().orders.is_empty());
    let shown = jane.run(&["station", "show", STATION]).with(0).out;
    assert!(shown.contains("refused: It is dirty."), "{shown}");

    jane.run(&["bay", "stop", STATION, "right"])
        .with(4)
        .saying("has no bay `right`");
    jane.run(&["bay", "look", "dock-9", "B1"])
        .with(4)
        .saying("longshore station list");
    let viewer = Elsewhere::of(&world, &service, "joe", "viewer");
    viewer.run(&["bay", "list"]).with(0);
    for verb in ["look", "load", "stop", "release", "blink"] {
        viewer
            .run(&["bay", verb, STATION, "left, upper"])
            .with(4)
            .saying("person:joe may not give orders to");
    }
}

#[test]
fn a_station_is_drained_by_an_operator_and_revoked_by_a_lead_who_says_so() {
    let world = World::new();
    let service = world.serve();
    let mut resident = Resident::admit(&world, &service);
    resident.beats(Vec::new()).unwrap();
    let jane = Elsewhere::of(&world, &service, "jane", "operator");
    let lead = Elsewhere::of(&world, &service, "ann", "lead");
    let state = || {
        let shown = world.run(["station", "show", STATION, "--json"]).with(0);
        json(&shown.out)["State"].as_str().unwrap().to_owned()
    };
    jane.run(&["station", "drain", STATION]).with(0);
    assert_eq!(state(), "drained");
    assert!(resident.beats(Vec::new()).unwrap().no_claims.is_some());
    jane.run(&["station", "undrain", STATION]).with(0);
    assert_eq!(state(), "here");

    jane.run(&["station", "revoke", STATION, "--yes"])
        .with(4)
        .saying("person:jane may not revoke");
    lead.run(&["station", "revoke", STATION])
        .with(4)
        .saying("--yes says that it is");
    assert_eq!(state(), "here", "nobody agreed");
    lead.run(&["station", "revoke", STATION, "--yes"]).with(0);
    assert_eq!(state(), "revoked");
    let unheard = resident.beats(Vec::new()).unwrap_err();
    assert!(matches!(unheard, ControlError::Refused(fault) if fault.code == "Unauthorized"));
    world
        .run(["bay", "load", STATION, "left, upper"])
        .with(4)
        .saying("is revoked");
    world
        .run(["station", "drain", "dock-9"])
        .with(4)
        .saying("there is no station `dock-9`");
}

/// A host gets another name, or its data folder another host: nothing that was begun is lost by it.
#[test]
fn the_station_of_a_data_folder_is_called_what_it_was_called_until_its_settings_name_it() {
    let world = World::new();
    let names = || {
        let list = json(&world.run(["station", "list", "--json"]).with(0).out);
        let names = list["Stations"].as_array().unwrap().iter();
        let of = |station: &Value, name: &str| station[name].as_str().unwrap().to_owned();
        let mut names: Vec<_> = names.map(|it| (of(it, "Name"), of(it, "State"))).collect();
        names.sort();
        names
    };
    let settings = world.path("longshore.toml");
    let start = |name: &str| {
        let text = format!("[station]\nname = \"{name}\"\n");
        std::fs::write(&settings, text).unwrap();
        world.serve_with(&settings).stop();
    };
    start("dock-a");
    assert_eq!(names(), [("dock-a".to_owned(), "unheard".to_owned())]);
    // The host is called otherwise, and no settings say anything.
    world.serve().stop();
    world.run(["ls"]).with(0);
    assert_eq!(names(), [("dock-a".to_owned(), "unheard".to_owned())]);
    for _ in 0..2 {
        start("dock-b");
        let (old, new) = (
            ("dock-a".to_owned(), "revoked".to_owned()),
            ("dock-b".to_owned(), "unheard".to_owned()),
        );
        assert_eq!(names(), [old, new]);
    }
}

/// Two hosts of one name would take the right from each other with each start.
#[test]
fn no_host_is_called_what_another_is_called_that_is_heard() {
    let world = World::new();
    let settings = world.path("longshore.toml");
    let (text, data) = (format!("[station]\nname = \"{STATION}\"\n"), world.data());
    std::fs::write(&settings, text).unwrap();
    let [at, folder] = [&settings, &data].map(|path| path.to_str().unwrap());
    let refused = || {
        let listen = ["--listen", "127.0.0.1:0", "--s3-listen", "127.0.0.1:0"];
        let words = ["serve", "--config", at, "--data", folder];
        world
            .run(words.iter().chain(&listen))
            .with(1)
            .saying("station `dock-7` is heard")
            .saying("give this host another name")
    };
    let service = world.serve();
    let mut resident = Resident::admit(&world, &service);
    resident.beats(Vec::new()).unwrap();
    service.stop();
    let token = data.join("station/token");
    let before = std::fs::read(&token).unwrap();
    refused();
    assert_eq!(
        std::fs::read(&token).unwrap(),
        before,
        "it stays who it was"
    );
    // The same with a data folder that knows no station.
    std::fs::remove_file(&token).unwrap();
    refused();
    std::fs::write(&token, before).unwrap();
    let service = world.serve();
    let mut resident = Resident::with(&service, resident.token);
    resident.beats(Vec::new()).unwrap();
    world.run(["station", "revoke", STATION, "--yes"]).with(0);
    service.stop();
    world.serve_with(&settings).stop();
}
