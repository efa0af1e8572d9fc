//! Generated texts: what was written is read, and anything at all gets an answer soon.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

#[test]
fn hostile_texts_end_soon() {
    let bomb: String = std::iter::once("a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned())
        .chain((1..12).map(|n| {
            let refs = vec![format!("*a{}", n - 1); 9].join(", ");
            format!("a{n}: &a{n} [{refs}]\n")
        }))
        .collect();
    let deep: String = (0..2000)
        .map(|n| format!("{}bucket:\n", " ".repeat(n)))
        .collect();
    let texts = [
        bomb,
        deep,
        format!("bucket: {}", "[".repeat(100_000)),
        format!("bucket: {}", "{a: ".repeat(100_000)),
        "- ".repeat(200_000),
        "bucket:\n".repeat(60_000),
        (0..40_000).map(|n| format!("x{n}:\n")).collect::<String>() + "bucket: x\n",
        format!("bucket: x\nstaticMetadata:\n{}", " a: b\n".repeat(60_000)),
        format!("bucket: x\nignore:\n{}", " - \\pL{30}x\n".repeat(1000)),
        format!(
            "bucket: x\nignore:\n{}",
            " - (?<=a|b)(?i)\\w{9,30}(.)\\1\n".repeat(1000)
        ),
        format!("bucket: x\nsubstitutions:\n{}", " a: b\n".repeat(60_000)),
        "bucket: \"".to_owned() + &"\\".repeat(400_000),
        "x".repeat(600_000),
    ];
    for text in texts {
        let start = Instant::now();
        let _ = import(&text);
        let took = start.elapsed();
        assert!(
            took < Duration::from_secs(20),
            "{took:?} for {:?}",
            &text[..40.min(text.len())]
        );
    }
}

/// Text that a plain value can hold without quotation.
fn plain() -> impl Strategy<Value = String> {
    "[A-Za-z0-9+(][A-Za-z0-9 :/.+@()_-]{0,20}[A-Za-z0-9)]"
}

/// What a generated manifest says, apart from how it is written.
#[derive(Debug, Clone)]
struct Sketch {
    device: String,
    prefix: String,
    name: String,
    street: String,
    postal: String,
    substitutions: Vec<(String, String)>,
    ignore: Vec<String>,
}

fn sketch() -> impl Strategy<Value = Sketch> {
    let substitutions = proptest::collection::btree_map("[ -~é]{1,8}", "[ -~é]{0,8}", 0..5)
        .prop_map(|map| map.into_iter().collect());
    let ignore = proptest::collection::vec("[a-z^./]{1,6}", 0..4);
    (
        plain(),
        plain(),
        plain(),
        plain(),
        "[0-9]{5}",
        substitutions,
        ignore,
    )
        .prop_map(
            |(device, prefix, name, street, postal, substitutions, ignore)| Sketch {
                device,
                prefix,
                name,
                street,
                postal,
                substitutions,
                ignore,
            },
        )
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Writes a sketch with `space` behind colons and `indent` before nested lines.
fn print(sketch: &Sketch, space: &str, indent: &str) -> String {
    let Sketch {
        device,
        prefix,
        name,
        street,
        postal,
        ..
    } = sketch;
    let mut text = format!(
        "manifestVersion:{space}2.0\nbucket:{space}generated\ndeviceId:{space}{device}\n\
         prefix:{space}{prefix}\neraseDevice:{space}no\n"
    );
    text += "substitutions:\n";
    for (from, to) in &sketch.substitutions {
        text += &format!("{indent}{}:{space}{}\n", quoted(from), quoted(to));
    }
    text += "ignore:\n";
    for pattern in &sketch.ignore {
        text += &format!("{indent}-{space}{pattern}\n");
    }
    text += "returnAddress:\n";
    for (key, value) in [
        ("name", name.as_str()),
        ("street1", street),
        ("city", "Reno"),
        ("stateOrProvince", "NV"),
        ("postalCode", postal),
        ("country", "USA"),
        ("phoneNumber", "1"),
    ] {
        text += &format!("{indent}{key}:{space}{value}\n");
    }
    text
}

proptest! {
    #[test]
    fn what_was_written_is_read(
        sketch in sketch(),
        space in prop::sample::select(vec!["", " ", "  ", "\t"]),
        indent in prop::sample::select(vec![" ", "  ", "    ", "\t"]),
    ) {
        let text = print(&sketch, space, indent);
        let parsed = import(&text).map_err(|f| TestCaseError::fail(format!("{f}\n{text}")))?;
        let Manifest::S3Import(import) = parsed.manifest else { panic!("not an S3 import") };
        let substitutions: Vec<_> =
            import.substitutions.into_iter().map(|s| (s.from, s.to)).collect();
        let ignore: Vec<_> = import.ignore.iter().map(|p| p.source().to_owned()).collect();
        prop_assert_eq!(import.common.device_id, sketch.device);
        prop_assert_eq!(import.prefix, sketch.prefix);
        prop_assert_eq!(import.common.return_address.name, sketch.name);
        prop_assert_eq!(import.common.return_address.street1, sketch.street);
        prop_assert_eq!(import.common.return_address.postal_code, sketch.postal);
        prop_assert_eq!(substitutions, sketch.substitutions);
        prop_assert_eq!(ignore, sketch.ignore);
    }

    #[test]
    fn any_text_gets_an_answer(text in "\\PC{0,400}", export: bool) {
        answer(&text, export);
    }

    #[test]
    fn any_heap_of_fragments_gets_an_answer(
        fragments in proptest::collection::vec(prop::sample::select(FRAGMENTS.to_vec()), 0..60),
        export: bool,
    ) {
        answer(&fragments.concat(), export);
    }

    #[test]
    fn a_golden_manifest_with_a_scar_gets_an_answer(
        golden in 0..GOLDEN.len(),
        cut in any::<prop::sample::Index>(),
        length in 0_usize..20,
        patch in prop::sample::select(FRAGMENTS.to_vec()),
    ) {
        let (name, text) = GOLDEN[golden];
        let start = text.floor_char_boundary(cut.index(text.len()));
        let end = text.floor_char_boundary((start + length).min(text.len()));
        answer(&format!("{}{patch}{}", &text[..start], &text[end..]), name.starts_with("export"));
    }
}

const FRAGMENTS: &[&str] = &[
    "bucket",
    "manifestVersion",
    "operations",
    "returnAddress",
    "customs",
    "ignore",
    "substitutions",
    "destination",
    "glacier",
    "exportBucket",
    ":",
    ": ",
    "- ",
    "-",
    "\n",
    "\n",
    "\n  ",
    "\n    ",
    "\t",
    "\r\n",
    "\r",
    "#",
    " #",
    "\"",
    "'",
    "\\",
    "[",
    "]",
    "{",
    "}",
    ",",
    "&a",
    "*a",
    "|",
    ">-",
    "<<",
    "!!str ",
    "---",
    "...",
    "%",
    "? ",
    "2.0",
    "3.0",
    "yes",
    "é",
    "\u{feff}",
    "\0",
];

fn answer(text: &str, export: bool) {
    let job_type = if export {
        JobType::Export
    } else {
        JobType::Import
    };
    let start = Instant::now();
    if let Err(faults) = Manifest::parse(text, job_type, &rules()) {
        assert!(faults.iter().next().is_some());
        assert!(faults.iter().all(|f| {
            f.line
                .is_none_or(|line| line <= text.lines().count() + text.matches('\r').count() + 1)
        }));
    }
    assert!(start.elapsed() < Duration::from_secs(5));
}
