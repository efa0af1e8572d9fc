//! The embedded fonts, and which of them draws a character.
//!
//! They lie compressed in the program; each is unpacked when a character first needs it, and
//! stays. Two draw most of the world's addresses; the others stand in where those have no glyph.

use std::io::Read;
use std::sync::OnceLock;

use unicode_script::{Script, UnicodeScript};

use crate::clean::is_joiner;

/// How heavy a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// For what is read.
    Regular,
    /// For what is looked for. Scripts that only a stand-in draws have no bold.
    Bold,
}

/// A font's place in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FaceId(usize);

/// An unpacked font.
pub(crate) struct Face {
    /// As the PDF library takes it.
    pub(crate) pdf: krilla::text::Font,
    /// As the shaper takes it.
    pub(crate) shaper: rustybuzz::Face<'static>,
}

/// A font as it lies in the program.
struct Packed {
    gz: &'static [u8],
    duty: Duty,
}

/// When a font is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Duty {
    /// First, for texts of this weight.
    Main(Weight),
    /// For its script.
    Script(Script),
    /// For whatever is left.
    Rest,
}

macro_rules! packed {
    ($file:literal, $duty:expr) => {
        Packed {
            gz: include_bytes!(concat!("../fonts/", $file, ".gz")),
            duty: $duty,
        }
    };
}

const COUNT: usize = 19;

/// In the order in which they are asked.
static PACKED: [Packed; COUNT] = [
    packed!("DejaVuSans-Bold.ttf", Duty::Main(Weight::Bold)),
    packed!("DejaVuSans.ttf", Duty::Main(Weight::Regular)),
    packed!("NotoSansBengali-Regular.ttf", Duty::Script(Script::Bengali)),
    packed!(
        "NotoSansDevanagari-Regular.ttf",
        Duty::Script(Script::Devanagari)
    ),
    packed!(
        "NotoSansEthiopic-Regular.ttf",
        Duty::Script(Script::Ethiopic)
    ),
    packed!(
        "NotoSansGujarati-Regular.ttf",
        Duty::Script(Script::Gujarati)
    ),
    packed!(
        "NotoSansGurmukhi-Regular.ttf",
        Duty::Script(Script::Gurmukhi)
    ),
    packed!("NotoSansKannada-Regular.ttf", Duty::Script(Script::Kannada)),
    packed!("NotoSansKhmer-Regular.ttf", Duty::Script(Script::Khmer)),
    packed!(
        "NotoSansMalayalam-Regular.ttf",
        Duty::Script(Script::Malayalam)
    ),
    packed!("NotoSansMyanmar-Regular.ttf", Duty::Script(Script::Myanmar)),
    packed!("NotoSansOriya-Regular.ttf", Duty::Script(Script::Oriya)),
    packed!("NotoSansSinhala-Regular.ttf", Duty::Script(Script::Sinhala)),
    packed!("NotoSansTamil-Regular.ttf", Duty::Script(Script::Tamil)),
    packed!("NotoSansTelugu-Regular.ttf", Duty::Script(Script::Telugu)),
    packed!("NotoSansThai-Regular.ttf", Duty::Script(Script::Thai)),
    packed!("DroidSansFallback.ttf", Duty::Rest),
    packed!("unifont.otf", Duty::Rest),
    packed!("unifont_upper.otf", Duty::Rest),
];

static FACES: [OnceLock<Face>; COUNT] = [const { OnceLock::new() }; COUNT];

/// The font with that place.
pub(crate) fn face(id: FaceId) -> &'static Face {
    FACES[id.0].get_or_init(|| unpack(PACKED[id.0].gz))
}

fn unpack(gz: &'static [u8]) -> Face {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(gz)
        .read_to_end(&mut bytes)
        .expect("an embedded font is whole");
    // For the rest of the program's life, as the `static` it goes into.
    let bytes: &'static [u8] = bytes.leak();
    Face {
        pdf: krilla::text::Font::new(bytes.into(), 0).expect("an embedded font is a font"),
        shaper: rustybuzz::Face::from_slice(bytes, 0).expect("an embedded font is a font"),
    }
}

/// Whether a font has a glyph for `c`.
pub(crate) fn any_has(c: char) -> bool {
    candidates(c, Weight::Regular).any(|id| has(id, c))
}

/// The font that draws `cluster`, a letter with its marks: the first that has all of it, else the
/// first that has the letter. A mark of punctuation that the main fonts lack stays with the font
/// `before` it.
pub(crate) fn choose(cluster: &str, weight: Weight, before: Option<FaceId>) -> FaceId {
    let letter = cluster.chars().next().unwrap_or(' ');
    let candidates = || {
        let (main, others): (Vec<FaceId>, Vec<FaceId>) =
            candidates(letter, weight).partition(|id| is_main(*id));
        let shared = matches!(letter.script(), Script::Common | Script::Inherited);
        main.into_iter()
            .chain(before.filter(|_| shared))
            .chain(others)
    };
    candidates()
        .find(|id| cluster.chars().all(|c| has(*id, c)))
        .or_else(|| candidates().find(|id| has(*id, letter)))
        .unwrap_or(FaceId(1))
}

fn candidates(c: char, weight: Weight) -> impl Iterator<Item = FaceId> {
    let script = c.script();
    (0..COUNT)
        .map(FaceId)
        .filter(move |id| match PACKED[id.0].duty {
            Duty::Main(Weight::Bold) => weight == Weight::Bold,
            Duty::Main(Weight::Regular) | Duty::Rest => true,
            Duty::Script(own) => own == script,
        })
}

fn is_main(id: FaceId) -> bool {
    matches!(PACKED[id.0].duty, Duty::Main(_))
}

fn has(id: FaceId, c: char) -> bool {
    is_joiner(c) || face(id).shaper.glyph_index(c).is_some_and(|g| g.0 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_font_can_be_unpacked() {
        for id in 0..COUNT {
            assert!(face(FaceId(id)).shaper.units_per_em() > 0);
        }
    }

    #[test]
    fn the_whole_basic_plane_has_glyphs() {
        use unicode_bidi::{BidiClass, bidi_class};
        // Letters of every block: what has a script is assigned.
        let missing: Vec<char> = ('\u{20}'..='\u{ffff}')
            .filter(|c| c.script() != Script::Unknown && bidi_class(*c) != BidiClass::BN)
            .filter(|c| !c.is_control() && !any_has(*c))
            .collect();
        assert!(
            missing.is_empty(),
            "{} such as {:?}",
            missing.len(),
            &missing[..9.min(missing.len())]
        );
    }

    #[test]
    fn a_script_is_drawn_by_its_font() {
        let table = [
            ("é", 1),
            ("Ж", 1),
            ("ا", 1),
            ("न", 3),
            ("ไ", 15),
            ("漢", 16),
            ("한", 16),
            ("\u{13a0}", 17),
            ("📦", 18),
        ];
        for (cluster, face) in table {
            assert_eq!(
                choose(cluster, Weight::Regular, None),
                FaceId(face),
                "{cluster}"
            );
        }
        assert_eq!(choose("é", Weight::Bold, None), FaceId(0));
        assert_eq!(
            choose("।", Weight::Bold, Some(FaceId(3))),
            FaceId(3),
            "danda after Hindi"
        );
    }
}
