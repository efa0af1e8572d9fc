//! The manifests of an export that takes several devices: each is the customer's own text with
//! its share of the `operations`, so that one after another they export every object once.

use crate::ids::{JobType, ObjectKey};
use crate::manifest::{ExportSet, Manifest, ManifestFaults, S3Export};

/// A place between two objects of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Which of the manifest's `operations`, from 0.
    pub operation: usize,
    /// The last key of it before this place; `None` before all of them.
    pub after: Option<ObjectKey>,
}

impl Mark {
    /// Before the first object.
    pub const BEGIN: Self = Self {
        operation: 0,
        after: None,
    };
}

/// A manifest that could not be written anew.
#[derive(Debug, thiserror::Error)]
pub enum CannotRewrite {
    /// Its options are not each on lines of their own.
    #[error("`{0}` does not begin a line of the manifest")]
    Hidden(&'static str),
    /// What was written would be read in another way.
    #[error("`operations` and `deviceId` stand in the manifest in a form that cannot be rewritten")]
    OtherMeaning,
    /// What was written cannot be read.
    #[error("the manifest of device {number} would be wrong: {faults}")]
    Faults {
        /// Which device, from 1.
        number: usize,
        /// What is wrong with it.
        faults: ManifestFaults,
    },
}

/// The `operations` between two marks, or from one to the end.
#[must_use]
pub fn operations(rules: &S3Export, from: &Mark, until: Option<&Mark>) -> Vec<ExportSet> {
    let last = until.map_or(usize::MAX, |until| until.operation);
    let numbered = rules.operations.iter().enumerate();
    let selected = numbered.filter(|(number, _)| (from.operation..=last).contains(number));
    let shares = selected.filter_map(|(number, set)| {
        let mut set = set.clone();
        if number == from.operation
            && let Some(after) = &from.after
        {
            set.begin_marker = Some(after.to_string());
        }
        if let Some(until) = until.filter(|until| until.operation == number) {
            set.end_marker = Some(until.after.as_ref()?.to_string());
        }
        Some(set)
    });
    shares.collect()
}

/// The manifest of device `number`, from 1, of a series: `text`, which means `rules`, with the
/// given `operations`, and the number behind its `deviceId`. The rest of the text stays.
///
/// # Errors
/// [`CannotRewrite`]. What is returned means what it should: it has been read again.
pub fn manifest(
    text: &str,
    rules: &S3Export,
    number: usize,
    operations: Vec<ExportSet>,
) -> Result<String, CannotRewrite> {
    let mut expected = S3Export {
        operations,
        ..rules.clone()
    };
    expected.common.device_id = format!("{}-{number}", rules.common.device_id);
    let device_id = format!("deviceId: {}\n", quoted(&expected.common.device_id));
    let text = replaced(text, "deviceId", &device_id)?;
    let text = replaced(&text, "operations", &block(&expected.operations))?;
    match Manifest::parse_accepted(&text, JobType::Export) {
        Ok(Manifest::S3Export(found)) if found == expected => Ok(text),
        Ok(_) => Err(CannotRewrite::OtherMeaning),
        Err(faults) => Err(CannotRewrite::Faults { number, faults }),
    }
}

/// `text` with `block` in the place of a top-level option and what is indented below it.
fn replaced(text: &str, option: &'static str, block: &str) -> Result<String, CannotRewrite> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let hidden = || CannotRewrite::Hidden(option);
    let first = lines.iter().position(|line| is_option(line, option));
    let first = first.ok_or_else(hidden)?;
    let column = indent(lines[first]);
    let belongs = |line: &&str| {
        let own = line.trim_start();
        indent(line) > column || (indent(line) == column && own.starts_with('-'))
    };
    let mut end = first + 1;
    for (number, line) in lines.iter().enumerate().skip(end) {
        if is_blank(line) {
            continue;
        }
        if !belongs(line) {
            break;
        }
        end = number + 1;
    }
    let before = lines[..first].concat();
    let margin = " ".repeat(column);
    let block: String = block
        .split_inclusive('\n')
        .map(|line| format!("{margin}{line}"))
        .collect();
    Ok(before + &block + &lines[end..].concat())
}

/// Whether a line begins the option of this name.
fn is_option(line: &str, name: &str) -> bool {
    let line = line.trim_start_matches('\u{feff}').trim_start();
    let Some((key, _)) = line.split_once(':') else {
        return false;
    };
    key.trim_end().trim_matches(['"', '\'']) == name
}

/// Whether a line says nothing.
fn is_blank(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

fn indent(line: &str) -> usize {
    let line = line.trim_start_matches('\u{feff}');
    line.len() - line.trim_start().len()
}

/// The option `operations` as lines of a manifest.
fn block(operations: &[ExportSet]) -> String {
    let mut block = "operations:\n".to_owned();
    for set in operations {
        let options = [
            ("prefix", &set.prefix),
            ("beginMarker", &set.begin_marker),
            ("endMarker", &set.end_marker),
            ("targetDirectory", &set.target_directory),
        ];
        block.push_str(&format!("    - exportBucket: {}\n", set.bucket));
        for (name, value) in options {
            if let Some(value) = value {
                block.push_str(&format!("      {name}: {}\n", quoted(value)));
            }
        }
    }
    block
}

/// YAML in double quotes, with escapes for what would not be seen or end the line.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c if c.is_control() => quoted.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, prop_assert_eq, proptest};

    use super::*;

    const TEXT: &str = "# Two buckets\nmanifestVersion:2.0\ndeviceId:RACK 7 # sticker\n\
        fileSystem: NTFS\ntargetDirectory: /\noperations:\n    # the first\n\
        \x20   - exportBucket: media\n      prefix: stills/\n      endMarker: stills/z\n\n\
        \x20   - exportBucket:finance\n      targetDirectory: money\n\n# the rest\n\
        pinCode: 0048121\nlogBucket: logs\nnotificationEmail: a@b.example\nreturnAddress:\n\
        \x20   name: N\n    street1: S\n    city: C\n    stateOrProvince: WA\n\
        \x20   postalCode: 98000\n    country: USA\n    phoneNumber: 1\n";

    fn rules(text: &str) -> S3Export {
        match Manifest::parse_accepted(text, JobType::Export) {
            Ok(Manifest::S3Export(rules)) => rules,
            other => panic!("{other:?}"),
        }
    }

    fn mark(operation: usize, after: Option<&str>) -> Mark {
        Mark {
            operation,
            after: after.map(|key| ObjectKey::new(key).unwrap()),
        }
    }

    #[test]
    fn only_operations_and_device_change_and_the_rest_stays_to_the_letter() {
        let rules = rules(TEXT);
        let from = mark(0, Some("stills/m"));
        let until = mark(1, Some("2013/a \"b\".pdf"));
        let share = operations(&rules, &from, Some(&until));
        let expected = "# Two buckets\nmanifestVersion:2.0\ndeviceId: \"RACK 7-2\"\n\
            fileSystem: NTFS\ntargetDirectory: /\noperations:\n\
            \x20   - exportBucket: media\n      prefix: \"stills/\"\n\
            \x20     beginMarker: \"stills/m\"\n      endMarker: \"stills/z\"\n\
            \x20   - exportBucket: finance\n      endMarker: \"2013/a \\\"b\\\".pdf\"\n\
            \x20     targetDirectory: \"money\"\n\n# the rest\n";
        let written = manifest(TEXT, &rules, 2, share).unwrap();
        let rest = TEXT.split_once("# the rest\n").unwrap().1;
        assert_eq!(written, expected.to_owned() + rest);
    }

    #[test]
    fn a_share_ends_before_an_operation_of_which_nothing_fits() {
        let rules = rules(TEXT);
        let share = |from: &Mark, until: Option<&Mark>| {
            let sets = operations(&rules, from, until);
            let summed = sets.iter().map(|set| {
                let marker = |marker: &Option<String>| marker.clone().unwrap_or_default();
                let (begin, end) = (marker(&set.begin_marker), marker(&set.end_marker));
                format!("{} {begin}..{end}", set.bucket)
            });
            summed.collect::<Vec<_>>()
        };
        let whole = ["media ..stills/z", "finance .."];
        assert_eq!(share(&Mark::BEGIN, None), whole);
        assert_eq!(share(&Mark::BEGIN, Some(&mark(1, None))), whole[..1]);
        assert_eq!(share(&mark(1, None), None), whole[1..]);
        assert_eq!(share(&mark(1, Some("k")), None), ["finance k.."]);
        let within = share(&mark(0, Some("a")), Some(&mark(0, Some("b"))));
        assert_eq!(within, ["media a..b"]);
    }

    #[test]
    fn other_line_ends_margins_and_quotes_are_read_and_hidden_options_refused() {
        let rewritten = |text: &str| {
            let rules = rules(text);
            let share = operations(&rules, &mark(1, None), None);
            manifest(text, &rules, 1, share)
        };
        let crlf = TEXT.replace('\n', "\r\n");
        let margin: String = TEXT.lines().map(|line| format!("  {line}\n")).collect();
        let quotes = TEXT.replace("operations:", "\"operations\" :");
        let flush = TEXT.replace("    - ", "- ").replace("      ", "  ");
        let marked = format!("\u{feff}{}", TEXT.split_once('\n').unwrap().1);
        for text in [&crlf, &margin, &quotes, &flush, &marked] {
            assert!(rewritten(text).is_ok(), "{text}");
        }
        let (before, after) = TEXT.split_once("operations:").unwrap();
        let after = after.split_once("# the rest").unwrap().1;
        let flow =
            format!("{before}operations: [{{exportBucket: a11}}, {{exportBucket: b11}}]\n#{after}");
        // Only YAML reads such a list, and it wants a space after each colon.
        let flow = flow.replace("manifestVersion:", "manifestVersion: ");
        let flow = flow.replace("deviceId:", "deviceId: ");
        assert!(rewritten(&flow).is_ok(), "a flow list on one line");
        let json = "{\"manifestVersion\": \"2.0\", \"deviceId\": \"D\", \"fileSystem\": \"EXT4\", \
            \"operations\": [{\"exportBucket\": \"abc\"}], \"pinCode\": \"1\", \"logBucket\": \"logs\", \
            \"notificationEmail\": \"a@b.example\", \"returnAddress\": {\"name\": \"N\", \"street1\": \"S\", \
            \"city\": \"C\", \"stateOrProvince\": \"WA\", \"postalCode\": \"9\", \"country\": \"USA\", \
            \"phoneNumber\": \"1\"}}\n";
        assert!(matches!(rewritten(json), Err(CannotRewrite::Hidden(_))));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever keys end one device and begin the next, the manifest means just them.
        #[test]
        fn any_key_can_be_a_marker(begin in "(.|[\\n\\r\\t\"'\\\\#: \\x00-\\x1f\u{85}\u{2028}\u{feff}]){1,12}", end in "\\PC{1,12}") {
            let rules = rules(TEXT);
            let share = operations(&rules, &mark(0, Some(&begin)), Some(&mark(1, Some(&end))));
            let written = manifest(TEXT, &rules, 7, share.clone());
            prop_assert_eq!(self::rules(&written.unwrap()).operations, share);
        }
    }
}
