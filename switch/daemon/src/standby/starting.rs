//! The start of a node that is watched from its first moment on, as the process began anew in its place: its log is
//! read from the disk, and a cut is finished, in steps that may take longer than the watchdog waits. Must not
//! know how far they are.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam::channel::{RecvTimeoutError, Sender, bounded};

use crate::service::Service;

/// From one sign of life to the next: a third of what the unit's watchdog waits.
const SIGN_EVERY: Duration = Duration::from_millis(1_500);
/// As long as a first start has without any sign of progress (`TimeoutStartSec=` of the unit).
const SIGNS_MAX: u32 = 60;

/// While this is there, the start is said to go on.
pub(super) struct Starting {
    /// Gone with this: the thread ends.
    _starts: Option<Sender<()>>,
}

impl Starting {
    /// # Errors
    /// When there is no thread to be had.
    pub(super) fn begins(service: &Arc<Service>) -> io::Result<Self> {
        if service.watchdog().is_none() {
            return Ok(Self { _starts: None });
        }
        let (starts, ended) = bounded::<()>(0);
        let service = Arc::clone(service);
        thread::Builder::new().name("start".into()).spawn(move || {
            for _ in 0..SIGNS_MAX {
                if ended.recv_timeout(SIGN_EVERY) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
                service.alive();
            }
        })?;
        Ok(Self { _starts: Some(starts) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    #[test]
    fn a_start_that_is_watched_says_that_it_lives_until_it_is_over() {
        let name = format!("sekishod-starting-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let manager = UnixDatagram::bind_addr(&address).unwrap();
        manager.set_read_timeout(Some(SIGN_EVERY * 4)).unwrap();
        let at = std::ffi::OsString::from(format!("@{name}"));
        let service = Arc::new(Service::at(&at, Some(Duration::from_secs(5))).unwrap());
        let starting = Starting::begins(&service).unwrap();
        let mut bytes = [0; 64];
        for _ in 0..2 {
            let length = manager.recv(&mut bytes).unwrap();
            assert_eq!(&bytes[..length], b"WATCHDOG=1\n");
        }
        drop(starting);
        manager.recv(&mut bytes).unwrap_err();
    }
}
