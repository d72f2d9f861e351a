//! What is said on the line, in the words of the stories. Knows no rule.

use crate::ship::message::Message;

/// A message without its figures.
pub(super) fn short(message: &Message) -> String {
    match message {
        Message::Follow { from, snapshot: None, .. } => format!("follow behind {}", from.batch.0),
        Message::Follow { from, snapshot: Some(about), .. } => {
            format!("follow behind {}, and a checkpoint at {}", from.batch.0, about.0)
        }
        Message::Ready { end, .. } => format!("ready at {}", end.batch.0),
        Message::Ask { reign, .. } => format!("may I reign by {}?", reign.0),
        Message::Grant { reign } => format!("you may, by {}", reign.0),
        Message::Nack { reign } => format!("I promised {}", reign.0),
        Message::Refuse { objection, .. } => format!("no, {objection:?}"),
        Message::HandOver { end, .. } => format!("take over at {}", end.batch.0),
        Message::Taken { reign } => format!("I took over, by {}", reign.0),
        Message::Fetch { from, until, .. } => format!("what is in {} to {}?", from.0, until.0),
        Message::Fetched { .. } => "this is".into(),
        Message::NotHere { from, .. } => format!("{} is not here", from.0),
        Message::Hello(_)
        | Message::Heartbeat(_)
        | Message::Segment { .. }
        | Message::Batch { .. }
        | Message::Ack { .. }
        | Message::Snapshot(_)
        | Message::Tell { .. } => String::new(),
    }
}
