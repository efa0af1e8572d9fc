//! The translation of LZX: the targets of what may be x86 calls (`E8`) are absolute in the packed bytes, because
//! calls of one place then look alike.

/// The size of file that the targets are taken to be of.
const FILE_BYTES: i32 = 12_000_000;
/// So many bytes at the end of a chunk are left alone.
const TAIL: usize = 10;

/// Makes the targets in a chunk relative again.
pub(super) fn undo(chunk: &mut [u8]) {
    let end = chunk.len().saturating_sub(TAIL);
    let mut at = 0;
    while at < end {
        if chunk[at] != 0xE8 {
            at += 1;
            continue;
        }
        if let (Some(target), Ok(position)) = (chunk[at + 1..].first_chunk_mut(), i32::try_from(at))
        {
            *target = relative(i32::from_le_bytes(*target), position).to_le_bytes();
        }
        at += 5;
    }
}

/// The relative target at `position`; what is no absolute target stays.
fn relative(target: i32, position: i32) -> i32 {
    if (0..FILE_BYTES).contains(&target) {
        target - position
    } else if target < 0 && target >= -position {
        target + FILE_BYTES
    } else {
        target
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_become_relative_but_at_the_end() {
        let mut chunk = vec![0; 40];
        chunk[4] = 0xE8;
        chunk[5..9].copy_from_slice(&100i32.to_le_bytes());
        chunk[10] = 0xE8;
        chunk[11..15].copy_from_slice(&(-3i32).to_le_bytes());
        chunk[16] = 0xE8;
        chunk[17..21].copy_from_slice(&FILE_BYTES.to_le_bytes());
        chunk[30] = 0xE8;
        chunk[31] = 100;
        undo(&mut chunk);
        assert_eq!(chunk[5..9], 96i32.to_le_bytes());
        assert_eq!(chunk[11..15], (FILE_BYTES - 3).to_le_bytes());
        assert_eq!(chunk[17..21], FILE_BYTES.to_le_bytes());
        assert_eq!(chunk[31], 100);
        undo(&mut [0xE8; 3]);
    }
}
