//! Whether a name is another one misspelled.

/// Most separators and letters too many that a name may have: an option has four words at most.
const SEPARATORS: usize = 6;

/// Whether `written` is `name` but for case, underscores, hyphens, spaces or, in names of five letters
/// and more, two letters: one too many, missing, exchanged or changed places. A name is like itself.
pub(super) fn is_like(written: &str, name: &str) -> bool {
    if written == name {
        return true;
    }
    // Asked of every name of a hostile text: most are dismissed by a glance at length and first letter.
    let first = |text: &str| text.bytes().next().map(|b| b.to_ascii_lowercase());
    if written.len().abs_diff(name.len()) > SEPARATORS || first(written) != first(name) {
        return false;
    }
    // `street2` is no slip of `street1`; `street` may be one.
    let digits = |text: &str| {
        text.chars()
            .filter(char::is_ascii_digit)
            .collect::<String>()
    };
    if !digits(written).is_empty() && digits(written) != digits(name) {
        return false;
    }
    let (written, name) = (plain(written), plain(name));
    let slips = match name.len() {
        0..5 => 0,
        5..8 => 1,
        _ => 2,
    };
    written == name || (slips > 0 && strsim::osa_distance(&written, &name) <= slips)
}

fn plain(name: &str) -> String {
    let meant = |c: &char| !matches!(c, '_' | '-' | ' ');
    name.chars()
        .filter(meant)
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_known_and_other_options_are_not_slips() {
        for (written, name) in [
            ("Bucket", "bucket"),
            ("bukcet", "bucket"),
            ("device_id", "deviceId"),
            ("device id", "deviceId"),
            ("erase-device", "eraseDevice"),
            ("notificationEMail", "notificationEmail"),
            ("notifcationEmial", "notificationEmail"),
            ("manifestversion", "manifestVersion"),
            ("street", "street1"),
        ] {
            assert!(is_like(written, name), "{written} {name}");
        }
        for (written, name) in [
            ("logBucket", "bucket"),
            ("exportBucket", "bucket"),
            ("city", "name"),
            ("street2", "street1"),
            ("acls", "acl"),
            ("prefix", "logPrefix"),
        ] {
            assert!(!is_like(written, name), "{written} {name}");
        }
    }
}
