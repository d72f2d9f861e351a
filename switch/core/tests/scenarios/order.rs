//! The order of service: where the gate runs short of room, what is further down waits or is refused
//! first, and what stands above it still goes, row by row.

use switch_core::counters::Counter;
use switch_core::plan::{Issuing, StationSettings};

use crate::world::{Setup, Text, World, acquirer, echo, issuer, reversal, sale, sign_off, sign_on};

/// Bytes of the gate.
const GATE: usize = 1 << 16;
/// What is kept for Y: more than a sixteenth of the gate.
const KEPT: u64 = 40;

/// The rows of the table, the lowest first.
#[derive(Clone, Copy, PartialEq)]
enum Row {
    Request,
    Stored,
    Network,
    Refusal,
    Advice,
    Answer,
}

/// A world of short room, with everything prepared that one wants to be served.
struct Short {
    world: World,
    /// A sale that X has declined.
    declined: Text,
    /// Sales that X has approved, to be reversed.
    approved: Vec<Text>,
}

impl Short {
    /// X owes answers, A is owed reversals, and Y, which signed off, is owed advices. From here on
    /// nothing is committed.
    fn of_room() -> Self {
        let issuing = Issuing { saf_window: 1_000, saf_rate: 1_000_000, ..Issuing::default() };
        let y = StationSettings { issuing, ..issuer("Y") };
        let mut setup =
            Setup::of([acquirer("A"), issuer("X"), y]).route("3", &["X"]).route("4", &["Y"]);
        setup.gate_bytes = GATE;
        let mut world = setup.up();
        let mut sold = |code: &str| {
            let mut text = sale(2500);
            world.acquirer("A").complete(&mut text);
            world.acquirer("A").sends(text.clone());
            world.issuer("X").answers(code);
            text
        };
        let (declined, approved) = (sold("116"), (0..40).map(|_| sold("000")).collect());
        world.issuer("Y").sends(sign_off());
        for amount in 1..=KEPT {
            let text = sale(amount).kind(0x1220).with(2, "4111111111111111").with(39, "000");
            world.acquirer("A").sends(text);
        }
        for _ in 0..20 {
            world.acquirer("A").sends(sale(1));
        }
        world.holds_commits();
        Self { world, declined, approved }
    }

    /// Whether one more of a row is served.
    fn serves(&mut self, row: Row) -> bool {
        let counters = match row {
            Row::Request => (Counter::RefusedGateFull, 0),
            Row::Stored => (Counter::SafSent, 1),
            Row::Network | Row::Refusal => (Counter::AnswersLost, 0),
            Row::Advice => (Counter::AdvicesTaken, 1),
            Row::Answer => (Counter::Answered, 1),
        };
        let (counter, grows) = counters;
        let before = self.world.count(counter);
        match row {
            Row::Request => self.world.acquirer("A").sends(sale(1)),
            // They enter by themselves, as many as there is room for.
            Row::Stored => self.world.passes(std::time::Duration::from_millis(11)),
            Row::Network => self.world.acquirer("A").sends(echo()),
            Row::Refusal => self.world.acquirer("A").sends(self.declined.clone().kind(0x1201)),
            Row::Advice => {
                let text = reversal(&self.approved.pop().expect("there are enough"), "4000");
                self.world.acquirer("A").sends(text);
            }
            Row::Answer => self.world.issuer("X").answers("000"),
        }
        self.world.count(counter) == before + grows
    }

    /// Fills the gate with what stands in a row, until it is served no more.
    fn fills_with(&mut self, row: Row) {
        if row == Row::Stored {
            let sent = self.world.count(Counter::SafSent);
            self.world.issuer("Y").sends(sign_on());
            let sent = self.world.count(Counter::SafSent) - sent;
            assert!(sent > 0 && sent < KEPT, "some found room, and some did not: {sent}");
        }
        while self.serves(row) {}
    }

    /// How full the gate is, in sixteenths begun.
    fn sixteenths(&self) -> usize {
        self.world.cores[0].gate_fill().0.div_ceil(GATE / 16)
    }
}

#[test]
fn where_new_requests_find_no_room_what_is_kept_is_still_sent() {
    let mut short = Short::of_room();
    short.fills_with(Row::Request);
    assert_eq!(short.sixteenths(), 12);
    short.world.issuer("Y").sends(sign_on());
    assert!(short.world.count(Counter::SafSent) > 0);
    assert!(!short.serves(Row::Request));
}

#[test]
fn where_what_is_kept_waits_for_room_echoes_and_repeats_are_still_answered() {
    let mut short = Short::of_room();
    short.fills_with(Row::Request);
    short.fills_with(Row::Stored);
    assert_eq!(short.sixteenths(), 13);
    for above in [Row::Network, Row::Refusal] {
        assert!(short.serves(above));
    }
    for below in [Row::Request, Row::Stored] {
        assert!(!short.serves(below));
    }
    // What waited is sent as soon as there is room.
    short.world.commits();
    short.world.passes_secs(1);
    assert_eq!(short.world.count(Counter::SafSent), KEPT);
}

#[test]
fn where_echoes_and_repeats_are_lost_reversals_are_still_taken() {
    let mut short = Short::of_room();
    for row in [Row::Request, Row::Stored, Row::Network] {
        short.fills_with(row);
    }
    assert_eq!(short.sixteenths(), 14);
    assert!(short.serves(Row::Advice));
    for below in [Row::Request, Row::Stored, Row::Network, Row::Refusal] {
        assert!(!short.serves(below));
    }
}

#[test]
fn where_reversals_find_no_room_answers_and_timeouts_still_do() {
    let mut short = Short::of_room();
    for row in [Row::Request, Row::Stored, Row::Network, Row::Advice] {
        short.fills_with(row);
    }
    assert_eq!(short.sixteenths(), 15);
    assert!(short.serves(Row::Answer) && short.serves(Row::Answer));
    for below in [Row::Request, Row::Stored, Row::Network, Row::Refusal, Row::Advice] {
        assert!(!short.serves(below));
    }
    short.world.passes_secs(10);
    assert!(short.world.count(Counter::RefusedTimedOut) > 0);
}

#[test]
fn the_last_places_of_what_is_kept_are_for_advices_and_reversals() {
    let small = |limits: &mut switch_core::plan::Limits| limits.saf_max = 16;
    let mut world = Setup::of([acquirer("A"), issuer("X")]).limits(small).up();
    for amount in 1..=16 {
        world.acquirer("A").sends(sale(amount));
    }
    assert_eq!((world.issuer("X").heard_count(), world.count(Counter::RefusedSafFull)), (15, 1));
    let advice = || sale(1).kind(0x1220).with(39, "000");
    world.acquirer("A").sends(advice());
    assert_eq!(world.acquirer("A").heard().of(39), "900");
    world.acquirer("A").sends(advice());
    assert_eq!(world.acquirer("A").heard().of(39), "907");
}
