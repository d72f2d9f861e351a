//! What a start says goes into as many segments as it takes.

use super::super::ground::Ground;
use super::*;

#[test]
fn a_start_with_more_to_say_than_was_prepared_prepares_more() {
    let (mut ground, mut writer) = Ground::begins("start", 1);
    let record = vec![5; 50_000];
    for number in 1..=100 {
        let taken =
            append(&mut writer, &mut ground.keeper, &record, &|| ()).expect("there is room");
        assert_eq!(taken, Position(number));
    }
    settle(&mut writer, &mut ground.keeper, &|| ()).expect("there is room");
    assert_eq!(writer.durable(), Position(100));
    assert!(writer.written().roll_overs >= 4, "{:?}", writer.written());
}
