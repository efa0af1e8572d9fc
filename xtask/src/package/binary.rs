//! What a program needs of the system, told from its bytes.

/// What stands before the version in the name of each version of the C library's symbols.
const PREFIX: &[u8] = b"GLIBC_";

/// The newest version of the C library whose symbols a program names: it runs with that and every later one.
pub(super) fn newest_glibc(program: &[u8]) -> Option<String> {
    let places = program.windows(PREFIX.len()).enumerate();
    let versions = places
        .filter(|(_, window)| *window == PREFIX)
        .filter_map(|(at, _)| version(&program[at + PREFIX.len()..]));
    let (major, minor) = versions.max()?;
    Some(format!("{major}.{minor}"))
}

/// Major and minor number of a version that ends with a zero byte, as names in a program do. A third number says nothing of
/// what is needed.
fn version(text: &[u8]) -> Option<(u32, u32)> {
    let end = text.iter().take(16).position(|byte| *byte == 0)?;
    let text = std::str::from_utf8(&text[..end]).ok()?;
    let mut numbers = text.split('.').map(str::parse);
    let (major, minor) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    Some((major, minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_is_found_by_its_numbers() {
        let program = b"\0GLIBC_2.2.5\0GLIBC_2.36\0GLIBC_2.9\0GLIBC_PRIVATE\0not GLIBC_9\0GLIBC_";
        assert_eq!(newest_glibc(program).as_deref(), Some("2.36"));
        assert_eq!(newest_glibc(b"a program of its own"), None);
    }
}
