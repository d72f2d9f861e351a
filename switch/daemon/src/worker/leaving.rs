//! The last step of a turn: what was released leaves, unless its time is over by then. Must not know what it is.
//!
//! A turn looks at the clock once, at its beginning. A process that is stopped behind that, or whose machine
//! is, goes on where it was: to it no time has passed, while the peer may have begun a reign.

use std::io;

use switch_core::time::{Now, Time};

use super::Worker;

impl Worker {
    /// Offers the sockets what waits for them. On a node with a peer the clock is looked at before each of
    /// them, and what is late is taken back first.
    ///
    /// # Errors
    /// Another worker can not be woken for what follows from that.
    pub(super) fn send(&mut self, clock: impl Fn() -> Now) -> io::Result<()> {
        loop {
            let late_from = self.core.late_from();
            if late_from == Time::NEVER {
                self.net.flush();
                return Ok(());
            }
            if self.net.flush_while(|| clock().boot < late_from) {
                return Ok(());
            }
            let now = clock();
            self.with_out(|core, out| core.handle_time(now, out));
            self.commit_and_release(now);
            self.publish()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::sync::Arc;
    use std::time::Duration;

    use crossbeam::channel::bounded;
    use switch_core::counters::Counter;
    use switch_core::plan::Plan;
    use switch_net::Budget;

    use super::*;
    use crate::config::{self, Mode};
    use crate::mesh::Mesh;
    use crate::worker::{Made, Nets, Parts};
    use crate::{clocks, notes};

    const ACQUIRER: &str = r#"
        [node]
        name = "leaving"
        institution = "49000000001"
        workers = 1
        [[station]]
        name = "merchant"
        role = "acquirer"
        institution = "77334000001"
        dialect = "iso93-ascii"
        framing = "ascii4"
        listen = ["127.0.0.1:0"]
    "#;
    /// A request with a STAN and half a currency (field 49): it is declined with 904.
    const REQUEST: &[u8] = b"0027110000200000000080000000013";
    const LATE: Duration = Duration::from_secs(1);

    /// A worker of a node with a peer or without, and its acquirer.
    fn worker(name: &str, has_peer: bool) -> (Worker, TcpStream) {
        let place = std::env::temp_dir().join(format!("leaving-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&place).unwrap();
        let file = place.join("sekisho.toml");
        std::fs::write(&file, ACQUIRER).unwrap();
        let mut configuration = config::load(&file, Mode { insecure_demo: true }).unwrap();
        std::fs::remove_dir_all(&place).unwrap();
        configuration.settings.limits.late_after = has_peer.then_some(LATE);
        let plan = Arc::new(Plan::new(configuration.settings).unwrap());
        let endpoints: Arc<[_]> = configuration.endpoints.into();
        let nets = Nets::new(&plan, &endpoints, &Budget::default()).unwrap();
        let mesh = Arc::new(Mesh::new(nets.wakers()));
        let parts = Parts {
            plan,
            endpoints,
            spin: Duration::ZERO,
            notes: notes::channel().0,
            keys: None,
            reader: None,
            events: bounded(1).0,
            journaled: false,
        };
        let Made { mut workers, .. } = nets.into_workers(&parts, &mesh);
        let mut worker = workers.remove(0);
        worker.listen().unwrap();
        let acquirer = TcpStream::connect(worker.listening()[0]).unwrap();
        while worker.core.counters().of(Counter::LinksOpened) == 0 {
            worker.turn().unwrap();
        }
        (worker, acquirer)
    }

    /// The worker answers a request while its clock goes on by so much in the middle of the turn.
    fn answers_behind(worker: &mut Worker, acquirer: &mut TcpStream, pause: Duration) {
        acquirer.write_all(REQUEST).unwrap();
        let frames = worker.core.counters().of(Counter::Frames);
        while worker.core.counters().of(Counter::Frames) == frames {
            let stood_still = || {
                let now = clocks::now();
                Now { boot: now.boot + pause, ..now }
            };
            worker.turn_by(stood_still).unwrap();
        }
    }

    fn heard(acquirer: &mut TcpStream) -> usize {
        acquirer.set_nonblocking(true).unwrap();
        acquirer.read(&mut [0; 256]).unwrap_or(0)
    }

    #[test]
    fn who_stood_still_between_the_release_and_the_send_sends_nothing_where_a_peer_may_reign() {
        let (mut worker, mut acquirer) = worker("late", true);
        answers_behind(&mut worker, &mut acquirer, LATE * 2);
        assert_eq!(heard(&mut acquirer), 0);
        assert_eq!(worker.core.counters().of(Counter::LateDropped), 1);
        answers_behind(&mut worker, &mut acquirer, Duration::ZERO);
        assert!(heard(&mut acquirer) > 0, "what is released from there on leaves");
        assert_eq!(worker.core.counters().of(Counter::LateDropped), 1);
    }

    #[test]
    fn who_stood_still_and_has_no_peer_sends_all_the_same() {
        let (mut worker, mut acquirer) = worker("alone", false);
        answers_behind(&mut worker, &mut acquirer, LATE * 2);
        assert!(heard(&mut acquirer) > 0);
        assert_eq!(worker.core.counters().of(Counter::LateDropped), 0);
    }
}
