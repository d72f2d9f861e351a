//! `campaign freeze`: nodes stand still and go on where they were. Must not know how a world is made.

use std::time::Duration;

use super::partition::heals;
use super::site::Means;
use super::world::{NODES, PATIENCE, World};
use super::{Told, seconds};
use crate::campaign::clock;
use crate::campaign::dice::Dice;
use crate::campaign::trouble::Trouble;

/// When all go on, how long it may take until one reigns, both are in sync and acquirers are answered.
const WAKES: Duration = Duration::from_secs(10);
/// How long acquirers may be without an approval while one of the two stands still.
const ONE_LOST: Duration = Duration::from_secs(5);
/// For how long a node stands still: so short that nobody takes over, about as long as that takes, and longer.
const STANDS: [(Duration, Duration); 3] = [
    (Duration::from_millis(100), Duration::from_millis(1_200)),
    (Duration::from_millis(1_200), Duration::from_millis(3_500)),
    (Duration::from_millis(3_500), Duration::from_secs(10)),
];

/// Who stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Primary,
    Standby,
    /// First the one, then the other; they go on in that order too.
    PrimaryFirst,
    StandbyFirst,
}

/// What a deck has; at its beginning the primary stands still, by either means, until the other one has taken over.
pub(super) const CARDS: [(Who, usize, Means); 16] = [
    (Who::Primary, 2, Means::Signal),
    (Who::Primary, 2, Means::Group),
    (Who::Standby, 2, Means::Signal),
    (Who::Primary, 1, Means::Group),
    (Who::Primary, 0, Means::Signal),
    (Who::Standby, 1, Means::Group),
    (Who::PrimaryFirst, 1, Means::Signal),
    (Who::StandbyFirst, 1, Means::Group),
    (Who::Primary, 2, Means::Signal),
    (Who::Primary, 2, Means::Group),
    (Who::Standby, 2, Means::Group),
    (Who::Primary, 1, Means::Signal),
    (Who::Primary, 0, Means::Group),
    (Who::Standby, 1, Means::Signal),
    (Who::PrimaryFirst, 1, Means::Group),
    (Who::StandbyFirst, 1, Means::Signal),
];

/// One sleep, from a pair that is in sync to one that is in sync again.
pub(super) fn round(world: &mut World, card: usize, dice: &mut Dice) -> Result<Told, Trouble> {
    let (who, length, means) = CARDS[card];
    let primary = world.rests(PATIENCE)?;
    let (least, most) = STANDS[length];
    let mut stands = || dice.between(least, most);
    let stopped_ns = clock::unix_ns();
    let (first, second) = match who {
        Who::Primary => (primary, None),
        Who::Standby => (1 - primary, None),
        Who::PrimaryFirst => (primary, Some(1 - primary)),
        Who::StandbyFirst => (1 - primary, Some(primary)),
    };
    world.sites[first].stands_still(means)?;
    let mut stood = stands();
    clock::pause(stood);
    if let Some(second) = second {
        world.sites[second].stands_still(means)?;
        let both = stands();
        clock::pause(both);
        world.sites[first].goes_on(means)?;
        let last = stands();
        clock::pause(last);
        world.sites[second].goes_on(means)?;
        stood += both + last;
    } else {
        world.sites[first].goes_on(means)?;
    }
    let (reigns, took) = heals(world, clock::now())?;
    let silence = world.silence(stopped_ns);
    let judged = world.judge(reigns)?;
    let changes = if second.is_some() { judged.reigns } else { usize::from(reigns != primary) };
    world.one_voice(&judged, changes)?;
    let by = if means == Means::Signal { "SIGSTOP" } else { "cgroup" };
    let stroke =
        format!("{}, {} was primary, {} s, {by}", who.told(), NODES[primary], seconds(stood));
    let beside_max = second.is_none().then_some(ONE_LOST);
    Ok(Told { stroke, took, bound: WAKES, beside: silence, beside_max, counts: true })
}

impl Who {
    fn told(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Standby => "standby",
            Self::PrimaryFirst => "primary and standby",
            Self::StandbyFirst => "standby and primary",
        }
    }
}
