//! A page as dots and as text.

use hayro::hayro_interpret::font::GlyphRun;
use hayro::hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, InterpreterCache,
    InterpreterSettings, SoftMask, interpret_page,
};
use hayro::hayro_syntax::Pdf;
use hayro::kurbo::{Affine, BezPath, Rect};
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings};

/// Dots per inch of a plain label printer.
const DPI: f32 = 203.0;

/// A page in shades of grey, and its size in dots.
pub(crate) struct Dots {
    pub(crate) luma: Vec<u8>,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Dots {
    /// The dots that lie less than so many millimetres from an edge.
    pub(crate) fn edge(&self, millimetres: f32) -> impl Iterator<Item = u8> {
        let margin = millimetres / 25.4 * DPI;
        let near = move |at: u32, size: u32| {
            let (at, size) = (at as f32, size as f32);
            at < margin || at >= size - margin
        };
        let (width, height) = (self.width, self.height);
        let dots = (0..height).flat_map(move |y| (0..width).map(move |x| (x, y)));
        dots.zip(self.luma.iter().copied())
            .filter(move |((x, y), _)| near(*x, width) || near(*y, height))
            .map(|(_, luma)| luma)
    }
}

fn pdf(bytes: &[u8]) -> Pdf {
    Pdf::new(bytes.to_vec()).unwrap()
}

/// The pages as printed.
pub(crate) fn dots(bytes: &[u8]) -> Vec<Dots> {
    let pdf = pdf(bytes);
    let cache = RenderCache::new();
    let scale = DPI / 72.0;
    let look = PixmapSettings {
        x_scale: scale,
        y_scale: scale,
        bg_color: WHITE,
    };
    let page = |page| {
        let interpreter = InterpreterSettings::default();
        let map = hayro::render(
            page,
            &cache,
            &interpreter,
            &RenderSettings::default(),
            &look,
        );
        let luma = map.data_as_u8_slice().chunks(4).map(|dot| dot[1]).collect();
        Dots {
            luma,
            width: map.width().into(),
            height: map.height().into(),
        }
    };
    pdf.pages().iter().map(page).collect()
}

/// Width and height of each page, in millimetres.
pub(crate) fn sizes(bytes: &[u8]) -> Vec<String> {
    let millimetres = |points: f32| points / 72.0 * 25.4;
    let size = |(w, h)| format!("{:.1} × {:.1}", millimetres(w), millimetres(h));
    let pdf = pdf(bytes);
    let pages = pdf.pages().iter();
    pages.map(|page| size(page.render_dimensions())).collect()
}

/// What one copies from the pages.
pub(crate) fn text(bytes: &[u8]) -> String {
    let pdf = pdf(bytes);
    let cache = InterpreterCache::new();
    let mut reader = Reader::default();
    for page in pdf.pages().iter() {
        let everything = Rect::new(0.0, 0.0, 1e4, 1e4);
        let settings = InterpreterSettings::default();
        let mut context = Context::new(Affine::IDENTITY, everything, &cache, pdf.xref(), settings);
        interpret_page(page, &mut context, &mut reader);
    }
    reader.text
}

/// Keeps the text of the glyphs and drops everything else.
#[derive(Default)]
struct Reader {
    text: String,
}

impl<'a> Device<'a> for Reader {
    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, _: DrawProps<'a>, _: &DrawMode) {
        use hayro::hayro_interpret::hayro_cmap::BfString;
        for glyph in run.glyphs() {
            match glyph.as_unicode() {
                Some(BfString::Char(c)) => self.text.push(c),
                Some(BfString::String(s)) => self.text.push_str(&s),
                None => {}
            }
        }
    }
    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'a>, _: &DrawMode) {}
    fn push_clip_path(&mut self, _: &ClipPath) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {}
    fn draw_image(&mut self, _: Image<'a, '_>, _: hayro::hayro_interpret::ImageDrawProps<'a>) {}
    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}
}
