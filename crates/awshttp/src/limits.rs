//! How much is read, and how often one request is sent before it counts as failed.

/// Longest answer that is a document, in bytes. A page of 1,000 keys of 1,024 bytes, encoded threefold, is 3 MiB;
/// a page of 10,000 blocks with tokens of 256 characters is as much; and the XML reader takes no more than 16.
pub(crate) const DOCUMENT_BYTES: u64 = 16 << 20;

/// Bodies from this size on wait for the service's leave (`Expect: 100-continue`), in bytes: a service that refuses
/// at once closes the connection, and a refusal sent into a body is lost.
pub(crate) const POLITE_BYTES: usize = 1 << 20;

/// How often one request is signed again because the service finds its time wrong: by our own clock where the
/// answer does not tell another, and then by the service's.
pub(crate) const SIGNED_AGAIN: usize = 2;

/// The least time between two warnings that a service fails, in seconds.
pub(crate) const WARN_EVERY_SECONDS: u64 = 30;
