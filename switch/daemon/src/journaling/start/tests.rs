//! What a start says goes into as many segments as it takes.

use std::sync::Mutex;

use journal::format::BatchHeader;
use journal::writer::Framed;

use super::super::ground::Ground;
use super::*;

#[test]
fn a_start_with_more_to_say_than_was_prepared_prepares_more() {
    let (mut ground, mut writer) = Ground::begins("start", 1);
    let record = vec![5; 50_000];
    let (keeper, progresses) = (&mut ground.keeper, &|| ());
    let mut start = Settling { writer: &mut writer, keeper, alone: true, progresses };
    for number in 1..=100 {
        assert_eq!(start.append(&record).expect("there is room"), Position(number));
    }
    start.settle().expect("there is room");
    assert_eq!(writer.durable(), Position(100));
    assert!(writer.written().roll_overs >= 4, "{:?}", writer.written());
}

#[test]
fn with_a_peer_no_header_of_a_start_says_that_its_records_are_released() {
    let (mut ground, mut writer) = Ground::begins("start-peer", 2);
    let heard: Arc<Mutex<Vec<Position>>> = Arc::default();
    let said = Arc::clone(&heard);
    writer.tap(Box::new(move |framed| {
        if let Framed::Batch(_, bytes) = framed {
            let header = BatchHeader::read(bytes).unwrap();
            said.lock().unwrap().push(header.released);
        }
    }));
    let (keeper, progresses) = (&mut ground.keeper, &|| ());
    let mut start = Settling { writer: &mut writer, keeper, alone: false, progresses };
    for _ in 1..=50 {
        start.append(&vec![5; 50_000]).expect("there is room");
    }
    start.settle().expect("there is room");
    let released = heard.lock().unwrap();
    assert!(released.len() > 2 && released.iter().all(|&position| position == Position(0)));
}
