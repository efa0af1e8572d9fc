//! Reads the CBOR of authenticators (CTAP 2.1, section 8: RFC 8949 with definite lengths, no tags, no fractions, few levels).
//! Nothing is believed of a length that is told: what is read is there.

/// Levels of maps and lists within each other: CTAP has four.
const LEVELS: u8 = 4;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Integer(i64),
    Bytes(&'a [u8]),
    Text(&'a str),
    List(Vec<Value<'a>>),
    Map(Vec<(Value<'a>, Value<'a>)>),
    /// `false`, `true`, `null`.
    Simple(u8),
}

impl<'a> Value<'a> {
    /// What a map has under a text.
    pub(crate) fn under(&self, name: &str) -> Option<&Self> {
        self.find(&|key| matches!(key, Value::Text(text) if *text == name))
    }

    /// What a map has under a number.
    pub(crate) fn at(&self, number: i64) -> Option<&Self> {
        self.find(&|key| *key == Value::Integer(number))
    }

    pub(crate) fn bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(crate) fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }

    fn find(&self, is_key: &dyn Fn(&Value<'a>) -> bool) -> Option<&Self> {
        let Self::Map(entries) = self else {
            return None;
        };
        let found = entries.iter().find(|(key, _)| is_key(key));
        found.map(|(_, value)| value)
    }
}

/// Reads one value, and gives what stands behind it. `None` of what is no such CBOR.
pub(crate) fn read(bytes: &[u8]) -> Option<(Value<'_>, &[u8])> {
    value(bytes, LEVELS)
}

fn value(bytes: &[u8], levels: u8) -> Option<(Value<'_>, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let (kind, short) = (first >> 5, first & 0x1f);
    if kind == 7 {
        return matches!(short, 20..=22).then_some((Value::Simple(short), rest));
    }
    let (told, rest) = number(short, rest)?;
    match kind {
        0 => Some((Value::Integer(i64::try_from(told).ok()?), rest)),
        1 => Some((Value::Integer(-1 - i64::try_from(told).ok()?), rest)),
        2 => {
            let (content, rest) = rest.split_at_checked(usize::try_from(told).ok()?)?;
            Some((Value::Bytes(content), rest))
        }
        3 => {
            let (content, rest) = rest.split_at_checked(usize::try_from(told).ok()?)?;
            Some((Value::Text(std::str::from_utf8(content).ok()?), rest))
        }
        4 => list(told, rest, levels.checked_sub(1)?),
        5 => map(told, rest, levels.checked_sub(1)?),
        _ => None,
    }
}

/// The number that a first byte tells, or that stands behind it.
fn number(short: u8, rest: &[u8]) -> Option<(u64, &[u8])> {
    let width = match short {
        0..=23 => return Some((u64::from(short), rest)),
        24..=27 => 1 << (short - 24),
        _ => return None,
    };
    let (digits, rest) = rest.split_at_checked(width)?;
    let told = digits
        .iter()
        .fold(0, |sum, digit| sum << 8 | u64::from(*digit));
    Some((told, rest))
}

fn list(count: u64, mut rest: &[u8], levels: u8) -> Option<(Value<'_>, &[u8])> {
    let mut items = Vec::new();
    for _ in 0..count {
        let (item, after) = value(rest, levels)?;
        items.push(item);
        rest = after;
    }
    Some((Value::List(items), rest))
}

/// A map has each key once: of two that are alike nobody could say which counts.
fn map(count: u64, mut rest: &[u8], levels: u8) -> Option<(Value<'_>, &[u8])> {
    let mut entries: Vec<(Value<'_>, Value<'_>)> = Vec::new();
    for _ in 0..count {
        let (key, after) = value(rest, levels)?;
        let (content, after) = value(after, levels)?;
        if entries.iter().any(|(other, _)| *other == key) {
            return None;
        }
        entries.push((key, content));
        rest = after;
    }
    Some((Value::Map(entries), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_are_read_as_rfc_8949_writes_them() {
        // RFC 8949, appendix A.
        for (bytes, expected) in [
            (&[0x00][..], Value::Integer(0)),
            (&[0x18, 0x64], Value::Integer(100)),
            (&[0x19, 0x03, 0xe8], Value::Integer(1000)),
            (&[0x38, 0x63], Value::Integer(-100)),
            (&[0x39, 0x01, 0x00], Value::Integer(-257)),
            (&[0x44, 1, 2, 3, 4], Value::Bytes(&[1, 2, 3, 4])),
            (&[0x62, 0xc3, 0xbc], Value::Text("ü")),
            (&[0xf5], Value::Simple(21)),
            (
                &[0x82, 0x01, 0x02],
                Value::List(vec![Value::Integer(1), Value::Integer(2)]),
            ),
        ] {
            let behind = [bytes, &[7, 7]].concat();
            assert_eq!(read(&behind), Some((expected, &[7, 7][..])), "{bytes:x?}");
        }
        let (map, rest) = read(&[0xa2, 0x01, 0x20, 0x61, b'a', 0x41, 9]).unwrap();
        assert!(rest.is_empty());
        assert_eq!(map.at(1).and_then(Value::integer), Some(-1));
        assert_eq!(map.under("a").and_then(Value::bytes), Some(&[9][..]));
        assert_eq!((map.at(2), map.under("b")), (None, None));
    }

    #[test]
    fn what_is_cut_off_endless_or_told_twice_is_none() {
        for bytes in [
            &[][..],
            &[0x18],
            &[0x44, 1, 2],
            &[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x62, 0xff, 0xff],
            &[0x9f, 0x01, 0xff],
            &[0xc0, 0x01],
            &[0xf9, 0x3c, 0x00],
            &[0x81, 0x81, 0x81, 0x81, 0x81, 0x01],
            &[0xa2, 0x01, 0x01, 0x01, 0x02],
        ] {
            assert_eq!(read(bytes), None, "{bytes:x?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_much(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Some((_, rest)) = read(&bytes) {
                prop_assert!(rest.len() < bytes.len());
            }
        }
    }
}
