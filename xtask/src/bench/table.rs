//! What is printed: a table in Markdown for each set and store.

use std::fmt::Write as _;

use super::data::DataSet;
use super::measured::Measured;
use super::options::Direction;
use super::peers::Tool;
use super::stores::StoreKind;

/// All runs of a tool with one set and one store.
#[derive(Debug, Default)]
pub(crate) struct Runs(Vec<Measured>);

impl Runs {
    /// Adds a run, if it succeeded.
    pub(crate) fn extend(&mut self, measured: Option<Measured>) {
        self.0.extend(measured);
    }

    /// Those that count: the undisturbed, or all if there are none.
    fn counted(&self) -> Vec<&Measured> {
        let quiet: Vec<&Measured> = self.0.iter().filter(|run| !run.is_disturbed).collect();
        match quiet.is_empty() {
            true => self.0.iter().collect(),
            false => quiet,
        }
    }

    /// Least, median and most of a figure; `None` without runs.
    fn spread(&self, figure: impl Fn(&Measured) -> f64) -> Option<Spread> {
        let mut values: Vec<f64> = self.counted().into_iter().map(figure).collect();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let median = match values.len() % 2 {
            1 => values[middle],
            _ => f64::midpoint(*values.get(middle.checked_sub(1)?)?, values[middle]),
        };
        Some(Spread {
            least: *values.first()?,
            median,
            most: *values.last()?,
        })
    }

    /// How many runs there are, and whether they were disturbed.
    fn described(&self) -> String {
        let quiet = self.0.iter().filter(|run| !run.is_disturbed).count();
        match (quiet, self.0.len()) {
            (quiet, all) if quiet == all => all.to_string(),
            (0, all) => format!("{all}, all disturbed"),
            (quiet, all) => format!("{quiet} of {all}"),
        }
    }
}

struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

/// The table of one set and one store.
pub(crate) struct Table<'a> {
    pub(crate) direction: Direction,
    pub(crate) store: StoreKind,
    pub(crate) set: &'a DataSet,
    pub(crate) is_cold: bool,
    /// In the order of the rows.
    pub(crate) rows: Vec<(Tool, Runs)>,
    /// What is compared with beside the tools.
    pub(crate) limits: Vec<Limit>,
}

/// A rate of this machine that nobody can be faster than who does that.
pub(crate) struct Limit {
    pub(crate) name: &'static str,
    /// Bytes a second.
    pub(crate) rate: f64,
}

impl Table<'_> {
    /// The table in Markdown; ratios are the tool's figure by ours.
    pub(crate) fn markdown(&self) -> String {
        let mut text = self.title();
        let (sync, line) = match self.direction {
            Direction::Import => ("", ""),
            Direction::Export => (" without sync s |", " --- |"),
        };
        let _ = writeln!(
            text,
            "\n| | wall s | by ours |{sync} CPU s | by ours | memory MiB | MB/s | files/s | store CPU s | runs |\n\
             | --- | --- | --- |{line} --- | --- | --- | --- | --- | --- | --- |",
        );
        for (tool, runs) in &self.rows {
            let _ = writeln!(text, "{}", self.row(*tool, runs));
        }
        for limit in &self.limits {
            let _ = writeln!(text, "{}", self.row_of_limit(limit));
        }
        text
    }

    /// What the set would take at that rate.
    fn row_of_limit(&self, limit: &Limit) -> String {
        let wall = float(self.set.bytes) / limit.rate;
        let columns = match self.direction {
            Direction::Import => "",
            Direction::Export => " |",
        };
        format!(
            "| {} | **{wall:.2}** | {} |{columns} | | | {:.0} | | | |",
            limit.name,
            self.ratio(wall, |run| run.wall),
            limit.rate / 1e6,
        )
    }

    fn title(&self) -> String {
        let DataSet {
            kind, files, bytes, ..
        } = self.set;
        let conditions = match (self.direction, self.is_cold) {
            (Direction::Import, true) => "page cache cold",
            (Direction::Import, false) => "page cache warm",
            (Direction::Export, _) => "until everything is on the disk",
        };
        format!(
            "**`{}` {}**: {files} files, {:.0} MB, {conditions}\n",
            kind.name(),
            self.store.title(self.direction),
            float(*bytes) / 1e6,
        )
    }

    fn row(&self, tool: Tool, runs: &Runs) -> String {
        let name = tool.name();
        let figures = (
            runs.spread(|run| run.wall),
            runs.spread(|run| run.cpu),
            runs.spread(|run| run.memory),
            runs.spread(|run| run.store_cpu),
        );
        let (Some(wall), Some(cpu), Some(memory), Some(store_cpu)) = figures else {
            let columns = match self.direction {
                Direction::Import => 7,
                Direction::Export => 8,
            };
            return format!("| {name} | failed |{} 0 |", " |".repeat(columns));
        };
        let sync = match self.direction {
            Direction::Import => String::new(),
            Direction::Export => self.without_sync(runs),
        };
        format!(
            "| {name} | **{:.2}** ({:.2}–{:.2}) | {} |{sync} {:.2} | {} | {:.0} | {:.0} | {:.0} | {:.1} | {} |",
            wall.median,
            wall.least,
            wall.most,
            self.ratio(wall.median, |run| run.wall),
            cpu.median,
            self.ratio(cpu.median, |run| run.cpu),
            memory.median,
            float(self.set.bytes) / 1e6 / wall.median,
            float(self.set.files) / wall.median,
            store_cpu.median,
            runs.described(),
        )
    }

    /// The column of what the command alone took.
    fn without_sync(&self, runs: &Runs) -> String {
        let spread = runs.spread(|run| run.wall - run.sync);
        spread.map_or_else(String::new, |alone| format!(" {:.2} |", alone.median))
    }

    /// `value` by our own figure; nothing if we did not run.
    fn ratio(&self, value: f64, figure: impl Fn(&Measured) -> f64) -> String {
        let ours = self.rows.iter().find(|(tool, _)| *tool == Tool::Longshore);
        match ours.and_then(|(_, runs)| runs.spread(figure)) {
            Some(ours) if ours.median > 0.0 => format!("{:.2}", value / ours.median),
            _ => String::new(),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "rounded for the eye anyway")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::data::{SetKind, Sizes};

    fn runs(walls: &[(f64, f64)]) -> Runs {
        let measured = walls.iter().map(|&(wall, others)| Measured {
            wall,
            sync: wall / 4.0,
            cpu: 2.0 * wall,
            memory: 10.0,
            store_cpu: 1.0,
            others,
            is_disturbed: others > 0.2,
        });
        Runs(measured.collect())
    }

    #[test]
    fn medians_are_of_undisturbed_runs() {
        let spread = |walls| {
            let spread = runs(walls).spread(|run| run.wall);
            spread.map(
                |Spread {
                     least,
                     median,
                     most,
                 }| (least, median, most),
            )
        };
        assert_eq!(spread(&[]), None);
        assert_eq!(
            spread(&[(3.0, 0.0), (1.0, 0.0), (2.0, 0.1)]),
            Some((1.0, 2.0, 3.0))
        );
        assert_eq!(
            spread(&[(3.0, 0.0), (9.0, 0.5), (2.0, 0.1)]),
            Some((2.0, 2.5, 3.0))
        );
        assert_eq!(spread(&[(3.0, 0.9), (9.0, 0.5)]), Some((3.0, 6.0, 9.0)));
        assert_eq!(runs(&[(3.0, 0.9)]).described(), "1, all disturbed");
        assert_eq!(runs(&[(3.0, 0.9), (3.0, 0.0)]).described(), "1 of 2");
    }

    /// The table of a set of one file, with ourselves, one peer and one that failed.
    fn table(direction: Direction) -> String {
        let sizes = Sizes {
            big_files: 1,
            big_mib: 1,
            ..Sizes::QUICK
        };
        let name = format!("bench-table-{}-{}", direction.name(), std::process::id());
        let world = std::env::temp_dir().join(name);
        let set = DataSet::ready(SetKind::Big, sizes, &world).unwrap();
        let table = Table {
            direction,
            store: StoreKind::Sink,
            set: &set,
            is_cold: false,
            rows: vec![
                (Tool::Longshore, runs(&[(2.0, 0.0)])),
                (Tool::S5cmd, runs(&[(3.0, 0.0), (5.0, 0.0)])),
                (Tool::Aws, Runs::default()),
            ],
            limits: vec![Limit {
                name: "one chain of MD5",
                rate: 524_288.0,
            }],
        };
        let text = table.markdown();
        std::fs::remove_dir_all(&world).unwrap();
        text
    }

    /// How many cells the rows of a table have.
    fn columns(text: &str) -> Vec<usize> {
        let rows = text.lines().filter(|line| line.starts_with('|'));
        rows.map(|row| row.matches('|').count() - 1).collect()
    }

    #[test]
    fn rows_compare_with_ours() {
        let text = table(Direction::Import);
        let s5cmd = "| s5cmd | **4.00** (3.00–5.00) | 2.00 | 8.00 | 2.00 | 10 | 0 | 0 | 1.0 | 2 |";
        assert!(text.contains(s5cmd), "{text}");
        assert!(text.contains("| aws | failed |"), "{text}");
        assert!(text.contains("1 files, 1 MB, page cache warm"), "{text}");
        let chain = "| one chain of MD5 | **2.00** | 1.00 | | | | 1 | | | |";
        assert!(text.contains(chain), "{text}");
        assert_eq!(columns(&text), [10; 6]);
    }

    #[test]
    fn tables_of_exports_say_what_the_command_alone_took() {
        let text = table(Direction::Export);
        let s5cmd =
            "| s5cmd | **4.00** (3.00–5.00) | 2.00 | 3.00 | 8.00 | 2.00 | 10 | 0 | 0 | 1.0 | 2 |";
        assert!(text.contains(s5cmd), "{text}");
        assert!(text.contains("`big` from a store that serves"), "{text}");
        assert_eq!(columns(&text), [11; 6]);
    }
}
