//! What came with a request goes back with its answer. In every world a message that comes in has a
//! TPDU that follows from its STAN, so an answer that leaves under another one shows, whatever the
//! test is about. Knows no framing.

use codec::{Dialect, Mti, Slots, Tpdu};

use super::Text;

/// What the answer to a message carries, when a test does not say it.
pub(crate) fn of_frame(dialect: &Dialect, frame: &[u8], slots: &mut Slots) -> Tpdu {
    // Of one that can not be read, as far as it could.
    let _read = dialect.decode(frame, slots);
    let stan = slots.message(dialect, frame).value(11).and_then(|value| value.number());
    of_stan(stan.unwrap_or_default())
}

/// An answer leaves under what came with its request. What we ask leaves under the station's own.
/// A report (1644) has a STAN of its own, and what it reports may have none.
pub(crate) fn check(text: &Text, tpdu: Option<Tpdu>) {
    let mti = Mti::of(text.mti);
    match mti.class() {
        6 => assert!(tpdu.is_some(), "{text}"),
        _ if mti.is_answer() => {
            let stan = text.of(11).parse().unwrap();
            assert_eq!(tpdu, Some(of_stan(stan)), "{text}");
        }
        _ => assert_eq!(tpdu, None, "{text}"),
    }
}

fn of_stan(stan: u64) -> Tpdu {
    let [first, second, third, ..] = stan.to_le_bytes();
    Tpdu([0x60, 0xEE, third, second, first])
}

/// As a transcript tells it.
pub(crate) fn shown(tpdu: Option<Tpdu>) -> String {
    tpdu.map_or_else(|| " under our own".into(), |tpdu| format!(" under {tpdu}"))
}
