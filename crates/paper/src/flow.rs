//! Text that goes on from page to page, on office paper.
//!
//! Lines are set in one size and wrapped; a line that has no room any more begins the next page.

use crate::caption::{self, OFFICE};
use crate::clean::clean;
use crate::limits::WRAPPED_LINES;
use crate::page::{Area, Page, Style};
use crate::slip::footer;
use crate::wrap::wrap;

/// Where the last line of a page ends: above its footer.
const BOTTOM: f32 = OFFICE.y + OFFICE.h - 24.0;

/// Pages under way.
pub(crate) struct Flow {
    title: String,
    foot: String,
    pages: Vec<Page>,
    page: Page,
    y: f32,
}

impl Flow {
    /// Begins the first of several pages with this title, each with this line at its foot.
    pub(crate) fn new(title: String, foot: String) -> Self {
        let (page, below) = caption::office(&title);
        Self {
            title,
            foot,
            pages: Vec::new(),
            page,
            y: below.y,
        }
    }

    /// The page under way, and what of it is free.
    pub(crate) fn free(&mut self) -> (&mut Page, Area) {
        let area = Area {
            y: self.y,
            h: BOTTOM - self.y,
            ..OFFICE
        };
        (&mut self.page, area)
    }

    /// Leaves so much room free.
    pub(crate) fn skip(&mut self, height: f32) {
        self.y += height;
    }

    /// Begins another page unless there is so much room.
    pub(crate) fn need(&mut self, height: f32) {
        if self.y + height <= BOTTOM {
            return;
        }
        let (next, below) = caption::office(&self.title);
        let full = std::mem::replace(&mut self.page, next);
        self.pages.push(full);
        self.y = below.y;
    }

    /// Writes a heading, and begins another page if there is no room for what follows it.
    pub(crate) fn heading(&mut self, text: &str) {
        let style = Style::bold(11.0);
        self.skip(style.leading() * 0.6);
        self.need(style.leading() * 3.0);
        let (page, area) = self.free();
        page.text(area, style, text);
        self.skip(style.leading() + 2.0);
    }

    /// Writes a paragraph so far from the left edge.
    pub(crate) fn paragraph(&mut self, indent: f32, style: Style, text: &str) {
        let wide = (OFFICE.w - indent) / style.size;
        for line in wrap(&clean(text), style.weight, wide, WRAPPED_LINES) {
            self.need(style.leading());
            let (page, area) = self.free();
            let area = Area {
                x: area.x + indent,
                w: area.w - indent,
                ..area
            };
            page.line(area, style, line);
            self.skip(style.leading());
        }
    }

    /// Writes what stands in a column of this width, and beside it a paragraph.
    pub(crate) fn beside(&mut self, column: f32, styles: [Style; 2], name: &str, text: &str) {
        let [left, right] = styles;
        self.need(right.leading());
        let (page, area) = self.free();
        let w = column - 6.0;
        page.text(Area { w, ..area }, left, name);
        let before = (self.pages.len(), self.y);
        self.paragraph(column, right, text);
        if before == (self.pages.len(), self.y) {
            self.skip(right.leading());
        }
    }

    /// The pages, each with its number.
    pub(crate) fn end(self) -> Vec<Page> {
        let Self {
            foot,
            mut pages,
            page,
            ..
        } = self;
        pages.push(page);
        let all = pages.len();
        for (number, page) in (1..).zip(&mut pages) {
            footer(page, &format!("{foot}, page {number} of {all}"));
        }
        pages
    }
}
