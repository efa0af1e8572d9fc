//! Journals that were not replayed, as `debugfs` writes them.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use super::*;

/// A volume with one file `a` of one block, and the number of that block.
fn volume() -> (Vec<u8>, usize) {
    let source = tempfile::tempdir().unwrap();
    fs::write(source.path().join("a"), [b'a'; 1024]).unwrap();
    let image = made(source.path(), 16, "-t ext4 -b 1024");
    let block = image.chunks(1024).position(|block| block == [b'a'; 1024]);
    (image, block.unwrap())
}

/// The volume once `debugfs` was given these requests; `FILE` in them is a file of `copy`.
fn written(image: &[u8], copy: &[u8], requests: &[String]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("image"), image).unwrap();
    fs::write(at("copy"), copy).unwrap();
    let mut command = tool("debugfs");
    command.arg("-w").arg(at("image")).stdin(Stdio::piped());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let file = at("copy");
    let text = requests.join("\n").replace("FILE", file.to_str().unwrap());
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    assert!(child.wait().unwrap().success());
    fs::read(at("image")).unwrap()
}

/// What `a` is, or why it is not.
fn content(image: Vec<u8>) -> (Result<Vec<u8>, content::ContentError>, Vec<String>) {
    let mut blocks = MemoryBlocks::new(image);
    let walk = walked(&mut blocks).unwrap();
    let file = &walk.files[0].1;
    (
        content::read_all(&mut blocks, file, 1024),
        walk.summary.remarks,
    )
}

fn requests(open: &str, lines: &[String]) -> Vec<String> {
    let lines = lines.iter().cloned();
    let open = std::iter::once(open.to_owned());
    open.chain(lines).chain(["jc".to_owned()]).collect()
}

/// What the journal has newer is told from there, whichever checksums it has, also where it begins like the journal's
/// own blocks.
#[test]
fn the_newest_copy_of_a_block_is_told() {
    let (image, block) = volume();
    let escaped = [&[0xC0, 0x3B, 0x39, 0x98][..], &[b'j'; 1020]].concat();
    for open in ["jo", "jo -c -v 2", "jo -c -v 3"] {
        for copy in [vec![b'j'; 1024], escaped.clone()] {
            let written = written(
                &image,
                &copy,
                &requests(open, &[format!("jw -b {block} FILE")]),
            );
            let (told, remarks) = content(written);
            assert_eq!(told.unwrap(), copy, "{open}");
            assert!(
                remarks[0].contains("1 transactions of its journal"),
                "{remarks:?}"
            );
        }
    }
}

/// A block that was revoked later was given to a file: the copy before is not its content.
#[test]
fn a_revoked_copy_is_not_told() {
    let (image, block) = volume();
    for open in ["jo", "jo -c -v 2", "jo -c -v 3"] {
        let revoked = [format!("jw -b {block} FILE"), format!("jw -r {block}")];
        let (told, _) = content(written(&image, &[b'j'; 1024], &requests(open, &revoked)));
        assert_eq!(told.unwrap(), [b'a'; 1024], "{open}");
        let again = [format!("jw -r {block}"), format!("jw -b {block} FILE")];
        let (told, _) = content(written(&image, &[b'j'; 1024], &requests(open, &again)));
        assert_eq!(told.unwrap(), [b'j'; 1024], "{open}");
    }
}

/// A copy with a wrong checksum is no content, and neither is the older block.
#[test]
fn a_damaged_copy_makes_its_file_damaged() {
    let (image, block) = volume();
    let requests = requests("jo -c -v 3", &[format!("jw -b {block} FILE")]);
    let mut written = written(&image, &[b'j'; 1024], &requests);
    let copy = written
        .chunks(1024)
        .position(|block| block == [b'j'; 1024])
        .unwrap();
    written[copy * 1024 + 7] = b'k';
    let (told, _) = content(written);
    let why = format!("{told:?}");
    assert!(
        matches!(
            told,
            Err(content::ContentError::Unloadable(Unloadable::Damaged(_)))
        ),
        "{why}"
    );
}

/// A transaction without its commit block never was; one whose commit block is damaged is said.
#[test]
fn a_transaction_that_is_not_whole_does_not_count() {
    let (image, block) = volume();
    let requests = requests("jo -c -v 3", &[format!("jw -b {block} FILE")]);
    let whole = written(&image, &[b'j'; 1024], &requests);
    let copy = whole
        .chunks(1024)
        .position(|block| block == [b'j'; 1024])
        .unwrap();
    let commit = (copy + 1) * 1024;
    let mut gone = whole.clone();
    gone[commit] = 0;
    let (told, remarks) = content(gone);
    assert_eq!((told.unwrap(), remarks), (vec![b'a'; 1024], Vec::new()));
    let mut wrong = whole;
    wrong[commit + 50] ^= 1;
    let (told, remarks) = content(wrong);
    assert_eq!(told.unwrap(), [b'a'; 1024]);
    assert!(
        remarks[0].contains("could not be replayed to the end"),
        "{remarks:?}"
    );
}

/// A journal that cannot be replayed at all is said.
#[test]
fn a_journal_without_a_superblock_is_a_remark() {
    let (image, block) = volume();
    let requests = requests("jo -c -v 3", &[format!("jw -b {block} FILE")]);
    let mut written = written(&image, &[b'j'; 1024], &requests);
    let head = finds(&written, &[0xC0, 0x3B, 0x39, 0x98, 0, 0, 0, 4])[0];
    written[head + 0x30] ^= 1;
    let (told, remarks) = content(written);
    assert_eq!(told.unwrap(), [b'a'; 1024]);
    assert!(remarks[0].contains("cannot be replayed"), "{remarks:?}");
}
