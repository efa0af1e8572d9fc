//! `longshore receipt verify`: what a stranger has is verified, and a log is asked whether it has grown.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use custody::moment::Moment;
use custody::note::VerifierKey;
use custody::signers::{Revoked, Signer};
use custody::tree::{Node, Tile};

use crate::told::{World as Told, key, story, witnessed};
use crate::world::{Ended, World};

/// A stranger's folder with a receipt `R` of edition 3, an earlier one `R1`, and what they name.
struct Desk(World);

impl Desk {
    fn new() -> Self {
        let desk = Self(World::new());
        desk.put("R", &receipt(&told(), 3, 5));
        desk.put("R1", &receipt(&told(), 1, 3));
        desk
    }

    fn put(&self, name: &str, content: &str) {
        std::fs::write(self.0.path(name), content).unwrap();
    }

    /// Runs the command in this folder.
    fn verify(&self, arguments: &[&str]) -> Ended {
        let words = [&["receipt", "verify"], arguments].concat();
        let mut command = self.0.command(&words);
        command
            .current_dir(self.0.path(""))
            .output()
            .unwrap()
            .into()
    }
}

fn told() -> Told {
    Told::of(&story("UPS"), 40)
}

fn receipt(told: &Told, edition: u32, events: usize) -> String {
    told.receipt(edition, events, &key(1)).unwrap()
}

fn fingerprint() -> String {
    key(1).public().fingerprint()
}

fn signer(number: u8, after: Option<i64>, before: Option<i64>) -> String {
    let moment = |second| Moment::from_unix_millis(1_790_000_000_000 + second * 1000);
    let signer = Signer {
        installation: "dock.example".parse().unwrap(),
        key: key(number).public(),
        after: after.map(moment),
        before: before.map(moment),
    };
    format!("{signer}\n")
}

#[test]
fn a_receipt_by_a_known_key_is_told() {
    let desk = Desk::new();
    let ended = desk.verify(&["R", "--fingerprint", &fingerprint()]).with(0);
    for words in [
        "Job       45HFS of account 123456789012 at dock.example\n",
        "Edition   3, 5 events, closed\n",
        "Log then  205 events\n",
        &format!("Key       {}\n", fingerprint()),
        "2026-09-21T14:13:50.000Z",
        "handed-over",
    ] {
        assert!(ended.out.contains(words), "{words}: {}", ended.out);
    }
    let ended = desk
        .verify(&["R1", "--fingerprint", &fingerprint()])
        .with(0);
    assert!(
        ended
            .out
            .contains("Edition   1, 3 events, not closed yet\n"),
        "{}",
        ended.out
    );
}

#[test]
fn a_receipt_that_nobody_vouches_for_proves_nothing() {
    let desk = Desk::new();
    let unknown = "the signature is whole, and nobody says whose";
    desk.verify(&["R"]).with(6).saying(unknown);
    let other = key(2).public().fingerprint();
    let refused = desk.verify(&["R", "--fingerprint", &other]).with(6);
    refused.saying(&format!(
        "it is signed by {}, and not by {other}",
        fingerprint()
    ));
    desk.verify(&["R", "--fingerprint", "SHA256:abc"]).with(2);
    desk.verify(&["gone"])
        .with(2)
        .saying("could not read `gone`");
}

#[test]
fn the_keys_of_an_installation_count_for_their_time() {
    let desk = Desk::new();
    let with = |signers: String| {
        desk.put("signers", &signers);
        desk.verify(&["R", "--signers", "signers"])
    };
    with(signer(2, None, None) + &signer(1, None, Some(60))).with(0);
    with(signer(1, None, Some(29)))
        .with(6)
        .saying("counted until 2026-09-21T14:13:49.000Z");
    with(signer(1, Some(31), None))
        .with(6)
        .saying("counts from 2026-09-21T14:13:51.000Z on");
    with(signer(2, None, None))
        .with(6)
        .saying("which is no signer of dock.example");
    with(signer(1, Some(0), None).replace("20Z", "20"))
        .with(2)
        .saying("line 1: a time of it");

    desk.put("revoked", &Revoked::new(vec![key(1).public()]).to_string());
    let by = fingerprint();
    let revoked = desk.verify(&["R", "--fingerprint", &by, "--revoked", "revoked"]);
    revoked.with(6).saying("which is revoked");
    desk.put("revoked", "something else\n");
    let unread = desk.verify(&["R", "--fingerprint", &by, "--revoked", "revoked"]);
    unread
        .with(2)
        .saying("line 1: it is not an `ssh-ed25519` key");
}

#[test]
fn what_was_changed_is_told_with_its_line() {
    let desk = Desk::new();
    desk.put("R", &receipt(&told(), 3, 5).replace("\"UPS\"", "\"DHL\""));
    let ended = desk.verify(&["R", "--fingerprint", &fingerprint()]).with(6);
    ended
        .saying("`R` is no receipt that is whole")
        .saying("line 6: its `prev` is");
}

#[test]
fn files_beside_a_receipt_are_what_it_names() {
    let desk = Desk::new();
    let by = fingerprint();
    let verify = || desk.verify(&["R", "--fingerprint", &by, "--files", "."]);
    verify()
        .with(6)
        .saying("none of the 3 files that the receipt names is in `.`");
    desk.put("log.csv", "csv");
    desk.put("log.jsonl", "jsonl");
    let out = verify().with(0).out;
    assert!(
        out.contains("Files     2 of 3 that it names are in `.`, each as it says\n"),
        "{out}"
    );
    desk.put("log.jsonl", "jsonL");
    verify().with(6).saying("log.jsonl` has the SHA-256");
}

#[test]
fn an_earlier_edition_is_the_beginning_of_a_later_one() {
    let desk = Desk::new();
    let by = fingerprint();
    let verify = || desk.verify(&["R", "--fingerprint", &by, "--older", "R1"]);
    let out = verify().with(0).out;
    let words = "Older     edition 1, with whose 3 events this one begins\n";
    assert!(out.contains(words), "{out}");
    let mut rewritten = story("UPS");
    rewritten[1].at = Moment::from_unix_millis(1_790_000_011_000);
    desk.put("R1", &receipt(&Told::of(&rewritten, 40), 1, 3));
    verify()
        .with(6)
        .saying("`R1` is no earlier edition of it")
        .saying("its event 1 is not that");
}

#[test]
fn a_witness_that_is_named_has_seen_the_log() {
    let desk = Desk::new();
    let (by, told) = (fingerprint(), told());
    let note = told.checkpoint().signed(&key(1));
    let note = witnessed(&note, "witness.example/w", &key(5), 1_790_000_100);
    desk.put("R", &told.receipt_under(&note, 3, 5, &key(1)).unwrap());
    let vkey = |number| VerifierKey::cosigner("witness.example/w", key(number).public());
    let verify = |number| {
        let vkey = vkey(number).to_string();
        desk.verify(&["R", "--fingerprint", &by, "--witness", &vkey])
    };
    let out = verify(5).with(0).out;
    let words = "Witness   witness.example/w saw that log at 2026-09-21T14:15:00.000Z\n";
    assert!(out.contains(words), "{out}");
    verify(6)
        .with(6)
        .saying("`witness.example/w` has not signed its checkpoint");
    desk.verify(&["R", "--witness", "somebody"]).with(2);
    let two = [vkey(5).to_string(), vkey(6).to_string()];
    let of_two = |quorum: &str| {
        let words = [
            "--witness",
            &two[0],
            "--witness",
            &two[1],
            "--quorum",
            quorum,
        ];
        desk.verify(&[&["R", "--fingerprint", &by], &words[..]].concat())
    };
    let out = of_two("1").with(0).out;
    assert!(out.contains("has not signed its checkpoint"), "{out}");
    of_two("2").with(6);
    of_two("3").with(2).saying("must be from 1 to 2");
}

/// A log that is served as files, until the test ends.
struct Served {
    url: String,
}

impl Served {
    /// `signed_by` signs the head. Tiles that are not whole are there only as the log has them now.
    fn of(told: &Told, signed_by: u8) -> Self {
        let mut files = BTreeMap::new();
        let note = told.checkpoint().signed(&key(signed_by)).to_string();
        files.insert("/custody/checkpoint".to_owned(), note.into_bytes());
        for level in [0, 8] {
            for index in 0..told.edge.size() >> level {
                let tile = Tile::of(Node { level, index }, told.edge.size());
                let hashes = tile.nodes().flat_map(|node| *told.nodes[&node].bytes());
                files.insert(format!("/custody/{tile}"), hashes.collect());
            }
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            for stream in listener.incoming() {
                answer(&stream.unwrap(), &files);
            }
        });
        Self { url }
    }
}

fn answer(mut stream: &TcpStream, files: &BTreeMap<String, Vec<u8>>) {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().unwrap().unwrap();
    lines.find(|line| line.as_ref().unwrap().is_empty());
    let path = first.split(' ').nth(1).unwrap();
    let (status, body) = match files.get(path) {
        Some(body) => ("200 OK", body.as_slice()),
        None => ("404 Not Found", &b""[..]),
    };
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
}

/// A log that went on with so many events of others.
fn grown(mut told: Told, more: u64) -> Told {
    for number in 0..more {
        told.put(format!("{{\"later\":{number}}}").as_bytes());
    }
    told
}

#[test]
fn a_log_has_grown_out_of_that_of_a_receipt_or_is_another() {
    let desk = Desk::new();
    desk.put(
        "signers",
        &(signer(1, None, Some(60)) + &signer(2, Some(60), None)),
    );
    let against = |told: &Told, signed_by| {
        let served = Served::of(told, signed_by);
        desk.verify(&["R", "--signers", "signers", "--log-url", &served.url])
    };
    for more in [0, 1, 51, 700] {
        let out = against(&grown(told(), more), 1).with(0).out;
        let words = format!(
            "Log now   {} events, and has grown out of that\n",
            205 + more
        );
        assert!(out.contains(&words), "{out}");
    }
    // Its key was replaced meanwhile.
    against(&grown(told(), 9), 2).with(0);
    let another = "the log of today is not the one of the receipt";
    against(&told(), 3)
        .with(6)
        .saying(another)
        .saying("by a key that is known");
    // It has forgotten, or tells somebody else something else.
    let short = Told::of(&story("UPS")[..2], 40);
    against(&short, 1)
        .with(6)
        .saying(another)
        .saying("it has 82 events now, and the receipt's had 205");
    for more in [0, 300] {
        let forked = grown(Told::of(&story("DHL"), 40), more);
        against(&forked, 1).with(6).saying(another).saying("root");
    }
}

#[test]
fn a_log_that_does_not_answer_proves_nothing() {
    let desk = Desk::new();
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{closed}");
    let by = fingerprint();
    desk.verify(&["R", "--fingerprint", &by, "--log-url", &url])
        .with(5)
        .saying("could not get `http");
    desk.verify(&["R", "--fingerprint", &by, "--log-url", "/custody"])
        .with(2);
}
