//! An installation that tells what happens to a disk, and its log with the events of other jobs too.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use custody::by::By;
use custody::chain::Chain;
use custody::digest::Digest;
use custody::event::{
    Announced, Closed, Event, File, FileName, HandedOver, Photographed, Reported, Subject, What,
};
use custody::installation::InstallationName;
use custody::key::PrivateKey;
use custody::line::{Line, Salt};
use custody::moment::Moment;
use custody::note::checkpoint::Checkpoint;
use custody::note::{Note, VerifierKey};
use custody::receipt::{Contents, Leaf};
use custody::told::Told;
use custody::tree::{Edge, Node, inclusion};
use custody::verify::Fault;
use model::ids::{BucketName, JobId};
use zeroize::Zeroizing;

/// A log with the events of other jobs too.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) edge: Edge,
    pub(crate) nodes: BTreeMap<Node, Digest>,
    pub(crate) lines: Vec<Line>,
    indexes: Vec<u64>,
}

pub(crate) fn key(number: u8) -> PrivateKey {
    PrivateKey::new(Zeroizing::new([number; 32]))
}

pub(crate) fn job() -> JobId {
    JobId::new("45HFS").unwrap()
}

pub(crate) fn event(second: i64, what: impl Into<What>) -> Event {
    Event {
        at: Moment::from_unix_millis(1_790_000_000_000 + second * 1000),
        what: what.into(),
        by: By::usual(&"station:dock-1".parse().unwrap()),
        station: None,
        bay: None,
    }
}

pub(crate) fn file(name: &str, content: &[u8]) -> File {
    File {
        bucket: BucketName::new("logs").unwrap(),
        key: name.parse().unwrap(),
        name: FileName::new(name).unwrap(),
        bytes: content.len() as u64,
        sha256: Digest::of(content),
    }
}

pub(crate) fn handed_over(carrier: &str) -> HandedOver {
    HandedOver {
        carrier: Told::new(carrier),
        tracking: Told::new("1Z 999"),
    }
}

/// What happens to a job from its beginning to its end.
pub(crate) fn story(carrier: &str) -> Vec<Event> {
    let announced = Announced {
        manifest_sha256: Digest::of(b"manifest"),
        device_id: Some(Told::new("disk 1")),
        erase: Some(false),
        signers: Some(key(1).public().fingerprint()),
    };
    let photo = Photographed {
        of: Subject::Parcel,
        name: FileName::new("parcel.jpg").unwrap(),
        sha256: Digest::of(b"picture"),
        bytes: 7,
        media_type: "image/jpeg".to_owned(),
    };
    let files = vec![file("log.csv", b"csv"), file("log.jsonl", b"jsonl")];
    vec![
        event(0, announced),
        event(10, photo),
        event(20, Reported { files }),
        event(30, handed_over(carrier)),
        event(30, Closed { events: 4 }),
    ]
}

impl World {
    /// A log in which these happened, with so much of others between.
    pub(crate) fn of(events: &[Event], others: usize) -> Self {
        let mut world = Self::default();
        let mut chain = Chain::new(Some(job()));
        for (number, event) in (0..).zip(events) {
            for other in 0..others {
                world.put(format!("{{\"other\":{number},\"of\":{other}}}").as_bytes());
            }
            let line = chain
                .append(event, Salt::new([number; Salt::BYTES]))
                .unwrap();
            let index = world.put(line.bytes());
            world.indexes.push(index);
            world.lines.push(line);
        }
        world
    }

    pub(crate) fn put(&mut self, line: &[u8]) -> u64 {
        let index = self.edge.size();
        self.nodes.extend(self.edge.append(line));
        index
    }

    pub(crate) fn leaves(&self, count: usize) -> Vec<Leaf> {
        let indexes = self.indexes.iter().take(count);
        let leaf = |index: &u64| Leaf {
            index: *index,
            path: inclusion(*index, self.edge.size(), |node| {
                self.nodes.get(&node).copied().ok_or(node)
            })
            .unwrap(),
        };
        indexes.map(leaf).collect()
    }

    pub(crate) fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            origin: "dock.example/custody".to_owned(),
            size: self.edge.size(),
            root: self.edge.root(),
        }
    }

    /// The receipt of the first so many events, by this key.
    pub(crate) fn receipt(
        &self,
        edition: u32,
        count: usize,
        by: &PrivateKey,
    ) -> Result<String, Fault> {
        self.receipt_under(&self.checkpoint().signed(by), edition, count, by)
    }

    /// The same under a checkpoint that others may have signed too.
    pub(crate) fn receipt_under(
        &self,
        checkpoint: &Note,
        edition: u32,
        count: usize,
        by: &PrivateKey,
    ) -> Result<String, Fault> {
        let lines: Vec<&str> = self.lines.iter().take(count).map(Line::as_str).collect();
        let contents = Contents {
            installation: &InstallationName::new("dock.example").unwrap(),
            job: job(),
            account: &"123456789012".parse().unwrap(),
            edition,
            lines: &lines,
            leaves: self.leaves(count),
            checkpoint,
        };
        contents.sign(by).map(|(text, _)| text)
    }
}

pub(crate) fn world() -> World {
    World::of(&story("UPS"), 3)
}

pub(crate) fn receipt() -> String {
    world().receipt(1, 5, &key(1)).unwrap()
}

/// What `name` adds to a note that it saw (C2SP `tlog-cosignature`): the line that a witness answers with.
pub(crate) fn witnessed(note: &Note, name: &str, key: &PrivateKey, seconds: u64) -> Note {
    let id = VerifierKey::cosigner(name, key.public()).id();
    let message = format!("cosignature/v1\ntime {seconds}\n{}", note.text());
    let signature = key.sign(message.as_bytes());
    let bytes = [&id[..], &seconds.to_be_bytes(), &signature].concat();
    Note::parse(&format!("{note}— {name} {}\n", STANDARD.encode(bytes))).unwrap()
}
