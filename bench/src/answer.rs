//! Answers of ours in their frames: what they repeat of the request, and what they add. Must not
//! know what is decided, nor sockets.

use codec::{Edit, Fields, Framing, Message, Mti, Plan, Tpdu};

/// What an answer repeats of its request, where it is there.
const REPEATED: Fields = Fields::of(&[2, 3, 4, 7, 11, 12, 28, 29, 32, 33, 37, 41, 42, 49, 59]);

/// The same of network management of 1987: DE 70 says what it is about.
const REPEATED_OF_NETWORK: Fields = REPEATED.with(70);

/// Longest answer with its frame: DE 59 and what stands around it.
pub(crate) const FRAME_MAX: usize = 2048;

/// Writes the frame of an answer of type `mti`, which repeats the request and adds `added`
/// (ascending), to the front of `out`, under the TPDU that its request gave it; the bytes written.
/// `None` when there is no room.
pub(crate) fn write(
    plan: &Plan,
    (framing, tpdu): (&Framing, Tpdu),
    request: &Message<'_>,
    mti: Mti,
    added: &[Edit<'_>],
    out: &mut [u8; FRAME_MAX],
) -> Option<usize> {
    // What stands in front is as long for every message that is not empty.
    let begin = framing.open_with(Some(tpdu), 1, out).ok()?;
    let repeated = match (request.mti().version(), request.mti().class()) {
        (0, 8) => REPEATED_OF_NETWORK,
        _ => REPEATED,
    };
    let dropped = request.fields().difference(repeated);
    let length = plan.write(request, mti, dropped, added, &mut out[begin..]).ok()?;
    framing.open_with(Some(tpdu), length, out).ok()?;
    let end = begin + length;
    Some(end + framing.close(length, &mut out[end..]).ok()?)
}
