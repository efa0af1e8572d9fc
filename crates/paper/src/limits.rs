//! The limits of a sheet, and the arithmetic behind them.

/// Jobs on one label: eight label pages of six, more than any carton holds.
pub const LABEL_JOBS: usize = 48;

/// Jobs on one page of a label: two columns of three barcodes.
pub(crate) const JOBS_PER_PAGE: usize = 6;

/// Characters of one text that are looked at. The largest box holds some 400 of its smallest size.
pub(crate) const TEXT_CHARS: usize = 600;

/// Lines of an address that are looked at: the ten that an address can have, and two to spare.
pub(crate) const PARTY_LINES: usize = 12;

/// Lines that one paragraph of a receipt is wrapped into, then it is cut: [`TEXT_CHARS`] in the widest letters.
pub(crate) const WRAPPED_LINES: usize = 12;

/// Lines of the report that stand on a receipt for people. It has some twenty, and two hundred names at most in each of three
/// lists.
pub(crate) const RECEIPT_LINES: usize = 250;

/// Steps that stand on a receipt for people. A usual job has twenty.
pub(crate) const RECEIPT_STEPS: usize = 300;

/// E-mail addresses and tasks that are looked at.
pub(crate) const LIST_ENTRIES: usize = 12;

/// Marks upon one letter. Vocalised Hebrew has three, Vietnamese two; a tower of them would stand
/// on the line above.
pub(crate) const MARKS_PER_LETTER: usize = 4;
