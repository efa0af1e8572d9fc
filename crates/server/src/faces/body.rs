//! The bodies of requests: read whole, in time, within their length, and of long ones no more at a time
//! than there is memory for.

use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use bytes::Bytes;
use futures::StreamExt;
use model::limits::REQUEST_BODY_BYTES;
use tokio::sync::{Semaphore, SemaphorePermit};

/// How long the body of a request may take to arrive: a megabyte over the thinnest line.
const BODY_PATIENCE: Duration = Duration::from_secs(30);

/// How long nothing of a body may come.
const BODY_SILENCE: Duration = Duration::from_secs(15);

/// How long a long body waits until others have been read.
const ROOM_PATIENCE: Duration = Duration::from_secs(5);

/// Bytes that are read of a body that is too long, so that its sender gets to read the answer.
const DISCARDED_BYTES: usize = 16 << 20;

/// Bytes of a body that are read without asking: every request but one with a manifest, and most of
/// those, and no more than eight megabytes of all connections together.
const FREE_BODY_BYTES: usize = 16 << 10;

/// Bytes of bodies that are longer, of all requests together. Reading one takes some five times its
/// length in memory while it is checked, which few are at a time.
const BODIES_BYTES: u32 = 64 << 20;

/// The memory of long bodies.
pub(super) struct Bodies(Semaphore);

/// A body that was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyError {
    /// It is longer than it may be.
    TooLong,
    /// It broke off, or took too long.
    Incomplete,
    /// Too many long ones are being read.
    NoRoom,
}

impl Bodies {
    pub(super) fn new() -> Self {
        Self(Semaphore::new(BODIES_BYTES as usize))
    }

    /// Reads the body of an API request. A long one takes memory of all of them before it is read.
    pub(super) async fn read(
        &self,
        body: Body,
    ) -> Result<(Bytes, Option<SemaphorePermit<'_>>), BodyError> {
        let announced = body
            .size_hint()
            .exact()
            .and_then(|bytes| usize::try_from(bytes).ok());
        // One that is too long is read to be thrown away.
        let bytes = announced
            .unwrap_or(REQUEST_BODY_BYTES)
            .min(REQUEST_BODY_BYTES);
        let memory = match u32::try_from(bytes) {
            Ok(bytes) if bytes as usize > FREE_BODY_BYTES => {
                let memory = tokio::time::timeout(ROOM_PATIENCE, self.0.acquire_many(bytes));
                let Ok(Ok(memory)) = memory.await else {
                    return Err(BodyError::NoRoom);
                };
                Some(memory)
            }
            _ => None,
        };
        Ok((read_body(body, REQUEST_BODY_BYTES).await?, memory))
    }
}

/// Reads a body of at most `limit` bytes, in time.
pub(super) async fn read_body(body: Body, limit: usize) -> Result<Bytes, BodyError> {
    // Of what is announced as far too long nothing is waited for.
    if body.size_hint().lower() > DISCARDED_BYTES as u64 {
        return Err(BodyError::TooLong);
    }
    tokio::time::timeout(BODY_PATIENCE, collect(body, limit))
        .await
        .unwrap_or(Err(BodyError::Incomplete))
}

async fn collect(body: Body, limit: usize) -> Result<Bytes, BodyError> {
    let mut stream = body.into_data_stream();
    let mut collected = Vec::new();
    let mut length = 0_usize;
    while let Some(chunk) = tokio::time::timeout(BODY_SILENCE, stream.next())
        .await
        .map_err(|_| BodyError::Incomplete)?
    {
        let chunk = chunk.map_err(|_| BodyError::Incomplete)?;
        length = length.saturating_add(chunk.len());
        if length <= limit {
            collected.extend_from_slice(&chunk);
        } else if length > DISCARDED_BYTES {
            break;
        }
    }
    if length > limit {
        Err(BodyError::TooLong)
    } else {
        Ok(collected.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn long_bodies_have_so_much_memory_together() {
        let bodies = Bodies(Semaphore::new(3 * FREE_BODY_BYTES));
        let long = || Body::from(vec![b'x'; 2 * FREE_BODY_BYTES]);
        let (body, memory) = bodies.read(long()).await.unwrap();
        assert_eq!(body.len(), 2 * FREE_BODY_BYTES);
        assert!(memory.is_some());
        assert_eq!(bodies.read(long()).await.err(), Some(BodyError::NoRoom));
        let short = bodies.read(Body::from(vec![b'x'; FREE_BODY_BYTES])).await;
        assert!(short.unwrap().1.is_none());
        drop(memory);
        assert!(bodies.read(long()).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_falls_silent_is_not_waited_for() {
        let begun = tokio::time::Instant::now();
        let first = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from("Action="))]);
        let body = Body::from_stream(first.chain(futures::stream::pending()));
        assert_eq!(read_body(body, 100).await, Err(BodyError::Incomplete));
        assert_eq!(begun.elapsed(), BODY_SILENCE);
    }
}
