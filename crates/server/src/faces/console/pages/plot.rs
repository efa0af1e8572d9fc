//! Pictures of figures: how fast a job went, what of a device could be read, and what was read so far. Each is drawn here as paths of SVG within
//! the page, has a title and a description, and its figures beside it as a table.

use std::fmt::Write as _;

use askama::Template;
use model::live_map::LiveMap;
use model::operator::rates::RateLine;
use model::operator::reports::MapTold;
use model::report::device_map::Stretched;
use model::time::Timestamp;

use crate::faces::console::language::{Language, TextKey};
use crate::faces::console::trouble::Trouble;
use crate::faces::console::word;

/// Width of a drawing, in its own units; it is as wide as there is room for.
const WIDTH: f64 = 1_000.0;

/// Its height.
const HEIGHT: f64 = 100.0;

#[derive(Template)]
#[template(path = "plot_rate.html")]
struct RatePlot<'a> {
    say: Language,
    title: String,
    rates: &'a [RateLine],
    from: Timestamp,
    until: Timestamp,
    peak: u64,
    average: Option<u64>,
    area: String,
    edge: String,
}

#[derive(Template)]
#[template(path = "plot_map.html")]
struct MapPlot<'a> {
    say: Language,
    map: &'a MapTold,
    runs: Vec<Run>,
    cells: usize,
}

#[derive(Template)]
#[template(path = "plot_strip.html")]
struct StripPlot<'a> {
    say: Language,
    map: &'a LiveMap,
    runs: Vec<Run>,
    cells: usize,
}

/// Equal cells of a map, one after the other: where they begin, how many there are, and what they are.
struct Run {
    at: usize,
    length: usize,
    what: Stretched,
}

impl Run {
    /// The runs of a map's letters, and how many cells it has.
    fn all(letters: &str) -> (Vec<Self>, usize) {
        let known = |letter: char| Stretched::of(letter).unwrap_or(Stretched::Untried);
        let cells: Vec<Stretched> = letters.chars().map(known).collect();
        let mut at = 0;
        let runs = cells.chunk_by(|one, other| one == other).map(|run| {
            let begin = at;
            at += run.len();
            Self {
                at: begin,
                length: run.len(),
                what: run[0],
            }
        });
        (runs.collect(), cells.len().max(1))
    }

    fn class(&self) -> &'static str {
        match self.what {
            Stretched::Read => "read",
            Stretched::Again => "again",
            Stretched::Untried => "untried",
            Stretched::Failed => "failed",
            Stretched::Bad => "bad",
        }
    }

    /// How high it is of ten: what is worse is higher, so that it is not told by its colour alone.
    fn height(&self) -> usize {
        match self.what {
            Stretched::Read => 3,
            Stretched::Untried => 5,
            Stretched::Again => 6,
            Stretched::Failed => 8,
            Stretched::Bad => 10,
        }
    }
}

impl StripPlot<'_> {
    fn has(&self, what: &str) -> bool {
        self.runs.iter().any(|run| run.class() == what)
    }

    /// Whether there is something that somebody should see.
    fn is_marked(&self) -> bool {
        self.has("again") || self.has("bad")
    }
}

impl RatePlot<'_> {
    /// The figures that matter.
    fn summary(&self) -> String {
        let peak = self.say.rate(self.peak);
        let said = match self.average {
            Some(average) => self
                .say
                .t("rate-peak-and-average")
                .with("peak", peak)
                .with("average", self.say.rate(average)),
            None => self.say.t("rate-peak").with("peak", peak),
        };
        said.to_string()
    }
}

/// How fast it went; nothing where nobody told.
pub(super) fn rate(say: Language, title: TextKey, rates: &[RateLine]) -> Result<String, Trouble> {
    let (Some(first), Some(last)) = (rates.first(), rates.last()) else {
        return Ok(String::new());
    };
    let peak = rates.iter().filter_map(|line| line.rate).max();
    let Some(peak) = peak else {
        return Ok(String::new());
    };
    let (area, edge) = paths(rates, (first.from, last.until), peak);
    let plot = RatePlot {
        say,
        title: say.of_key(title),
        rates,
        from: first.from,
        until: last.until,
        peak,
        average: average(rates),
        area,
        edge,
    };
    plot.render().map_err(|_| Trouble::ours())
}

/// Of the time of which it is known.
fn average(rates: &[RateLine]) -> Option<u64> {
    let known = rates.iter().filter_map(|line| {
        let seconds = line.until.unix().abs_diff(line.from.unix());
        Some((line.bytes?, seconds))
    });
    let (bytes, seconds) = known.fold((0_u64, 0_u64), |(bytes, seconds), (more, longer)| {
        (bytes.saturating_add(more), seconds.saturating_add(longer))
    });
    bytes.checked_div(seconds)
}

/// The area under the rates and its upper edge, in steps; with a gap where nobody knows.
fn paths(rates: &[RateLine], (from, until): (Timestamp, Timestamp), peak: u64) -> (String, String) {
    let span = number(until.unix().abs_diff(from.unix()).max(1));
    let x = |at: Timestamp| number(at.unix().abs_diff(from.unix())) / span * WIDTH;
    let y = |rate: u64| HEIGHT - number(rate) / number(peak.max(1)) * (HEIGHT - 4.0);
    let (mut area, mut edge) = (String::new(), String::new());
    let is_known = |line: &RateLine| line.rate.is_some();
    for run in rates.chunk_by(|one, other| is_known(one) == is_known(other)) {
        let Some(first) = run.first().filter(|first| is_known(first)) else {
            continue;
        };
        let mut steps = String::new();
        for line in run {
            let (height, end) = (y(line.rate.unwrap_or_default()), x(line.until));
            // Into a string: it cannot fail.
            let _ = write!(steps, "V{height:.1}H{end:.1}");
        }
        let begin = x(first.from);
        let _ = write!(area, "M{begin:.1} {HEIGHT}{steps}V{HEIGHT}H{begin:.1}Z");
        let height = y(first.rate.unwrap_or_default());
        let _ = write!(edge, "M{begin:.1} {height:.1}{steps}");
    }
    (area, edge)
}

#[expect(clippy::cast_precision_loss, reason = "a drawing has a thousand units")]
fn number(count: u64) -> f64 {
    count as f64
}

/// What of a device could be read; nothing where all of it was, or there is no map.
pub(super) fn map(say: Language, map: Option<&MapTold>) -> Result<String, Trouble> {
    let Some(map) = map else {
        return Ok(String::new());
    };
    let (runs, cells) = Run::all(&map.cells);
    let plot = MapPlot {
        say,
        map,
        runs,
        cells,
    };
    plot.render().map_err(|_| Trouble::ours())
}

/// What of a device was read so far.
pub(super) fn strip(say: Language, map: &LiveMap) -> Result<String, askama::Error> {
    let (runs, cells) = Run::all(&map.cells);
    let plot = StripPlot {
        say,
        map,
        runs,
        cells,
    };
    plot.render()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faces::console::language::key;

    const ENGLISH: Language = Language::English;

    fn line(from: i64, until: i64, bytes: Option<u64>) -> RateLine {
        let (from, until) = (Timestamp::from_unix(from), Timestamp::from_unix(until));
        let seconds = until.unix().abs_diff(from.unix());
        RateLine {
            from,
            until,
            bytes,
            rate: bytes.map(|bytes| bytes / seconds),
        }
    }

    #[test]
    fn what_was_read_so_far_is_drawn_and_only_what_is_there_is_in_the_key() {
        let drawn = |cells: &str| {
            let (bytes, cells) = (1_000, cells.to_owned());
            strip(ENGLISH, &LiveMap { bytes, cells }).unwrap()
        };
        let sound = drawn("++??");
        assert!(
            sound.contains(r#"<rect class="read" x="0" width="2" y="7" height="3"/>"#),
            "{sound}"
        );
        assert!(!sound.contains("again") && !sound.contains("bad") && !sound.contains("marked"));
        let failing = drawn("+~-?");
        assert!(
            failing.contains(r#"<rect class="bad" x="2" width="1" y="0" height="10"/>"#),
            "{failing}"
        );
        assert!(failing.contains("strip marked") && failing.contains(r#"<span class="again">"#));
    }

    #[test]
    fn rates_are_steps_with_gaps_where_nobody_knows() {
        let rates = [
            line(0, 60, Some(600)),
            line(60, 120, None),
            line(120, 180, Some(1_200)),
        ];
        let ends = (rates[0].from, rates[2].until);
        let (area, edge) = paths(&rates, ends, 20);
        assert_eq!(
            area,
            "M0.0 100V52.0H333.3V100H0.0ZM666.7 100V4.0H1000.0V100H666.7Z"
        );
        assert_eq!(edge, "M0.0 52.0V52.0H333.3M666.7 4.0V4.0H1000.0");
        assert_eq!(
            average(&rates),
            Some(15),
            "of the time of which it is known"
        );
        let drawn = rate(ENGLISH, key("rate"), &rates).unwrap();
        assert!(drawn.contains("<title") && drawn.contains("<desc") && drawn.contains("<table"));
    }

    #[test]
    fn what_has_no_figures_has_no_picture() {
        assert_eq!(rate(ENGLISH, key("rate"), &[]).unwrap(), "");
        assert_eq!(
            rate(ENGLISH, key("rate"), &[line(0, 60, None)]).unwrap(),
            ""
        );
        let flat = rate(ENGLISH, key("rate"), &[line(0, 60, Some(0))]).unwrap();
        assert!(flat.contains("V100.0H1000.0"), "{flat}");
        assert_eq!(map(ENGLISH, None).unwrap(), "");
    }
}
