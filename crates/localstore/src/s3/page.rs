//! One page of a list: keys in byte order, rolled up under a delimiter, and where to go on.

use super::contents::{self, Range};
use crate::error::StoreError;
use crate::index::read::{From, successor};
use crate::index::rows::Listed;
use crate::limits;
use crate::store::LocalStore;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// What is wanted.
#[derive(Debug)]
pub(super) struct Query<'a> {
    pub(super) bucket: &'a str,
    pub(super) prefix: &'a str,
    pub(super) delimiter: Option<&'a str>,
    pub(super) from: From,
    pub(super) limit: usize,
}

/// What is there.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) entries: Vec<Entry>,
    /// Where the next page begins, if there is one.
    pub(super) next: Option<From>,
}

#[derive(Debug)]
pub(super) enum Entry {
    Object(Listed),
    Prefix(String),
}

impl Page {
    /// The names on it.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(Entry::name)
    }
}

impl Entry {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Object(listed) => &listed.key,
            Self::Prefix(prefix) => prefix,
        }
    }
}

/// Reads a page. Seeks past every common prefix instead of reading what is below it.
pub(super) async fn page(store: &LocalStore, query: &Query<'_>) -> Result<Page, StoreError> {
    let below = successor(query.prefix.as_bytes());
    let mut from = at_least(query.from.clone(), query.prefix.as_bytes());
    let mut entries = Vec::new();
    if query.limit == 0 {
        return Ok(Page {
            entries,
            next: None,
        });
    }
    loop {
        let wanted = match query.delimiter {
            None => query.limit - entries.len() + 1,
            Some(_) => limits::ROLL_UP_ROWS,
        };
        let range = Range {
            bucket: query.bucket,
            from: &from,
            below: &below,
            limit: wanted,
        };
        let rows = contents::objects(store, range).await?;
        for row in rows.present {
            if !admits(&from, row.key.as_bytes()) {
                continue;
            }
            if entries.len() == query.limit {
                return Ok(Page {
                    entries,
                    next: Some(from),
                });
            }
            match common_prefix(&row.key, query.prefix, query.delimiter) {
                Some(prefix) => {
                    from = From::At(successor(prefix.as_bytes()));
                    entries.push(Entry::Prefix(prefix.to_owned()));
                }
                None => {
                    from = From::Behind(row.key.clone().into_bytes());
                    entries.push(Entry::Object(row));
                }
            }
        }
        if rows.count < wanted {
            break;
        }
        // What was left out is passed by.
        if let Some(last) = rows.last
            && admits(&from, last.as_bytes())
        {
            from = From::Behind(last.into_bytes());
        }
    }
    Ok(Page {
        entries,
        next: None,
    })
}

/// The part of a key up to and with the first delimiter behind the prefix.
pub(super) fn common_prefix<'a>(
    key: &'a str,
    prefix: &str,
    delimiter: Option<&str>,
) -> Option<&'a str> {
    let delimiter = delimiter?;
    let rest = key.strip_prefix(prefix)?;
    let end = prefix.len() + rest.find(delimiter)? + delimiter.len();
    key.get(..end)
}

/// Where a list goes on behind a marker; a marker that is a common prefix stands for all below it.
pub(super) fn behind(marker: &str, prefix: &str, delimiter: Option<&str>) -> From {
    match common_prefix(marker, prefix, delimiter) {
        Some(rolled_up) if rolled_up == marker => From::At(successor(marker.as_bytes())),
        _ => From::Behind(marker.as_bytes().to_vec()),
    }
}

/// A continuation token: opaque to clients.
pub(super) fn token(from: &From) -> String {
    let (mark, key) = match from {
        From::At(key) => (b'a', key),
        From::Behind(key) => (b'b', key),
    };
    URL_SAFE_NO_PAD.encode([&[mark], key.as_slice()].concat())
}

/// Reads a continuation token; `None` if it is none of ours.
pub(super) fn parse_token(token: &str) -> Option<From> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    match bytes.split_first()? {
        (b'a', key) => Some(From::At(key.to_vec())),
        (b'b', key) => Some(From::Behind(key.to_vec())),
        _ => None,
    }
}

fn at_least(from: From, prefix: &[u8]) -> From {
    if admits(&from, prefix) {
        From::At(prefix.to_vec())
    } else {
        from
    }
}

/// Whether a key is at or behind the bound.
fn admits(from: &From, key: &[u8]) -> bool {
    match from {
        From::At(bound) => key >= bound.as_slice(),
        From::Behind(bound) => key > bound.as_slice(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_prefixes_end_with_the_first_delimiter_behind_the_prefix() {
        assert_eq!(common_prefix("a/b/c", "", Some("/")), Some("a/"));
        assert_eq!(common_prefix("a/b/c", "a/", Some("/")), Some("a/b/"));
        assert_eq!(common_prefix("a/b", "a/", Some("/")), None);
        assert_eq!(common_prefix("a--b", "a", Some("--")), Some("a--"));
        assert_eq!(common_prefix("a/b", "", None), None);
    }

    #[test]
    fn tokens_come_back_and_foreign_ones_are_refused() {
        for from in [From::At(vec![0xFF]), From::Behind(b"k".to_vec())] {
            assert_eq!(parse_token(&token(&from)), Some(from));
        }
        for foreign in ["", "!", "eA"] {
            assert_eq!(parse_token(foreign), None, "{foreign}");
        }
    }
}
