//! A connection whose other end is timed: who takes nothing of an answer is let go.
//!
//! The socket takes no more than it can nearly send, so that what the other end takes is seen soon, and what
//! it does not take lies nowhere.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::meter::{Meter, Side};

/// Bytes that count as progress. Whoever brings or takes one byte at a time makes none.
const PROGRESS_BYTES: u64 = 1 << 10;

/// Bytes that a socket holds beyond those that are on their way. Half of them are gone before it takes more,
/// which at the slowest pace that keeps a place ([`pace`](crate::pace)) is four seconds, less than what is slow there.
const UNSENT_BYTES: u32 = 32 << 10;

/// How long the other end has been waited for.
#[derive(Debug)]
pub(crate) struct StallTimer {
    limit: Duration,
    timer: Option<Pin<Box<tokio::time::Sleep>>>,
    /// Bytes since progress was last made.
    moved: u64,
}

/// A connection of which the writing is timed.
#[derive(Debug)]
pub(crate) struct Metered {
    stream: TcpStream,
    meter: Arc<Meter>,
    stall_timer: StallTimer,
}

impl StallTimer {
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            limit,
            timer: None,
            moved: 0,
        }
    }

    /// The other end is waited for: pending until it has been for too long.
    pub(crate) fn poll_run_out(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let limit = self.limit;
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        timer.as_mut().poll(cx)
    }

    /// Bytes moved, which may be progress.
    pub(crate) fn moves(&mut self, bytes: usize) {
        self.moved += bytes as u64;
        if self.moved >= PROGRESS_BYTES {
            self.renew();
        }
    }

    /// It is not waited for any more.
    pub(crate) fn renew(&mut self) {
        self.timer = None;
        self.moved = 0;
    }
}

impl Metered {
    pub(crate) fn new(stream: TcpStream, meter: Arc<Meter>, stall: Duration) -> Self {
        let socket = SockRef::from(&stream);
        if let Err(error) = socket.set_tcp_notsent_lowat(UNSENT_BYTES) {
            tracing::debug!(%error, "unsent bytes not bounded");
        }
        Self {
            stream,
            meter,
            stall_timer: StallTimer::new(stall),
        }
    }

    /// What comes first, without taking it.
    pub(crate) async fn peek(&self, into: &mut [u8]) -> io::Result<usize> {
        self.stream.peek(into).await
    }

    /// What came of writing; an error when that has led nowhere for too long.
    fn written(
        &mut self,
        cx: &mut Context<'_>,
        done: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match done {
            Poll::Ready(Ok(bytes)) => {
                self.stall_timer.moves(bytes);
                self.meter.moves(Side::Answer, bytes);
                Poll::Ready(Ok(bytes))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                self.meter.waits(Side::Answer);
                ready!(self.stall_timer.poll_run_out(cx));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for Metered {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(cx, done)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        self.written(cx, done)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Asked for when all has been written: nobody waits any more.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stall_timer.renew();
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
