//! Answers that wait for their time, in the order of it. Must not know what they say.

use std::collections::VecDeque;

use switch_net::{Net, SendError, SocketId};

use crate::ledger::Replied;

/// Bytes that may wait. At 200 bytes an answer: a second's delay at 300,000 a second.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// A queue in which all wait equally long, so that it is in order. Keeps its memory.
#[derive(Default)]
pub(super) struct Held {
    bytes: VecDeque<u8>,
    answers: VecDeque<Answer>,
}

struct Answer {
    due: u64,
    socket: SocketId,
    length: usize,
    /// What a ledger says of it, where there is one.
    note: Option<Replied>,
}

impl Held {
    /// Adds an answer, due no earlier than the one before; `false` when too much waits.
    pub(super) fn push(
        &mut self,
        due: u64,
        socket: SocketId,
        frame: &[u8],
        note: Option<Replied>,
    ) -> bool {
        if self.bytes.len() + frame.len() > BYTES_MAX {
            return false;
        }
        self.bytes.extend(frame);
        self.answers.push_back(Answer { due, socket, length: frame.len(), note });
        true
    }

    /// When the first one is due.
    pub(super) fn next_due(&self) -> Option<u64> {
        self.answers.front().map(|answer| answer.due)
    }

    /// Gives what is due to the sockets, and tells of each how that went.
    pub(super) fn release(
        &mut self,
        net: &mut Net,
        now: u64,
        mut tell: impl FnMut(Result<u64, SendError>, Option<Replied>),
    ) {
        while let Some(answer) = self.answers.pop_front_if(|answer| answer.due <= now) {
            let (front, back) = self.bytes.as_slices();
            let in_front = answer.length.min(front.len());
            let parts = [&front[..in_front], &back[..answer.length - in_front]];
            tell(net.send(answer.socket, &parts), answer.note);
            self.bytes.drain(..answer.length);
        }
    }
}
