//! After start-up the path of a request allocates nothing. Must see the core from outside only.

#[cfg(test)]
mod counting;
#[cfg(test)] // where unwrap is allowed
mod exchange;

#[cfg(test)]
#[global_allocator]
static COUNTED: counting::Counting = counting::Counting;

#[test]
fn from_the_first_to_the_hundred_thousandth_transaction_nothing_is_allocated() {
    let mut exchange = exchange::Exchange::new();
    let before = counting::count();
    exchange.runs(100_000);
    let after = counting::count();
    assert_eq!(after - before, 0, "allocations");
    exchange.has_done_everything(100_000);
}

#[test]
fn the_allocator_counts() {
    let before = counting::count();
    let mut block = Vec::with_capacity(1);
    block.push(7_u8);
    block.reserve_exact(100);
    assert_eq!((counting::count() - before, block[0]), (2, 7));
}
