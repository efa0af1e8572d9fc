//! Barcodes as dark and light modules: Code 128 (ISO/IEC 15417) and QR (ISO/IEC 18004).

use barcoders::sym::code128::Code128;
use qrcode::{Color, EcLevel, QrCode};

use crate::PaperError;

/// Light modules on either side of a Code 128 symbol (ISO/IEC 15417, 4.4).
pub(crate) const CODE128_QUIET: u16 = 10;

/// Light modules around a QR symbol (ISO/IEC 18004, 9.1).
pub(crate) const QR_QUIET: u16 = 4;

/// A row or a square of modules, `true` where dark, without its quiet zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Modules {
    /// Row after row.
    pub(crate) dark: Vec<bool>,
    /// Modules in a row.
    pub(crate) width: u16,
}

/// Encodes printable ASCII in code set B.
///
/// # Errors
/// [`PaperError::NoBarcode`] if `text` is empty or holds anything else.
pub(crate) fn code128(text: &str) -> Result<Modules, PaperError> {
    let refused = || PaperError::NoBarcode(text.len());
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic() || b == b' ') {
        return Err(refused());
    }
    // The encoder's sign for "start in code set B".
    let encoded = Code128::new(format!("\u{181}{text}")).map_err(|_| refused())?;
    let dark: Vec<bool> = encoded.encode().into_iter().map(|m| m == 1).collect();
    let width = u16::try_from(dark.len()).map_err(|_| refused())?;
    Ok(Modules { dark, width })
}

/// Encodes bytes; a quarter of the symbol may be lost.
///
/// # Errors
/// [`PaperError::NoBarcode`] if there are more bytes than a symbol holds.
pub(crate) fn qr(text: &str) -> Result<Modules, PaperError> {
    let refused = || PaperError::NoBarcode(text.len());
    let code = QrCode::with_error_correction_level(text, EcLevel::Q).map_err(|_| refused())?;
    let width = u16::try_from(code.width()).map_err(|_| refused())?;
    let dark = code.into_colors().into_iter().map(|c| c == Color::Dark);
    Ok(Modules {
        dark: dark.collect(),
        width,
    })
}

impl Modules {
    /// The dark stretches of each row: row, first module, count.
    pub(crate) fn bars(&self) -> Vec<(u16, u16, u16)> {
        let rows = self.dark.chunks(usize::from(self.width));
        (0..)
            .zip(rows)
            .flat_map(|(y, row)| stretches(row).map(move |(x, n)| (y, x, n)))
            .collect()
    }
}

/// The dark stretches of a row: first module, count.
fn stretches(row: &[bool]) -> impl Iterator<Item = (u16, u16)> {
    let mut x = 0;
    row.chunk_by(|a, b| a == b).filter_map(move |stretch| {
        let (start, count) = (x, u16::try_from(stretch.len()).unwrap_or(u16::MAX));
        x += count;
        stretch[0].then_some((start, count))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pattern that GS1's and ISO's tables give for `A` in set B, with start, check and stop.
    #[test]
    fn code_128_of_one_letter() {
        let symbol = code128("A").unwrap();
        let drawn: String = symbol
            .dark
            .iter()
            .map(|d| if *d { '1' } else { '0' })
            .collect();
        // Start B = 104, A = 33, check = (104 + 33) mod 103 = 34, stop = 106.
        let expected = ["11010010000", "10100011000", "10001011000", "1100011101011"].concat();
        assert_eq!(drawn, expected);
        assert_eq!(symbol.bars()[..2], [(0, 0, 2), (0, 3, 1)]);
    }

    #[test]
    fn widths_are_as_the_sheets_count_on() {
        assert_eq!(code128("EX1ID").unwrap().width, 90);
        assert_eq!(
            code128("EX1ID:/dxgK27c8++SFiZLLaIvHt4Oy4k=").unwrap().width,
            409
        );
    }

    #[test]
    fn what_is_not_printable_ascii_has_no_barcode() {
        for text in ["", "é", "a\n", "\u{181}A"] {
            assert!(code128(text).is_err(), "{text:?}");
        }
    }
}
