//! Ours and the peer's work in turn, in rounds too short for the machine to change between them:
//! medians of both, and of their ratio. Knows no criterion; that bench is `speed`.
//!
//! `cargo bench -p codec --bench paired [-- WORD]` measures the rows whose name has the word.
#![expect(clippy::disallowed_methods, reason = "a bench measures time")]
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(clippy::float_arithmetic, reason = "medians of times")]

mod traffic;
mod work;

use codec::Kernels;
use std::time::Instant;
use traffic::{Traffic, dialect_of};
use work::Work;

/// Rounds of each row.
const ROUNDS: usize = 1500;

/// Calls in a round: some tens of microseconds.
const CALLS: u32 = 256;

fn main() {
    let word = std::env::args().skip(1).find(|word| !word.starts_with('-')).unwrap_or_default();
    let spec = work::peer_spec();
    let (ascii, packed) = (dialect_of("iso93-ascii"), dialect_of("iso93-binary"));
    println!("{:<44}{:>8}{:>9}{:>8}", "nanoseconds a message", "ours", "peer's", "ratio");
    let traffics =
        [("alike", Traffic::alike()), ("varied", Traffic::varied()), ("mixed", Traffic::mixed())];
    for (how, traffic) in &traffics {
        for kernels in Kernels::available() {
            let row = |what: &str, ours: Work<'_>, peers: Work<'_>| {
                let name = format!("{what}, {how}, {kernels:?}");
                if name.contains(&word) {
                    measure(&name, ours, peers);
                }
            };
            let peer_decode = || work::peer_decode(&spec, traffic);
            let peer_build = || work::peer_build(&spec, traffic);
            row("decode ascii", work::decode(ascii, traffic, kernels), peer_decode());
            row("decode packed", work::decode(packed, traffic, kernels), peer_decode());
            row("build ascii", work::build(ascii, traffic), peer_build());
            row("build packed", work::build(packed, traffic), peer_build());
            row("ascii to packed", work::transcode(traffic, kernels), peer_decode());
        }
    }
}

fn measure(name: &str, mut ours: Work<'_>, mut peers: Work<'_>) {
    let (mut own, mut others, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (own_ns, others_ns) = (round(&mut ours), round(&mut peers));
        own.push(own_ns);
        others.push(others_ns);
        ratios.push(own_ns / others_ns);
    }
    let [own, others, ratio] = [own, others, ratios].map(median);
    println!("{name:<44}{own:>8.1}{others:>9.1}{ratio:>8.3}");
}

/// Nanoseconds a call.
fn round(work: &mut Work<'_>) -> f64 {
    let begun = Instant::now();
    for _ in 0..CALLS {
        work();
    }
    begun.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
