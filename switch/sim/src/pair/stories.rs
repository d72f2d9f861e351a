//! The stories of rules that worlds of chance break too rarely: who is cut off, stands still or dies
//! when. Must not know how a rule works.

use super::scenario::{Scenario, Step};
use super::weather::Mode;
use super::world::Thread;

const fn durable(text: &'static str, pace: u64, steps: &'static [(u64, Step)]) -> Scenario {
    Scenario { text, mode: Mode::Durable, witness: true, stops: false, pace, steps }
}

pub(super) const A_SLOW_DISK: Scenario = durable(
    "the disk of the standby is slow",
    20,
    &[(500, Step::SlowDisk(1, 300)), (4_000, Step::SlowDisk(1, 1))],
);

pub(super) const A_SLOW_RETURN: Scenario = durable(
    "a standby comes back, and is written in while its disk and the witness are slow",
    10,
    &[
        (1_000, Step::Part),
        (5_000, Step::SlowWitness(100)),
        (5_000, Step::SlowDisk(1, 150)),
        (5_000, Step::Joins),
        (12_000, Step::SlowDisk(1, 1)),
        (12_000, Step::SlowWitness(2)),
    ],
);

pub(super) const AN_ISLAND: Scenario = durable(
    "the primary reaches neither the standby nor the witness, and the standby takes over",
    20,
    &[(1_000, Step::Part), (1_000, Step::Mute(0)), (9_000, Step::Joins), (9_000, Step::Reaches(0))],
);

pub(super) const A_LONG_TAIL: Scenario = durable(
    "an island again; its primary comes back with a tail longer than all that was written since",
    20,
    &[
        (1_000, Step::Part),
        (1_000, Step::Mute(0)),
        (1_000, Step::Mute(1)),
        (5_000, Step::Reaches(1)),
        (6_000, Step::Kill(0, 100)),
        (6_010, Step::Joins),
        (6_010, Step::Reaches(0)),
    ],
);

pub(super) const A_DEATH_ALONE: Scenario = durable(
    "the primary goes on alone, and dies",
    20,
    &[(1_000, Step::Part), (4_000, Step::Kill(0, 9_000)), (14_000, Step::Joins)],
);

pub(super) const A_FORCED_PROMOTION: Scenario = durable(
    "the primary goes on alone, and dies; an operator does not wait for it",
    20,
    &[
        (1_000, Step::Part),
        (4_000, Step::Kill(0, 9_000)),
        (7_500, Step::Force(1)),
        (14_000, Step::Joins),
    ],
);

pub(super) const A_STANDBY_WITHOUT_ITS_MEMORY: Scenario = Scenario {
    mode: Mode::Memory,
    ..durable(
        "`memory`: both machines lose their power, and that of the standby is back at once",
        5,
        &[
            (500, Step::SlowDisk(1, 800)),
            (2_000, Step::Power(0, 12_000)),
            (2_000, Step::Power(1, 200)),
            (2_001, Step::SlowDisk(1, 1)),
        ],
    )
};

pub(super) const A_SEAL_THAT_IS_LATE: Scenario = Scenario {
    mode: Mode::Memory,
    ..durable(
        "`memory`: the primary dies, what the standby took comes late to its disk, and its power goes",
        5,
        &[
            (500, Step::SlowDisk(1, 300)),
            (2_100, Step::Power(0, 15_000)),
            (2_100, Step::Stall(1, Thread::Journal, 8_000)),
            (2_101, Step::SlowDisk(1, 1)),
            (7_000, Step::Power(1, 300)),
        ],
    )
};

pub(super) const A_RETURN_UNHEARD: Scenario = Scenario {
    witness: false,
    stops: true,
    ..durable(
        "no witness: the primary dies, the other one is promoted, the first comes back unheard",
        20,
        &[
            (1_000, Step::Part),
            (1_000, Step::Kill(0, 8_000)),
            (3_000, Step::Promote(1)),
            (15_000, Step::Joins),
        ],
    )
};

pub(super) const TWO_REIGNS: Scenario = Scenario {
    witness: false,
    ..durable(
        "no witness: both reign, hear each other, and the promoted one is started anew",
        20,
        &[
            (1_000, Step::Part),
            (5_000, Step::Force(1)),
            (9_000, Step::Joins),
            (13_000, Step::Kill(1, 300)),
        ],
    )
};

pub(super) const A_DAMAGED_STANDBY: Scenario = durable(
    "the log of the standby has rotted when it is started anew and its primary is dead",
    20,
    &[(2_000, Step::Kill(0, 12_000)), (2_000, Step::Rot(1)), (2_000, Step::Kill(1, 100))],
);

pub(super) const A_HASTY_SWITCH_OVER: Scenario = durable(
    "a switch-over while the standby reads what it missed",
    2,
    &[
        (1_500, Step::SlowReads(250)),
        (2_000, Step::Kill(1, 10)),
        (2_740, Step::SwitchOver(0)),
        (6_000, Step::SlowReads(1)),
    ],
);

pub(super) const A_SWITCH_OVER_UNHEARD: Scenario = Scenario {
    witness: false,
    ..durable(
        "no witness: a switch-over, and nobody hears that the standby took over",
        20,
        &[
            (1_000, Step::Slow(1, 400)),
            (3_000, Step::SwitchOver(0)),
            (3_200, Step::Cut(1)),
            (12_000, Step::Joins),
            (12_000, Step::Slow(1, 1)),
        ],
    )
};

pub(super) const ALONE_TOO_LONG: Scenario = durable(
    "the primary goes on alone, and does not reach the witness any more",
    20,
    &[
        (1_000, Step::Part),
        (5_000, Step::Mute(0)),
        (25_000, Step::Reaches(0)),
        (25_000, Step::Joins),
    ],
);

pub(super) const A_SICK_PRIMARY: Scenario = durable(
    "one sync of the primary takes six seconds, and its disk is well again before it has begun anew",
    20,
    &[(1_000, Step::SlowDisk(0, 6_000)), (1_050, Step::SlowDisk(0, 1))],
);

pub(super) const A_STALE_SWAP: Scenario = durable(
    "a change that writes the standby in is made long after its primary gave up waiting for it",
    20,
    &[
        (1_000, Step::Part),
        (6_000, Step::SlowWitness(4_500)),
        (6_000, Step::Joins),
        (6_700, Step::Part),
        (7_200, Step::SlowWitness(150)),
        (9_000, Step::SlowWitness(2)),
        (14_000, Step::Joins),
    ],
);
