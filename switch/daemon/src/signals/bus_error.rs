//! SIGBUS: a page that was to be written or read is not to be had, and the process ends at once, within the
//! handler, with a line by hand where stderr takes one. Must not know whose page it was.
#![expect(unsafe_code, reason = "what a handler may do is promised by whoever writes it")]

use std::io;

use rustix::fs::{Mode, OFlags};
use rustix::net::SendFlags;
use signal_hook::consts::SIGBUS;
use signal_hook::low_level;

use crate::cli::EXIT_DATA;
use crate::logs;

const WHY: &str = "a page of the journal, or of memory, is not to be had (SIGBUS): a file was cut short, or a \
                   disk or memory has failed. Look at the disk (dmesg), then at the journal with `sekisho \
                   journal verify`, and start on a disk that works";

/// From here on a page of a mapped segment that is not to be had ends the process: what was written there was
/// not acknowledged, and nothing that waits for it may leave.
///
/// # Errors
/// When the handler is not to be had.
pub(super) fn ends_the_process() -> io::Result<()> {
    let line = logs::by_hand(WHY);
    let stderr = io::stderr();
    // A way to stderr that never waits, and leaves the one of others as it is. A socket, as of systemd's
    // journal, can not be opened again, and needs not be.
    let flags =
        OFlags::WRONLY | OFlags::APPEND | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let again = rustix::fs::open("/proc/self/fd/2", flags, Mode::empty()).ok();
    let code = i32::from(EXIT_DATA);
    let end = move || {
        // It may be taken or not: the code says the same.
        let _taken = match &again {
            Some(again) => rustix::io::write(again, &line),
            None => rustix::net::send(&stderr, &line, SendFlags::DONTWAIT | SendFlags::NOSIGNAL),
        };
        low_level::exit(code);
    };
    // SAFETY: the handler makes two system calls, write(2) or send(2), and _exit(2), which signal-safety(7)
    // allows. Their arguments were made before. It takes no lock, allocates nothing, can not panic, and never
    // returns to whom it has interrupted.
    unsafe { low_level::register(SIGBUS, end) }?;
    Ok(())
}
