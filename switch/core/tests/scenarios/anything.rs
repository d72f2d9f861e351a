//! Anything may happen, in any order: whatever it is, the ledger of the world outside agrees with
//! what the switch did.

mod edition;
mod ledger;
mod outside;
mod steps;

use proptest::collection::vec;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use edition::Edition;
use ledger::Ledger;
use outside::Outside;
use steps::Step;

/// Conversations, and the most steps of each.
const CONVERSATIONS: u32 = 100;
const STEPS_MAX: usize = 300;

/// One whole conversation; gives what came of it.
fn converse(edition: Edition, steps: &[Step]) -> Ledger {
    let mut outside = Outside::new(edition);
    for step in steps {
        outside.takes(step);
        outside.looks();
    }
    outside.comes_to_an_end()
}

#[test]
fn whatever_happens_every_promise_is_kept() {
    conversations(Edition::Of1993, CONVERSATIONS);
}

#[test]
fn whatever_happens_between_stations_of_1987_every_promise_is_kept() {
    conversations(Edition::Of1987, CONVERSATIONS);
}

fn conversations(edition: Edition, count: u32) {
    // Another seed: SEKISHO_SEED=7 cargo test -p switch-core whatever_happens
    let seed: u64 = std::env::var("SEKISHO_SEED").map_or(1, |seed| seed.parse().unwrap());
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases: count, failure_persistence: None, ..Config::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut all = Ledger::new(edition);
    let sum = std::cell::RefCell::new(&mut all);
    let found =
        TestRunner::new_with_rng(config, rng).run(&vec(Step::any(), 1..STEPS_MAX), |steps| {
            sum.borrow_mut().adds(&converse(edition, &steps));
            Ok::<(), TestCaseError>(())
        });
    match found {
        Ok(()) => all.has_seen_everything(),
        Err(TestError::Fail(why, steps)) => {
            panic!("seed {seed}: {why}\nafter {} steps: {steps:#?}", steps.len())
        }
        Err(TestError::Abort(why)) => panic!("seed {seed}: {why}"),
    }
}
