//! What the figures mean for the configuration, in words. A pure function of the figures.
//!
//! The bounds come from measurements of both write paths at 5,000, 50,000 and 200,000 records a
//! second (`cargo bench -p journal`).

use super::figures::{Commit, Figures, time};

/// From about so many records a second on, several batches under way at once are worth their
/// processor time.
const DIRECT_FROM: u64 = 50_000;
/// Commits that the direct path has under way at most.
const UNDER_WAY_MAX: u64 = 4;
/// Records of one authorization: the decision and the settlement.
const RECORDS_EACH: u64 = 2;
/// Commits that are quicker than any medium keeps bytes without power.
const TOO_QUICK_NS: u64 = 40_000;
/// One commit in a hundred takes longer: somebody who waits for a card notices.
const SLOW_NS: u64 = 20_000_000;
/// File systems that keep nothing, or of which a sync says little.
const UNFIT: [(&str, &str); 5] = [
    ("tmpfs", "is memory: nothing in it outlives a power cut; keep the journal on a disk"),
    (
        "overlayfs",
        "copies files when they are first written; keep the journal on a disk of its own",
    ),
    (
        "nfs",
        "is a network away: its commits wait for another machine; keep the journal on a local disk",
    ),
    ("btrfs", "copies what is written over, so prepared segments mean nothing; use ext4 or xfs"),
    ("zfs", "copies what is written over, so prepared segments mean nothing; use ext4 or xfs"),
];

/// What is said of the figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Advice {
    /// `journal.path` for usual rates.
    pub(super) path: &'static str,
    /// Which setting fits which rate, and why.
    pub(super) fits: Vec<String>,
    /// What an authorization and a start will take.
    pub(super) expect: Vec<String>,
    /// What somebody should look at before this machine carries money.
    pub(super) problems: Vec<String>,
}

/// What the figures say.
pub(super) fn advice(figures: &Figures) -> Advice {
    let [mapped, _] = figures.mapped;
    let direct = figures.direct.map(|[direct, _]| direct);
    let quicker = direct.filter(|direct| {
        // Less is within what two measurements of one thing differ by.
        direct.p50_ns.saturating_mul(5) < mapped.p50_ns.saturating_mul(4)
    });
    let (path, used) = quicker.map_or(("mapped", mapped), |direct| ("direct", direct));
    Advice {
        path,
        fits: fits(figures, quicker.is_some()),
        expect: expect(figures, used),
        problems: problems(figures, used),
    }
}

fn fits(figures: &Figures, direct_is_quicker: bool) -> Vec<String> {
    let [mapped, _] = figures.mapped;
    let authorizations = DIRECT_FROM / RECORDS_EACH;
    let mut said = Vec::new();
    if direct_is_quicker {
        said.push(format!(
            "journal.path = \"direct\" at any rate: here its commits are the quicker ones; up to about \
             {DIRECT_FROM} records a second \"mapped\" takes less of the processor"
        ));
    } else {
        said.push(format!(
            "journal.path = \"mapped\" up to about {DIRECT_FROM} records a second ({authorizations} \
             authorizations): one commit at a time, {} of them a second here, and what comes meanwhile \
             shares the next",
            1_000_000_000 / mapped.p50_ns.max(1)
        ));
    }
    match (&figures.direct, &figures.direct_note) {
        // What four under way at once can not make up for.
        (Some([direct, _]), _) if direct.p50_ns > UNDER_WAY_MAX * mapped.p50_ns => said.push(format!(
            "journal.path = \"direct\" does not pay here: one of its commits takes {}, and four under \
             way at once do not make up for it",
            time(direct.p50_ns)
        )),
        (Some(_), note) if !direct_is_quicker => {
            let but = note.as_ref().map(|note| format!("; but {note}")).unwrap_or_default();
            said.push(format!(
                "journal.path = \"direct\" above that: up to four commits under way at once, no page \
                 cache and no page faults{but}"
            ));
        }
        (Some(_), Some(note)) => said.push(format!("but {note}")),
        (Some(_), None) => {}
        (None, note) => {
            let why = note.as_deref().unwrap_or("the system refuses it");
            said.push(format!(
                "journal.path = \"direct\" is not to be had here: {why}; above {DIRECT_FROM} records a \
                 second another file system is worth a try"
            ));
        }
    }
    said.push(
        "pacing needs no setting: nothing waits at low load, and at high load a batch waits at most \
         250 us to be fuller, which halves the processor time of a record"
            .into(),
    );
    said
}

fn expect(figures: &Figures, used: Commit) -> Vec<String> {
    let trips = 2 * figures.loopback.p50_ns;
    let usual = time(RECORDS_EACH * used.p50_ns + trips);
    let slow = time(used.p50_ns + used.p99_ns + trips);
    let segment_ms = (64_u64 << 20) * 1_000 / figures.read_bytes_a_second.max(1);
    vec![
        format!(
            "an authorization waits for {RECORDS_EACH} commits and two round trips: about {usual} at \
             low load with partners on this machine, one in fifty {slow} or more"
        ),
        format!("a start reads at most this fast: a segment of 64 MiB in {segment_ms} ms"),
    ]
}

fn problems(figures: &Figures, used: Commit) -> Vec<String> {
    let mut found = Vec::new();
    if let Some((name, why)) = UNFIT.iter().find(|(name, _)| *name == figures.file_system) {
        found.push(format!("{}: {name} {why}", figures.directory));
    } else if used.p50_ns < TOO_QUICK_NS {
        found.push(format!(
            "a commit takes {}, which no medium does by itself: a cache below answers for it; ask \
             whoever runs this machine whether that cache outlives a power cut",
            time(used.p50_ns)
        ));
    }
    if used.p99_ns > SLOW_NS {
        found.push(format!(
            "one commit in a hundred takes {} or more, and every answer waits for two: look for \
             other work on this disk (iostat -x 1), and give the journal a disk of its own",
            time(used.p99_ns)
        ));
    }
    found
}
