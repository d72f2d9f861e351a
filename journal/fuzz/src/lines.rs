//! What holds for any bytes at all on the line between two sites. Must not know who makes them up.

use journal::format::BATCH_MAX;
use journal::ship::message::Message;
use journal::ship::pool::Pool;
use journal::ship::wire::{self, Cutter, Nonsense};

/// Buffers of the line's pool: few, so that it runs empty.
const BUFFERS: usize = 2;

/// `length of the pieces, the line...`: each message that is cut from it is what stands there, byte for
/// byte; how the line was cut into pieces, and how long buffers stay away, changes nothing; and no more
/// is allocated than what a message of its kind may have.
pub fn lines(bytes: &[u8]) {
    let Some((&step, line)) = bytes.split_first() else { return };
    let at_once = cut(line, line.len().max(1), false);
    let in_pieces = cut(line, usize::from(step) * 16 + 1, true);
    assert_eq!(at_once, in_pieces);
    let (messages, nonsense) = at_once;
    let mut again = Vec::new();
    for message in &messages {
        wire::put(message, &mut again);
    }
    assert!(line.starts_with(&again), "what was read is what stands there");
    if let Some(nonsense) = nonsense {
        assert!(!nonsense.to_string().is_empty());
    }
}

/// Cuts a line that comes in pieces. `kept`: the last message is held while the next one comes.
fn cut(line: &[u8], step: usize, kept: bool) -> (Vec<Message>, Option<Nonsense>) {
    let mut cutter = Cutter::new(Pool::new(BUFFERS, BATCH_MAX));
    let mut messages = Vec::new();
    let mut held = None;
    for mut piece in line.chunks(step) {
        loop {
            let taken = match cutter.take(piece) {
                Ok(taken) => taken,
                Err(nonsense) => return (messages, Some(nonsense)),
            };
            piece = &piece[taken.used..];
            assert!(cutter.allocated() <= BUFFERS * BATCH_MAX);
            match taken.message {
                Some(message) => {
                    let mut bytes = Vec::new();
                    wire::put(&message, &mut bytes);
                    // A copy of its own: the buffer goes back when the next one is there.
                    let copy = Cutter::new(Pool::default()).take(&bytes).expect("read before");
                    messages.extend(copy.message);
                    held = Some(message).filter(|_| kept);
                }
                None if piece.is_empty() => break,
                None => drop(held.take().expect("somebody holds the buffers")),
            }
        }
    }
    (messages, None)
}
