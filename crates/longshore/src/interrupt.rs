//! Ctrl-C and SIGTERM: the first asks the work to stop in order, the second ends the process. SIGHUP: what is read again.

use std::io;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;
use transfer::stop::{Halt, Stop};

use crate::exit::Exit;
use crate::output;

/// Listens for signals on a thread of its own for as long as the process lives.
///
/// # Errors
/// If the system lets nobody listen.
pub(crate) fn stops(stop: Stop) -> io::Result<()> {
    stops_and(stop, || ())
}

/// The same; when the first signal has come, `also` is done.
///
/// # Errors
/// If the system lets nobody listen.
pub(crate) fn stops_and(stop: Stop, also: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let (mut interrupt, mut terminate) = {
        let _context = runtime.enter();
        signals()?
    };
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            runtime.block_on(async {
                either(&mut interrupt, &mut terminate).await;
                output::note("Stopping in order; once more stops at once.");
                stop.halt(Halt::Interrupted);
                also();
                either(&mut interrupt, &mut terminate).await;
                // Whatever was going on is in the journal as far as it is true.
                std::process::exit(Exit::Interrupted.number().into());
            });
        })?;
    Ok(())
}

/// The signals that end a program, from within a runtime.
///
/// # Errors
/// If the system lets nobody listen.
pub(crate) fn signals() -> io::Result<(Signal, Signal)> {
    Ok((
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    ))
}

/// Has SIGHUP notify whoever reads certificates again, for as long as the runtime is there.
///
/// # Errors
/// If the system lets nobody listen.
pub(crate) fn renews(asked: Arc<Notify>) -> io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            asked.notify_one();
        }
    });
    Ok(())
}

/// Has SIGHUP do something for as long as the process lives, each time on a thread that is there for nothing else.
///
/// # Errors
/// If the system lets nobody listen.
pub(crate) fn hangs_up(mut then: impl FnMut() + Send + 'static) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let mut hangup = {
        let _context = runtime.enter();
        signal(SignalKind::hangup())?
    };
    let builder = std::thread::Builder::new().name("hangup".into());
    builder.spawn(move || {
        while runtime.block_on(hangup.recv()).is_some() {
            then();
        }
    })?;
    Ok(())
}

/// Waits for one of two signals.
pub(crate) async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}
