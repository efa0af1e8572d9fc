//! The body of an answer, which knows when it has been given away.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use hyper::body::{Body, Frame, SizeHint};

use crate::places::Seat;

/// The body of an answer.
#[derive(Debug)]
pub struct Answer<B> {
    /// `None` is empty.
    body: Option<B>,
    seat: Option<Seat>,
}

impl<B> Answer<B> {
    pub(crate) fn new(body: B, seat: Seat) -> Self {
        Self {
            body: Some(body),
            seat: Some(seat),
        }
    }
}

/// The answer to a request for which no place came free.
pub(crate) fn overloaded<B>() -> Response<Answer<B>> {
    let mut response = Response::new(Answer {
        body: None,
        seat: None,
    });
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    for (name, value) in [(header::CONNECTION, "close"), (header::RETRY_AFTER, "1")] {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

impl<B: Body<Data = Bytes> + Unpin> Body for Answer<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl<B> Drop for Answer<B> {
    /// Given away, or given up: the connection has nothing more to do.
    fn drop(&mut self) {
        if let Some(seat) = &self.seat {
            seat.end();
        }
    }
}
