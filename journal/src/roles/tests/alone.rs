//! What a primary that goes on alone may still send of what waited for its standby. Must not know how the
//! rules are kept.

use super::pair::MS;
use super::*;

#[test]
fn what_waits_for_a_lost_standby_counts_as_framed_when_the_record_is_known_to_be_without_it() {
    for mut pair in waiting_modes() {
        pair.dies(OSAKA);
        let framed = pair.now;
        pair.pays(TOKYO, 1);
        assert_eq!(pair.alone(TOKYO), None, "it may be promoted");
        pair.passes(1_500);
        let alone = pair.alone(TOKYO).unwrap();
        let late_after = pair.sites[TOKYO].settings.times.late_after;
        let (counts, last) = (alone.framed(framed), pair.now);
        assert!((framed + late_after..last).contains(&counts), "{alone:?} {framed}");
        // It was late before the standby fell silent.
        let old = framed - late_after - 200 * MS;
        assert_eq!(alone.framed(old), old);
        assert_eq!(alone.framed(last), last);
    }
}

#[test]
fn what_was_framed_before_a_process_stood_still_does_not_get_younger() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, false);
    let framed = pair.now;
    pair.sites[OSAKA].disk_is_slow = true;
    pair.pays(TOKYO, 1);
    pair.stands_still(TOKYO, 900);
    let woke = pair.now;
    pair.dies(OSAKA);
    pair.passes(1_500);
    let alone = pair.alone(TOKYO).unwrap();
    assert_eq!((alone.framed(framed), alone.from), (framed, woke));
    assert!(alone.framed(woke) > woke);
}

#[test]
fn a_standby_is_written_in_again_only_when_all_that_waited_for_it_has_left_or_is_late() {
    let mut pair = Pair::in_sync(Mode::Durable, WhenLost::Solo, true);
    pair.dies(OSAKA);
    pair.pays(TOKYO, 1);
    while pair.alone(TOKYO).is_none() {
        pair.passes(10);
    }
    let since = pair.alone(TOKYO).unwrap().since;
    pair.starts(OSAKA);
    while pair.witness.record.unwrap().in_sync.is_none() {
        assert!(pair.now < since + 5_000 * MS, "never again");
        pair.passes(10);
    }
    let late_after = pair.sites[TOKYO].settings.times.late_after;
    assert!(pair.now >= since + late_after, "{} ms", (pair.now - since) / MS);
}
