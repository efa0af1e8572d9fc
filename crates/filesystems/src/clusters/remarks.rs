//! What a customer should know though nothing failed.

use crate::clusters::catalogue::Counts;
use crate::clusters::table::Table;

/// What was met of a volume.
pub(crate) struct Met<'a> {
    /// It says that it is in use.
    pub(crate) is_dirty: bool,
    /// Its first sector was no use, and the copy of it was taken.
    pub(crate) is_from_backup: bool,
    /// Its size in bytes.
    pub(crate) bytes: u64,
    /// The size of what it lies on in bytes.
    pub(crate) device: u64,
    pub(crate) table: &'a Table,
    pub(crate) counts: &'a Counts,
}

impl Met<'_> {
    pub(crate) fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if self.is_dirty {
            remarks
                .push("it was not ejected cleanly: what was not written yet is missing".to_owned());
        }
        if self.is_from_backup {
            remarks.push("its first sector is of no use: the copy of it was used".to_owned());
        }
        if self.table.was_copied() {
            remarks.push(
                "its file allocation table cannot be read in places: the copy was used".to_owned(),
            );
        }
        if self.bytes > self.device {
            let missing = self.bytes - self.device;
            remarks.push(format!(
                "the device ends {missing} bytes before the volume does"
            ));
        }
        if self.counts.preallocated > 0 {
            let files = self.counts.preallocated;
            remarks.push(format!(
                "{files} files have room beyond their end, which is not loaded"
            ));
        }
        remarks
    }
}
