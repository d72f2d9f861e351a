//! Holds the drawings and the table of the line in `FORMAT.md` against what is written.

use super::tests::{bytes_of, every_message, heartbeat, hello};
use super::*;
use crate::document::{DOCUMENT, Drawn, drawings};
use crate::format::{BatchNumber, Cluster, Epoch, Position};
use crate::roles::name::NodeName;
use crate::roles::witness::Incarnation;
use crate::ship::message::Flags;

fn chapter() -> &'static str {
    let (_, below) = DOCUMENT.split_once("\n## The line between two sites\n").expect("the chapter");
    below.split("\n## ").next().expect("something")
}

/// The drawing behind these words.
fn drawing(words: &str) -> Vec<Drawn> {
    let (_, below) = chapter().split_once(words).expect("the words");
    drawings(below).remove(0)
}

/// That each field of a drawing is where the bytes change when it does, and that all is drawn.
fn compare(drawn: &[Drawn], base: &[u8], others: &[(&str, Vec<u8>)]) {
    let mut next = 0;
    for (name, at, length) in drawn {
        assert_eq!(*at, next, "{name} begins where the field before it ends");
        next += length;
        if name == "0" {
            assert!(base[*at..at + length].iter().all(|&byte| byte == 0), "{at}");
            continue;
        }
        let (_, other) = others.iter().find(|(other, _)| other == name).expect(name);
        let differ: Vec<usize> = (0..base.len()).filter(|&at| base[at] != other[at]).collect();
        assert!(differ.iter().all(|place| (*at..at + length).contains(place)), "{name}");
        assert!(differ.contains(at) || differ.contains(&(at + length - 1)), "{name}");
    }
    assert_eq!(next, base.len(), "all of it is drawn");
    assert!(others.iter().all(|(other, _)| drawn.iter().any(|(name, ..)| name == other)));
}

#[test]
fn a_head_is_drawn_as_it_is_written() {
    let drawn = drawing("| payload            |");
    let fetched = Message::Fetched {
        reign: Epoch(0x1111_1111),
        segment: crate::format::SegmentNumber(1),
        item: ItemKind::Batch,
        bytes: vec![0; BLOCK].into(),
    };
    let head = bytes_of(&fetched)[..HEAD].to_vec();
    let place = |name: &str| {
        let (_, at, length) = drawn.iter().find(|(drawn, ..)| drawn == name).expect("drawn");
        head[*at..at + length].to_vec()
    };
    assert_eq!(place("length"), (16 + 4_096_u32).to_le_bytes());
    assert_eq!(place("kind"), 15_u16.to_le_bytes());
    assert_eq!(place("0"), [0; 2]);
    assert_eq!(place("reign"), [0x11; 4]);
    assert_eq!(place("payload"), 4_096_u32.to_le_bytes());
    assert_eq!(drawn.iter().map(|(_, _, length)| length).sum::<usize>(), HEAD);
    let longest = MESSAGE_MAX.to_string();
    let (thousands, rest) = longest.split_at(longest.len() - 3);
    let (millions, thousands) = thousands.split_at(1);
    assert!(chapter().contains(&format!("at most {millions},{thousands},{rest} bytes")));
}

#[test]
fn a_mark_is_drawn_as_it_is_written() {
    let base = Mark {
        epoch: Epoch(0x1111_1111),
        batch: BatchNumber(0x1111_1111_1111_1111),
        position: Position(0x1111_1111_1111_1111),
        tag: [0x11; 16],
    };
    let of = |mark: Mark| {
        let mut out = Vec::new();
        put_mark(&mark, &mut out);
        out
    };
    let other = BatchNumber(!base.batch.0);
    let others = [
        ("batch", of(Mark { batch: other, ..base })),
        ("position", of(Mark { position: Position(other.0), ..base })),
        ("tag", of(Mark { tag: [9; 16], ..base })),
        ("epoch", of(Mark { epoch: Epoch(9), ..base })),
    ];
    compare(&drawing("A mark is a place"), &of(base), &others);
}

#[test]
fn a_hello_is_drawn_as_it_is_written() {
    let base = Hello { epochs: Vec::new(), ..hello() };
    let of = |change: &dyn Fn(&mut Hello)| {
        let mut hello = base.clone();
        change(&mut hello);
        bytes_of(&Message::Hello(hello))[HEAD..].to_vec()
    };
    let cluster: Cluster = [9; 16];
    let name = NodeName::of([b'z'; 32]).expect("a name");
    let nine = [9; 16];
    let digests =
        Digests { configuration: nine, dialects: nine, negative: nine, keys: nine, witness: nine };
    let others = [
        ("version", of(&|hello| hello.version = !hello.version)),
        ("role", of(&|hello| hello.role = Role::Fenced)),
        ("mode", of(&|hello| hello.mode = Mode::Async)),
        ("lost", of(&|hello| hello.when_lost = WhenLost::Solo)),
        ("flags", of(&|hello| hello.flags = Flags { empty: true, ..hello.flags })),
        ("cluster", of(&|hello| hello.cluster = cluster)),
        ("incarnation", of(&|hello| hello.incarnation = Incarnation(!hello.incarnation.0))),
        ("segment bytes", of(&|hello| hello.segment_bytes = !hello.segment_bytes)),
        ("clock", of(&|hello| hello.utc_ns = !hello.utc_ns)),
        ("end", of(&|hello| hello.end = Mark { epoch: Epoch(!3), ..Mark::ZERO })),
        ("digests", of(&|hello| hello.digests = digests)),
        ("name", of(&|hello| hello.name = name)),
        ("build", of(&|hello| hello.build = "z".repeat(BUILD_MAX))),
    ];
    compare(&drawing("A hello, without its epochs:"), &of(&|_| {}), &others);
    let flags = |flags| of(&|hello| hello.flags = flags)[8];
    let none = Flags::default();
    assert_eq!(flags(Flags { empty: true, ..none }), 1);
    assert_eq!(flags(Flags { joining: true, ..none }), 2);
    assert_eq!(flags(Flags { replace: true, ..none }), 4);
    assert_eq!(flags(Flags { repairing: true, ..none }), 8);
}

#[test]
fn a_heartbeat_is_drawn_as_it_is_written() {
    let of = |change: &dyn Fn(&mut Heartbeat)| {
        let mut heartbeat = heartbeat();
        change(&mut heartbeat);
        bytes_of(&Message::Heartbeat(heartbeat))[HEAD..].to_vec()
    };
    let others = [
        ("role", of(&|beat| beat.role = Role::Fenced)),
        ("stands", of(&|beat| beat.standing = Standing::Sync)),
        ("released", of(&|beat| beat.released.0 = !beat.released.0)),
        ("sent", of(&|beat| beat.sent_ns = !beat.sent_ns)),
        ("heard", of(&|beat| beat.heard_ns = !beat.heard_ns)),
        ("clock", of(&|beat| beat.utc_ns = !beat.utc_ns)),
        ("end", of(&|beat| beat.end = Mark { epoch: Epoch(!3), ..Mark::ZERO })),
        ("digests", of(&|beat| beat.digests.witness = [9; 16])),
        ("build", of(&|beat| beat.build = "z".repeat(BUILD_MAX))),
    ];
    compare(&drawing("A heartbeat:"), &of(&|_| {}), &others);
}

#[test]
fn every_kind_stands_in_the_table_with_what_it_has() {
    let rows = chapter().lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split('|').map(str::trim);
        let kind: u16 = cells.next()?.parse().ok()?;
        Some((kind, cells.nth(2)?, cells.next()?))
    });
    let rows: Vec<_> = rows.collect();
    assert_eq!(rows.len(), KINDS.len());
    for (place, (kind, fixed, payload)) in (1..).zip(rows) {
        assert_eq!(kind, place);
        let of = |message: &&Message| Kind::of(message).number() == kind;
        let all = every_message();
        let message = all.iter().find(of).expect("there is one of each");
        assert_eq!(message.payload().is_none(), payload.is_empty(), "{message:?}");
        if fixed.starts_with("as drawn") || fixed.contains("UTF-8") {
            continue;
        }
        // Numbers in parentheses are bytes, a mark is 36 of them, and epochs may be any number.
        let numbers = fixed.split(|sign: char| !sign.is_ascii_digit() && sign != '(');
        let sizes = numbers.filter_map(|part| part.strip_prefix('(')?.parse::<usize>().ok());
        let marks = MARK * fixed.matches("mark").count();
        let flag = if fixed.contains("4 bytes") { 4 } else { 0 };
        let epochs = if fixed.contains("epochs") { EPOCHS_MAX * EPOCH_START } else { 0 };
        let mut head = Vec::new();
        put_head(message, &mut head);
        assert_eq!(head.len() - HEAD, sizes.sum::<usize>() + marks + flag + epochs, "{fixed}");
    }
}
