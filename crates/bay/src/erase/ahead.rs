//! What is written, or should be read, made ahead of whoever uses it: a thread makes it while the device is at work.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use disks::aligned::{Buffer, Buffers};
use model::erasure::Span;

use super::limits::CHUNKS_AHEAD;
use super::stream::Fill;

/// Who takes what was made, with its place on the device.
pub(super) type Each<'a, E> = dyn FnMut(u64, &[u8]) -> Result<(), E> + 'a;

/// Hands what belongs into each chunk of the spans to `each`, in order, with its place.
pub(super) fn ahead<E>(
    fill: &Fill,
    spans: &[Span],
    chunk: u64,
    each: &mut Each<'_, E>,
) -> Result<(), E> {
    let stock = Arc::new(Buffers::default());
    if let Fill::Zeros = fill {
        let mut zeros = stock.take(chunk);
        zeros.fill(0);
        return chunks(spans, chunk).try_for_each(|it| each(it.offset, part(&zeros, it.bytes)));
    }
    std::thread::scope(|scope| {
        let (made, taken) = sync_channel(CHUNKS_AHEAD);
        scope.spawn(move || make(fill, spans, chunk, &stock, &made));
        take(taken, each)
    })
}

fn make(
    fill: &Fill,
    spans: &[Span],
    chunk: u64,
    stock: &Arc<Buffers>,
    made: &SyncSender<(u64, Buffer)>,
) {
    for span in chunks(spans, chunk) {
        let mut buffer = stock.take(span.bytes);
        fill.make(span.offset, &mut buffer);
        // Whoever takes them has enough.
        if made.send((span.offset, buffer)).is_err() {
            return;
        }
    }
}

/// Ends the making when it returns: the receiver goes with it.
fn take<E>(taken: Receiver<(u64, Buffer)>, each: &mut Each<'_, E>) -> Result<(), E> {
    taken
        .into_iter()
        .try_for_each(|(offset, buffer)| each(offset, &buffer))
}

fn part(zeros: &[u8], bytes: u64) -> &[u8] {
    let length = usize::try_from(bytes).unwrap_or(usize::MAX);
    &zeros[..length.min(zeros.len())]
}

/// Spans cut so that none crosses a multiple of `chunk`.
pub(super) fn chunks(spans: &[Span], chunk: u64) -> impl Iterator<Item = Span> {
    spans.iter().flat_map(move |span| {
        let mut at = span.offset;
        std::iter::from_fn(move || {
            let left = span.end() - at;
            if left == 0 {
                return None;
            }
            let bytes = (chunk - at % chunk).min(left);
            let offset = at;
            at += bytes;
            Some(Span { offset, bytes })
        })
    })
}

/// What is in `spans` and not in `without`; both in order.
pub(super) fn without(spans: &[Span], without: &[Span]) -> Vec<Span> {
    let mut left = Vec::new();
    for span in spans {
        let mut at = span.offset;
        for hole in without.iter().filter(|hole| hole.end() > span.offset) {
            if hole.offset >= span.end() {
                break;
            }
            if hole.offset > at {
                left.push(Span {
                    offset: at,
                    bytes: hole.offset - at,
                });
            }
            at = at.max(hole.end());
        }
        if at < span.end() {
            left.push(Span {
                offset: at,
                bytes: span.end() - at,
            });
        }
    }
    left
}

/// A span that failed, in pieces: none finer than a sector. `None` if it is as fine as it can be.
pub(super) fn pieces(span: Span, into: u64, sector: u64) -> Option<impl Iterator<Item = Span>> {
    if span.bytes <= sector {
        return None;
    }
    let piece = (span.bytes / into).max(sector).div_ceil(sector) * sector;
    let end = span.end();
    let mut at = span.offset;
    Some(std::iter::from_fn(move || {
        let bytes = piece.min(end - at);
        let offset = at;
        at += bytes;
        (bytes > 0).then_some(Span { offset, bytes })
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::erase::stream::Key;

    fn span(offset: u64, bytes: u64) -> Span {
        Span { offset, bytes }
    }

    #[test]
    fn chunks_are_whole_and_holes_are_left_out() {
        let all: Vec<Span> = chunks(&[span(5, 10), span(20, 1)], 8).collect();
        assert_eq!(all, [span(5, 3), span(8, 7), span(20, 1)]);
        let left = without(&[span(0, 100)], &[span(0, 10), span(50, 10), span(95, 5)]);
        assert_eq!(left, [span(10, 40), span(60, 35)]);
        let left = without(&[span(0, 10), span(20, 10)], &[span(5, 20)]);
        assert_eq!(left, [span(0, 5), span(25, 5)]);
    }

    #[test]
    fn what_fails_is_cut_down_to_sectors() {
        let cut = |bytes| -> Vec<u64> {
            let pieces = pieces(span(4096, bytes), 16, 512);
            pieces.into_iter().flatten().map(|it| it.bytes).collect()
        };
        assert_eq!(cut(4 << 20), [256 << 10; 16]);
        assert_eq!(cut(1024), [512; 2]);
        assert_eq!(cut(1500), [512, 512, 476]);
        assert!(cut(512).is_empty() && cut(77).is_empty());
    }

    #[test]
    fn whoever_has_enough_ends_the_making() {
        let fill = Fill::Stream(Key::new([1; 32]));
        let mut taken = 0;
        let ended = ahead(&fill, &[span(0, 1 << 40)], 4096, &mut |offset, made| {
            let mut alone = vec![0; made.len()];
            fill.make(offset, &mut alone);
            assert_eq!(made, alone);
            taken += 1;
            if taken == 9 { Err("enough") } else { Ok(()) }
        });
        assert_eq!((ended, taken), (Err("enough"), 9));
    }
}
