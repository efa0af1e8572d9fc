//! The limits of a sheet, and the arithmetic behind them.

/// Jobs on one label: eight label pages of six, more than any carton holds.
pub const LABEL_JOBS: usize = 48;

/// Jobs on one page of a label: two columns of three barcodes.
pub(crate) const JOBS_PER_PAGE: usize = 6;

/// Characters of one text that are looked at. The largest box holds some 400 of its smallest size.
pub(crate) const TEXT_CHARS: usize = 600;

/// Lines of an address that are looked at: the ten that an address can have, and two to spare.
pub(crate) const PARTY_LINES: usize = 12;

/// E-mail addresses and tasks that are looked at.
pub(crate) const LIST_ENTRIES: usize = 12;

/// Marks upon one letter. Vocalised Hebrew has three, Vietnamese two; a tower of them would stand
/// on the line above.
pub(crate) const MARKS_PER_LETTER: usize = 4;
