//! An archive of one small file, as `tar` writes it.
//!
//! POSIX.1-2017, *pax*: a header of 512 bytes, the content padded to as many, two empty blocks at the
//! end. A name that does not fit into the header goes before it, in an extended one.

/// Bytes of a block.
const BLOCK: usize = 512;

/// Bytes of a name in a header.
const NAME: usize = 100;

/// The archive of one file.
pub(super) fn of_one(name: &str, content: &[u8]) -> Vec<u8> {
    let mut archive = Vec::new();
    if name.len() > NAME {
        add(&mut archive, "pax", b'x', path_record(name).as_bytes());
    }
    add(&mut archive, name, b'0', content);
    archive.resize(archive.len() + 2 * BLOCK, 0);
    archive
}

fn add(archive: &mut Vec<u8>, name: &str, kind: u8, content: &[u8]) {
    archive.extend_from_slice(&header(name, kind, content.len()));
    archive.extend_from_slice(content);
    archive.resize(archive.len().next_multiple_of(BLOCK), 0);
}

fn header(name: &str, kind: u8, length: usize) -> [u8; BLOCK] {
    let mut header = [0; BLOCK];
    let mut write = |at: usize, text: &[u8]| header[at..at + text.len()].copy_from_slice(text);
    write(0, &name.as_bytes()[..name.len().min(NAME)]);
    // Mode, owner and group; then length and time; a sum of blanks while the sum is made.
    write(100, b"0000644");
    write(108, b"0000000");
    write(116, b"0000000");
    write(124, format!("{length:011o}\0").as_bytes());
    write(136, b"00000000000\0        ");
    write(156, &[kind]);
    write(257, b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

/// `LENGTH path=NAME\n`, where the length counts itself.
fn path_record(name: &str) -> String {
    let rest = format!(" path={name}\n");
    let mut digits = 1;
    loop {
        let length = (rest.len() + digits).to_string();
        if length.len() == digits {
            return length + &rest;
        }
        digits += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octal(field: &[u8]) -> usize {
        let text = std::str::from_utf8(field).unwrap();
        usize::from_str_radix(text.trim_end_matches(['\0', ' ']), 8).unwrap()
    }

    #[test]
    fn a_short_name_stands_in_the_header() {
        let archive = of_one("a/b", b"content");
        assert_eq!(archive.len(), 4 * BLOCK);
        assert_eq!(&archive[..4], b"a/b\0");
        assert_eq!(octal(&archive[124..136]), 7);
        assert_eq!(
            (archive[156], &archive[257..265]),
            (b'0', &b"ustar\x0000"[..])
        );
        assert_eq!(&archive[BLOCK..BLOCK + 8], b"content\0");
        let blanked = archive[..BLOCK].iter().enumerate();
        let bytes = blanked.map(|(at, byte)| {
            if (148..156).contains(&at) {
                b' '
            } else {
                *byte
            }
        });
        assert_eq!(
            octal(&archive[148..156]),
            bytes.map(usize::from).sum::<usize>()
        );
    }

    #[test]
    fn a_long_name_stands_before_it() {
        let name = "d/".repeat(200);
        let archive = of_one(&name, b"content");
        assert_eq!(archive.len(), 6 * BLOCK);
        assert_eq!(archive[156], b'x');
        let record = format!("410 path={name}\n");
        assert_eq!(record.len(), 410);
        assert!(archive[BLOCK..].starts_with(record.as_bytes()));
    }

    #[test]
    fn a_record_counts_its_own_length() {
        for length in 1..1200 {
            let record = path_record(&"x".repeat(length));
            let (told, _) = record.split_once(' ').unwrap();
            assert_eq!(told.parse(), Ok(record.len()));
        }
    }
}
