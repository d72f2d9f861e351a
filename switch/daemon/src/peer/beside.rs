//! What the two nodes say to each other beside the rules: how their machines are, and that an operator of the standby
//! asks for a switch-over; and the line that is refused for a drill. Must not know what is made of it.

use std::collections::VecDeque;

use journal::roles::event::Event;
use journal::roles::view::View;
use journal::roles::wish::{Wish, WishId};
use journal::ship::message::Message;
use switch_core::time::Time;
use tracing::warn;

use super::session::Ended;
use super::ship::TELLS_MAX;
use super::thread::Shipping;
use crate::clocks;
use crate::drilling::Told;

/// What the peer is told, as a message.
pub(super) fn said(text: String, view: &View) -> Message {
    Message::Tell { reign: view.promised, text }
}

impl Shipping {
    /// There is no line until then. Bounded by who asks for it.
    pub(super) fn refuse_line(&mut self, until: Time) {
        let for_ms = u64::try_from(until.since(clocks::boot()).as_millis()).unwrap_or(u64::MAX);
        warn!(for_ms, "a drill: the line to the other node is refused");
        self.end_line(&Ended::Closed("it is refused for a drill".into()));
        self.doors.rest(until);
    }

    /// To be told as soon as there is a line with room. Where there is none for long, the newest count.
    pub(super) fn takes_told(&mut self, tells: VecDeque<String>) {
        self.tells.extend(tells);
        let more = self.tells.len().saturating_sub(TELLS_MAX);
        self.tells.drain(..more);
    }

    /// Takes what is told beside the rules; all else is given back.
    pub(super) fn hear_told(&mut self, message: Message) -> Option<Message> {
        let Message::Tell { text, .. } = message else { return Some(message) };
        // What a later program tells is not for this one.
        let Told { machine, hand_over } = serde_json::from_str(&text).unwrap_or_default();
        if machine.is_some() {
            self.ship.show(|shown| shown.line.machine = machine.map(Box::new));
        }
        if let Some(by) = hand_over {
            self.on_asked_to_hand_over(&by);
        }
        None
    }

    /// An operator of the other node wants that one to be the primary again. The rules say whether that may be, as
    /// for an operator of this one.
    fn on_asked_to_hand_over(&mut self, by: &str) {
        let peer = self.node.view().peer.name.to_string();
        warn!(peer, by, "the other node asks for a switch-over");
        self.last_wish += 1;
        // Nobody here waits for what comes of it.
        self.handle(Event::Wish(WishId(self.last_wish), Wish::SwitchOver));
    }
}
