//! Each kind of work by itself, measured by criterion: to see a change from one state of the code
//! to the next. Ratios to the peer come from `paired`, where both run in turn.
//!
//! `cargo bench -p codec --bench speed [-- WORD]`

mod traffic;
mod work;

use codec::Kernels;
use criterion::Criterion;
use traffic::{Traffic, dialect_of};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let spec = work::peer_spec();
    let (ascii, packed) = (dialect_of("iso93-ascii"), dialect_of("iso93-binary"));
    let kernels = Kernels::detected();
    let traffics =
        [("alike", Traffic::alike()), ("varied", Traffic::varied()), ("mixed", Traffic::mixed())];
    for (how, traffic) in &traffics {
        let works = [
            ("decode ascii", work::decode(ascii, traffic, kernels)),
            ("decode packed", work::decode(packed, traffic, kernels)),
            ("decode, peer", work::peer_decode(&spec, traffic)),
            ("build ascii", work::build(ascii, traffic)),
            ("build packed", work::build(packed, traffic)),
            ("build, peer", work::peer_build(&spec, traffic)),
            ("ascii to packed", work::transcode(traffic, kernels)),
        ];
        let mut group = criterion.benchmark_group(*how);
        for (what, mut work) in works {
            group.bench_function(what, |bencher| bencher.iter(&mut work));
        }
        group.finish();
    }
    criterion.final_summary();
}
