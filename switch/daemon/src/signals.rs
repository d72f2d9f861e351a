//! The signals that the process hears: SIGHUP from before the journal is read, so that an impatient
//! operator ends no start, and SIGTERM and SIGINT from when there is something to drain. Must not know
//! what they are obeyed with.

mod bus_error;

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use crossbeam::channel::Sender;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;

use crate::cli::EXIT_FAILED;
use crate::worker::Event;

/// Signals that came, until there is somebody who obeys them.
pub(crate) struct Early(Signals);

/// From here on a SIGHUP is kept, and a SIGBUS ends the process (`bus_error.rs`).
///
/// SIGTERM and SIGINT end a start as they end any program: nothing is in flight.
///
/// # Errors
/// When a handler is not to be had.
pub(crate) fn early() -> io::Result<Early> {
    bus_error::ends_the_process()?;
    Ok(Early(Signals::new([SIGHUP])?))
}

impl Early {
    /// Turns signals into events, those kept since [`early`] first. The thread ends with the process.
    ///
    /// A second SIGTERM or SIGINT ends the process from within its handler: it is obeyed even when every
    /// thread waits for whoever should read the log.
    ///
    /// # Errors
    /// When a handler, or a thread, is not to be had.
    pub(crate) fn become_events(self, events: Sender<Event>) -> io::Result<()> {
        let Self(mut signals) = self;
        let stopping = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGINT] {
            let ended = i32::from(EXIT_FAILED);
            // In this order: the first signal finds the flag down and raises it.
            flag::register_conditional_shutdown(signal, ended, Arc::clone(&stopping))?;
            flag::register(signal, Arc::clone(&stopping))?;
            signals.add_signal(signal)?;
        }
        thread::Builder::new().name("signals".into()).spawn(move || {
            for signal in signals.forever() {
                if events.send(Event::Signal(signal)).is_err() {
                    return;
                }
            }
        })?;
        Ok(())
    }
}
