//! That every text that a page says is there, in every language, is told what it needs, and is said somewhere.
//!
//! Texts are asked for by names that stand in the templates and sources of the console: `t("…")` in the one,
//! `text("…")` and `key("…")` in the other, with what they are told right behind.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};

use super::catalogue::source;
use super::{Language, OFFERED, text};
use model::time::Timestamp;

/// A text with all that its catalogue says of it.
#[derive(Default)]
struct Written {
    variables: BTreeSet<String>,
    /// All its words, of each of its variants.
    words: String,
}

fn catalogue(language: Language) -> BTreeMap<String, Written> {
    let parsed = fluent_syntax::parser::parse(source(language));
    let resource = parsed.unwrap_or_else(|(_, errors)| panic!("{language:?}: {errors:?}"));
    let mut texts = BTreeMap::new();
    for entry in resource.body {
        match entry {
            Entry::Message(message) => {
                let mut written = Written::default();
                let value = message.value.expect("a text says something");
                read(&value, &mut written);
                assert!(message.attributes.is_empty());
                let name = message.id.name.to_owned();
                assert!(
                    texts.insert(name, written).is_none(),
                    "{} twice",
                    message.id.name
                );
            }
            Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_) => {}
            Entry::Term(_) | Entry::Junk { .. } => panic!("{language:?}: {entry:?}"),
        }
    }
    texts
}

fn read(pattern: &Pattern<&str>, written: &mut Written) {
    for element in &pattern.elements {
        match element {
            PatternElement::TextElement { value } => written.words.push_str(value),
            PatternElement::Placeable { expression } => match expression {
                Expression::Inline(inline) => read_inline(inline, written),
                Expression::Select { selector, variants } => {
                    read_inline(selector, written);
                    for variant in variants {
                        read(&variant.value, written);
                    }
                }
            },
        }
    }
}

fn read_inline(inline: &InlineExpression<&str>, written: &mut Written) {
    match inline {
        InlineExpression::VariableReference { id } => {
            written.variables.insert(id.name.to_owned());
        }
        InlineExpression::StringLiteral { value } => written.words.push_str(value),
        other => panic!("texts are made of words and what they are told, and not of {other:?}"),
    }
}

/// Files below a folder, with what stands in them.
fn files(folder: &Path, ending: &str, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, ending, found);
        } else if path.extension().is_some_and(|is| is == ending) {
            let name = path.display().to_string();
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

/// What is asked for in a source, each with what it is told.
fn asked_for(source: &str, functions: &[&str]) -> Vec<(String, BTreeSet<String>)> {
    let mut found = Vec::new();
    for function in functions {
        let call = format!("{function}(");
        for (at, _) in source.match_indices(&call) {
            let is_longer = source[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            let Some((name, rest)) = quoted(&source[at + call.len()..]).filter(|_| !is_longer)
            else {
                continue;
            };
            let rest = rest.trim_start().strip_prefix(',').unwrap_or(rest);
            let Some(rest) = rest.trim_start().strip_prefix(')') else {
                continue;
            };
            found.push((name.to_owned(), told(rest)));
        }
    }
    found
}

/// `"name"` at the beginning, and what follows.
fn quoted(source: &str) -> Option<(&str, &str)> {
    source.trim_start().strip_prefix('"')?.split_once('"')
}

/// What is told right behind: `.with("name", …).count("other", …)`.
fn told(mut rest: &str) -> BTreeSet<String> {
    const WAYS: [&str; 7] = [
        ".with(",
        ".count(",
        ".bytes(",
        ".time(",
        ".text(",
        ".list(",
        ".sentences(",
    ];
    let mut names = BTreeSet::new();
    loop {
        let next = rest.trim_start();
        let Some(behind) = WAYS.iter().find_map(|way| next.strip_prefix(way)) else {
            return names;
        };
        let Some((name, behind)) = quoted(behind) else {
            return names;
        };
        names.insert(name.to_owned());
        rest = behind_call(behind);
    }
}

/// What stands behind the parenthesis that closes a call.
fn behind_call(source: &str) -> &str {
    let mut depth = 1;
    let mut is_quoted = false;
    for (at, c) in source.char_indices() {
        match c {
            '"' => is_quoted = !is_quoted,
            '(' if !is_quoted => depth += 1,
            ')' if !is_quoted => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &source[at + 1..];
        }
    }
    ""
}

fn all_asked_for() -> Vec<(String, String, BTreeSet<String>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut templates, mut sources) = (Vec::new(), Vec::new());
    files(&root.join("templates"), "html", &mut templates);
    files(&root.join("src/faces/console"), "rs", &mut sources);
    let mut all = Vec::new();
    for (files, functions) in [(templates, &["t"][..]), (sources, &["t", "text", "key"])] {
        for (file, source) in files {
            // The tests of the catalogue ask for what there is not.
            if file.ends_with("language/tests.rs") {
                continue;
            }
            for (name, told) in asked_for(&source, functions) {
                all.push((file.clone(), name, told));
            }
        }
    }
    all
}

#[test]
fn every_text_is_there_is_told_what_it_needs_and_is_said() {
    let english = catalogue(Language::English);
    let mut unused: BTreeSet<&String> = english.keys().collect();
    let mut wrong = Vec::new();
    let all = all_asked_for();
    assert!(all.len() > 100, "the sources are found");
    for (file, name, told) in &all {
        unused.remove(name);
        match english.get(name) {
            None => wrong.push(format!("{file}: en.ftl has no `{name}`")),
            Some(written) if written.variables != *told => wrong.push(format!(
                "{file}: `{name}` is told {told:?} and says {:?}",
                written.variables
            )),
            Some(_) => {}
        }
    }
    wrong.extend(
        unused
            .iter()
            .map(|name| format!("en.ftl: nobody says `{name}`")),
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_language_says_all_that_english_says() {
    let english = catalogue(Language::English);
    for language in OFFERED {
        let other = catalogue(language);
        let mut wrong = Vec::new();
        for (name, written) in &english {
            match other.get(name) {
                None => wrong.push(format!("`{name}` lacks")),
                Some(said) if said.variables != written.variables => wrong.push(format!(
                    "`{name}` says {:?}, in English {:?}",
                    said.variables, written.variables
                )),
                Some(said) if elements(&said.words) != elements(&written.words) => {
                    wrong.push(format!("`{name}` has other elements than in English"));
                }
                Some(_) => {}
            }
        }
        let more = other.keys().filter(|name| !english.contains_key(*name));
        wrong.extend(more.map(|name| format!("`{name}` is not in English")));
        let tag = language.tag();
        assert!(wrong.is_empty(), "{tag}.ftl: {}", wrong.join("\n"));
    }
}

/// The elements of HTML in a text, in any order; those of several variants are counted once.
fn elements(words: &str) -> BTreeSet<String> {
    let parts = words.split('<').skip(1);
    parts
        .map(|part| part.split('>').next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn what_is_asked_for_is_found_in_sources() {
    let found = asked_for(
        "say.t(\"a\") set(\"no\") text(\n    \"b\",\n).with(\"x\", f(\")\"))\n  .count(\"y\", 1) key(\"c\") text(name)",
        &["t", "text", "key"],
    );
    let names: Vec<_> = found
        .iter()
        .map(|(name, told)| {
            (
                name.as_str(),
                told.iter().map(String::as_str).collect::<Vec<_>>(),
            )
        })
        .collect();
    assert_eq!(names, [("a", vec![]), ("b", vec!["x", "y"]), ("c", vec![])]);
}

#[test]
fn each_language_writes_numbers_and_times_as_its_readers_do() {
    let at = Timestamp::from_unix(1_780_288_901);
    for (language, said) in [
        (
            Language::English,
            [
                "1,234,567",
                "1.5 GB",
                "35 MB/s",
                "61.2",
                "2 h 10 min",
                "4 days",
                "2026-06-01 04:41:41 UTC",
            ],
        ),
        (
            Language::German,
            [
                "1.234.567",
                "1,5 GB",
                "35 MB/s",
                "61,2",
                "2 Std. 10 Min.",
                "4 Tage",
                "01.06.2026, 04:41:41 UTC",
            ],
        ),
    ] {
        assert_eq!(
            [
                language.number(1_234_567_u64),
                language.bytes(1_500_000_000_u64),
                language.rate(35_400_000_u64),
                language.percent(612_u64),
                language.about(7_790_u64),
                language.about(4_u64 * 86_400),
                language.time(at),
            ],
            said
        );
    }
    assert_eq!(Language::German.day("someday"), "someday");
}

#[test]
fn one_and_many_are_told_apart_and_names_are_harmless() {
    let say = |language: Language, count: u64| {
        language
            .t("scan-expected")
            .with("parcel", "1Z")
            .with("jobs", "A")
            .count("count", count)
            .to_string()
    };
    assert_ne!(say(Language::German, 1), say(Language::German, 2));
    let shown = Language::German.t("revoke-it").with("name", "<b>\"x\"");
    assert!(shown.clone().html().contains("&#60;b&#62;&#34;x&#34;"));
    assert!(shown.to_string().contains("<b>\"x\""));
    let theirs = super::Text::English("a <b>\n".to_owned());
    assert_eq!(
        Language::German.element(&theirs),
        "<bdi lang=\"en\">a &#60;b&#62;\\n</bdi>"
    );
}

#[test]
fn what_the_service_says_in_english_itself_is_said_so_on_english_pages() {
    let retold = text("due-load").retells("Plug it in.");
    assert_eq!(Language::English.of_text(&retold), "Plug it in.");
    assert_ne!(Language::German.of_text(&retold), "Plug it in.");
    assert_eq!(
        Language::Pseudo
            .t("bay-of-station")
            .with("bay", "B1")
            .with("station", "dock-1")
            .to_string()
            .matches('‹')
            .count(),
        2
    );
}

#[test]
fn what_lacks_is_not_the_end_of_a_page() {
    // No text is called so; the sources cannot ask for it without a test that says so.
    let lacks = text("no-such-text-at-all");
    assert_eq!(Language::German.of_text(&lacks), "no-such-text-at-all");
}
