//! What holds for any bytes at all, one proof a fuzz target. Must not know who makes the bytes up:
//! the fuzzer, the corpus, or the seeds of the tests.

mod inside;

pub use inside::{cards, chip, subfields};

use codec::{
    Affix, Cut, DecodeError, Dialect, Fields, Framing, Kernels, Plan, Prefix, Slots, Writer,
    built_ins,
};

/// Room for whatever a message becomes: packed digits and raw bytes double as characters, and
/// bitmaps and prefixes grow.
fn room_for(message: &[u8]) -> Vec<u8> {
    vec![0; message.len() * 3 + 1_024]
}

/// The first byte chooses one of `all`; the rest is what it is given.
fn chosen<'a, 'b, T>(all: &'a [T], bytes: &'b [u8]) -> Option<(&'a T, &'b [u8])> {
    let (&choice, rest) = bytes.split_first()?;
    Some((&all[usize::from(choice) % all.len()], rest))
}

/// `dialect, message...`: it is read, or refused with a reason that points into it, by all
/// kernels alike; what was read is written again as the same values.
pub fn messages(bytes: &[u8]) {
    let Some((&dialect, bytes)) = chosen(built_ins(), bytes) else { return };
    let mut slots = Slots::new();
    let read = dialect.decode(bytes, &mut slots);
    for kernels in Kernels::available() {
        let mut others = Slots::with(kernels);
        assert_eq!(dialect.decode(bytes, &mut others), read, "{kernels:?}");
    }
    let message = slots.message(dialect, bytes);
    assert!(!format!("{message:?}").is_empty(), "what was parsed can be shown");
    match read {
        Ok(()) => {
            let written = rewritten(dialect, bytes, &slots);
            let mut again = Slots::new();
            dialect.decode(&written, &mut again).expect("what we write can be read");
            assert_same(&slots, &again, dialect, bytes, &written);
        }
        Err(error) => assert_points_into(error, bytes, &slots, dialect),
    }
}

/// The same message, field by field from its values.
fn rewritten(dialect: &Dialect, bytes: &[u8], slots: &Slots) -> Vec<u8> {
    let message = slots.message(dialect, bytes);
    let (mut out, mut text) = (room_for(bytes), vec![0; 10_000]);
    let fields = message.fields();
    let mut writer = Writer::new(dialect, &mut out, message.mti(), fields).expect("there is room");
    for n in fields {
        let value = message.value(n).expect("it is present");
        let text = value.write_text(&mut text).expect("no value is as long");
        writer.put_text(n, text).expect("what was read can be written");
    }
    let len = writer.finish().expect("all fields were put");
    out.truncate(len);
    out
}

fn assert_same(one: &Slots, two: &Slots, dialect: &Dialect, first: &[u8], second: &[u8]) {
    let (one, two) = (one.message(dialect, first), two.message(dialect, second));
    assert_eq!((one.mti(), one.fields()), (two.mti(), two.fields()));
    for n in one.fields() {
        let (one, two) = (one.value(n).expect("present"), two.value(n).expect("present"));
        assert!(one.same(&two), "DE {n}");
    }
}

fn assert_points_into(error: DecodeError, bytes: &[u8], slots: &Slots, dialect: &Dialect) {
    assert!(error.offset <= bytes.len(), "{error}");
    assert!(!error.to_string().is_empty());
    let message = slots.message(dialect, bytes);
    assert_eq!(message.fields(), error.parsed, "the slots hold what was parsed");
    for n in error.parsed {
        assert!(message.value(n).is_some(), "DE {n} was parsed");
        assert!(n < error.field, "DE {n} stands before what is wrong");
    }
}

/// `dialect, (length, message...)...`: whatever came before, a message gets the verdict and the
/// places that it gets alone.
pub fn layouts(bytes: &[u8]) {
    let Some((&dialect, mut rest)) = chosen(built_ins(), bytes) else { return };
    let mut kept = Slots::with(Kernels::detected());
    // A length of its own for each would hardly ever be met: one for all.
    let Some((&[high, low], messages)) = rest.split_first_chunk::<2>() else { return };
    rest = messages;
    let len = usize::from(u16::from_be_bytes([high & 0x03, low])).max(1);
    for bytes in rest.chunks(len) {
        for _ in 0..2 {
            let mut alone = Slots::new();
            let known = dialect.decode(bytes, &mut kept);
            assert_eq!(known, dialect.decode(bytes, &mut alone));
            let (kept, alone) = (kept.message(dialect, bytes), alone.message(dialect, bytes));
            assert_eq!((kept.mti(), kept.fields()), (alone.mti(), alone.fields()));
            for n in alone.fields() {
                assert_eq!(kept.span(n), alone.span(n), "DE {n}");
            }
        }
    }
}

/// `dialect, dialect, drop (16), message...`: what one dialect says the other can say too, or says
/// why not; the way back gives the same values.
pub fn forwarding(bytes: &[u8]) {
    let Some((&from, rest)) = chosen(built_ins(), bytes) else { return };
    let Some((&to, rest)) = chosen(built_ins(), rest) else { return };
    let Some((&drop, bytes)) = rest.split_first_chunk::<16>() else { return };
    let drop = Fields::from_bits(u128::from_be_bytes(drop));
    let (Ok(there), Ok(back)) = (Plan::new(from, to), Plan::new(to, from)) else {
        assert!(from.version() != to.version(), "editions alone keep dialects apart");
        return;
    };
    let mut slots = Slots::new();
    // The second time is by rote.
    let mut ways = Vec::new();
    for _ in 0..3 {
        if from.decode(bytes, &mut slots).is_err() {
            return;
        }
        let message = slots.message(from, bytes);
        let mut out = room_for(bytes);
        let written = there.write(&message, message.mti(), drop, &[], &mut out);
        ways.push(written.map(|len| out[..len].to_vec()));
    }
    assert!(ways.iter().all(|way| *way == ways[0]), "by rote as field by field");
    let Ok(forwarded) = &ways[0] else { return };
    let original = slots.message(from, bytes);
    let mut there_slots = Slots::new();
    to.decode(forwarded, &mut there_slots).expect("what is forwarded can be read");
    let received = there_slots.message(to, forwarded);
    assert_eq!(received.mti(), original.mti());
    assert_eq!(received.fields(), original.fields().difference(drop));
    let mut out = room_for(forwarded);
    let len = back
        .write(&received, received.mti(), Fields::EMPTY, &[], &mut out)
        .expect("what came from there can go back");
    let mut back_slots = Slots::new();
    from.decode(&out[..len], &mut back_slots).expect("what came back can be read");
    let returned = back_slots.message(from, &out[..len]);
    for n in returned.fields() {
        let (sent, came) = (original.value(n).expect("sent"), returned.value(n).expect("came"));
        assert!(sent.same(&came), "DE {n}");
    }
}

/// `framing (8), stream...`: cut whole or byte by byte, the same messages come out; what was cut
/// frames to the same message again.
pub fn frames(bytes: &[u8]) {
    let Some((description, stream)) = bytes.split_first_chunk::<8>() else { return };
    let framing = framing_of(*description);
    let mut at = 0;
    while let Some(rest) = stream.get(at..) {
        let whole = framing.cut(rest);
        let total = match &whole {
            Cut::Frame { total, .. } => *total,
            Cut::Incomplete { need, .. } => {
                assert!(*need > rest.len(), "there is more to come");
                return;
            }
            Cut::Bad(error) => return assert!(!error.to_string().is_empty()),
        };
        assert!(total > 0 && total <= rest.len(), "a frame takes bytes, and those that are there");
        framing.tpdu_back(&rest[..total]);
        assert_eq!(whole, framing.cut(&rest[..total]), "what is behind a frame does not matter");
        for part in [0, 1, total / 2, total - 1].into_iter().filter(|&part| part < total) {
            let short = framing.cut(&rest[..part]);
            let waits =
                matches!(short, Cut::Incomplete { need, .. } if need > part && need <= total);
            assert!(waits, "{part} of {total}: {short:?} with {framing:?}");
        }
        if let Cut::Frame { message, .. } = whole
            && !message.is_empty()
        {
            assert_framed_again(&framing, &rest[message], &rest[..total]);
        }
        at += total;
    }
}

/// The same message, framed, is cut out again.
fn assert_framed_again(framing: &Framing, message: &[u8], frame: &[u8]) {
    let mut made = vec![0; framing.overhead()];
    let tpdu = Some(framing.tpdu_back(frame));
    let len = framing.open_with(tpdu, message.len(), &mut made).expect("it was as long");
    made.truncate(len);
    made.extend(message);
    let mut trailer = vec![0; framing.overhead()];
    let len = framing.close(message.len(), &mut trailer).expect("there is room");
    made.extend(&trailer[..len]);
    assert_eq!(made.len(), frame.len(), "as long as the one that came");
    match framing.cut(&made) {
        Cut::Frame { message: again, total } => {
            assert_eq!((&made[again], total), (message, made.len()));
        }
        Cut::Incomplete { .. } | Cut::Bad(_) => panic!("what we make we can cut"),
    }
}

/// A framing by name or of any parts.
fn framing_of(description: [u8; 8]) -> Framing {
    let [kind, width, flags, header, trailer, reserved, high, low] = description;
    let named = Framing::built_in(Framing::NAMES[usize::from(width) % Framing::NAMES.len()]);
    let prefix = match kind % 4 {
        0 => Prefix::Binary { bytes: 1 + width % 4, little: flags & 2 != 0 },
        1 => Prefix::Ascii { digits: 1 + width % 6 },
        _ => Prefix::Packed { bytes: 1 + width % 3 },
    };
    let affix = |len: u8| Affix::new(&vec![b'='; usize::from(len % 17)]).unwrap_or(Affix::NONE);
    let framing = match named {
        Some(framing) if kind % 4 == 3 => framing,
        _ => Framing::of(prefix),
    };
    Framing {
        includes_self: flags & 1 != 0,
        reserved: framing.reserved.max(reserved % 5),
        header: if header % 4 == 0 { framing.header } else { affix(header) },
        trailer: affix(trailer),
        max: usize::from(u16::from_be_bytes([high, low])),
        ..framing
    }
}
