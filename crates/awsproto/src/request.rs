//! A request as it came over the wire, borrowed from whichever server read it.

use crate::fault::Fault;

/// The parts of an HTTP request that signatures and parameters depend on.
///
/// Nothing is decoded or normalised: signatures are over what was sent.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method in upper case, e.g. `POST`.
    pub method: &'a str,
    /// The request target as received: path and, after a `?`, the query string.
    pub path_and_query: &'a str,
    /// All header fields in the order received; names in any case, one entry per field line.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The whole body.
    pub body: &'a [u8],
}

impl<'a> Request<'a> {
    /// Gives the path as received, `/` if there is none.
    pub fn path(&self) -> &'a str {
        match self.split().0 {
            "" => "/",
            path => path,
        }
    }

    /// Gives the query string as received, without its `?`; empty if there is none.
    pub fn query(&self) -> &'a str {
        self.split().1
    }

    /// Looks up a header that may be given once.
    pub fn header(&self, name: &str) -> Result<Option<&'a str>, Fault> {
        let mut values = self.header_values(name);
        let Some(value) = values.next() else {
            return Ok(None);
        };
        if values.next().is_some() {
            return Err(Fault::incomplete(format!(
                "the header `{name}` is given more than once"
            )));
        }
        value.map(Some)
    }

    /// Goes over the values of all headers of one name, in the order received.
    pub(crate) fn header_values(
        &self,
        name: &str,
    ) -> impl Iterator<Item = Result<&'a str, Fault>> + use<'a, '_> {
        let name = name.to_owned();
        let headers = self.headers.iter();
        headers
            .filter(move |(given, _)| given.eq_ignore_ascii_case(&name))
            .map(|&(name, value)| {
                str::from_utf8(value).map_err(|_| {
                    Fault::incomplete(format!("the header `{name}` is not valid UTF-8"))
                })
            })
    }

    fn split(&self) -> (&'a str, &'a str) {
        self.path_and_query
            .split_once('?')
            .unwrap_or((self.path_and_query, ""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn target_and_headers_are_looked_up_as_received() {
        let request = Request {
            method: "GET",
            path_and_query: "?a=%20?b",
            headers: &[
                ("HOST", b"h"),
                ("x-a", b"1"),
                ("X-A", b"2"),
                ("x-b", b"\xff"),
            ],
            body: b"",
        };
        assert_eq!((request.path(), request.query()), ("/", "a=%20?b"));
        assert_eq!(request.header("host"), Ok(Some("h")));
        assert_eq!(request.header("x-c"), Ok(None));
        assert!(matches!(
            request.header("x-a"),
            Err(Fault::IncompleteSignature(_))
        ));
        assert!(matches!(
            request.header("x-b"),
            Err(Fault::IncompleteSignature(_))
        ));
    }
}
