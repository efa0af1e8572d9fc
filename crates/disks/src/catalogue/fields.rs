//! How numbers and bytes stand in a catalogue, which is this host's own and of one process: what cannot be read of it
//! is this host's fault, never the device's.

use std::io;

/// Writes a number in as few bytes as it needs, seven bits in each, the lowest first.
pub(super) fn put_number(mut number: u64, into: &mut Vec<u8>) {
    loop {
        let low = number.to_le_bytes()[0] & 0x7F;
        number >>= 7;
        if number == 0 {
            return into.push(low);
        }
        into.push(low | 0x80);
    }
}

/// Writes a number that may be below zero.
pub(super) fn put_signed(number: i64, into: &mut Vec<u8>) {
    // Numbers near zero are short, of either sign.
    put_number(((number << 1) ^ (number >> 63)).cast_unsigned(), into);
}

/// Writes bytes and how many they are.
pub(super) fn put_bytes(bytes: &[u8], into: &mut Vec<u8>) {
    put_number(bytes.len() as u64, into);
    into.extend_from_slice(bytes);
}

/// What says that a catalogue is not as it was written.
pub(super) fn damaged() -> io::Error {
    let words = "the catalogue of the device on this host's disk is damaged";
    io::Error::new(io::ErrorKind::InvalidData, words)
}

/// Bytes that are read from their beginning.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    /// The next byte.
    pub(super) fn byte(&mut self) -> io::Result<u8> {
        let (first, rest) = self.0.split_first().ok_or_else(damaged)?;
        self.0 = rest;
        Ok(*first)
    }

    /// What [`put_number`] wrote.
    pub(super) fn number(&mut self) -> io::Result<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(damaged())
    }

    /// What [`put_signed`] wrote.
    pub(super) fn signed(&mut self) -> io::Result<i64> {
        let number = self.number()?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    /// A number that fits.
    pub(super) fn small<T: TryFrom<u64>>(&mut self) -> io::Result<T> {
        T::try_from(self.number()?).map_err(|_| damaged())
    }

    /// What [`put_bytes`] wrote.
    pub(super) fn bytes(&mut self) -> io::Result<&'a [u8]> {
        let length = self.small()?;
        let (bytes, rest) = self.0.split_at_checked(length).ok_or_else(damaged)?;
        self.0 = rest;
        Ok(bytes)
    }

    /// The same as text.
    pub(super) fn text(&mut self) -> io::Result<String> {
        String::from_utf8(self.bytes()?.to_vec()).map_err(|_| damaged())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_bytes_are_read_as_they_were_written() {
        let mut written = Vec::new();
        let numbers = [0, 1, 127, 128, 1 << 35, u64::MAX];
        let signed = [0, -1, 1, 63, -64, 64, i64::MIN, i64::MAX];
        numbers.iter().for_each(|it| put_number(*it, &mut written));
        signed.iter().for_each(|it| put_signed(*it, &mut written));
        put_bytes(b"caf\xE9", &mut written);
        let mut fields = Fields(&written);
        assert_eq!(numbers.map(|_| fields.number().unwrap()), numbers);
        assert_eq!(signed.map(|_| fields.signed().unwrap()), signed);
        assert_eq!(fields.bytes().unwrap(), b"caf\xE9");
        assert!(fields.byte().is_err());
        let mut short = Vec::new();
        put_signed(-64, &mut short);
        assert_eq!(short.len(), 1);
    }

    #[test]
    fn what_was_cut_or_never_written_is_an_error() {
        assert!(Fields(&[0x80; 11]).number().is_err());
        assert!(Fields(&[5, 1, 2]).bytes().is_err());
        assert!(Fields(&[2, 1]).small::<u8>().is_ok());
        assert!(Fields(&[0x80, 0x02]).small::<u8>().is_err());
        assert!(Fields(&[1, 0xFF]).text().is_err());
    }
}
