//! Messages that go through bytes and come back, and bytes that are none. Knows no node.

use super::*;
use crate::format::{BatchNumber, Epoch, Position, SegmentNumber, Tag};
use crate::roles::name::NodeName;
use crate::roles::objection::Objection;
use crate::roles::witness::Incarnation;
use crate::ship::message::{Bytes, Flags, PIECE_MAX, Piece};
use crate::ship::pool::Pool;

const TAG: Tag = [0x77; 16];

fn mark(batch: u64) -> Mark {
    Mark { epoch: Epoch(3), batch: BatchNumber(batch), position: Position(batch * 10), tag: TAG }
}

fn digests() -> Digests {
    Digests {
        configuration: [1; 16],
        dialects: [2; 16],
        negative: [0; 16],
        keys: [4; 16],
        witness: [5; 16],
    }
}

fn epochs(count: u32) -> Vec<EpochStart> {
    let start = |epoch| EpochStart { epoch: Epoch(epoch), first_batch: BatchNumber(9) };
    (1..=count).map(start).collect()
}

pub(super) fn hello() -> Hello {
    Hello {
        reign: Epoch(7),
        version: LINE_VERSION,
        cluster: [0xCC; 16],
        name: NodeName::new("tokyo").expect("a name"),
        incarnation: Incarnation(0x0102_0304_0506_0708),
        role: Role::Primary,
        mode: Mode::Memory,
        when_lost: WhenLost::Stop,
        flags: Flags { empty: false, joining: true, replace: false, repairing: true },
        end: mark(12),
        segment_bytes: 64 << 20,
        utc_ns: 1_700_000_000_000_000_000,
        digests: digests(),
        build: "0.1.0 (6c9529d)".into(),
        epochs: epochs(3),
    }
}

pub(super) fn heartbeat() -> Heartbeat {
    Heartbeat {
        reign: Epoch(7),
        role: Role::Standby,
        standing: Standing::Async,
        released: Position(119),
        end: mark(12),
        sent_ns: 5,
        heard_ns: 4,
        utc_ns: 6,
        digests: digests(),
        build: "x".repeat(BUILD_MAX),
    }
}

/// One of each kind, and both sides of what may be there or not.
pub(super) fn every_message() -> Vec<Message> {
    let reign = Epoch(7);
    let bytes = |length: usize| Bytes::from(vec![0xB5; length]);
    let piece = |offset, total, length| {
        Message::Snapshot(Piece { reign, about: Position(90), offset, total, bytes: bytes(length) })
    };
    let fetched = |item, length| Message::Fetched {
        reign,
        segment: SegmentNumber(4),
        item,
        bytes: bytes(length),
    };
    vec![
        Message::Hello(hello()),
        Message::Hello(Hello { epochs: epochs(0), ..hello() }),
        Message::Hello(Hello { epochs: epochs(64), flags: Flags::default(), ..hello() }),
        Message::Follow { reign, from: mark(3), snapshot: None },
        Message::Follow { reign, from: Mark::ZERO, snapshot: Some(Position(90)) },
        Message::Ready { reign, end: mark(3) },
        Message::Segment { reign, block: bytes(BLOCK) },
        Message::Batch { reign, bytes: bytes(BLOCK) },
        Message::Batch { reign, bytes: bytes(BATCH_MAX) },
        Message::Ack { reign, received: mark(5), durable: mark(4) },
        Message::Nack { reign },
        Message::Heartbeat(heartbeat()),
        piece(0, 1, 1),
        piece(1_000, 1_000 + (1 << 20), PIECE_MAX),
        Message::Ask { reign, end: mark(12), epochs: epochs(64) },
        Message::Grant { reign },
        Message::HandOver { reign, end: mark(12) },
        Message::Taken { reign: Epoch(u32::MAX) },
        Message::Fetch { reign, from: BatchNumber(1), until: BatchNumber(u64::MAX) },
        fetched(ItemKind::Segment, BLOCK),
        fetched(ItemKind::Batch, 2 * BLOCK),
        Message::NotHere { reign, from: BatchNumber(8) },
        Message::Tell { reign, text: "{}".into() },
        Message::Tell { reign, text: "\u{e9}".repeat(TELL_MAX / 2) },
        Message::Refuse { reign, objection: Objection::OtherVersion },
    ]
}

pub(super) fn bytes_of(message: &Message) -> Vec<u8> {
    let mut out = Vec::new();
    put(message, &mut out);
    out
}

fn read(bytes: &[u8]) -> Result<Message, Nonsense> {
    let taken = Cutter::new(Pool::default()).take(bytes)?;
    assert_eq!(taken.used, bytes.len(), "one message, and all of it");
    Ok(taken.message.expect("it is whole"))
}

/// What is said of a message in which these bytes stand at this place.
fn spoilt(message: &Message, at: usize, with: &[u8]) -> Nonsense {
    let mut bytes = bytes_of(message);
    bytes[at..at + with.len()].copy_from_slice(with);
    Cutter::new(Pool::default()).take(&bytes).expect_err("it says nonsense")
}

#[test]
fn every_message_comes_out_as_it_went_in() {
    for message in every_message() {
        assert_eq!(read(&bytes_of(&message)), Ok(message));
    }
}

#[test]
fn a_line_may_be_cut_anywhere() {
    let all = every_message();
    let line: Vec<u8> = all.iter().flat_map(bytes_of).collect();
    for step in [1, 2, 15, 16, 17, 1_000, 4_096, 65_536, line.len()] {
        let mut cutter = Cutter::new(Pool::default());
        let mut heard = Vec::new();
        for mut piece in line.chunks(step) {
            while !piece.is_empty() {
                let taken = cutter.take(piece).expect("it is what was said");
                piece = &piece[taken.used..];
                heard.extend(taken.message);
            }
        }
        assert_eq!(heard, all, "in pieces of {step}");
    }
}

#[test]
fn a_line_whose_buffers_are_all_under_way_waits_and_then_goes_on() {
    let batch = Message::Batch { reign: Epoch(7), bytes: vec![1; BLOCK].into() };
    let line = [bytes_of(&batch), bytes_of(&batch), bytes_of(&Message::Nack { reign: Epoch(8) })];
    let line = line.concat();
    let mut cutter = Cutter::new(Pool::new(1, BATCH_MAX));
    let first = cutter.take(&line).expect("a batch");
    assert_eq!((first.used, &first.message), (HEAD + BLOCK, &Some(batch.clone())));
    let second = cutter.take(&line[first.used..]).expect("no nonsense");
    assert_eq!(second, Taken { used: HEAD, message: None }, "the only buffer is under way");
    let rest = &line[first.used + second.used..];
    assert_eq!(cutter.take(rest), Ok(Taken { used: 0, message: None }), "it still is");
    drop(first);
    let third = cutter.take(rest).expect("a batch");
    assert_eq!((third.used, third.message), (BLOCK, Some(batch)));
}

#[test]
fn a_line_that_ended_in_the_middle_of_a_batch_leaves_nothing_to_the_next_one() {
    let batch = Message::Batch { reign: Epoch(7), bytes: vec![1; 2 * BLOCK].into() };
    let line = bytes_of(&batch);
    let mut cutter = Cutter::new(Pool::new(1, BATCH_MAX));
    for cut in [3, HEAD, HEAD + 1, HEAD + BLOCK, line.len() - 1] {
        let begun = cutter.take(&line[..cut]).expect("no nonsense");
        assert_eq!(begun, Taken { used: cut, message: None });
        cutter = cutter.again();
        let whole = cutter.take(&line).expect("no nonsense");
        assert_eq!(whole.message, Some(batch.clone()), "after {cut} bytes of another line");
    }
    assert_eq!(cutter.free(), 1, "no buffer is lost");
}

#[test]
fn what_is_no_message_is_told_in_words() {
    let [hello, nack] = [Message::Hello(hello()), Message::Nack { reign: Epoch(1) }];
    let follow = Message::Follow { reign: Epoch(1), from: mark(3), snapshot: None };
    let refuse = Message::Refuse { reign: Epoch(1), objection: Objection::OtherVersion };
    let end = HEAD + 56 + MARK + DIGESTS;
    let told = [
        spoilt(&nack, 4, &[0, 0]),
        spoilt(&nack, 4, &[19, 0]),
        spoilt(&nack, 6, &[1]),
        spoilt(&nack, 0, &[1]),
        spoilt(&nack, 12, &[1]),
        spoilt(&hello, 0, &[0, 0, 0, 1]),
        spoilt(&hello, HEAD, &[1]),
        spoilt(&hello, HEAD + 2, &[4]),
        spoilt(&hello, HEAD + 4, &[0]),
        spoilt(&hello, HEAD + 6, &[3]),
        spoilt(&hello, HEAD + 8, &[16]),
        spoilt(&hello, HEAD + 12, &[0, 1]),
        spoilt(&hello, end, &[0]),
        spoilt(&hello, end + 2, &[0x1B]),
        spoilt(&hello, end + NAME_MAX + 3, &[0x1B]),
        spoilt(&hello, end + NAME_MAX + 63, b"x"),
        spoilt(&hello, end + NAME_MAX + BUILD_MAX + EPOCH_START, &[1]),
        spoilt(&hello, end + NAME_MAX + BUILD_MAX + 4, &[0]),
        spoilt(&follow, HEAD + MARK, &[2]),
        spoilt(&follow, HEAD + MARK + 4, &[2]),
        spoilt(&Message::Heartbeat(heartbeat()), HEAD + 2, &[5]),
        spoilt(&refuse, HEAD, &[0]),
        spoilt(&refuse, HEAD + 1, &[1]),
    ];
    let told = told.map(|nonsense| nonsense.to_string()).join("\n");
    expect_test::expect![[r"
        there is no message of kind 0
        there is no message of kind 19
        in a message of kind 7, what must be zero is 1, which means nothing
        no message of kind 7 has 1 bytes, 0 of them as payload
        no message of kind 7 has 0 bytes, 1 of them as payload
        no message of kind 1 has 16777216 bytes, 0 of them as payload
        the other node speaks version 1, this one 2
        in a message of kind 1, role is 4, which means nothing
        in a message of kind 1, mode is 0, which means nothing
        in a message of kind 1, when_lost is 3, which means nothing
        in a message of kind 1, flags is 16, which means nothing
        in a message of kind 1, what must be zero is 256, which means nothing
        the name is no name in printable ASCII
        the name is no name in printable ASCII
        the build is no name in printable ASCII
        the build is no name in printable ASCII
        the table of epochs is not in order
        the table of epochs is not in order
        in a message of kind 2, snapshot is 2, which means nothing
        in a message of kind 2, snapshot is 0, which means nothing
        in a message of kind 8, standing is 5, which means nothing
        in a message of kind 17, objection is 0, which means nothing
        in a message of kind 17, objection is 257, which means nothing"]]
    .assert_eq(&told);
}

#[test]
fn a_message_that_contradicts_itself_is_none() {
    let reign = Epoch(1);
    let piece = |offset, total| {
        let bytes = vec![0; 8].into();
        Message::Snapshot(Piece { reign, about: Position(9), offset, total, bytes })
    };
    let fetch = |from, until| {
        let (from, until) = (BatchNumber(from), BatchNumber(until));
        Message::Fetch { reign, from, until }
    };
    let (segment, item) = (SegmentNumber(1), ItemKind::Segment);
    let fetched = Message::Fetched { reign, segment, item, bytes: vec![0; 2 * BLOCK].into() };
    for message in [
        Message::Ack { reign, received: mark(4), durable: mark(5) },
        piece(1, 8),
        piece(u64::MAX, u64::MAX),
        fetch(0, 4),
        fetch(5, 4),
        fetched,
    ] {
        let found = read(&bytes_of(&message));
        assert!(matches!(found, Err(Nonsense::Contradiction(_))), "{message:?}");
    }
    let mut cutter = Cutter::new(Pool::default());
    let contradiction = cutter.take(&bytes_of(&piece(1, 8))).expect_err("it is none");
    assert_eq!(cutter.take(b"x"), Err(contradiction), "nothing is told apart behind it");
    assert!(read(&bytes_of(&Message::Ack { reign, received: mark(4), durable: mark(4) })).is_ok());
    assert!(read(&bytes_of(&piece(0, 8))).is_ok());
    assert!(read(&bytes_of(&fetch(4, 4))).is_ok());
}

#[test]
fn a_length_that_no_message_of_its_kind_has_is_refused_before_anything_is_allocated_for_it() {
    let batch = Message::Batch { reign: Epoch(1), bytes: vec![0; BLOCK].into() };
    let mut head = Vec::new();
    put_head(&batch, &mut head);
    for length in [0, 1, 4_095, 4_097, BATCH_MAX + BLOCK, 0xFFFF_F000] {
        let length = u32::try_from(length).expect("short").to_le_bytes();
        head[..4].copy_from_slice(&length);
        head[12..].copy_from_slice(&length);
        let mut cutter = Cutter::new(Pool::default());
        assert!(matches!(cutter.take(&head), Err(Nonsense::Length { kind: 5, .. })));
        assert!(cutter.take(b"").is_err(), "and nothing is told apart behind it");
    }
}

#[test]
#[should_panic(expected = "Batch has not 0 bytes and 1048577 of payload")]
fn what_is_no_batch_is_not_sent() {
    let mut out = Vec::new();
    let kind = Kind::Batch;
    assert!(kind.allows(0, BATCH_MAX));
    put(&Message::Batch { reign: Epoch(1), bytes: vec![0; BATCH_MAX + 1].into() }, &mut out);
}

#[test]
fn the_longest_message_is_as_long_as_is_said() {
    assert_eq!(FIXED_MAX, 1_036);
    let longest = every_message().iter().map(|message| bytes_of(message).len()).max();
    assert!(longest.is_some_and(|longest| longest <= MESSAGE_MAX));
}
