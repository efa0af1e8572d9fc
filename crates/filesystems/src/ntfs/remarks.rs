//! What a customer should know of a volume though nothing failed.

/// What was noticed while a volume was read.
#[derive(Debug, Clone, Default)]
pub(super) struct Noticed {
    /// The boot sector is damaged, and its copy was taken.
    pub(super) is_boot_damaged: bool,
    /// The volume was not ejected cleanly.
    pub(super) is_dirty: bool,
    /// $Volume cannot be read.
    pub(super) is_state_unknown: bool,
    /// Windows sleeps on it.
    pub(super) is_hibernated: bool,
    /// The device ends so many bytes before the volume does.
    pub(super) missing_bytes: u64,
    /// Files whose clusters others had claimed before.
    pub(super) crossed: u64,
    /// Files of the file system itself of which the same is true.
    pub(super) crossed_system: u64,
    /// Folders that something else than NTFS completes: of cloud drives.
    pub(super) completed_folders: u64,
    /// Further streams of folders.
    pub(super) folder_streams: u64,
}

impl Noticed {
    /// It in words.
    pub(super) fn remarks(&self) -> Vec<String> {
        let said = [
            (
                self.is_boot_damaged,
                "the boot sector is damaged: its copy at the end was taken".to_owned(),
            ),
            (
                self.is_dirty,
                "it was not ejected cleanly: changes that were not written down are missing"
                    .to_owned(),
            ),
            (
                self.is_state_unknown,
                "whether it was ejected cleanly is not known: $Volume cannot be read".to_owned(),
            ),
            (
                self.is_hibernated,
                "Windows was hibernated, or shut down by Fast Startup: changes that it had not \
                 written down are missing"
                    .to_owned(),
            ),
            (
                self.missing_bytes > 0,
                format!(
                    "the device ends {} bytes before the volume does",
                    self.missing_bytes
                ),
            ),
            (
                self.crossed > 0,
                format!(
                    "{} files have clusters that others have as well; of these the ones found first \
                     are told as they are, and may be wrong",
                    self.crossed
                ),
            ),
            (
                self.crossed_system > 0,
                "files of the file system itself have clusters that others have as well".to_owned(),
            ),
            (
                self.completed_folders > 0,
                format!(
                    "{} folders belong to a cloud drive or the like: what lies only there is missing",
                    self.completed_folders
                ),
            ),
            (
                self.folder_streams > 0,
                format!(
                    "{} further streams of folders are left out",
                    self.folder_streams
                ),
            ),
        ];
        let said = said.into_iter().filter(|(is_so, _)| *is_so);
        said.map(|(_, remark)| remark).collect()
    }
}
