//! Decides which names may be used on disk: bucket names, and the path an object would like to have.
//!
//! Pure. The path is a wish, not an identity: two keys may wish for the same one, and whoever comes
//! second gets a variant, because the index remembers which path a key really has. So the only law
//! kept here is that a path never leaves its bucket's folder and can be created on common file systems.

use crate::limits;
use s3s::crypto::{Checksum, Crc32, Sha256};

/// Whether S3's rules allow the bucket name and it is none of the store's own files.
pub(crate) fn is_bucket_name(name: &str) -> bool {
    s3s::path::check_bucket_name(name) && !name.starts_with("index.db")
}

/// The components of the path an object would like to have inside its bucket. Never empty.
pub(crate) fn components(key: &str) -> Vec<String> {
    let parts: Vec<String> = key.split('/').map(component).collect();
    let bytes: usize = parts.iter().map(|part| part.len() + 1).sum();
    if parts.len() > limits::DEPTH || bytes > limits::PATH_BYTES {
        return vec![
            "~".to_owned(),
            hex::encode(Sha256::checksum(key.as_bytes())),
        ];
    }
    parts
}

/// The second choice for a name that is taken: a tail of eight hex digits, before the ending by
/// which people and programs tell what a file is.
pub(crate) fn variant(name: &str, tail: u32) -> String {
    let (stem, ending) = name.split_at(name.len() - ending_bytes(name));
    format!("{stem}~{tail:08x}{ending}")
}

/// The second choice for a folder whose name is taken by a file.
pub(crate) fn folder_variant(folder: &str) -> String {
    format!("{folder}~{:08x}", folder_tail(folder))
}

/// The tail for a folder whose name is taken by a file: the same for every key below that folder.
fn folder_tail(folder: &str) -> u32 {
    Crc32::checksum_u32(folder.as_bytes())
}

fn component(raw: &str) -> String {
    let name = match raw {
        "" => "%".to_owned(),
        "." => "%2E".to_owned(),
        ".." => "%2E%2E".to_owned(),
        _ => escape_controls(raw),
    };
    if name.len() <= limits::COMPONENT_BYTES {
        return name;
    }
    let ending = &name[name.len() - ending_bytes(&name)..];
    let head = name.floor_char_boundary(limits::COMPONENT_BYTES - 9 - ending.len());
    format!(
        "{}~{:08x}{ending}",
        &name[..head],
        Crc32::checksum_u32(raw.as_bytes())
    )
}

/// Bytes of the ending of a name with its dot; none if there is no ending a person would call one.
fn ending_bytes(name: &str) -> usize {
    match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= limits::ENDING_BYTES => name.len() - dot,
        _ => 0,
    }
}

/// Control characters upset terminals and a NUL cannot be part of a file's name at all.
fn escape_controls(raw: &str) -> String {
    let mut name = String::with_capacity(raw.len());
    for c in raw.chars() {
        if c.is_ascii_control() {
            name.push_str(&format!("%{:02X}", u32::from(c)));
        } else {
            name.push(c);
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(key: &str) -> String {
        components(key).join("/")
    }

    #[test]
    fn plain_keys_keep_their_names() {
        assert_eq!(path("photos/2009/x é+%20.jpg"), "photos/2009/x é+%20.jpg");
        assert_eq!(path("a"), "a");
        assert_eq!(path(".hidden"), ".hidden");
    }

    #[test]
    fn no_key_leaves_its_bucket() {
        assert_eq!(path("../../etc/passwd"), "%2E%2E/%2E%2E/etc/passwd");
        assert_eq!(path("/lead"), "%/lead");
        assert_eq!(path("trail/"), "trail/%");
        assert_eq!(path("a//b"), "a/%/b");
        assert_eq!(path("a/./b"), "a/%2E/b");
        assert_eq!(path("nul\0\n"), "nul%00%0A");
    }

    #[test]
    fn long_names_are_cut_at_a_character_and_told_apart() {
        let long = "é".repeat(500);
        let other = format!("{}a", "é".repeat(500));
        let (a, b) = (path(&long), path(&other));
        assert!(a.len() <= limits::COMPONENT_BYTES && b.len() <= limits::COMPONENT_BYTES);
        assert_ne!(a, b);
        assert!(a.starts_with("éééé"));
        let film = path(&format!("{}.mp4", "n".repeat(900)));
        assert!(
            film.len() <= limits::COMPONENT_BYTES && film.ends_with(".mp4"),
            "{film}"
        );
    }

    #[test]
    fn variants_keep_the_ending() {
        assert_eq!(variant("IMG.JPG", 1), "IMG~00000001.JPG");
        assert_eq!(variant("a.tar.gz", 1), "a.tar~00000001.gz");
        assert_eq!(variant(".hidden", 1), ".hidden~00000001");
        assert_eq!(variant("README", 1), "README~00000001");
        let sentence = "no. this is a whole sentence behind a dot";
        assert_eq!(variant(sentence, 1), format!("{sentence}~00000001"));
    }

    #[test]
    fn deep_keys_are_stored_flat() {
        let path = components(&"/".repeat(1000));
        assert_eq!(path.len(), 2);
        assert_eq!(path[1].len(), 64);
    }

    #[test]
    fn bucket_names_follow_s3_and_spare_the_index() {
        for good in ["abc", "my.bucket-1", "0ab"] {
            assert!(is_bucket_name(good), "{good}");
        }
        for bad in [
            "ab",
            "Upper",
            "under_score",
            "a..b",
            "-ab",
            "192.168.1.1",
            "index.db",
            "index.db-wal",
            ".incoming",
            "",
        ] {
            assert!(!is_bucket_name(bad), "{bad}");
        }
    }
}
