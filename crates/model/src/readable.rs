//! Numbers and names in the form that people read: rounded sizes, grouped digits, and names from
//! disks that neither play with a terminal nor fill it.

use std::fmt::Write as _;

/// Bytes rounded to what a person reads: `512 B`, `1.4 MB`, `123 GB`, in powers of 1000.
#[must_use]
pub fn bytes(count: u64) -> String {
    scaled(count, 1000)
}

/// Bytes per second: `850 kB/s`, `2.8 MB/s`, `35 MB/s`. Fewer digits than [`bytes`], for they
/// change all the time.
#[must_use]
pub fn rate(bytes_per_second: u64) -> String {
    format!("{}/s", scaled(bytes_per_second, 100))
}

/// With one decimal while there are fewer tenths than `tenths_below`.
fn scaled(count: u64, tenths_below: u128) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if count < 1000 {
        return format!("{count} B");
    }
    let count = u128::from(count);
    let rounded = |unit: u128| (count + unit / 2) / unit;
    let (mut unit, mut name) = (1000, 0);
    while rounded(unit) >= 1000 && name + 1 < UNITS.len() {
        (unit, name) = (unit * 1000, name + 1);
    }
    let tenths = rounded(unit / 10);
    if tenths < tenths_below {
        format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[name])
    } else {
        format!("{} {}", rounded(unit), UNITS[name])
    }
}

/// A number with its digits in groups of three: `12,345`.
#[must_use]
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A span that nobody knows exactly, in the units in which it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoughSpan {
    /// Seconds, in steps of five.
    Seconds(u64),
    /// Minutes.
    Minutes(u64),
    /// Hours, and minutes in steps of five.
    Hours(u64, u64),
    /// Days.
    Days(u64),
}

/// A number of seconds as people tell it. Seconds and the minutes beside hours go in steps of five, so that the text does
/// not flicker.
#[must_use]
pub fn rough(seconds: u64) -> RoughSpan {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let nearest = |unit: u64| seconds.saturating_add(unit / 2) / unit;
    if seconds <= 55 {
        return RoughSpan::Seconds(seconds.div_ceil(5).max(1) * 5);
    }
    if nearest(MINUTE) < 60 {
        return RoughSpan::Minutes(nearest(MINUTE));
    }
    if nearest(HOUR) >= 48 {
        return RoughSpan::Days(nearest(DAY));
    }
    let minutes = nearest(5 * MINUTE) * 5;
    RoughSpan::Hours(minutes / 60, minutes % 60)
}

/// A span that nobody knows exactly: `45 s`, `3 min`, `2 h 10 min`, `4 days`.
#[must_use]
pub fn about(seconds: u64) -> String {
    match rough(seconds) {
        RoughSpan::Seconds(count) => format!("{count} s"),
        RoughSpan::Minutes(count) => format!("{count} min"),
        RoughSpan::Hours(hours, 0) => format!("{hours} h"),
        RoughSpan::Hours(hours, minutes) => format!("{hours} h {minutes} min"),
        RoughSpan::Days(count) => format!("{count} days"),
    }
}

/// Words on one line and in at most `most` characters: what plays with terminals is escaped, and longer ones end with dots.
///
/// What it gives it also leaves as it is.
#[must_use]
pub fn sentence(words: &str, most: usize) -> String {
    let shown = escaped(words);
    if shown.len() <= most {
        return shown.into_iter().collect();
    }
    let kept = &shown[..most.saturating_sub(1)];
    kept.iter().chain(&['…']).collect()
}

/// A name on one line and in at most `most` characters: what plays with terminals is escaped, and
/// of a longer name the middle is left out, for its folder and its ending tell most.
///
/// What it gives it also leaves as it is.
#[must_use]
pub fn name(name: &str, most: usize) -> String {
    let shown = escaped(name);
    if shown.len() <= most {
        return shown.into_iter().collect();
    }
    let kept = most.saturating_sub(1);
    let end = kept - kept / 3;
    let (first, last) = (&shown[..kept / 3], &shown[shown.len() - end..]);
    first.iter().chain(&['…']).chain(last).collect()
}

/// The characters of a text, those that play with terminals escaped.
fn escaped(text: &str) -> Vec<char> {
    let mut shown = Vec::with_capacity(text.len());
    for c in text.chars() {
        if plays_with_terminals(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// JSON in which characters that play with terminals are escaped too: the same texts, and whoever
/// looks at the file sees them.
#[must_use]
pub fn escaped_json(json: String) -> String {
    if !json.contains(plays_with_terminals) {
        return json;
    }
    let mut text = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if plays_with_terminals(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        } else {
            text.push(c);
        }
    }
    text
}

/// Whether a character moves the cursor, ends the line, colours, or turns the direction of what is
/// around it.
#[must_use]
pub fn plays_with_terminals(c: char) -> bool {
    let turns = matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    let ends_line = matches!(c, '\u{2028}' | '\u{2029}');
    // XML cannot carry the last two.
    c.is_control() || turns || ends_line || matches!(c, '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_rates_are_rounded_to_what_a_person_reads() {
        for (count, size, speed) in [
            (0, "0 B", "0 B/s"),
            (999, "999 B", "999 B/s"),
            (1_000, "1.0 kB", "1.0 kB/s"),
            (9_949, "9.9 kB", "9.9 kB/s"),
            (9_950, "10.0 kB", "10 kB/s"),
            (99_949, "99.9 kB", "100 kB/s"),
            (123_456, "123 kB", "123 kB/s"),
            (999_499, "999 kB", "999 kB/s"),
            (999_999, "1.0 MB", "1.0 MB/s"),
            (35_400_000, "35.4 MB", "35 MB/s"),
            (5_497_558_138_880, "5.5 TB", "5.5 TB/s"),
            (u64::MAX, "18.4 EB", "18 EB/s"),
        ] {
            assert_eq!((bytes(count).as_str(), rate(count).as_str()), (size, speed));
        }
    }

    #[test]
    fn digits_are_grouped() {
        for (value, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (12_345, "12,345"),
            (1_234_567, "1,234,567"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn spans_are_rounded_and_never_nothing() {
        for (seconds, text) in [
            (0, "5 s"),
            (1, "5 s"),
            (6, "10 s"),
            (55, "55 s"),
            (56, "1 min"),
            (89, "1 min"),
            (90, "2 min"),
            (170, "3 min"),
            (3_569, "59 min"),
            (3_570, "1 h"),
            (7_800, "2 h 10 min"),
            (7_199, "2 h"),
            (170_000, "47 h 15 min"),
            (171_000, "2 days"),
            (u64::MAX, "213503982334601 days"),
        ] {
            assert_eq!(about(seconds), text, "{seconds}");
        }
    }

    #[test]
    fn words_are_one_harmless_line_and_keep_their_beginning() {
        assert_eq!(sentence("Take it out.", 60), "Take it out.");
        assert_eq!(sentence("a\x1b[31m\nb", 60), "a\\u{1b}[31m\\nb");
        let short = sentence("Scan its sheet, and then the tag of the bay.", 16);
        assert_eq!(short, "Scan its sheet,…");
        assert_eq!(sentence(&short, 16), short);
        for most in 0..5 {
            assert!(sentence("\n\n\n\n", most).chars().count() <= most.max(1));
        }
    }

    #[test]
    fn a_name_is_one_harmless_line_and_keeps_both_ends() {
        assert_eq!(name("photos/2009/é.jpg", 60), "photos/2009/é.jpg");
        assert_eq!(
            name("a\x1b]0;OWNED\x07\nb\u{202e}gpj\u{ffff}", 60),
            "a\\u{1b}]0;OWNED\\u{7}\\nb\\u{202e}gpj\\u{ffff}"
        );
        let long = format!("photos/{}/end.jpg", "x".repeat(5000));
        let short = name(&long, 20);
        assert_eq!(short, "photos…xxxxx/end.jpg");
        assert_eq!(short.chars().count(), 20);
        assert_eq!(name(&short, 20), short);
        for most in 0..5 {
            assert!(name("\n\n\n\n", most).chars().count() <= most.max(1));
        }
    }
}
