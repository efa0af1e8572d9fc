//! Bech32 (BIP 173), in which recipients are written: a name, `1`, five bits a letter, and a checksum of six letters.

const LETTERS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// Letters of the checksum.
const CHECKSUM: usize = 6;

/// Writes 32 bytes under a name in small letters.
pub(crate) fn write(name: &str, bytes: &[u8; 32]) -> String {
    let mut digits = fives(bytes);
    let mut checked = expanded(name);
    checked.extend_from_slice(&digits);
    checked.extend([0; CHECKSUM]);
    let sum = polymod(&checked) ^ 1;
    digits.extend((0..CHECKSUM).map(|place| low_five(sum >> (5 * (CHECKSUM - 1 - place)))));
    let digits = digits
        .iter()
        .map(|digit| char::from(LETTERS[usize::from(*digit)]));
    format!("{name}1{}", digits.collect::<String>())
}

/// Reads 32 bytes under a name; nothing of what was written otherwise, or not to the letter. Capitals are taken where all
/// letters are.
pub(crate) fn read(name: &str, text: &str) -> Option<[u8; 32]> {
    let is_mixed = text.contains(|c: char| c.is_ascii_lowercase())
        && text.contains(|c: char| c.is_ascii_uppercase());
    let text = text.to_ascii_lowercase();
    let digits = text.strip_prefix(name)?.strip_prefix('1')?;
    if is_mixed {
        return None;
    }
    let digit = |letter: u8| LETTERS.iter().position(|it| *it == letter);
    let digits = digits.bytes().map(digit);
    let digits: Option<Vec<u8>> = digits.map(|it| u8::try_from(it?).ok()).collect();
    let digits = digits?;
    let mut checked = expanded(name);
    checked.extend_from_slice(&digits);
    if polymod(&checked) != 1 {
        return None;
    }
    bytes(digits.get(..digits.len().checked_sub(CHECKSUM)?)?)
}

/// Bytes as digits of five bits, the last filled with zeros.
fn fives(bytes: &[u8; 32]) -> Vec<u8> {
    let (mut digits, mut held, mut bits) = (Vec::with_capacity(58), 0_u32, 0);
    for byte in bytes {
        held = (held << 8 | u32::from(*byte)) & 0xFFFF;
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            digits.push(low_five(held >> bits));
        }
    }
    if bits > 0 {
        digits.push(low_five(held << (5 - bits)));
    }
    digits
}

/// The same back; nothing if they are not 32 bytes, or what fills the last is not zeros.
fn bytes(digits: &[u8]) -> Option<[u8; 32]> {
    let (mut bytes, mut held, mut bits) = (Vec::with_capacity(32), 0_u32, 0);
    for digit in digits {
        held = (held << 5 | u32::from(*digit)) & 0xFFFF;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xFF).ok()?);
        }
    }
    let rest = held & ((1 << bits) - 1);
    bytes.try_into().ok().filter(|_| rest == 0 && bits < 5)
}

fn low_five(value: u32) -> u8 {
    u8::try_from(value & 31).expect("five bits")
}

fn expanded(name: &str) -> Vec<u8> {
    let high = name.bytes().map(|byte| byte >> 5);
    let low = name.bytes().map(|byte| byte & 31);
    high.chain([0]).chain(low).collect()
}

fn polymod(digits: &[u8]) -> u32 {
    const GENERATOR: [u32; 5] = [
        0x3B6A_57B2,
        0x2650_8E6D,
        0x1EA1_19FA,
        0x3D42_33DD,
        0x2A14_62B3,
    ];
    digits.iter().fold(1, |sum: u32, digit| {
        let top = sum >> 25;
        let next = (sum & 0x01FF_FFFF) << 5 ^ u32::from(*digit);
        let bit = |place: usize| (top >> place) & 1 == 1;
        (0..5)
            .filter(|place| bit(*place))
            .fold(next, |next, place| next ^ GENERATOR[place])
    })
}
