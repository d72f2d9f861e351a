//! A record is found by what stands in its message, whatever its station spoke since.

use codec::{Fields, Mti};
use journal::archive::pack;
use journal::authoring::Author;
use journal::format::SegmentNumber;
use journal::names::Name;
use switch_core::ids::{LinkNumber, RouteId, Stan};
use switch_core::time::Time;

use super::*;

const KEY: HashKey = HashKey([3; 16]);
const SHOP: StationNumber = StationNumber(0);
const BEFORE: &str = "iso93-ascii";
const TODAY: &str = "iso93-binary";

/// A request with this retrieval number, as a station wrote it that speaks so.
fn sale(dialect: &str, rrn: &str) -> Vec<u8> {
    let mut inputs = vec![0; 200];
    let dialect = codec::built_in(dialect).unwrap();
    let fields = Fields::EMPTY.with(37);
    let mut writer = codec::Writer::new(dialect, &mut inputs, Mti::of(0x1100), fields).unwrap();
    writer.put_text(37, rrn.as_bytes()).unwrap();
    let length = writer.finish().unwrap();
    written(&Record::Decision {
        acquirer: SHOP,
        link: LinkNumber(0),
        issuer: StationNumber(1),
        mti: Mti::of(0x1100),
        route: RouteId(0),
        stan: Stan(1),
        sent_at: 0,
        arrived: Time(0),
        utc: 0,
        configuration: 1,
        key: 1,
        check: 0,
        reference: 7,
        present: Fields::EMPTY,
        inputs: &inputs[..length],
    })
}

fn speaks(dialect: &str) -> Vec<u8> {
    written(&Record::Station { number: SHOP, name: "shop", dialect })
}

fn written(record: &Record<'_>) -> Vec<u8> {
    let mut room = [0; 500];
    let length = record.write(&mut room).unwrap();
    room[..length].to_vec()
}

fn rrn_of(rrn: &str) -> Mark {
    in_index(marks::Mark::retrieval(&KEY, rrn.as_bytes()).unwrap())
}

fn is_found(marker: &mut Marker, position: u64, record: &[u8], rrn: &str) -> bool {
    let mut found = Vec::new();
    marker.mark(Position(position), record, &mut |mark| found.push(mark));
    found.contains(&rrn_of(rrn))
}

#[test]
fn a_message_is_read_in_what_its_station_spoke_then() {
    let (old, new) = (sale(BEFORE, "000000000011"), sale(TODAY, "000000000022"));
    let mut marker = Marker::new(KEY, Vec::new());
    marker.learn(SHOP, TODAY);
    assert!(is_found(&mut marker, 90, &new, "000000000022"));
    assert!(!is_found(&mut marker, 5, &old, "000000000011"), "nobody has told it yet");
    marker.learn_from(Position(50), SHOP, TODAY);
    assert!(is_found(&mut marker, 5, &old, "000000000011"), "anything but what it speaks today");
    // An old archive is read again, after newer ones.
    marker.mark(Position(1), &speaks(BEFORE), &mut |_| ());
    assert!(is_found(&mut marker, 5, &old, "000000000011"));
    assert!(is_found(&mut marker, 90, &new, "000000000022"), "and today is as it was");
    assert!(is_found(&mut marker, 50, &new, "000000000022"));
    assert!(!is_found(&mut marker, 49, &new, "000000000022"));
}

#[test]
fn what_stations_spoke_is_learned_from_what_each_start_wrote_down() {
    let mut author = Author::begin();
    author.batch(&[&speaks(BEFORE), &sale(BEFORE, "000000000011")]);
    author.roll_over();
    author.batch(&[&sale(BEFORE, "000000000012")]);
    author.start();
    author.batch(&[&speaks(TODAY), &sale(TODAY, "000000000022")]);
    author.roll_over();
    let disk = author.disk();
    for segment in [1, 2, 3].map(SegmentNumber) {
        let mut marker = Marker::new(KEY, Vec::new());
        marker.learn(SHOP, TODAY);
        marker.learn_past(&mut Shelf::new(disk.clone()), &author.keys).unwrap();
        assert!(is_found(&mut marker, 3, &sale(BEFORE, "000000000012"), "000000000012"));
        assert!(is_found(&mut marker, 5, &sale(TODAY, "000000000022"), "000000000022"));
        // The same wherever it stands: the next time one more is packed.
        pack(&disk, &author.keys, segment, 5).unwrap();
        disk.remove(&Name::Segment(segment).to_string()).unwrap();
    }
    let mut marker = Marker::new(KEY, Vec::new());
    marker.learn(SHOP, TODAY);
    let mut shelf = Shelf::new(disk.clone());
    marker.learn_past(&mut shelf, &author.keys).unwrap();
    let mut marks = |at: Position, record: &[u8], each: &mut dyn FnMut(Mark)| {
        marker.mark(at, record, each);
    };
    for segment in [3, 2, 1].map(SegmentNumber) {
        index::make(&disk, &author.keys, segment, 5, &mut marks, &mut |_| ()).unwrap();
    }
    for (segment, rrn, position) in
        [(1, "000000000011", 2), (2, "000000000012", 3), (3, "000000000022", 5)]
    {
        let index = index::Index::open(&disk, &author.keys, SegmentNumber(segment)).unwrap();
        assert_eq!(index.find(rrn_of(rrn)).unwrap(), [Position(position)], "{rrn}");
    }
}
