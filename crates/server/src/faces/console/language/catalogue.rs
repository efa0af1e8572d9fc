//! The catalogues: what each language says, in the form of Fluent, compiled into the program.
//!
//! That no text lacks and none is left over is held by the tests of [`super`]; so what lacks here at run time is only
//! logged, and said in English.

use std::borrow::Cow;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

use super::Language;
use super::pseudo;

type Bundle = FluentBundle<FluentResource>;

const ENGLISH: &str = include_str!("../../../../texts/en.ftl");
const GERMAN: &str = include_str!("../../../../texts/de.ftl");

static ALL: LazyLock<[Bundle; 3]> = LazyLock::new(|| {
    [
        bundle(Language::English),
        bundle(Language::German),
        bundle(Language::Pseudo),
    ]
});

/// What a language says, as it is written.
pub(super) fn source(language: Language) -> &'static str {
    match language {
        Language::English | Language::Pseudo => ENGLISH,
        Language::German => GERMAN,
    }
}

fn of(language: Language) -> &'static Bundle {
    let [english, german, pseudo] = &*ALL;
    match language {
        Language::English => english,
        Language::German => german,
        Language::Pseudo => pseudo,
    }
}

fn bundle(language: Language) -> Bundle {
    let tag = language.tag().parse();
    let mut bundle = Bundle::new_concurrent(vec![tag.expect("our tags are tags")]);
    // Names stand in elements that keep their direction to themselves.
    bundle.set_use_isolating(false);
    match language {
        Language::English => bundle.set_formatter(Some(english_number)),
        Language::German => bundle.set_formatter(Some(german_number)),
        Language::Pseudo => {
            bundle.set_formatter(Some(english_number));
            bundle.set_transform(Some(pseudo::transformed));
        }
    }
    let source = source(language).to_owned();
    let resource = FluentResource::try_new(source).unwrap_or_else(|(resource, errors)| {
        tracing::error!(?errors, "a catalogue of texts cannot be read whole");
        resource
    });
    if let Err(errors) = bundle.add_resource(resource) {
        tracing::error!(?errors, "a catalogue has a text twice");
    }
    bundle
}

fn english_number<M>(value: &FluentValue<'_>, _: &M) -> Option<String> {
    number(Language::English, value)
}

fn german_number<M>(value: &FluentValue<'_>, _: &M) -> Option<String> {
    number(Language::German, value)
}

/// A count, in groups of digits. The catalogue has them as numbers, by which it chooses between one and many.
fn number(language: Language, value: &FluentValue<'_>) -> Option<String> {
    let FluentValue::Number(number) = value else {
        return None;
    };
    let count: u64 = format!("{:.0}", number.value).parse().ok()?;
    Some(language.number(count))
}

/// A text, with what it is told; its name if there is none.
pub(super) fn say(language: Language, name: &str, told: &FluentArgs<'_>) -> String {
    let said = found(of(language), name, told).or_else(|| {
        tracing::error!(name, language = language.tag(), "a text lacks");
        found(of(Language::English), name, told)
    });
    said.map_or_else(|| name.to_owned(), Cow::into_owned)
}

fn found<'a>(bundle: &'a Bundle, name: &str, told: &'a FluentArgs<'_>) -> Option<Cow<'a, str>> {
    let pattern = bundle.get_message(name)?.value()?;
    let mut errors = Vec::new();
    let said = bundle.format_pattern(pattern, Some(told), &mut errors);
    if !errors.is_empty() {
        tracing::error!(name, ?errors, "a text is told too little");
    }
    Some(said)
}
