//! The stations of a world of chance and the settings that its switch runs by. Must not know what
//! happens there.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use switch_core::ids::LinkId;
use switch_core::plan::{Issuing, Plan, SignOn, StationSettings};

use super::words::Edition;
use crate::world::{Setup, acquirer, ascii_87, issuer, packed, packed_87};

/// How many workers a switch can have here.
pub(crate) const WORKERS_MAX: u8 = 3;
pub(crate) const GATE_BYTES: usize = 1 << 18;

/// The stations, with their links.
pub(crate) const ACQUIRERS: [(&str, &[LinkId]); 2] =
    [("A", &[LinkId(0), LinkId(1)]), ("B", &[LinkId(2)])];
pub(crate) const ISSUERS: [(&str, &[LinkId]); 2] =
    [("X", &[LinkId(3), LinkId(4)]), ("Y", &[LinkId(5)])];
pub(crate) const LINKS: u32 = 6;

/// The settings of a switch with so many workers. A plan is large, and the same for every seed.
pub(crate) fn plan(edition: Edition, workers: u8) -> Arc<Plan> {
    static PLANS: OnceLock<Vec<Arc<Plan>>> = OnceLock::new();
    let all = [Edition::Of1993, Edition::Of1987];
    let plans = PLANS.get_or_init(|| {
        let each = all.iter().flat_map(|&edition| (1..=WORKERS_MAX).map(move |n| (edition, n)));
        each.map(|(edition, workers)| Arc::new(setup(edition, workers).planned().unwrap()))
            .collect()
    });
    let first = if edition == all[0] { 0 } else { usize::from(WORKERS_MAX) };
    Arc::clone(&plans[first + usize::from(workers) - 1])
}

fn setup(edition: Edition, workers: u8) -> Setup {
    let ascii = |station: StationSettings| match edition {
        Edition::Of1987 => StationSettings { dialect: ascii_87(), ..station },
        Edition::Of1993 => station,
    };
    let packed = || if edition == Edition::Of1987 { packed_87() } else { packed() };
    let timeout = Duration::from_secs(4);
    let issuing = Issuing {
        saf_retry: Duration::from_secs(6),
        saf_gap: Duration::from_millis(100),
        ..Issuing::default()
    };
    let in_threes = Issuing { saf_window: 3, ..issuing };
    let y = StationSettings { issuing: in_threes, timeout, ..issuer("Y") };
    Setup::of([
        StationSettings { links: 2, ..ascii(acquirer("A")) },
        StationSettings { dialect: packed(), ..ascii(acquirer("B")) },
        StationSettings { links: 2, timeout, issuing, ..ascii(issuer("X")) },
        StationSettings { sign_on: SignOn::Ours, dialect: packed(), ..y },
    ])
    .workers(workers)
    .route("353011", &["X"])
    .route("4", &["Y"])
    .limits(|limits| {
        (limits.pending_max, limits.large_max) = (200, 8);
        limits.duplicates_max = 2_000;
        limits.answers_bytes = 1 << 20;
        limits.quarantine = Duration::from_secs(20);
    })
}
