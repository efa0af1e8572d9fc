//! A text as a line of glyphs: runs of one font, script and direction, ordered as they are seen.
//!
//! Widths are in em, so that one shaping serves every size.

use std::ops::Range;

use krilla::text::{GlyphId, KrillaGlyph};
use rustybuzz::{Direction, UnicodeBuffer, ttf_parser::Tag};
use unicode_bidi::{Level, ParagraphBidiInfo};
use unicode_script::{Script, UnicodeScript};
use unicode_segmentation::UnicodeSegmentation;

use crate::fonts::{self, FaceId, Weight};

/// Glyphs from left to right.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    /// From left to right.
    pub(crate) runs: Vec<Run>,
    /// The sum of the runs' widths, in em.
    pub(crate) width: f32,
}

/// Glyphs of one font.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    /// The font.
    pub(crate) face: FaceId,
    /// What the glyphs show, for those who search or copy.
    pub(crate) text: String,
    /// From left to right, lengths in em.
    pub(crate) glyphs: Vec<KrillaGlyph>,
    /// In em.
    pub(crate) width: f32,
}

/// Shapes a cleaned text.
pub(crate) fn line(text: &str, weight: Weight) -> Line {
    if text.is_empty() {
        return Line::default();
    }
    let bidi = ParagraphBidiInfo::new(text, None);
    let (levels, ranges) = bidi.visual_runs(0..text.len());
    let mut line = Line::default();
    for range in ranges {
        let level = levels[range.start];
        let mut stretches = stretches(text, range, weight);
        if level.is_rtl() {
            stretches.reverse();
        }
        let runs = stretches.into_iter().map(|s| shape(text, s, level));
        line.runs.extend(runs);
    }
    line.width = line.runs.iter().map(|run| run.width).sum();
    line
}

/// A stretch of one font and script.
struct Stretch {
    range: Range<usize>,
    face: FaceId,
    script: Script,
}

/// Cuts a range of one direction where font or script change.
fn stretches(text: &str, range: Range<usize>, weight: Weight) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> = Vec::new();
    for (offset, cluster) in text[range.clone()].grapheme_indices(true) {
        let start = range.start + offset;
        let end = start + cluster.len();
        let before = stretches.last_mut();
        let face = fonts::choose(cluster, weight, before.as_ref().map(|s| s.face));
        let script = own_script(cluster);
        match before {
            Some(s) if s.face == face && joins(s.script, script) => {
                s.range.end = end;
                s.script = if is_shared(s.script) {
                    script
                } else {
                    s.script
                };
            }
            _ => stretches.push(Stretch {
                range: start..end,
                face,
                script,
            }),
        }
    }
    stretches
}

fn own_script(cluster: &str) -> Script {
    cluster
        .chars()
        .next()
        .map_or(Script::Common, |c| c.script())
}

/// Whether the script is that of spaces, digits and punctuation, which go with any other.
fn is_shared(script: Script) -> bool {
    matches!(script, Script::Common | Script::Inherited)
}

fn joins(one: Script, other: Script) -> bool {
    one == other || is_shared(one) || is_shared(other)
}

fn shape(text: &str, stretch: Stretch, level: Level) -> Run {
    let text = &text[stretch.range];
    let shaper = &fonts::face(stretch.face).shaper;
    let mut buffer = UnicodeBuffer::new();
    buffer.push_str(text);
    buffer.set_direction(if level.is_rtl() {
        Direction::RightToLeft
    } else {
        Direction::LeftToRight
    });
    if let Some(script) = shaper_script(stretch.script) {
        buffer.set_script(script);
    }
    let shaped = rustybuzz::shape(shaper, &[], buffer);
    let glyphs = glyphs(text, &shaped, units_per_em(shaper));
    Run {
        face: stretch.face,
        text: text.to_owned(),
        width: glyphs.iter().map(|g| g.x_advance).sum(),
        glyphs,
    }
}

fn shaper_script(script: Script) -> Option<rustybuzz::Script> {
    let name: &[u8; 4] = script.short_name().as_bytes().try_into().ok()?;
    rustybuzz::Script::from_iso15924_tag(Tag::from_bytes(name))
}

fn glyphs(text: &str, shaped: &rustybuzz::GlyphBuffer, em: f32) -> Vec<KrillaGlyph> {
    let starts: Vec<usize> = shaped.glyph_infos().iter().map(cluster_start).collect();
    let placed = shaped.glyph_infos().iter().zip(shaped.glyph_positions());
    placed
        .map(|(glyph, at)| {
            let start = cluster_start(glyph);
            let next = starts.iter().filter(|s| **s > start).min();
            KrillaGlyph::new(
                GlyphId::new(glyph.glyph_id),
                units(at.x_advance) / em,
                units(at.x_offset) / em,
                units(at.y_offset) / em,
                0.0,
                start..next.copied().unwrap_or(text.len()),
                None,
            )
        })
        .collect()
}

fn cluster_start(glyph: &rustybuzz::GlyphInfo) -> usize {
    usize::try_from(glyph.cluster).unwrap_or(usize::MAX)
}

fn units_per_em(face: &rustybuzz::Face<'_>) -> f32 {
    units(face.units_per_em())
}

/// Font units: some thousands, of which `f32` holds every one.
fn units(length: i32) -> f32 {
    length as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clean::clean;

    fn shaped(text: &str) -> Line {
        line(&clean(text), Weight::Regular)
    }

    fn texts(line: &Line) -> Vec<&str> {
        line.runs.iter().map(|run| run.text.as_str()).collect()
    }

    #[test]
    fn every_script_of_the_world_has_its_glyphs() {
        let table = [
            "Çağrı Ñuñez, Größe, Łódź, Đà Nẵng, Reykjavík, Ŵŷ",
            "Οδός Ερμού 15, Αθήνα",
            "ул. Ленина, д. 5, Москва, Україна, Ђорђе",
            "Երևան, թբილისი თბილისი",
            "רחוב הרצל 12, תל אביב, שָׁלוֹם",
            "شارع الملك فهد، الرياض ١٢٣٤٥، می‌خواهم",
            "ایران، تهران، خیابان ولیعصر گچپژ ٹڈڑ",
            "महात्मा गांधी मार्ग, क्षेत्र, नई दिल्ली ११०००१।",
            "ঢাকা, গুলশান এভিনিউ ক্ষ্ম",
            "சென்னை, అమరావతి, ಬೆಂಗಳೂರು, കൊച്ചി, અમદાવાદ, ਅੰਮ੍ਰਿਤਸਰ, ଭୁବନେଶ୍ୱର, කොළඹ ශ්‍රී",
            "ถนนสุขุมวิท กรุงเทพฯ ๑๐๑๑๐, ວຽງຈັນ, ភ្នំពេញ, ရန်ကုန်မြို့",
            "አዲስ አበባ, ᏣᎳᎩ, ལྷ་ས, ᠤᠯᠠᠭᠠᠨ, ⴰⴳⴰⴷⵉⵔ",
            "北京市朝阳区建国路88号，臺北市信義區",
            "〒100-0001 東京都千代田区千代田１－１、カタカナ ひらがな",
            "서울특별시 종로구 세종대로 209, 각낱말",
            "📦 🚚 🎉 😀 👩‍🚀 🇩🇪 ❤️ € ₹ ₽ № ½ ™",
        ];
        for text in table {
            let line = shaped(text);
            let missing = |run: &Run| run.glyphs.iter().any(|g| g.glyph_id.to_u32() == 0);
            assert!(!line.runs.iter().any(missing), "{text}");
            assert!(
                !line.runs.iter().any(|run| run.text.contains("U+")),
                "{text}"
            );
            assert!(line.width > 1.0, "{text}");
        }
    }

    #[test]
    fn runs_stand_as_they_are_seen() {
        let table: [(&str, &[&str]); 4] = [
            ("abc", &["abc"]),
            ("abc אבג def", &["abc ", "אבג", " def"]),
            ("אבג 12 דהו", &["\u{20}דהו", "12", "אבג "]),
            ("אבג abc", &["abc", "אבג "]),
        ];
        for (text, seen) in table {
            assert_eq!(texts(&shaped(text)), seen, "{text}");
        }
    }

    #[test]
    fn right_to_left_glyphs_come_last_letter_first() {
        let line = shaped("אבג");
        let starts: Vec<usize> = line.runs[0]
            .glyphs
            .iter()
            .map(|g| g.text_range.start)
            .collect();
        assert_eq!(starts, [4, 2, 0]);
    }

    #[test]
    fn letters_are_joined_as_their_script_demands() {
        let ids = |text: &str| -> Vec<u32> {
            let line = shaped(text);
            let glyphs = line.runs.iter().flat_map(|run| run.glyphs.iter());
            glyphs.map(|g| g.glyph_id.to_u32()).collect()
        };
        let beh = ids("ب");
        assert!(
            ids("ببب").iter().all(|id| !beh.contains(id)),
            "initial, medial, final"
        );
        assert_eq!(ids("क्ष").len(), 1, "one conjunct");
        assert_eq!(
            ids("कि")[1],
            ids("क")[0],
            "the vowel sign stands before its letter"
        );
    }

    #[test]
    fn nothing_is_a_line_of_no_width() {
        assert!(shaped("").runs.is_empty());
        assert!(shaped(" \u{200b} ").width < f32::EPSILON);
    }
}
