//! The built binary as the child that parses disks.

use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Stdio;

use crate::world::longshore;

/// A frame: the length of its body, its kind, and its body.
fn frame(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_le_bytes();
    [&length, &[kind][..], body].concat()
}

#[test]
fn it_shuts_itself_in_answers_and_ends_with_its_parent() {
    let (mut line, theirs) = UnixStream::pair().unwrap();
    let mut command = longshore();
    command.arg("parse-device").stdin(OwnedFd::from(theirs));
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    drop(command);
    // Four literals, packed by NTFS: the codec, how many, and what is packed behind its length.
    let unpack = frame(3, b"\0\x04\0\0\0\x07\0\0\0\x04\xB0\0abcd");
    line.write_all(&unpack).unwrap();
    let expected = [frame(32, &[0]), frame(40, b"abcd")].concat();
    let mut answer = vec![0; expected.len()];
    line.read_exact(&mut answer).unwrap();
    assert_eq!(answer, expected);
    drop(line);
    let ended = child.unwrap().wait_with_output().unwrap();
    assert_eq!(
        (ended.status.code(), ended.stdout, ended.stderr),
        (Some(0), vec![], vec![])
    );
}
