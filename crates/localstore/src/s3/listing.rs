//! What all three lists of objects have in common: what is asked for, the page, and how it is shown.

use super::attributes::signed;
use super::bucket;
use super::fault::fault;
use super::list::{Shown, limit};
use super::page::{Entry, Page, Query, behind, page, parse_token};
use crate::index::read::From;
use crate::index::rows::Listed;
use crate::store::LocalStore;
use s3s::S3Result;
use s3s::dto::{CommonPrefix, EncodingType};

/// What a client asks for.
pub(super) struct Asked<'a> {
    pub(super) bucket: &'a str,
    pub(super) prefix: Option<&'a str>,
    pub(super) delimiter: Option<&'a str>,
    pub(super) limit: Option<i32>,
    pub(super) encoding: &'a Option<EncodingType>,
    /// Where the list begins; empty strings are none.
    pub(super) start: Start<'a>,
}

/// Where a list begins.
#[derive(Clone, Copy)]
pub(super) enum Start<'a> {
    /// Behind a key or common prefix; at the beginning if it is empty.
    Behind(&'a str),
    /// Where a page ended.
    Token(&'a str),
}

/// A page, ready to be shown.
pub(super) struct Listing<'a> {
    page: Page,
    pub(super) shown: Shown,
    prefix: &'a str,
    delimiter: Option<&'a str>,
    limit: usize,
}

impl<'a> Listing<'a> {
    /// Reads it. `named` is what the answer repeats beside prefix and delimiter.
    ///
    /// # Errors
    /// `NoSuchBucket`, `InvalidArgument`, or a failure.
    pub(super) async fn read(
        store: &LocalStore,
        asked: &Asked<'a>,
        named: &str,
    ) -> S3Result<Listing<'a>> {
        bucket::find(store, asked.bucket).await?;
        let limit = limit(asked.limit, "max-keys")?;
        let prefix = asked.prefix.unwrap_or_default();
        let delimiter = asked.delimiter.filter(|delimiter| !delimiter.is_empty());
        let query = Query {
            bucket: asked.bucket,
            prefix,
            delimiter,
            from: match asked.start {
                Start::Token(token) => parse_token(token).ok_or_else(bucket::incorrect_token)?,
                Start::Behind("") => From::At(Vec::new()),
                Start::Behind(marker) => behind(marker, prefix, delimiter),
            },
            limit,
        };
        let page = page(store, &query).await.map_err(fault)?;
        let repeated = [prefix, named, delimiter.unwrap_or_default()];
        let shown = Shown::new(asked.encoding, page.names().chain(repeated))?;
        Ok(Self {
            page,
            shown,
            prefix,
            delimiter,
            limit,
        })
    }

    pub(super) fn prefix(&self) -> Option<String> {
        Some(self.shown.text(self.prefix))
    }

    pub(super) fn delimiter(&self) -> Option<String> {
        self.delimiter.map(|delimiter| self.shown.text(delimiter))
    }

    pub(super) fn limit(&self) -> S3Result<Option<i32>> {
        signed(self.limit).map(Some)
    }

    pub(super) fn count(&self) -> S3Result<Option<i32>> {
        signed(self.page.entries.len()).map(Some)
    }

    /// Where the next page begins, if there is one.
    pub(super) fn next(&self) -> Option<&From> {
        self.page.next.as_ref()
    }

    /// The last entry, if there is a next page.
    pub(super) fn last(&self) -> Option<&Entry> {
        self.page
            .entries
            .last()
            .filter(|_| self.page.next.is_some())
    }

    /// The objects, each as `one` shows it, and the common prefixes.
    pub(super) fn into_entries<T>(
        self,
        one: impl Fn(&Shown, Listed) -> S3Result<T>,
    ) -> S3Result<(Vec<T>, Vec<CommonPrefix>)> {
        let (mut objects, mut prefixes) = (Vec::new(), Vec::new());
        for entry in self.page.entries {
            match entry {
                Entry::Object(listed) => objects.push(one(&self.shown, listed)?),
                Entry::Prefix(prefix) => prefixes.push(self.shown.prefix(&prefix)),
            }
        }
        Ok((objects, prefixes))
    }
}
