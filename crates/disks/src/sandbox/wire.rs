//! How values lie in a frame: numbers lowest byte first, bytes behind their length.
//!
//! Whoever takes a value trusts nothing of it: a length is compared with what is there, and with what it may be at
//! most, before anything is allocated.

use super::limits::{LISTED, WORDS_BYTES};

/// What was sent is no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Malformed(pub(super) &'static str);

/// A value that is sent.
pub(super) trait Wire: Sized {
    /// The fewest bytes that any such value takes.
    const LEAST: usize = 1;

    /// Appends it.
    fn put(&self, into: &mut Vec<u8>);

    /// Takes one.
    ///
    /// # Errors
    /// If there is none.
    fn take(from: &mut Taken<'_>) -> Result<Self, Malformed>;
}

/// The body of a frame, from which values are taken one after the other.
#[derive(Debug)]
pub(super) struct Taken<'a> {
    rest: &'a [u8],
}

impl<'a> Taken<'a> {
    /// All of a body.
    pub(super) fn new(body: &'a [u8]) -> Self {
        Self { rest: body }
    }

    /// Whether everything was taken.
    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// So many bytes.
    pub(super) fn piece(&mut self, bytes: usize) -> Result<&'a [u8], Malformed> {
        let (piece, rest) = self
            .rest
            .split_at_checked(bytes)
            .ok_or(Malformed("a message ends too early"))?;
        self.rest = rest;
        Ok(piece)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let piece = self.piece(N)?;
        piece
            .try_into()
            .map_err(|_| Malformed("a message ends too early"))
    }

    /// Bytes behind their length, which is at most `most`.
    pub(super) fn bytes(&mut self, most: usize) -> Result<&'a [u8], Malformed> {
        let bytes = usize::try_from(u32::take(self)?).unwrap_or(usize::MAX);
        if bytes > most {
            return Err(Malformed("something is longer than it may be"));
        }
        self.piece(bytes)
    }

    /// Values behind their number, which is at most `most`.
    pub(super) fn list<T: Wire>(&mut self, most: usize) -> Result<Vec<T>, Malformed> {
        let count = usize::try_from(u32::take(self)?).unwrap_or(usize::MAX);
        if count > most || count > self.rest.len() / T::LEAST {
            return Err(Malformed("a list is longer than it may be"));
        }
        (0..count).map(|_| T::take(self)).collect()
    }

    /// A word that both sides know, behind its place among them.
    pub(super) fn word(&mut self, all: &[&'static str]) -> Result<&'static str, Malformed> {
        let place = usize::from(u8::take(self)?);
        let found = all.get(place);
        found.copied().ok_or(Malformed("a word that is not known"))
    }

    /// One value, which is all that is left.
    pub(super) fn whole<T: Wire>(mut self) -> Result<T, Malformed> {
        let value = T::take(&mut self)?;
        match self.is_empty() {
            true => Ok(value),
            false => Err(Malformed("a message goes on behind its end")),
        }
    }
}

/// Appends bytes behind their length.
pub(super) fn put_bytes(into: &mut Vec<u8>, bytes: &[u8]) {
    put_count(into, bytes.len());
    into.extend_from_slice(bytes);
}

/// Appends values behind their number.
pub(super) fn put_list<T: Wire>(into: &mut Vec<u8>, values: &[T]) {
    put_count(into, values.len());
    for value in values {
        value.put(into);
    }
}

/// Appends the place of a word among those that both sides know; of another, a place that is none.
pub(super) fn put_word(into: &mut Vec<u8>, all: &[&'static str], word: &str) {
    let place = all.iter().position(|it| *it == word);
    let place = place.and_then(|place| u8::try_from(place).ok());
    place.unwrap_or(u8::MAX).put(into);
}

fn put_count(into: &mut Vec<u8>, count: usize) {
    // What is longer is refused by whoever takes it, as anything is that is longer than a frame.
    u32::try_from(count).unwrap_or(u32::MAX).put(into);
}

macro_rules! number {
    ($($number:ty),*) => {$(
        impl Wire for $number {
            const LEAST: usize = size_of::<$number>();

            fn put(&self, into: &mut Vec<u8>) {
                into.extend_from_slice(&self.to_le_bytes());
            }

            fn take(from: &mut Taken<'_>) -> Result<Self, Malformed> {
                from.array().map(Self::from_le_bytes)
            }
        }
    )*};
}

number!(u8, u16, u32, u64, i16, i64);

/// Says by which numbers the variants of an enum without data are sent: a new one has to get one.
macro_rules! kinds {
    ($kinds:ty { $($number:literal => $variant:ident),* $(,)? }) => {
        impl Wire for $kinds {
            fn put(&self, into: &mut Vec<u8>) {
                let number: u8 = match self {
                    $(Self::$variant => $number,)*
                };
                number.put(into);
            }

            fn take(from: &mut Taken<'_>) -> Result<Self, Malformed> {
                match u8::take(from)? {
                    $($number => Ok(Self::$variant),)*
                    _ => Err(Malformed("a kind that there is not")),
                }
            }
        }
    };
}
pub(super) use kinds;

impl Wire for bool {
    fn put(&self, into: &mut Vec<u8>) {
        u8::from(*self).put(into);
    }

    fn take(from: &mut Taken<'_>) -> Result<Self, Malformed> {
        match u8::take(from)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed("neither yes nor no")),
        }
    }
}

impl<T: Wire> Wire for Option<T> {
    fn put(&self, into: &mut Vec<u8>) {
        self.is_some().put(into);
        if let Some(value) = self {
            value.put(into);
        }
    }

    fn take(from: &mut Taken<'_>) -> Result<Self, Malformed> {
        match bool::take(from)? {
            true => T::take(from).map(Some),
            false => Ok(None),
        }
    }
}

/// Words for people. What could move a cursor or hide something is replaced where they arrive; what is too long is cut
/// where they are sent.
impl Wire for String {
    const LEAST: usize = 4;

    fn put(&self, into: &mut Vec<u8>) {
        let end = self.floor_char_boundary(WORDS_BYTES);
        put_bytes(into, &self.as_bytes()[..end]);
    }

    fn take(from: &mut Taken<'_>) -> Result<Self, Malformed> {
        let words = str::from_utf8(from.bytes(WORDS_BYTES)?)
            .map_err(|_| Malformed("words that are not UTF-8"))?;
        let printable = |c: char| if c.is_control() { '\u{FFFD}' } else { c };
        Ok(words.chars().map(printable).collect())
    }
}

impl Wire for Vec<String> {
    const LEAST: usize = 4;

    fn put(&self, into: &mut Vec<u8>) {
        put_list(into, self);
    }

    fn take(from: &mut Taken<'_>) -> Result<Self, Malformed> {
        from.list(LISTED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_checked_before_anything_is_allocated() {
        let mut body = Vec::new();
        u32::MAX.put(&mut body);
        let body = [body, vec![0; 100]].concat();
        assert!(Taken::new(&body).bytes(usize::MAX).is_err());
        assert!(Taken::new(&body).list::<u8>(usize::MAX).is_err());
        assert!(Taken::new(&[3, 0, 0, 0, 1, 2, 3]).list::<u16>(9).is_err());
        assert!(Taken::new(&[3, 0, 0, 0, 1, 2, 3]).list::<u8>(2).is_err());
        let list = Taken::new(&[3, 0, 0, 0, 1, 2, 3]).list::<u8>(3);
        assert_eq!(list, Ok(vec![1, 2, 3]));
    }

    #[test]
    fn words_arrive_printable_and_cut() {
        let mut body = Vec::new();
        format!("a\u{1b}[2J\n{}", "é".repeat(3000)).put(&mut body);
        let words: String = Taken::new(&body).whole().unwrap();
        assert!(words.starts_with("a\u{FFFD}[2J\u{FFFD}éé"));
        assert!(body.len() <= 4 + WORDS_BYTES);
        assert!(Taken::new(&[1, 0, 0, 0, 0xFF]).whole::<String>().is_err());
    }

    #[test]
    fn a_message_ends_where_it_ends() {
        assert_eq!(Taken::new(&[1, 7]).whole::<Option<u8>>(), Ok(Some(7)));
        assert!(Taken::new(&[1]).whole::<Option<u8>>().is_err());
        assert!(Taken::new(&[0, 0]).whole::<Option<u8>>().is_err());
        assert!(Taken::new(&[2]).whole::<bool>().is_err());
    }
}
