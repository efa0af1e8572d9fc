//! Which Content-Type and Content-Encoding a file gets (developer guide, *Examples of import
//! manifests*).

use crate::manifest::S3Import;

/// The type of a file whose extension says nothing and whose manifest has no default.
pub const UNKNOWN: &str = "binary/octet-stream";

/// The type AWS's own log shows for the file `SIGNATURE`.
pub const SIGNATURE: &str = "text/plain";

/// The first bytes of every gzip member (RFC 1952, section 2.3.1): magic number, then deflate.
pub(crate) const GZIP_MAGIC: [u8; 3] = [0x1F, 0x8B, 0x08];

/// How many bytes of a file [`content`] looks at.
pub const HEAD_BYTES: usize = GZIP_MAGIC.len();

/// What a file's content is declared to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// `Content-Type`.
    pub content_type: String,
    /// `Content-Encoding`, if any.
    pub encoding: Option<&'static str>,
}

/// Declares a file's content by its name, and by its first bytes where the manifest asks for it.
///
/// With `setContentEncodingForGzFiles` a file that begins as gzip does is declared
/// `Content-Encoding: gzip`, and a trailing `.gz` or `.gzip` is passed over in choosing its type.
/// The extension alone never triggers the encoding.
#[must_use]
pub fn content(rules: &S3Import, path: &str, head: &[u8]) -> Content {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_gzip = rules.gzip_content_encoding && head.starts_with(&GZIP_MAGIC);
    let typed_name = if is_gzip {
        without_gzip_extension(name)
    } else {
        name
    };
    Content {
        content_type: by_extension(rules, extension(typed_name)),
        encoding: is_gzip.then_some("gzip"),
    }
}

/// The manifest's own map (case-sensitive), then the built-in table, then the defaults.
fn by_extension(rules: &S3Import, extension: Option<&str>) -> String {
    let own = extension.and_then(|wanted| {
        rules
            .content_types
            .iter()
            .find(|(known, _)| known == wanted)
            .map(|(_, kind)| kind.clone())
    });
    own.or_else(|| extension.and_then(built_in))
        .or_else(|| rules.default_content_type.clone())
        .unwrap_or_else(|| UNKNOWN.to_owned())
}

/// The type the IANA registry and common web servers give to an extension.
fn built_in(extension: &str) -> Option<String> {
    mime_guess::from_ext(&extension.to_ascii_lowercase())
        .first_raw()
        .map(str::to_owned)
}

fn extension(name: &str) -> Option<&str> {
    name.rsplit_once('.')
        .map(|(_, extension)| extension)
        .filter(|e| !e.is_empty())
}

fn without_gzip_extension(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, last)) if ["gz", "gzip"].iter().any(|e| last.eq_ignore_ascii_case(e)) => stem,
        _ => name,
    }
}
