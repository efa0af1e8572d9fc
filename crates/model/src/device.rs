//! What is known of a shipped device: values only, whoever looked.

/// A place on a device: bytes from its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceOffset(u64);

impl DeviceOffset {
    /// So many bytes from the beginning.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// Bytes from the beginning.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}
