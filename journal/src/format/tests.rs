//! Headers come back as they were written, and no bit of them turns over unseen.

use super::*;

fn segment() -> SegmentHeader {
    SegmentHeader {
        cluster: *b"tokyo and osaka!",
        segment: SegmentNumber(7),
        epoch: Epoch(3),
        path: PathKind::Direct,
        bytes: 64 << 20,
        first_batch: BatchNumber(1_000),
        first_position: Position(90_000),
        released: Position(89_990),
        created_ns: 1_700_000_000_000_000_000,
        previous: [5; 16],
        key_check: [6; 8],
        wrapped_key: [7; 60],
    }
}

fn batch() -> BatchHeader {
    let records = vec![9; 5_000];
    let header = BatchHeader {
        cluster: *b"tokyo and osaka!",
        segment: SegmentNumber(7),
        batch: BatchNumber(1_001),
        epoch: Epoch(3),
        count: 12,
        first_position: Position(90_040),
        released: Position(90_001),
        length: 5_000,
        written_ns: 1_700_000_000_000_000_001,
        previous: [4; 16],
        tag: [3; 16],
        sum: sum(&records),
    };
    let mut out = [0; BATCH_HEADER];
    header.write_sealed(&mut out);
    BatchHeader::finish(&mut out, &header.tag, &records);
    assert_eq!(out, header.whole(), "written in two steps or in one");
    header
}

#[test]
fn headers_come_back_as_they_were_written() {
    let mut block = [0xFF; BLOCK];
    for path in [PathKind::Mapped, PathKind::Direct] {
        let header = SegmentHeader { path, ..segment() };
        header.write(&mut block);
        assert_eq!(SegmentHeader::read(&block), Ok(header));
    }
    assert!(block[SEGMENT_HEADER..].iter().all(|&byte| byte == 0));
    assert_eq!(BatchHeader::read(&batch().whole()), Ok(batch()));
}

#[test]
fn no_bit_of_a_header_turns_over_unseen() {
    let mut block = [0; BLOCK];
    segment().write(&mut block);
    for bit in 0..SEGMENT_HEADER * 8 {
        block[bit / 8] ^= 1 << (bit % 8);
        assert!(SegmentHeader::read(&block).is_err(), "bit {bit} of a segment's header");
        block[bit / 8] ^= 1 << (bit % 8);
    }
    let mut bytes = batch().whole();
    for bit in 0..BATCH_HEADER * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(BatchHeader::read(&bytes).is_err(), "bit {bit} of a batch's header");
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn no_bit_of_the_records_turns_over_unseen() {
    let (header, mut records) = (batch(), vec![9; 5_000]);
    assert!(header.covers(&records));
    for bit in 0..records.len() * 8 {
        records[bit / 8] ^= 1 << (bit % 8);
        assert!(!header.covers(&records), "bit {bit}");
        records[bit / 8] ^= 1 << (bit % 8);
    }
    assert!(!header.covers(&records[1..]));
}

#[test]
fn what_is_no_header_says_why() {
    let mut whole = batch().whole();
    assert_eq!(BatchHeader::read(&[0; BATCH_HEADER]), Err(NoHeader::Empty));
    assert_eq!(BatchHeader::read(&whole[..BATCH_HEADER - 1]), Err(NoHeader::Foreign));
    whole[40] ^= 1;
    assert_eq!(BatchHeader::read(&whole), Err(NoHeader::Broken));
    whole[4] += 1;
    add_check(&mut whole);
    assert_eq!(BatchHeader::read(&whole), Err(NoHeader::Version(VERSION + 1)));
    whole[0] = b's';
    assert_eq!(BatchHeader::read(&whole), Err(NoHeader::Foreign));
    let header = BatchHeader { length: u32::MAX, ..batch() };
    assert_eq!(BatchHeader::read(&header.whole()), Err(NoHeader::Foreign), "no batch is so long");
}

#[test]
fn a_batch_takes_whole_blocks_up_to_the_longest() {
    let one = BLOCK - BATCH_HEADER;
    assert_eq!([0, 1, one, one + 1].map(padded), [BLOCK, BLOCK, BLOCK, 2 * BLOCK]);
    let longest = u32::try_from(BATCH_MAX - BATCH_HEADER).expect("short");
    for (length, is_one) in [(longest, true), (longest + 1, false)] {
        let header = BatchHeader { length, ..batch() };
        assert_eq!(BatchHeader::read(&header.whole()).is_ok(), is_one, "{length}");
    }
}

#[test]
fn the_last_position_of_an_empty_batch_is_the_one_before_the_next() {
    assert_eq!(batch().last_position(), Position(90_051));
    assert_eq!(BatchHeader { count: 0, ..batch() }.last_position(), Position(90_039));
    let first = BatchHeader { count: 0, first_position: Position(0), ..batch() };
    assert_eq!(first.last_position(), Position(0));
}
