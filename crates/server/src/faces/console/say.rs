//! Names from elsewhere, as templates show them.

use model::readable;

/// Most characters of a name from a device or a customer that are shown.
const NAME_CHARS: usize = 400;

/// Most characters of a line of a text that are shown.
const LINE_CHARS: usize = 4_000;

/// A name from elsewhere, on one line and harmless.
pub(super) fn name(text: impl AsRef<str>) -> String {
    readable::name(text.as_ref(), NAME_CHARS)
}

/// A line of a text from elsewhere, harmless and as long as lines are.
pub(super) fn line(text: impl AsRef<str>) -> String {
    readable::name(text.as_ref(), LINE_CHARS)
}
