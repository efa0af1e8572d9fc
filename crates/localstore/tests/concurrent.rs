//! Many at once on the same keys: whoever reads gets one object whole, what was acknowledged is seen by whoever asks afterwards, and
//! no list has holes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod door;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use door::{Door, Reply};
use s3s::crypto::{Checksum, Md5};

const ROUNDS: usize = 150;

fn bucket() -> Door {
    let door = Door::open();
    door.ok("PUT", "/bucket", &[], &[], b"");
    door
}

/// Contents that tell their round, of a length of its own; some need several reads.
fn contents(round: usize) -> Vec<u8> {
    format!("{round};")
        .repeat(1 + round * 7919 % 90_000)
        .into_bytes()
}

/// The round whose contents these are, if they are those of one round, whole.
fn round_of(reply: &Reply) -> usize {
    let text = reply.text();
    let round = text.split(';').next().unwrap().parse().unwrap();
    assert!(reply.body == contents(round), "half of {round}");
    let tag = hex::encode(Md5::checksum(&reply.body));
    assert_eq!(
        reply.header("etag").trim_matches('"'),
        tag,
        "the tag of other contents"
    );
    round
}

/// One replaces an object over and over; nobody who reads meets half of one, a gap, or one that is older than what was acknowledged
/// before she asked.
#[test]
fn a_reader_sees_what_was_acknowledged_before_or_something_newer() {
    let door = bucket();
    door.ok("PUT", "/bucket/key", &[], &[], &contents(0));
    let (acknowledged, is_done) = (AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut last = 0;
                while !is_done.load(Ordering::SeqCst) {
                    let before = acknowledged.load(Ordering::SeqCst);
                    let seen = round_of(&door.ok("GET", "/bucket/key", &[], &[], b""));
                    assert!(
                        seen >= before && seen >= last,
                        "{seen} after {before} and {last}"
                    );
                    last = seen;
                    let listed = door.ok("GET", "/bucket", &[("list-type", "2")], &[], b"");
                    assert_eq!(listed.texts("Key"), ["key"], "a gap");
                }
            });
        }
        for round in 1..ROUNDS {
            door.ok("PUT", "/bucket/key", &[], &[], &contents(round));
            acknowledged.store(round, Ordering::SeqCst);
        }
        is_done.store(true, Ordering::SeqCst);
    });
}

/// Puts, deletions and copies of few keys by many at once: in the end each key is there or not, the same for GET, HEAD, lists and
/// the folder.
#[test]
fn after_a_rush_all_ways_of_asking_say_the_same() {
    const KEYS: [&str; 4] = ["a", "a/b", "a/b/c", "d"];
    let mut door = bucket();
    std::thread::scope(|scope| {
        for worker in 0..6 {
            let door = &door;
            scope.spawn(move || {
                for step in 0..60 {
                    let number = worker * 31 + step * 17;
                    let path = format!("/bucket/{}", KEYS[number % KEYS.len()]);
                    let source = format!("/bucket/{}", KEYS[(number / 4) % KEYS.len()]);
                    let status = match number % 5 {
                        0 => door.ask("DELETE", &path, &[], &[], b"").status,
                        1 if path != source => {
                            let headers = [("x-amz-copy-source", source.as_str())];
                            door.ask("PUT", &path, &[], &headers, b"").status
                        }
                        _ => door.ask("PUT", &path, &[], &[], &contents(number)).status,
                    };
                    assert!([200, 204, 404].contains(&status), "{status}");
                }
            });
        }
    });
    let check = |door: &Door| {
        let listed = door.ok("GET", "/bucket", &[("list-type", "2")], &[], b"");
        let listed = listed.texts("Key");
        for key in KEYS {
            let path = format!("/bucket/{key}");
            let got = door.ask("GET", &path, &[], &[], b"");
            let is_there = got.status == 200;
            assert_eq!(
                door.ask("HEAD", &path, &[], &[], b"").status == 200,
                is_there,
                "{key}"
            );
            assert_eq!(listed.iter().any(|listed| listed == key), is_there, "{key}");
            if is_there {
                round_of(&got);
            }
        }
        listed
    };
    let before = check(&door);
    door.reopen();
    assert_eq!(check(&door), before);
    assert_eq!(
        files(&door.root().join("bucket")),
        before.len(),
        "files of no object"
    );
    assert_eq!(files(&door.root().join(".incoming")), 0);
}

/// Of many who make an object on condition that there is none, one does.
#[test]
fn of_many_that_make_one_object_one_does() {
    let door = bucket();
    for round in 0..10 {
        let path = format!("/bucket/{round}");
        let winners = rush(8, |worker| {
            let headers = [("if-none-match", "*")];
            door.ask("PUT", &path, &[], &headers, &contents(worker))
                .status
        });
        let won: Vec<usize> = (0..8).filter(|worker| winners[*worker] == 200).collect();
        assert_eq!(won.len(), 1, "{winners:?}");
        assert!(
            winners
                .iter()
                .all(|status| [200, 409, 412].contains(status)),
            "{winners:?}"
        );
        assert_eq!(round_of(&door.ok("GET", &path, &[], &[], b"")), won[0]);
    }
}

/// A counter that many raise by compare-and-swap has lost nothing.
#[test]
fn changes_on_condition_of_a_tag_lose_nothing() {
    let door = bucket();
    door.ok("PUT", "/bucket/count", &[], &[], b"0");
    rush(4, |_| {
        for _ in 0..15 {
            loop {
                let now = door.ok("GET", "/bucket/count", &[], &[], b"");
                let next: u32 = now.text().parse::<u32>().unwrap() + 1;
                let headers = [("if-match", now.header("etag"))];
                let body = next.to_string();
                let put = door.ask("PUT", "/bucket/count", &[], &headers, body.as_bytes());
                if put.status == 200 {
                    break;
                }
                assert!([409, 412].contains(&put.status), "{}", put.status);
            }
        }
        200
    });
    assert_eq!(door.ok("GET", "/bucket/count", &[], &[], b"").text(), "60");
}

/// Objects that nobody touches are in every list, in pages however small, while others come and go between them.
#[test]
fn what_nobody_touches_is_in_every_list() {
    let door = bucket();
    let fixed: Vec<String> = (0..20).map(|n| format!("{n:02}/fixed")).collect();
    for key in &fixed {
        door.ok("PUT", &format!("/bucket/{key}"), &[], &[], b"");
    }
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for worker in 0..2 {
            let (door, is_done) = (&door, &is_done);
            scope.spawn(move || {
                for step in (0..20).cycle() {
                    if is_done.load(Ordering::SeqCst) {
                        return;
                    }
                    let path =
                        format!("/bucket/{step:02}/comes and goes {worker}").replace(' ', "%20");
                    door.ok("PUT", &path, &[], &[], b"");
                    door.ok("DELETE", &path, &[], &[], b"");
                }
            });
        }
        for size in ["1", "3", "7", "1000"].repeat(3) {
            let listed = all_pages(&door, size);
            let kept: Vec<&String> = listed.iter().filter(|key| key.ends_with("fixed")).collect();
            assert_eq!(kept, fixed.iter().collect::<Vec<_>>());
            assert!(listed.is_sorted(), "{listed:?}");
        }
        is_done.store(true, Ordering::SeqCst);
    });
}

/// A bucket that is deleted while objects are put into it is gone with nothing in it, or there with what was acknowledged.
#[test]
fn a_bucket_is_never_deleted_from_under_an_object() {
    let door = Door::open();
    for round in 0..15 {
        let bucket = format!("/bucket-{round}");
        door.ok("PUT", &bucket, &[], &[], b"");
        let path = format!("{bucket}/key");
        let outcomes = rush(2, |worker| match worker {
            0 => door.ask("PUT", &path, &[], &[], b"contents").status,
            _ => door.ask("DELETE", &bucket, &[], &[], b"").status,
        });
        match outcomes[..] {
            [200, 409] => assert_eq!(door.ok("GET", &path, &[], &[], b"").body, b"contents"),
            [404, 204] => assert_eq!(door.ask("HEAD", &bucket, &[], &[], b"").status, 404),
            _ => panic!("both or neither was done: {outcomes:?}"),
        }
    }
}

fn rush(workers: usize, work: impl Fn(usize) -> u16 + Sync) -> Vec<u16> {
    std::thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = (0..workers)
            .map(|worker| scope.spawn(move || work(worker)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
}

fn all_pages(door: &Door, size: &str) -> Vec<String> {
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let mut query = vec![("list-type", "2"), ("max-keys", size)];
        if !token.is_empty() {
            query.push(("continuation-token", &token));
        }
        let page = door.ok("GET", "/bucket", &query, &[], b"");
        found.extend(page.texts("Key"));
        match page.texts("NextContinuationToken").pop() {
            Some(next) => token = next,
            None => return found,
        }
    }
}

fn files(folder: &std::path::Path) -> usize {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| if path.is_dir() { files(&path) } else { 1 })
        .sum()
}
