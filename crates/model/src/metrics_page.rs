//! A page of figures in the text format of Prometheus (*Exposition formats*, version 0.0.4).

use std::fmt::{Display, Write as _};
use std::time::Duration;

use crate::timings::Timings;

/// What kind of figures a family has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricsKind {
    /// It rises, and begins again from zero when the program does.
    Counter,
    /// It is as it is.
    Gauge,
    /// How many were within some bounds.
    Histogram,
}

impl MetricsKind {
    fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A page.
#[derive(Debug, Default)]
pub struct MetricsPage(String);

/// The figures of one name.
#[derive(Debug)]
pub struct MetricsFamily<'p> {
    page: &'p mut String,
    name: &'static str,
}

/// A name and a value.
pub type MetricsLabel<'l> = (&'l str, &'l str);

impl MetricsPage {
    /// Begins the figures of a name.
    pub fn family(
        &mut self,
        name: &'static str,
        kind: MetricsKind,
        help: &str,
    ) -> MetricsFamily<'_> {
        let (page, kind) = (&mut self.0, kind.word());
        write(
            page,
            format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"),
        );
        MetricsFamily { page, name }
    }

    /// The page.
    #[must_use]
    pub fn text(self) -> String {
        self.0
    }
}

impl MetricsFamily<'_> {
    /// A figure.
    pub fn sample(&mut self, labels: &[MetricsLabel<'_>], value: impl Display) {
        self.line("", labels, value);
    }

    /// A histogram, in seconds.
    pub fn timings(&mut self, labels: &[MetricsLabel<'_>], timings: &Timings) {
        for (bound, count) in timings.within() {
            self.bucket(labels, &seconds(bound), count);
        }
        self.bucket(labels, "+Inf", timings.count());
        self.line("_sum", labels, seconds(timings.total()));
        self.line("_count", labels, timings.count());
    }

    fn bucket(&mut self, labels: &[MetricsLabel<'_>], bound: &str, count: u64) {
        let labels: Vec<MetricsLabel<'_>> = labels.iter().copied().chain([("le", bound)]).collect();
        self.line("_bucket", &labels, count);
    }

    fn line(&mut self, suffix: &str, labels: &[MetricsLabel<'_>], value: impl Display) {
        let name = self.name;
        write(self.page, format_args!("{name}{suffix}"));
        for (index, (name, text)) in labels.iter().enumerate() {
            let open = if index == 0 { '{' } else { ',' };
            write(
                self.page,
                format_args!("{open}{name}=\"{}\"", escaped(text)),
            );
        }
        let close = if labels.is_empty() { "" } else { "}" };
        write(self.page, format_args!("{close} {value}\n"));
    }
}

fn seconds(time: Duration) -> String {
    time.as_secs_f64().to_string()
}

/// A value as it stands in quotation marks.
fn escaped(text: &str) -> String {
    let escape = |letter: char| match letter {
        '\\' => "\\\\".to_owned(),
        '"' => "\\\"".to_owned(),
        '\n' => "\\n".to_owned(),
        other => other.to_string(),
    };
    text.chars().map(escape).collect()
}

fn write(page: &mut String, text: std::fmt::Arguments<'_>) {
    page.write_fmt(text).expect("memory takes what is written");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_as_the_format_has_it() {
        const BOUNDS: &[Duration] = &[Duration::from_millis(250), Duration::from_secs(1)];
        let mut page = MetricsPage::default();
        let odd = "a\\b\"c\nd";
        page.family("one_total", MetricsKind::Counter, "One.")
            .sample(&[("bay", odd), ("state", "x")], 7);
        let mut timings = Timings::new(BOUNDS);
        for millis in [100, 500, 2400] {
            timings.add(Duration::from_millis(millis));
        }
        page.family("two_seconds", MetricsKind::Histogram, "Two.")
            .timings(&[], &timings);
        let expected = "# HELP one_total One.\n# TYPE one_total counter\n\
            one_total{bay=\"a\\\\b\\\"c\\nd\",state=\"x\"} 7\n\
            # HELP two_seconds Two.\n# TYPE two_seconds histogram\n\
            two_seconds_bucket{le=\"0.25\"} 1\ntwo_seconds_bucket{le=\"1\"} 2\n\
            two_seconds_bucket{le=\"+Inf\"} 3\ntwo_seconds_sum 3\ntwo_seconds_count 3\n";
        assert_eq!(page.text(), expected);
    }
}
