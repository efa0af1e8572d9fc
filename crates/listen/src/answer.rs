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
    let value = HeaderValue::from_static("1");
    response.headers_mut().insert(header::RETRY_AFTER, value);
    say_last(&mut response);
    response
}

/// Says that the connection ends with this answer (RFC 9112, section 9.6).
pub(crate) fn say_last<B>(response: &mut Response<B>) {
    let value = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, value);
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
