//! Looking ahead finds the transaction that an answer is for, where the last message of its station
//! had the trace number. That it changes nothing shows in every other story: the world does it with
//! each frame.

use switch_core::plan::StationSettings;

use crate::world::{Setup, World, acquirer, answer, issuer, packed, sale};

/// What was found for a first and for a second answer, and for the second one come once more.
fn found(mut world: World) -> [usize; 3] {
    for amount in [2500, 2600] {
        world.acquirer("A").sends(sale(amount));
    }
    assert_eq!(world.foreseen, 0, "a request is none of a transaction");
    let mut found = [0; 3];
    world.issuer("X").answers("000");
    found[0] = world.foreseen;
    let last = world.issuer("X").heard();
    world.issuer("X").sends(answer(&last, "000"));
    found[1] = world.foreseen;
    world.issuer("X").sends(answer(&last, "000"));
    found[2] = world.foreseen;
    found
}

#[test]
fn an_answer_like_the_last_one_shows_its_transaction_and_a_second_one_shows_none() {
    // The first message of a station is like none before it.
    assert_eq!(found(Setup::of([acquirer("A"), issuer("X")]).up()), [0, 1, 0]);
    assert_eq!(
        found(
            Setup::of([acquirer("A"), StationSettings { dialect: packed(), ..issuer("X") }]).up()
        ),
        [0, 1, 0]
    );
}
