//! Lists show what GET gives: neither objects whose file is gone, nor gaps where one is being replaced.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod door;

use door::Door;

/// The keys that a list shows, page by page.
fn listed(door: &Door, query: &[(&str, &str)], next: (&str, &str)) -> Vec<String> {
    let (mut keys, mut from) = (Vec::new(), String::new());
    loop {
        let mut query = query.to_vec();
        if !from.is_empty() {
            query.push((next.0, &from));
        }
        let page = door
            .ok("GET", "/photos", &query, &[], b"")
            .text()
            .to_owned();
        let texts = |tag: &str| -> Vec<String> {
            let open = format!("<{tag}>");
            let pieces = page.split(&open).skip(1);
            pieces
                .map(|piece| piece.split('<').next().unwrap().to_owned())
                .collect()
        };
        keys.extend(texts("Key"));
        // That of the question is empty.
        let prefixes = texts("Prefix").into_iter();
        keys.extend(prefixes.filter(|prefix| !prefix.is_empty()));
        match texts(next.1).pop() {
            Some(token) if page.contains("<IsTruncated>true") => from = token,
            _ => return keys,
        }
    }
}

/// What HEAD does not find no list shows, however it is asked for and cut into pages; it does not keep its
/// bucket from being deleted either.
#[test]
fn what_vanished_is_not_listed() {
    let door = Door::open();
    door.ok("PUT", "/photos", &[], &[], b"");
    let keys: Vec<String> = (0..40).map(|n| format!("{}/{n:02}", n / 4)).collect();
    let put = |key: &str| {
        door.ok("PUT", &format!("/photos/{key}"), &[], &[], b"contents");
    };
    keys.iter().for_each(|key| put(key));
    let all = |delimiter: &str, size: &str| {
        let mut lists = Vec::new();
        for (kind, next) in [
            (
                Some(("list-type", "2")),
                ("continuation-token", "NextContinuationToken"),
            ),
            (None, ("marker", "NextMarker")),
            (Some(("versions", "")), ("key-marker", "NextKeyMarker")),
        ] {
            let mut query: Vec<(&str, &str)> = kind.into_iter().collect();
            query.push(("max-keys", size));
            if !delimiter.is_empty() {
                query.push(("delimiter", delimiter));
            }
            lists.push(listed(&door, &query, next));
        }
        assert!(lists.iter().all(|list| *list == lists[0]), "{lists:?}");
        lists.remove(0)
    };
    assert_eq!(all("", "1000"), keys);
    // All of a folder, the first of one, the last of one, and the very last.
    let gone = ["1/04", "1/05", "1/06", "1/07", "3/12", "5/23", "9/39"];
    for key in gone {
        std::fs::remove_file(door.root().join("photos").join(key)).unwrap();
        assert_eq!(
            door.ask("HEAD", &format!("/photos/{key}"), &[], &[], b"")
                .status,
            404
        );
    }
    let left: Vec<String> = keys
        .iter()
        .filter(|key| !gone.contains(&key.as_str()))
        .cloned()
        .collect();
    let folders: Vec<String> = (0..10)
        .filter(|n| *n != 1)
        .map(|n| format!("{n}/"))
        .collect();
    for size in ["1", "2", "3", "7", "33", "1000"] {
        assert_eq!(all("", size), left, "{size}");
        assert_eq!(all("/", size), folders, "{size}");
    }
    put("1/05");
    assert!(all("", "1000").contains(&"1/05".to_owned()));
    // What was cut is shown as what it is.
    std::fs::write(door.root().join("photos/0/00"), b"cut").unwrap();
    let page = door.ok("GET", "/photos", &[("max-keys", "1")], &[], b"");
    assert!(page.text().contains("<Size>3</Size>"), "{}", page.text());
    assert_eq!(
        door.ask("DELETE", "/photos", &[], &[], b"").code(),
        "BucketNotEmpty"
    );
    std::fs::remove_dir_all(door.root().join("photos")).unwrap();
    assert_eq!(all("", "1000"), Vec::<String>::new());
    door.ok("DELETE", "/photos", &[], &[], b"");
}

/// An object that is being replaced is in every list.
#[test]
fn what_is_being_replaced_stays_in_every_list() {
    let door = Door::open();
    door.ok("PUT", "/photos", &[], &[], b"");
    let keys: Vec<String> = (0..20).map(|n| format!("{n:02}")).collect();
    let done = std::sync::atomic::AtomicBool::new(false);
    let put = |key: &str, length: usize| {
        door.ok(
            "PUT",
            &format!("/photos/{key}"),
            &[],
            &[],
            &vec![b'x'; length],
        );
    };
    keys.iter().for_each(|key| put(key, 1));
    std::thread::scope(|scope| {
        for half in keys.chunks(10) {
            scope.spawn(|| {
                for round in 0..20 {
                    half.iter().for_each(|key| put(key, 1 + round % 3));
                }
                done.store(true, std::sync::atomic::Ordering::Release);
            });
        }
        while !done.load(std::sync::atomic::Ordering::Acquire) {
            let next = ("continuation-token", "NextContinuationToken");
            assert_eq!(listed(&door, &[("list-type", "2")], next), keys);
        }
    });
}
