//! What an object carries beside its bytes.

/// Headers, rights and metadata of one object. Values are as they go on the wire; `None` means the
/// header is not sent and the store's default holds.
///
/// Metadata values may be any text: those that a header cannot carry unchanged travel as RFC 2047
/// encoded words, which is how S3 itself returns them, and are decoded when read back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attributes {
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Content-Encoding`.
    pub content_encoding: Option<String>,
    /// `Content-Language`.
    pub content_language: Option<String>,
    /// `Content-Disposition`.
    pub content_disposition: Option<String>,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// `Expires`, an HTTP date.
    pub expires: Option<String>,
    /// `x-amz-acl`, a canned ACL such as `public-read`. Never told back by a store.
    pub acl: Option<String>,
    /// `x-amz-storage-class`, such as `STANDARD_IA`. `None` is `STANDARD`.
    pub storage_class: Option<String>,
    /// User metadata: names start after `x-amz-meta-`; sorted by name when read back.
    pub metadata: Vec<(String, String)>,
}
