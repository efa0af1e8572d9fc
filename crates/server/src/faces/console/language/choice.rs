//! Which language somebody reads: her own choice, else what her browser asks for, else English.

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use url::form_urlencoded;

use super::Language;

/// The cookie with somebody's own choice. It says nothing else, so it goes without a session, and is for no script.
const COOKIE: &str = "longshore-language";

/// Seconds that a choice is kept: a year.
const KEPT: u32 = 365 * 24 * 60 * 60;

/// Languages of a request that are looked at: no browser asks for as many.
const MOST_ASKED: usize = 32;

/// The language of a page: `told`, which a page that is open adds to what it asks for itself, so that all of it is in one
/// language; else the own choice, else the best that the browser asks for, else English.
fn chosen(headers: &HeaderMap, told: Option<&str>) -> Language {
    told.and_then(Language::of)
        .or_else(|| own(headers))
        .or_else(|| asked(headers))
        .unwrap_or(Language::English)
}

/// The language in which a request is answered.
pub(in super::super) fn of_request(head: &Parts) -> Language {
    let query = head.uri.query().unwrap_or_default();
    let mut fields = form_urlencoded::parse(query.as_bytes());
    let told = fields.find(|(name, _)| name == "language");
    chosen(&head.headers, told.as_ref().map(|(_, tag)| tag.as_ref()))
}

/// A language by its name, as a form tells it.
pub(in super::super) fn offered(tag: &str) -> Option<Language> {
    Language::of(tag)
}

/// What makes a browser keep a choice.
pub(in super::super) fn cookie(language: Language, is_secure: bool) -> HeaderValue {
    let secure = if is_secure { "; Secure" } else { "" };
    let tag = language.tag();
    let text = format!("{COOKIE}={tag}; Path=/; HttpOnly; SameSite=Lax; Max-Age={KEPT}{secure}");
    HeaderValue::from_str(&text).expect("it is made of our own words")
}

fn own(headers: &HeaderMap) -> Option<Language> {
    let cookies = headers.get_all(header::COOKIE).into_iter();
    let mut pairs = cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let (_, tag) = pairs.find(|(name, _)| *name == COOKIE)?;
    Language::of(tag)
}

/// The best of `Accept-Language` (RFC 9110, 12.5.4): of languages that are wanted equally the first.
fn asked(headers: &HeaderMap) -> Option<Language> {
    let values = headers.get_all(header::ACCEPT_LANGUAGE).into_iter();
    let ranges = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .take(MOST_ASKED);
    let mut best: Option<(Language, u32)> = None;
    for range in ranges {
        let Some((language, weight)) = wanted(range) else {
            continue;
        };
        if weight > best.map_or(0, |(_, weight)| weight) {
            best = Some((language, weight));
        }
    }
    best.map(|(language, _)| language)
}

/// A language that is asked for, and how much it is wanted, in thousandths; `None` of one that we do not speak.
fn wanted(range: &str) -> Option<(Language, u32)> {
    let mut parts = range.split(';').map(str::trim);
    let tag = parts.next()?;
    let weight = match parts.next() {
        None => 1_000,
        Some(said) => weight(said)?,
    };
    // `de-AT` is German too; that nobody reads has to be asked for by its whole name.
    let primary = tag.split('-').next().unwrap_or_default();
    let language = match tag {
        "*" => Some(Language::English),
        tag => Language::of(tag).or_else(|| Language::of(primary)),
    };
    Some((language?, weight))
}

/// `q=0.8` as thousandths.
fn weight(said: &str) -> Option<u32> {
    let value = said
        .strip_prefix("q=")
        .or_else(|| said.strip_prefix("Q="))?;
    let (whole, decimals) = value.split_once('.').unwrap_or((value, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths: u32 = format!("{decimals:0<3}").parse().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(accept: &str, cookie: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let value = |text: &str| HeaderValue::from_bytes(text.as_bytes()).unwrap();
        headers.insert(header::ACCEPT_LANGUAGE, value(accept));
        headers.insert(header::COOKIE, value(cookie));
        headers
    }

    #[test]
    fn the_own_choice_counts_and_then_what_the_browser_asks_for() {
        use Language::{English, German, Pseudo};
        for (accept, cookie, expected) in [
            ("", "", English),
            ("de", "", German),
            ("de-AT, en;q=0.5", "", German),
            ("DE-ch", "", German),
            ("fr, en;q=0.3, de;q=0.7", "", German),
            ("de;q=0.7, en-GB;q=0.7", "", German),
            ("en-GB, de;q=0.9", "", English),
            ("de;q=0", "", English),
            ("fr-FR, *;q=0.1", "", English),
            ("de;q=1.000, en", "", German),
            ("en-XA", "", Pseudo),
            ("en-XA-x, de;q=0.5", "", English),
            ("de", "a=b; longshore-language=en; c=d", English),
            ("en", "longshore-language=de", German),
            // A choice of what there is not is none.
            ("de", "longshore-language=tlh", German),
            ("de", "xlongshore-language=en", German),
        ] {
            let language = chosen(&headers(accept, cookie), None);
            assert_eq!(language, expected, "{accept:?} {cookie:?}");
        }
        assert_eq!(
            chosen(&headers("en", "longshore-language=en"), Some("de")),
            German
        );
        assert_eq!(chosen(&headers("de", ""), Some("x")), German);
    }

    #[test]
    fn what_no_browser_asks_for_is_passed_over() {
        for accept in [
            ",,,;;;===",
            "de;q=2",
            "de;q=-1",
            "de;q=0.1234",
            "de;q=nan",
            "de;quality=1",
            "d\u{e9}",
            "\u{1f980}",
            &"de-".repeat(0),
            &"x,".repeat(50_000),
        ] {
            assert_eq!(chosen(&headers(accept, ""), None), Language::English);
        }
        // What is behind more languages than anybody reads is not looked at.
        let far = format!("{}de", "x,".repeat(MOST_ASKED));
        assert_eq!(chosen(&headers(&far, ""), None), Language::English);
        let long = "de-".to_owned() + &"x".repeat(60_000);
        assert_eq!(chosen(&headers(&long, ""), None), Language::German);
    }

    #[test]
    fn a_choice_is_kept_for_a_year() {
        assert_eq!(
            cookie(Language::German, true).to_str().unwrap(),
            "longshore-language=de; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000; Secure"
        );
        assert!(
            !cookie(Language::English, false)
                .to_str()
                .unwrap()
                .contains("Secure")
        );
    }
}
