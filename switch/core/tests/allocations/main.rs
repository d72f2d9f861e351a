//! After start-up the path of a request allocates nothing. Must see the core from outside only.

#[cfg(test)]
mod counting;
#[cfg(test)] // where unwrap is allowed
mod exchange;

#[cfg(test)]
#[global_allocator]
static COUNTED: counting::Counting = counting::Counting;

#[cfg(test)]
use codec::Version;

#[test]
fn from_the_first_to_the_hundred_thousandth_transaction_nothing_is_allocated() {
    allocates_nothing(Version::Iso1993, 100_000, false);
}

#[test]
fn between_stations_of_1987_nothing_is_allocated_either() {
    allocates_nothing(Version::Iso1987, 30_000, false);
}

#[test]
fn under_a_plan_that_followed_another_one_nothing_is_allocated_either() {
    allocates_nothing(Version::Iso1993, 30_000, true);
}

#[cfg(test)]
fn allocates_nothing(edition: Version, transactions: u64, reloads: bool) {
    let mut exchange = exchange::Exchange::new(edition);
    if reloads {
        exchange.reloads(edition);
    }
    let before = counting::count();
    let for_reversals = exchange.runs(transactions);
    let after = counting::count();
    assert_eq!(after - before - for_reversals, 0, "allocations");
    // What is kept for an issuer has blocks of its own, and they are few.
    assert!(for_reversals < 8 * exchange.reversals(), "{for_reversals}");
    exchange.has_done_everything(transactions);
}

#[test]
fn the_allocator_counts() {
    let before = counting::count();
    let mut block = Vec::with_capacity(1);
    block.push(7_u8);
    block.reserve_exact(100);
    assert_eq!((counting::count() - before, block[0]), (2, 7));
}
