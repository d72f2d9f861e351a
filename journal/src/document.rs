//! Holds the drawings of `FORMAT.md` against what the code writes, byte by byte: a field that is drawn
//! is turned over, and exactly the bytes drawn for it must change.

use crate::archive::{ARCHIVE_HEADER, ARCHIVED_AT, ArchiveHeader, FRAME_HEADER, pack};
use crate::authoring::{Author, CLUSTER};
use crate::base::{self, BASE};
use crate::checkpoint::{self, About, CHECKPOINT_HEADER, CHUNK};
use crate::control::{self, COPY};
use crate::disk::Disk;
use crate::disk::simulated::SimulatedDisk;
use crate::format::{
    BATCH_HEADER, BATCH_SEALED, BLOCK, BatchHeader, BatchNumber, Epoch, Position, SEGMENT_HEADER,
    SegmentHeader, SegmentNumber,
};
use crate::index::{self, INDEX_HEADER, INDEX_SEALED, PAGE_MARKS};
use crate::mark::Mark;
use crate::names::Name;
use crate::roles::control::{Control, Fenced, Joining};
use crate::roles::name::NodeName;
use crate::roles::witness::{Incarnation, Known, Member, Record, Revision};

pub(crate) const DOCUMENT: &str = include_str!("../FORMAT.md");

/// A field as it is drawn: its name, first byte and length.
pub(crate) type Drawn = (String, usize, usize);

/// The fields of the drawing below a heading.
fn drawing(heading: &str) -> Vec<Drawn> {
    let (_, below) = DOCUMENT.split_once(&format!("\n## {heading}\n")).expect("the heading");
    drawings(below.split("\n## ").next().expect("something")).remove(0)
}

/// All drawings of fields in a text.
pub(crate) fn drawings(text: &str) -> Vec<Vec<Drawn>> {
    let blocks = text.split("```text\n").skip(1).map(|block| block.split("```").next());
    let fields = blocks.flatten().filter(|block| block.trim_start().starts_with("+0"));
    fields.map(fields_of).collect()
}

fn fields_of(block: &str) -> Vec<Drawn> {
    let mut fields: Vec<Drawn> = Vec::new();
    for line in block.lines().skip(1) {
        let (number, cells) = line.split_once('|').expect("a line of bytes");
        let first: usize = number.trim().parse().expect("its first byte");
        let mut at = first;
        for cell in cells.trim_end_matches('|').split('|') {
            assert_eq!((cell.len() + 1) % 4, 0, "to scale: {line}");
            let (name, length) = (cell.trim(), cell.len().div_ceil(4));
            match fields.last_mut() {
                Some((last, _, so_far)) if last == name && at == first => *so_far += length,
                _ => fields.push((name.to_owned(), at, length)),
            }
            at += length;
        }
    }
    fields
}

/// The bytes that two headers do not have in common, their checks aside.
fn changed(one: &[u8], other: &[u8]) -> Option<(usize, usize)> {
    let end = one.len() - 8;
    let differ = |&at: &usize| one[at] != other[at];
    let first = (0..end).find(differ)?;
    let last = (0..end).rfind(differ)?;
    Some((first, last + 1 - first))
}

/// Compares a drawing with a header, and with those in which one field is another.
fn compare(drawn: &[Drawn], header: &[u8], others: &[(&str, Vec<u8>)]) {
    let mut next = 0;
    for (name, at, length) in drawn {
        assert_eq!(*at, next, "{name} begins where the field before it ends");
        next += length;
        let other = others.iter().find(|(other, _)| other == name);
        match (name.as_str(), other) {
            ("0", _) => assert!(header[*at..at + length].iter().all(|&byte| byte == 0), "{at}"),
            ("magic" | "version" | "check", _) => {}
            (_, Some((_, other))) => {
                assert_eq!(changed(header, other), Some((*at, *length)), "{name}");
            }
            (_, None) => panic!("{name} is drawn, and no header has it"),
        }
    }
    assert_eq!(next, header.len(), "all of it is drawn");
    for (name, _) in others {
        assert!(drawn.iter().any(|(drawn, ..)| drawn == name), "{name} is not drawn");
    }
    assert_eq!(drawn.last().map(|(name, _, length)| (name.as_str(), *length)), Some(("check", 8)));
}

const SEGMENT: SegmentHeader = SegmentHeader {
    cluster: [0x11; 16],
    segment: SegmentNumber(0x1111_1111_1111_1111),
    epoch: Epoch(0x1111_1111),
    path: crate::format::PathKind::Mapped,
    bytes: 0x1111_1111_1111_1111,
    first_batch: BatchNumber(0x1111_1111_1111_1111),
    first_position: Position(0x1111_1111_1111_1111),
    released: Position(0x1111_1111_1111_1111),
    created_ns: 0x1111_1111_1111_1111,
    previous: [0x11; 16],
    key_check: [0x11; 8],
    wrapped_key: [0x11; 60],
};

fn segment(header: &SegmentHeader) -> Vec<u8> {
    let mut block = [0; BLOCK];
    header.write(&mut block);
    block[..SEGMENT_HEADER].to_vec()
}

#[test]
fn a_segment_is_drawn_as_it_is_written() {
    let of = |change: fn(&mut SegmentHeader)| {
        let mut header = SEGMENT;
        change(&mut header);
        segment(&header)
    };
    let others = [
        ("way", of(|header| header.path = crate::format::PathKind::Direct)),
        ("epoch", of(|header| header.epoch.0 = !header.epoch.0)),
        ("cluster", of(|header| header.cluster = [9; 16])),
        ("segment", of(|header| header.segment.0 = !header.segment.0)),
        ("bytes", of(|header| header.bytes = !header.bytes)),
        ("first batch", of(|header| header.first_batch.0 = !header.first_batch.0)),
        ("first position", of(|header| header.first_position.0 = !header.first_position.0)),
        ("released", of(|header| header.released.0 = !header.released.0)),
        ("created", of(|header| header.created_ns = !header.created_ns)),
        ("previous tag", of(|header| header.previous = [9; 16])),
        ("key check", of(|header| header.key_check = [9; 8])),
        ("wrapped key", of(|header| header.wrapped_key = [9; 60])),
    ];
    compare(&drawing("A segment"), &segment(&SEGMENT), &others);
}

#[test]
fn a_batch_is_drawn_as_it_is_written() {
    let batch = BatchHeader {
        cluster: [0x11; 16],
        segment: SegmentNumber(0x1111_1111_1111_1111),
        batch: BatchNumber(0x1111_1111_1111_1111),
        epoch: Epoch(0x1111_1111),
        count: 0x1111_1111,
        first_position: Position(0x1111_1111_1111_1111),
        released: Position(0x1111_1111_1111_1111),
        length: 0x1111_1111,
        written_ns: 0x1111_1111_1111_1111,
        previous: [0x11; 16],
        tag: [0x11; 16],
        sum: 0x1111_1111_1111_1111,
    };
    let of = |change: fn(&mut BatchHeader)| {
        let mut header = batch;
        change(&mut header);
        header.whole().to_vec()
    };
    let others = [
        ("cluster", of(|header| header.cluster = [9; 16])),
        ("segment", of(|header| header.segment.0 = !header.segment.0)),
        ("batch", of(|header| header.batch.0 = !header.batch.0)),
        ("epoch", of(|header| header.epoch.0 = !header.epoch.0)),
        ("count", of(|header| header.count = !header.count)),
        ("first position", of(|header| header.first_position.0 = !header.first_position.0)),
        ("released", of(|header| header.released.0 = !header.released.0)),
        ("length", of(|header| header.length = !header.length)),
        ("written", of(|header| header.written_ns = !header.written_ns)),
        ("previous tag", of(|header| header.previous = [9; 16])),
        ("tag", of(|header| header.tag = [9; 16])),
        ("sum", of(|header| header.sum = !header.sum)),
    ];
    compare(&drawing("A batch"), &batch.whole(), &others);
    assert!(DOCUMENT.contains(&format!("bytes 0 to {} of its header", BATCH_SEALED - 1)));
    assert!(
        DOCUMENT.contains(&format!("0        {BATCH_HEADER}                       128 + length"))
    );
}

#[test]
fn a_checkpoint_is_drawn_as_it_is_written() {
    let written = |about: &About, length: usize| {
        let disk = SimulatedDisk::new(1);
        let keys = crate::seal::Keys::only(crate::authoring::key(1));
        checkpoint::write(&disk, &keys, about, &vec![7; length]).expect("written");
        let mut all = disk.content(&Name::Checkpoint(about.position).to_string());
        all.truncate(CHECKPOINT_HEADER);
        // What chance made is compared by its own fields.
        all
    };
    let about = About {
        cluster: CLUSTER,
        epoch: Epoch(0x1111_1111),
        position: Position(0x1111_1111_1111_1111),
        created_ns: 0x1111_1111_1111_1111,
    };
    let base = written(&about, 1);
    let drawn = drawing("A checkpoint");
    let place = |name: &str| {
        let (_, at, length) = drawn.iter().find(|(drawn, ..)| drawn == name).expect("drawn");
        *at..at + length
    };
    assert_eq!(base[place("epoch")], about.epoch.0.to_le_bytes());
    assert_eq!(base[place("cluster")], CLUSTER);
    assert_eq!(base[place("position")], about.position.0.to_le_bytes());
    assert_eq!(base[place("length")], 1_u64.to_le_bytes());
    assert_eq!(base[place("created")], about.created_ns.to_le_bytes());
    assert_eq!(base[place("key check")], crate::authoring::key(1).check_value());
    let again = written(&about, 1);
    let (at, length) = changed(&base, &again).expect("another key");
    assert!(at == place("wrapped key").start && at + length == place("wrapped key").end);
    assert_eq!(drawn.iter().map(|(_, _, length)| length).sum::<usize>(), CHECKPOINT_HEADER);
    assert!(DOCUMENT.contains("chunk by chunk, 1 MiB of state") && CHUNK == 1 << 20);
}

#[test]
fn an_archive_is_drawn_as_it_is_written() {
    let archive = ArchiveHeader {
        segment: SEGMENT,
        bytes: 0x1111_1111_1111_1111,
        frames: 0x1111_1111,
        end: crate::scan::Expected {
            batch: BatchNumber(0x1111_1111_1111_1111),
            position: Position(0x1111_1111_1111_1111),
            previous: [0x11; 16],
        },
        newest_ns: 0x1111_1111_1111_1111,
        oldest_ns: 0x1111_1111_1111_1111,
        packed_ns: 0x1111_1111_1111_1111,
        released: Position(0x1111_1111_1111_1111),
        key_check: [0x11; 8],
        wrapped_key: [0x11; 60],
        wrapped_segment_key: [0x11; 60],
    };
    let whole = |header: &ArchiveHeader| {
        let mut block = [0; BLOCK];
        header.write(&mut block);
        block[..ARCHIVE_HEADER].to_vec()
    };
    let of = |change: fn(&mut ArchiveHeader)| {
        let mut header = archive;
        change(&mut header);
        whole(&header)
    };
    let drawn = drawing("An archive");
    let mut others = vec![
        ("frames", of(|header| header.frames = !header.frames)),
        ("bytes", of(|header| header.bytes = !header.bytes)),
        ("end batch", of(|header| header.end.batch.0 = !header.end.batch.0)),
        ("end position", of(|header| header.end.position.0 = !header.end.position.0)),
        ("end tag", of(|header| header.end.previous = [9; 16])),
        ("newest", of(|header| header.newest_ns = !header.newest_ns)),
        ("oldest", of(|header| header.oldest_ns = !header.oldest_ns)),
        ("packed at", of(|header| header.packed_ns = !header.packed_ns)),
        ("released", of(|header| header.released.0 = !header.released.0)),
        ("key check", of(|header| header.key_check = [9; 8])),
        ("wrapped key", of(|header| header.wrapped_key = [9; 60])),
        ("wrapped segment key", of(|header| header.wrapped_segment_key = [9; 60])),
    ];
    // The header of the segment stands in it as a whole: all its bytes turned over by hand.
    let mut other = whole(&archive);
    other[ARCHIVED_AT..ARCHIVED_AT + SEGMENT_HEADER].iter_mut().for_each(|byte| *byte = !*byte);
    others.push(("header of the segment", other));
    compare(&drawn, &whole(&archive), &others);
    assert_eq!(whole(&archive)[ARCHIVED_AT..ARCHIVED_AT + SEGMENT_HEADER], segment(&SEGMENT));
}

#[test]
fn an_index_is_drawn_as_it_is_written() {
    let base = index::Header {
        cluster: [0x11; 16],
        segment: SegmentNumber(0x1111_1111_1111_1111),
        epoch: Epoch(0x1111_1111),
        first: Position(0x1111_1111_1111_1111),
        archive: 0x1111_1111_1111_1111,
        created_ns: 0x1111_1111_1111_1111,
        marks: [0x1111_1111; 8],
        frames: 0x1111_1111,
        sum: 0x1111_1111_1111_1111,
        key_check: [0x11; 8],
        wrapped_key: [0x11; 60],
    };
    let whole = |header: &index::Header| {
        let mut block = [0; BLOCK];
        header.write(&mut block);
        assert_eq!(index::Header::read(&block), Ok(*header));
        block[..INDEX_HEADER].to_vec()
    };
    let of = |change: fn(&mut index::Header)| {
        let mut header = base;
        change(&mut header);
        whole(&header)
    };
    let others = [
        ("cluster", of(|header| header.cluster = [9; 16])),
        ("segment", of(|header| header.segment.0 = !header.segment.0)),
        ("epoch", of(|header| header.epoch.0 = !header.epoch.0)),
        ("first position", of(|header| header.first.0 = !header.first.0)),
        ("archive", of(|header| header.archive = !header.archive)),
        ("created", of(|header| header.created_ns = !header.created_ns)),
        ("marks", of(|header| header.marks = [!0x1111_1111; 8])),
        ("frames", of(|header| header.frames = !header.frames)),
        ("sum", of(|header| header.sum = !header.sum)),
        ("key check", of(|header| header.key_check = [9; 8])),
        ("wrapped key", of(|header| header.wrapped_key = [9; 60])),
    ];
    compare(&drawing("An index"), &whole(&base), &others);
    assert!(DOCUMENT.contains(&format!("bytes 0 to {} of the header", INDEX_SEALED - 1)));
    assert!(DOCUMENT.contains(&format!("{PAGE_MARKS} in a page, ten bytes each")));
}

#[test]
fn a_mark_and_a_frame_of_an_index_stand_where_the_text_says() {
    let mut author = Author::begin();
    author.batch(&[b"one", b"two"]);
    author.roll_over();
    let (disk, keys) = (author.disk(), &author.keys);
    let segment = SegmentNumber(1);
    pack(&disk, keys, segment, 5).expect("packed");
    let mark = index::Mark { kind: 5, hash: 0x0102_0304_0506_0708 };
    let mut marks = |position: Position, _: &[u8], each: &mut dyn FnMut(index::Mark)| {
        if position == Position(2) {
            each(mark);
        }
    };
    index::make(&disk, keys, segment, 9, &mut marks, &mut |_| ()).expect("made");
    let bytes = disk.content(&Name::Index(segment).to_string());
    let header = index::Header::read(&bytes[..BLOCK]).expect("whole");
    assert_eq!(header.marks, [0, 0, 0, 0, 0, 1, 0, 0]);
    let owner = crate::seal::KeyOwner { cluster: CLUSTER, segment, epoch: header.epoch };
    let key = keys.open(header.key_check, &header.wrapped_key, &owner).expect("ours");
    let open = |number: u64, from: usize, length: usize| {
        let mut part = bytes[from..from + length].to_vec();
        let tag = bytes[from + length..from + length + 16].try_into().expect("a tag");
        let number = BatchNumber(number);
        key.open(header.epoch, number, &bytes[..INDEX_SEALED], &tag, &mut part).expect("sealed");
        part
    };
    let page = open(1, BLOCK, BLOCK - 16);
    assert_eq!(page[..10], [1, 2, 3, 4, 5, 6, 1, 0, 0, 0]);
    let table = open(2, 2 * BLOCK, 6 + 16);
    assert_eq!(table[..6], [1, 2, 3, 4, 5, 6]);
    assert_eq!(table[6..10], [0; 4], "the first record");
    assert_eq!(table[10..14], 1_700_000_000_u32.to_le_bytes());
    assert_eq!(table[14..], (BLOCK as u64).to_le_bytes());
    let sum = crate::format::sum(&bytes[BLOCK..2 * BLOCK + 6 + 16 + 16]);
    assert_eq!(header.sum, sum);
}

#[test]
fn a_frame_is_drawn_as_it_is_written() {
    let mut author = Author::begin();
    author.batch(&[b"one", b"two"]);
    author.batch(&[b"three"]);
    author.roll_over();
    let disk = author.disk();
    pack(&disk, &author.keys, SegmentNumber(1), 5).expect("packed");
    let name = Name::Archive(SegmentNumber(1)).to_string();
    assert!(disk.list().expect("listed").contains(&name));
    let bytes = disk.content(&name);
    let frame = &bytes[BLOCK..];
    let (_, below) = DOCUMENT.split_once("A frame, one behind").expect("the text");
    let drawn = drawings(below).remove(0);
    let field = |name: &str| {
        let (_, at, length) = drawn.iter().find(|(drawn, ..)| drawn == name).expect("drawn");
        frame[*at..at + length].to_vec()
    };
    let short = |name| u32::from_le_bytes(field(name).try_into().expect("four bytes"));
    assert_eq!((field("magic"), field("0")), (b"SARC".to_vec(), vec![0; 2]));
    assert_eq!((short("number"), short("batches"), short("length")), (1, 2, 5 + 5 + 7));
    let headers = 2 * BATCH_HEADER;
    let packed = usize::try_from(short("packed")).expect("small");
    let body = &frame[FRAME_HEADER..FRAME_HEADER + headers + packed];
    assert_eq!(field("sum"), crate::format::sum(body).to_le_bytes());
    assert_eq!(BatchHeader::read(body).expect("as it was").count, 2);
    assert!(frame[FRAME_HEADER + headers + packed..].iter().all(|&byte| byte == 0));
    assert_eq!(field("check"), crate::format::sum(&frame[..FRAME_HEADER - 8]).to_le_bytes());
    assert_eq!(drawn.iter().map(|(_, _, length)| length).sum::<usize>(), FRAME_HEADER);
}

#[test]
#[expect(clippy::too_many_lines, reason = "one line for each field")]
fn the_control_file_is_drawn_as_it_is_written() {
    let name = |text| NodeName::new(text).expect("a name");
    let member =
        |text| Member { name: name(text), incarnation: Incarnation(0x1111_1111_1111_1111) };
    let base = Control {
        cluster: [0x11; 16],
        name: name("11111111111111111111111111111111"),
        promised: Epoch(0x1111_1111),
        reigned: Epoch(0x1111_1111),
        fenced: Fenced::HandedOver,
        known: Some(Known {
            revision: Revision(0x1111_1111_1111_1111),
            record: Record {
                cluster: [0x11; 16],
                epoch: Epoch(0x1111_1111),
                primary: member("11111111111111111111111111111111"),
                in_sync: Some(member("11111111111111111111111111111111")),
            },
        }),
        peer_joined: true,
        lossy: false,
        joining: Joining::New,
        cut: Some(Mark {
            epoch: Epoch(0x1111_1111),
            batch: BatchNumber(0x1111_1111_1111_1111),
            position: Position(0x1111_1111_1111_1111),
            tag: [0x11; 16],
        }),
        repairing: Some(BatchNumber(0x1111_1111_1111_1111)),
        solo_since: Some(0x1111_1111_1111_1111),
        assured: Epoch(0x1111_1111),
        isolated: false,
    };
    let whole = |sequence, control: &Control| control::block(sequence, control)[..COPY].to_vec();
    let first = 0x1111_1111_1111_1111;
    let of = |change: &dyn Fn(&mut Control)| {
        let mut control = base;
        change(&mut control);
        whole(first, &control)
    };
    let cut = |change: fn(&mut Mark)| of(&|it| change(it.cut.as_mut().expect("there")));
    let known = |change: fn(&mut Known)| of(&|it| change(it.known.as_mut().expect("there")));
    let other = name("22222222222222222222222222222222");
    let others = [
        ("why", of(&|it| it.fenced = Fenced::ByOperator)),
        ("new", of(&|it| it.joining = Joining::Replacing)),
        ("promised", of(&|it| it.promised = Epoch(!0x1111_1111))),
        ("cluster", of(&|it| it.cluster = [9; 16])),
        ("name", of(&|it| it.name = other)),
        ("sequence", whole(!first, &base)),
        ("reigned", of(&|it| it.reigned = Epoch(!0x1111_1111))),
        ("assured", of(&|it| it.assured = Epoch(!0x1111_1111))),
        ("solo since", of(&|it| it.solo_since = Some(!first))),
        ("repairing", of(&|it| it.repairing = Some(BatchNumber(!first)))),
        ("has", of(&|it| it.peer_joined = false)),
        ("cut epoch", cut(|mark| mark.epoch = Epoch(!0x1111_1111))),
        ("cut batch", cut(|mark| mark.batch.0 = !mark.batch.0)),
        ("cut position", cut(|mark| mark.position.0 = !mark.position.0)),
        ("cut tag", cut(|mark| mark.tag = [9; 16])),
        ("revision", known(|known| known.revision.0 = !known.revision.0)),
        ("record epoch", known(|known| known.record.epoch = Epoch(!0x1111_1111))),
        ("record cluster", known(|known| known.record.cluster = [9; 16])),
        ("primary", of(&|it| it.known.as_mut().expect("there").record.primary.name = other)),
        (
            "primary incarnation",
            known(|known| known.record.primary.incarnation.0 = !0x1111_1111_1111_1111),
        ),
        (
            "in sync",
            of(&|it| {
                let in_sync = it.known.as_mut().and_then(|known| known.record.in_sync.as_mut());
                in_sync.expect("there").name = other;
            }),
        ),
        (
            "in sync incarnation",
            known(|known| {
                let in_sync = known.record.in_sync.as_mut().expect("there");
                in_sync.incarnation.0 = !in_sync.incarnation.0;
            }),
        ),
    ];
    compare(&drawing("The control file"), &whole(first, &base), &others);
}

#[test]
fn a_base_is_drawn_as_it_is_written() {
    let mark = Mark {
        epoch: Epoch(0x1111_1111),
        batch: BatchNumber(0x1111_1111_1111_1111),
        position: Position(0x1111_1111_1111_1111),
        tag: [0x11; 16],
    };
    let whole = |cluster, mark: &Mark| base::block(cluster, mark)[..BASE].to_vec();
    let of = |change: fn(&mut Mark)| {
        let mut mark = mark;
        change(&mut mark);
        whole(&[0x11; 16], &mark)
    };
    let others = [
        ("epoch", of(|mark| mark.epoch.0 = !mark.epoch.0)),
        ("cluster", whole(&[9; 16], &mark)),
        ("batch", of(|mark| mark.batch.0 = !mark.batch.0)),
        ("position", of(|mark| mark.position.0 = !mark.position.0)),
        ("tag", of(|mark| mark.tag = [9; 16])),
    ];
    compare(&drawing("A base"), &whole(&[0x11; 16], &mark), &others);
}
