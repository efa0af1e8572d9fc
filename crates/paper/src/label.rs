//! The shipping label: four by six inches, the size of label printers, black only.

use model::ids::JobId;

use crate::PaperError;
use crate::caption;
use crate::customs;
use crate::form::ShippingLabel;
use crate::limits::{JOBS_PER_PAGE, LABEL_JOBS};
use crate::page::{Align, Area, INCH, Page, Pen, Style};

/// The page, less the edge that label printers leave.
pub(crate) const FIELD: Area = Area {
    x: 13.0,
    y: 13.0,
    w: 4.0 * INCH - 26.0,
    h: 6.0 * INCH - 26.0,
};

const BAND: f32 = 24.0;
const FROM: Area = Area {
    y: 42.0,
    h: 81.0,
    ..FIELD
};
const TO: Area = Area {
    y: 131.0,
    h: 116.0,
    ..FIELD
};
const JOBS: Area = Area {
    y: 267.0,
    h: 138.0,
    ..FIELD
};

const FROM_SIZES: [f32; 7] = [9.0, 8.0, 7.5, 7.0, 6.5, 6.0, 5.0];
const TO_SIZES: [f32; 6] = [15.0, 13.0, 11.0, 9.5, 8.0, 6.5];

/// Lays out the label's pages, and behind them the customs declarations.
///
/// # Errors
/// [`PaperError::NoJobs`], [`PaperError::TooManyJobs`].
pub(crate) fn pages(label: &ShippingLabel) -> Result<Vec<Page>, PaperError> {
    match label.jobs.len() {
        0 => return Err(PaperError::NoJobs),
        given if given > LABEL_JOBS => {
            return Err(PaperError::TooManyJobs {
                given,
                most: LABEL_JOBS,
            });
        }
        _ => {}
    }
    let parts: Vec<&[JobId]> = label.jobs.chunks(JOBS_PER_PAGE).collect();
    let mut pages = Vec::new();
    for (index, jobs) in parts.iter().enumerate() {
        let place = Place {
            number: index + 1,
            of: parts.len(),
        };
        pages.push(label_page(label, jobs, place)?);
    }
    for declaration in label.customs.iter().take(LABEL_JOBS) {
        pages.push(customs::page(label, declaration)?);
    }
    Ok(pages)
}

/// Which of how many pages of a label.
#[derive(Clone, Copy)]
struct Place {
    number: usize,
    of: usize,
}

fn label_page(label: &ShippingLabel, jobs: &[JobId], place: Place) -> Result<Page, PaperError> {
    let mut page = blank();
    let note = match place.of {
        1 => String::new(),
        of => format!("label {} of {of}", place.number),
    };
    band(&mut page, &label.service.to_uppercase(), &note);
    caption::party(&mut page, FROM, "FROM", &FROM_SIZES, &label.from);
    page.rule(FIELD.x, 126.0, FIELD.w, Pen::Strong);
    caption::party(&mut page, TO, "TO", &TO_SIZES, &label.to);
    page.rule(FIELD.x, 251.0, FIELD.w, Pen::Strong);
    let heading = Area { y: 255.0, ..FIELD };
    page.text(heading, Style::bold(7.0), &in_the_parcel(label.jobs.len()));
    for (job, cell) in jobs.iter().zip(cells(jobs.len())) {
        job_cell(&mut page, cell, *job)?;
    }
    footer(&mut page, label);
    Ok(page)
}

/// An empty page of the label's size.
pub(crate) fn blank() -> Page {
    Page::new(4.0 * INCH, 6.0 * INCH)
}

/// The black band at the top, with a heading and a note.
pub(crate) fn band(page: &mut Page, heading: &str, note: &str) {
    page.band(Area { h: BAND, ..FIELD });
    let left = Area {
        x: FIELD.x + 7.0,
        y: FIELD.y + 3.0,
        w: 175.0,
        h: BAND,
    };
    page.text(left, Style::bold(14.0).white(), heading);
    let right = Area {
        x: left.x + left.w,
        y: FIELD.y + 8.0,
        w: FIELD.w - 189.0,
        h: BAND,
    };
    page.text(right, Style::bold(8.0).white().align(Align::Right), note);
}

fn in_the_parcel(jobs: usize) -> String {
    match jobs {
        1 => "JOB".to_owned(),
        jobs => format!("{jobs} JOBS IN THIS PARCEL"),
    }
}

/// Where the jobs of a page stand: one over the whole width, two below each other, more in two
/// columns.
fn cells(jobs: usize) -> Vec<Area> {
    let (columns, rows): (u8, u8) = match jobs {
        1 => (1, 1),
        2 => (1, 2),
        _ => (2, 3),
    };
    let (w, h) = (JOBS.w / f32::from(columns), JOBS.h / f32::from(rows));
    let cell = |row: u8, column: u8| Area {
        x: JOBS.x + f32::from(column) * w,
        y: JOBS.y + f32::from(row) * h,
        w,
        h: h - 5.0,
    };
    (0..rows)
        .flat_map(|row| (0..columns).map(move |column| cell(row, column)))
        .collect()
}

/// A job's id above its barcode, in proportion to the cell.
fn job_cell(page: &mut Page, cell: Area, job: JobId) -> Result<(), PaperError> {
    let id = job.to_string();
    let style = Style::bold(cell.h * 0.3).align(Align::Centre);
    page.text(cell, style, &id);
    let top = cell.h * 0.4;
    let bars = Area {
        y: cell.y + top,
        h: cell.h - top,
        ..cell
    };
    // A tenth of an inch for five modules is more than any scanner needs.
    page.code128(bars, INCH / 50.0, &id)
}

fn footer(page: &mut Page, label: &ShippingLabel) {
    let area = Area {
        y: FIELD.y + FIELD.h - 12.0,
        ..FIELD
    };
    page.rule(area.x, area.y - 1.0, area.w, Pen::Fine);
    page.text(area, Style::regular(7.0).align(Align::Right), "Longshore");
    let note = match label.customs.len() {
        0 => "Write the job id on every device.",
        1 => "Customs declaration follows. Write the job id on every device.",
        _ => "Customs declarations follow. Write the job id on every device.",
    };
    page.text(
        Area {
            w: area.w - 50.0,
            ..area
        },
        Style::regular(7.0),
        note,
    );
}
