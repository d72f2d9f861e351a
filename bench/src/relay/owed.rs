//! Whose answers are still to come over one issuer link, first in first out. Must not know bytes.

use std::collections::VecDeque;

use switch_net::SocketId;

/// Enough for every window of a comparison; beyond it the queue grows once and stays.
const FIRST_RUNS: usize = 4096;

/// A queue of clients, neighbours of one client kept as a run.
pub(super) struct Owed {
    runs: VecDeque<(SocketId, u32)>,
}

impl Owed {
    pub(super) fn new() -> Self {
        Self { runs: VecDeque::with_capacity(FIRST_RUNS) }
    }

    /// This client has sent so many requests.
    pub(super) fn push(&mut self, client: SocketId, requests: u32) {
        match self.runs.back_mut() {
            _ if requests == 0 => {}
            Some((last, count)) if *last == client => *count += requests,
            _ => self.runs.push_back((client, requests)),
        }
    }

    /// Who gets the next answer.
    pub(super) fn pop(&mut self) -> Option<SocketId> {
        let (client, count) = self.runs.front_mut()?;
        let client = *client;
        *count -= 1;
        if *count == 0 {
            self.runs.pop_front();
        }
        Some(client)
    }

    /// The link is gone, and with it the answers.
    pub(super) fn clear(&mut self) {
        self.runs.clear();
    }
}
