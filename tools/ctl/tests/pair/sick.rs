//! A primary that can not commit any more although its process lives: it gives up, and its standby takes over.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::pair::{Osaka, Pair, Terms, Tokyo};
use crate::patience::until;

/// Threads of a daemon that stand still, as in a system call that does not come back, until this is dropped.
struct Held(Child);

impl Held {
    fn holds(process: u32, thread: &str) -> Self {
        let script =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../switch/daemon/tests/switch/hold.py");
        let mut command = Command::new("python3");
        command.args([script, &process.to_string(), thread]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, "held\n");
        Self(child)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // The end of its input is its sign.
        drop(self.0.stdin.take());
        drop(self.0.wait());
    }
}

#[test]
fn a_primary_whose_journal_hangs_gives_up_and_its_standby_takes_over_without_a_loss() {
    let terms = Terms::DURABLE;
    let pair = Pair::watched(terms);
    let held = Held::holds(pair.site(Tokyo).process(), "journal");
    pair.site(Tokyo).says("sick: what it writes does not become durable");
    pair.site(Tokyo).says("begins anew as a standby: this node is sick and has ended its reign");
    // A process of which a thread hangs in the system can not begin anew: its links are closed nevertheless.
    let stands = pair.serves(Osaka);
    assert_eq!(stands["witness"]["record"]["primary"], "osaka", "{stands}");
    pair.leads(Osaka);
    pair.answer_more(200);
    drop(held);
    pair.site(Tokyo).comes_to("be a standby", |stands| {
        stands["role"] == "standby" && stands["peer"]["role"] == "primary"
    });
    pair.is_followed(Osaka, terms);
    pair.answer_more(100);
    pair.ends(Osaka, terms);
}

#[test]
fn a_drill_of_a_sick_primary_goes_the_way_of_a_real_one_and_it_does_not_take_its_reign_up_again() {
    let terms = Terms::DURABLE;
    let pair = Pair::watched(terms);
    let drill = r#"{"command":"node","action":"drill","drill":"sick-primary","for_ms":30000}"#;
    let refused = pair.site(Osaka).asks_socket(drill);
    assert_eq!(refused["kind"], "conflict", "{refused}");
    let done = pair.site(Tokyo).asks_socket(drill);
    assert!(done["done"].as_str().is_some_and(|done| done.starts_with("tokyo behaves")), "{done}");
    pair.site(Tokyo).says("sick: a drill withholds its synthetic transaction");
    let stands = pair.serves(Osaka);
    assert_eq!(stands["witness"]["record"]["primary"], "osaka", "{stands}");
    pair.leads(Osaka);
    pair.answer_more(100);
    pair.is_followed(Osaka, terms);
    pair.ends(Osaka, terms);
}

#[test]
fn a_sick_primary_that_nobody_would_relieve_stays_and_is_well_again() {
    let terms = Terms::DURABLE;
    let mut pair = Pair::serving(terms);
    let held = Held::holds(pair.site(Tokyo).process(), "journal");
    pair.site(Tokyo).comes_to("be sick", |stands| stands["sick"].is_object());
    let shown = pair.site(Tokyo).does("status");
    assert!(shown.contains("without a witness nobody takes over by itself"), "{shown}");
    drop(held);
    pair.site(Tokyo).says("well again");
    let stands = until("it to be well", || {
        pair.site(Tokyo).stands().filter(|stands| stands["sick"].is_null())
    });
    assert_eq!(stands["role"], "primary", "{stands}");
    pair.answer_more(100);
    pair.is_followed(Tokyo, terms);
    pair.merchants_part();
    pair.ends(Tokyo, terms);
}
