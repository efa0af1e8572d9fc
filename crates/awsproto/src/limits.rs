//! Every limit of this crate, each with the arithmetic that chose it.
//!
//! A request is measured before anything is believed about it, so these bound what a stranger can
//! make us hold.

/// Longest decoded parameter value, in bytes: a manifest has no published limit, and 1 MiB is far
/// above any real one.
pub const MAX_VALUE_BYTES: usize = 1 << 20;

/// Longest form body or query string, in bytes: the largest value with every byte percent-encoded,
/// and 64 KiB for the rest.
pub const MAX_FORM_BYTES: usize = 3 * MAX_VALUE_BYTES + (64 << 10);

/// Longest decoded parameter name, in bytes: the longest one the protocol knows has 31 (`X-Amz-…`);
/// lists append `.member.N`.
pub const MAX_NAME_BYTES: usize = 256;

/// Most parameters in one request: a thousand list members, and as many again.
pub const MAX_PARAMS: usize = 2048;

/// Longest access key id, in bytes: the limit IAM documents for its `AccessKeyId` type.
pub const MAX_ACCESS_KEY_ID_BYTES: usize = 128;

/// Longest session token, in bytes: real ones stay under 4 KiB.
pub const MAX_SESSION_TOKEN_BYTES: usize = 16 << 10;

/// Most header names in one `SignedHeaders` list: clients sign at most a dozen.
pub const MAX_SIGNED_HEADERS: usize = 64;

/// Longest lifetime of a presigned request, in seconds: seven days, as Signature Version 4
/// documents.
pub const MAX_PRESIGNED_SECONDS: u32 = 7 * 24 * 60 * 60;

/// Most bytes of a canonical string that an error message repeats: enough to compare by eye, too
/// little to amplify a flood.
pub const MAX_ECHO_BYTES: usize = 8 << 10;

/// Longest XML document the reader accepts, in bytes: a page of 1,000 keys of 1,024 bytes,
/// percent-encoded threefold, is 3 MiB.
pub const MAX_XML_BYTES: usize = 16 << 20;

/// Deepest nesting the XML reader accepts: AWS answers stay under 10, and dropping a tree recurses
/// this far.
pub const MAX_XML_DEPTH: usize = 64;

/// Most elements in one XML document: a page of 1,000 entries with 20 elements each, tenfold.
pub const MAX_XML_ELEMENTS: usize = 200_000;
