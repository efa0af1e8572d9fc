//! The body of a request, which is not waited for without end.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Frame, Incoming, SizeHint};

use crate::meter::{Meter, Side};
use crate::stream::StallTimer;

/// The body of a request as it comes in. It ends with an error of the kind `TimedOut` if next to nothing
/// of it comes for too long.
#[derive(Debug)]
pub struct Body {
    incoming: Incoming,
    meter: Arc<Meter>,
    stall_timer: StallTimer,
    rest: Rest,
}

/// Whether anything of a body is still to come. The connection of one that was not read to its end can take no other request.
#[derive(Debug, Clone)]
pub(crate) struct Rest(Arc<AtomicBool>);

impl Rest {
    fn of(incoming: &Incoming) -> Self {
        Self(Arc::new(AtomicBool::new(
            !hyper::body::Body::is_end_stream(incoming),
        )))
    }

    fn has_come(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    pub(crate) fn is_to_come(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Body {
    pub(crate) fn of_connection(incoming: Incoming, meter: Arc<Meter>, stall: Duration) -> Self {
        Self {
            rest: Rest::of(&incoming),
            incoming,
            meter,
            stall_timer: StallTimer::new(stall),
        }
    }

    pub(crate) fn rest(&self) -> Rest {
        self.rest.clone()
    }

    fn came(&mut self, bytes: usize) {
        self.stall_timer.moves(bytes);
        self.meter.moves(Side::Body, bytes);
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match Pin::new(&mut self.incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                self.came(frame.data_ref().map_or(0, Bytes::len));
                if self.incoming.is_end_stream() {
                    self.rest.has_come();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(io::Error::other(error)))),
            Poll::Ready(None) => {
                self.rest.has_come();
                self.meter.goes_on(Side::Body);
                Poll::Ready(None)
            }
            Poll::Pending => {
                self.meter.waits(Side::Body);
                ready!(self.stall_timer.poll_run_out(cx));
                Poll::Ready(Some(Err(io::ErrorKind::TimedOut.into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

impl Drop for Body {
    /// Nobody waits for the rest of it.
    fn drop(&mut self) {
        self.meter.goes_on(Side::Body);
    }
}
