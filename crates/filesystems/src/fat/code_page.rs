//! Encodings of short names: what each byte from 128 on stands for. Below, all are ASCII.

use std::sync::LazyLock;

use crate::reader::CodePage;
use crate::wtf8;

const CP437: &str = "\
    ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
    └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{A0}";
const CP850: &str = "\
    ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
    └┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{AD}±‗¾¶§÷¸°¨·¹³²■\u{A0}";
const CP852: &str = "\
    ÇüéâäůćçłëŐőîŹÄĆÉĹĺôöĽľŚśÖÜŤťŁ×čáíóúĄąŽžĘę¬źČş«»░▒▓│┤ÁÂĚŞ╣║╗╝Żż┐\
    └┴┬├─┼Ăă╚╔╩╦╠═╬¤đĐĎËďŇÍÎě┘┌█▄ŢŮ▀ÓßÔŃńňŠšŔÚŕŰýÝţ´\u{AD}˝˛ˇ˘§÷¸°¨˙űŘř■\u{A0}";
const CP866: &str = "\
    АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмноп░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
    └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀рстуфхцчшщъыьэюяЁёЄєЇїЎў°∙·√№¤■\u{A0}";

/// The characters of two bytes of code page 932 (Shift JIS as Windows has it): a line for each first byte of 81–9F,
/// E0–EF and FA–FC, in it a character for each second byte of 40–7E and 80–FC; U+FFFD where there is none.
const CP932: &str = include_str!("cp932.txt");

static CP932_ROWS: LazyLock<Vec<Vec<char>>> =
    LazyLock::new(|| CP932.lines().map(|line| line.chars().collect()).collect());

/// A name as WTF-8. A byte that stands for nothing becomes the unpaired surrogate U+DC00 plus the byte: no other name
/// is the same, and the name is no UTF-8.
pub(crate) fn decode(page: CodePage, bytes: &[u8]) -> Vec<u8> {
    decode_each(page, bytes, &|letter| letter)
}

/// The same in lower case.
pub(crate) fn decode_lower(page: CodePage, bytes: &[u8]) -> Vec<u8> {
    decode_each(page, bytes, &lower)
}

/// What is no single character in lower case stays.
fn lower(letter: char) -> char {
    let mut lower = letter.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(lower), None) => lower,
        _ => letter,
    }
}

fn decode_each(page: CodePage, bytes: &[u8], change: &dyn Fn(char) -> char) -> Vec<u8> {
    let mut text = Vec::new();
    let mut rest = bytes;
    while let Some((&first, after)) = rest.split_first() {
        let (letter, taken) = letter(page, first, after.first().copied());
        match letter {
            Some(letter) => wtf8::push(&mut text, change(letter)),
            None => wtf8::push_surrogate(&mut text, 0xDC00 + u16::from(first)),
        }
        rest = rest.get(taken..).unwrap_or_default();
    }
    text
}

/// What a byte stands for, together with the next where it needs that, and how many bytes that are.
fn letter(page: CodePage, first: u8, second: Option<u8>) -> (Option<char>, usize) {
    let table = match page {
        _ if first.is_ascii() => return (Some(char::from(first)), 1),
        CodePage::Cp437 => CP437,
        CodePage::Cp850 => CP850,
        CodePage::Cp852 => CP852,
        CodePage::Cp866 => CP866,
        CodePage::Cp932 => return shift_jis(first, second),
    };
    (table.chars().nth(usize::from(first - 0x80)), 1)
}

fn shift_jis(first: u8, second: Option<u8>) -> (Option<char>, usize) {
    if (0xA1..=0xDF).contains(&first) {
        return (char::from_u32(0xFF61 + u32::from(first - 0xA1)), 1);
    }
    match second.and_then(|second| two_bytes(first, second)) {
        Some(letter) => (Some(letter), 2),
        None => (None, 1),
    }
}

fn two_bytes(first: u8, second: u8) -> Option<char> {
    let column = match second {
        0x40..=0x7E => second - 0x40,
        0x80..=0xFC => second - 0x41,
        _ => return None,
    };
    let row = match first {
        0x81..=0x9F => first - 0x81,
        0xE0..=0xEF => first - 0xC1,
        // What users define are private characters, row after row.
        0xF0..=0xF9 => {
            let own = u32::from(first - 0xF0) * 188 + u32::from(column);
            return char::from_u32(0xE000 + own);
        }
        0xFA..=0xFC => first - 0xCB,
        _ => return None,
    };
    let row = CP932_ROWS.get(usize::from(row))?;
    let letter = row.get(usize::from(column)).copied()?;
    (letter != char::REPLACEMENT_CHARACTER).then_some(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(page: CodePage, bytes: &[u8]) -> String {
        String::from_utf8(decode(page, bytes)).unwrap()
    }

    #[test]
    fn each_page_has_its_letters() {
        let bytes = [0x41, 0x80, 0x81, 0x9A, 0xE1, 0xFF];
        assert_eq!(text(CodePage::Cp437, &bytes), "AÇüÜß\u{A0}");
        assert_eq!(text(CodePage::Cp850, &bytes), "AÇüÜß\u{A0}");
        assert_eq!(text(CodePage::Cp852, &bytes), "AÇüÜß\u{A0}");
        assert_eq!(text(CodePage::Cp866, &bytes), "AАБЪс\u{A0}");
        assert_eq!(text(CodePage::Cp850, &[0xD5, 0x9E]), "ı×");
        assert_eq!(text(CodePage::Cp852, &[0xA5, 0xFB]), "ąű");
        assert_eq!(text(CodePage::Cp437, &[0x9E, 0xE3]), "₧π");
    }

    #[test]
    fn the_tables_are_whole() {
        for table in [CP437, CP850, CP852, CP866] {
            assert_eq!(table.chars().count(), 128);
        }
        let lengths: Vec<usize> = CP932_ROWS.iter().map(Vec::len).collect();
        assert_eq!(lengths, [188; 50]);
    }

    #[test]
    fn japanese_is_in_one_byte_or_two() {
        let bytes = [
            0x93, 0xFA, 0x96, 0x7B, 0xB1, 0x83, 0x5C, 0x41, 0xFA, 0x5C, 0xF0, 0x40,
        ];
        assert_eq!(text(CodePage::Cp932, &bytes), "日本ｱソA纊\u{E000}");
        assert_eq!(
            text(CodePage::Cp932, &[0x81, 0x40, 0xEA, 0xA4, 0xFC, 0x4B]),
            "　熙黑"
        );
    }

    #[test]
    fn bytes_that_stand_for_nothing_are_no_text_and_are_kept() {
        let name = decode(CodePage::Cp932, &[0x81, 0x20, 0xFD, 0x85, 0x40]);
        let expected = [0xDC81, 0x20, 0xDCFD, 0xDC85, 0x40];
        assert_eq!(name, wtf8::from_utf16(expected));
        assert!(String::from_utf8(name).is_err());
    }

    #[test]
    fn lower_case_is_that_of_the_letters() {
        let lower = decode_lower(CodePage::Cp850, &[0x41, 0x9A, 0x80, 0x31]);
        assert_eq!(lower, "aüç1".as_bytes());
    }
}
