//! Texts that were sent in the place of a manifest, and how each is told.
//!
//! Asked only when a text has no option of any manifest: a manifest is never judged by its looks.

/// Longest text that may be somebody's path.
const PATH_BYTES: usize = 4096;

/// Ends of the names of files that hold manifests.
const EXTENSIONS: [&str; 6] = [".txt", ".yaml", ".yml", ".json", ".xml", ".manifest"];

/// What a text is that has none of a manifest's options, as a fragment that says what mends it;
/// `None` if it is like nothing that people are known to send.
#[must_use]
pub fn recognise(text: &str) -> Option<&'static str> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if is_reference(text) {
        return Some(
            "it is the address of a file, which the client sent without reading it; a local file \
             is read by the AWS CLI if it is written as `--manifest file://PATH`, with quotes if \
             PATH has spaces",
        );
    }
    if let Some(told) = of_another_kind(text) {
        return Some(told);
    }
    if is_path(text) {
        return Some(
            "it looks like the path of a file; the manifest's text itself must be sent, which the \
             AWS CLI does if it is written as `--manifest file://PATH`",
        );
    }
    None
}

/// What the bytes of a file are that is no text, as [`recognise`] says it.
#[must_use]
pub fn recognise_bytes(bytes: &[u8]) -> Option<&'static str> {
    let head = &bytes[..bytes.len().min(8)];
    of_another_kind(&String::from_utf8_lossy(head))
}

fn is_reference(text: &str) -> bool {
    let schemes = ["file://", "fileb://", "s3://", "http://", "https://"];
    !text.contains('\n') && schemes.iter().any(|scheme| text.starts_with(scheme))
}

fn is_path(text: &str) -> bool {
    if text.is_empty() || text.len() > PATH_BYTES || text.contains('\n') || text.contains(": ") {
        return false;
    }
    let lower = text.to_ascii_lowercase();
    let drive = text.as_bytes().get(1) == Some(&b':') && text.as_bytes()[0].is_ascii_alphabetic();
    let named = EXTENSIONS.iter().any(|end| lower.ends_with(end));
    named || drive || text.contains(['/', '\\'])
}

fn of_another_kind(text: &str) -> Option<&'static str> {
    let begins = |words: &[&str]| words.iter().any(|word| text.starts_with(word));
    Some(match () {
        () if begins(&["{\\rtf"]) => "it is a document of a word processor; save it as plain text",
        () if begins(&["PK\u{3}\u{4}", "%PDF", "\u{fffd}\u{fffd}\u{11}\u{fffd}"]) => {
            "it is a document of another program; save the options as plain text"
        }
        () if text.contains('\0') => {
            "its characters take two bytes each (UTF-16, which Windows calls Unicode); save it as \
             UTF-8"
        }
        () if begins(&["<"]) => "it is XML or HTML; options are lines such as `bucket: my-bucket`",
        () if text.contains("signingMethod") => {
            "it is a SIGNATURE file; the manifest is the text with bucket, deviceId and \
             returnAddress that the job is made from"
        }
        () if is_base64(text) => "it looks like base64; send the text itself",
        () if has_equals_signs(text) => {
            "an option and its value are separated by a colon, as in `bucket: my-bucket`, not by ="
        }
        () => return None,
    })
}

/// Whether a text is longer than any word, and only letters of base64.
fn is_base64(text: &str) -> bool {
    let letters = |b: u8| b.is_ascii_alphanumeric() || b"+/=\r\n".contains(&b);
    text.len() > 200 && text.bytes().all(letters)
}

/// Whether all lines that say something have `name = value`.
fn has_equals_signs(text: &str) -> bool {
    let mut lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with(['#', '[']))
        .peekable();
    let option = |line: &str| {
        line.split_once('=').is_some_and(|(name, _)| {
            let name = name.trim();
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric())
        })
    };
    lines.peek().is_some() && lines.all(option)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_send_in_place_of_a_manifest_is_told() {
        let coded = "bWFuaWZlc3RWZXJzaW9uOiAyLjAK".repeat(10);
        for (text, word) in [
            ("/root/Downloads/manifest.txt", "path"),
            ("manifest.yaml", "path"),
            ("./Manifest.TXT\n", "path"),
            (r"C:\Users\me\my manifest.txt", "path"),
            ("C:/manifest", "path"),
            ("file://manifest.txt", "without reading"),
            ("s3://bucket/manifest", "without reading"),
            (r"{\rtf1\ansi manifestVersion: 2.0}", "word processor"),
            ("<manifest><bucket>b</bucket></manifest>", "XML"),
            ("\u{feff}m\0a\0n\0i\0", "UTF-16"),
            (
                "version:2.0\nsigningMethod:HmacSHA1\njobId:ABCDE",
                "SIGNATURE",
            ),
            ("bucket=photos\ndeviceId = 1\n", "colon"),
            (&coded, "base64"),
        ] {
            let told = recognise(text).unwrap_or_else(|| panic!("{text} is not recognised"));
            assert!(told.contains(word), "{text}: {told}");
        }
        for text in [
            "",
            "invalid-manifest",
            "INVALID MANIFEST",
            "42",
            "a: b",
            "x = y z: 1\nq",
        ] {
            assert_eq!(recognise(text), None, "{text}");
        }
    }
}
