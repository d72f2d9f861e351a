//! Every state of a transaction, of a stored message, of a link and of a station meets every event, and what comes of it is
//! printed once: in MATRIX.md. The core is driven for it; nothing in there is written by hand.
#![cfg(test)] // where unwrap is allowed

mod item;
mod link;
mod meeting;
mod station;
mod transaction;

use std::fmt::Write as _;

use expect_test::expect_file;

use meeting::Meeting;

/// What a table begins with: how to get a world into a state.
type Begin = fn() -> Meeting;
/// What happens then; false where it can not happen in that state.
type Happen = fn(&mut Meeting) -> bool;

/// One of the tables.
struct Table {
    title: &'static str,
    /// What the column after the event says.
    then: &'static str,
    states: Vec<(&'static str, Begin)>,
    events: Vec<(&'static str, Happen)>,
    /// Where it stands afterwards.
    state: fn(&mut Meeting) -> String,
}

const HEAD: &str = "# Every state against every event

Printed by `UPDATE_EXPECT=1 cargo test -p switch-sim --test matrix`, which drives the core into each state and lets each event happen to it.
A and X are an acquirer and an issuer; what they hear is MTI and DE 39, or DE 24 where that is a function of network management.
What is stored for X stands there by its stage: waiting, behind an earlier one, leaving, awaited, parked or held.
Events that can not happen in a state are left out.
";

impl Table {
    fn print(&self, out: &mut String) {
        for (state, begin) in &self.states {
            writeln!(out, "\n## {}: {state}\n", self.title).unwrap();
            writeln!(out, "| event | {} | A hears | X hears | counted |", self.then).unwrap();
            writeln!(out, "|---|---|---|---|---|").unwrap();
            for (event, happens) in &self.events {
                let mut meeting = begin();
                meeting.begins();
                if happens(&mut meeting) {
                    let [a, x, counted] = meeting.came_of_it();
                    let then = (self.state)(&mut meeting);
                    writeln!(out, "| {event} | {then} | {a} | {x} | {counted} |").unwrap();
                }
            }
        }
    }
}

#[test]
fn every_event_in_every_state_is_printed_in_one_matrix() {
    let mut printed = HEAD.to_string();
    for table in [transaction::table(), item::table(), link::table(), station::table()] {
        table.print(&mut printed);
    }
    expect_file!["../../MATRIX.md"].assert_eq(&printed);
}
