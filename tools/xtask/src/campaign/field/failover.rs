//! `campaign failover`: the primary is lost in many ways, and once in a while changes places as it is told. Must
//! not know how a world is made.

use std::time::Duration;

use super::Told;
use super::map::around;
use super::world::{NODES, PATIENCE, World};
use crate::campaign::clock;
use crate::campaign::dice::Dice;
use crate::campaign::trouble::Trouble;

/// How long acquirers may be without an approval when the primary is lost.
const UNPLANNED: Duration = Duration::from_secs(5);
/// The same if etcd loses its leader with it.
const WITH_LEADER: Duration = Duration::from_secs(10);
/// The same when the two change places as they are told.
const PLANNED: Duration = Duration::from_secs(1);
/// The same when it has to find out by itself that its disk hangs: it waits for `node.sick_after` first.
const SICK: Duration = Duration::from_secs(8);
/// The same once a full disk has room again.
const ROOM: Duration = Duration::from_secs(5);
/// How long a sync of a slow disk takes, and for how long the disk is slow.
const SYNCS: [Duration; 3] =
    [Duration::from_millis(20), Duration::from_millis(100), Duration::from_millis(400)];
const SLOW: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(4));
/// When a service manager starts again what was killed (`RestartSec`).
const RESTART: Duration = Duration::from_millis(200);
/// Without an approval for so long, everything is refused.
const REFUSED: Duration = Duration::from_millis(500);
/// Traffic before a stroke.
const BEFORE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_millis(600));

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stroke {
    /// SIGKILL.
    Kill,
    /// The same, and its service manager starts it again at once.
    Restart,
    /// Its machine is gone without a word: nothing of it arrives, and its disk has only what was synced.
    PowerCut,
    /// Nothing from it or to it arrives, and it goes on.
    HalfOpen,
    /// It is killed, and etcd's leader with it.
    Leader,
    /// `sekisho node switchover`.
    SwitchOver,
    /// Each of its syncs takes long.
    SlowDisk,
    /// Its disk hangs until the other one has taken over.
    HungDisk,
    /// Its disk has no room until new requests are refused.
    FullDisk,
}

/// All of them; what a deck has.
pub(super) const STROKES: [Stroke; 11] = [
    Stroke::Kill,
    Stroke::PowerCut,
    Stroke::Leader,
    Stroke::HalfOpen,
    Stroke::SwitchOver,
    Stroke::Restart,
    Stroke::SlowDisk,
    Stroke::HungDisk,
    Stroke::FullDisk,
    Stroke::Kill,
    Stroke::PowerCut,
];

/// One stroke, from a pair that is in sync to one that is in sync again.
pub(super) fn round(world: &mut World, card: usize, dice: &mut Dice) -> Result<Told, Trouble> {
    let stroke = STROKES[card];
    let primary = world.rests(PATIENCE)?;
    let (least, most) = BEFORE;
    clock::pause(dice.between(least, most));
    let struck_ns = clock::unix_ns();
    let over_ns = match stroke {
        Stroke::SlowDisk => has_a_slow_disk(world, primary, dice)?,
        Stroke::HungDisk => has_a_hung_disk(world, primary)?,
        Stroke::Restart => is_started_again(world, primary)?,
        Stroke::FullDisk => has_a_full_disk(world, primary)?,
        Stroke::Kill
        | Stroke::PowerCut
        | Stroke::HalfOpen
        | Stroke::Leader
        | Stroke::SwitchOver => is_lost(world, stroke, primary)?,
    };
    let over = clock::now();
    let reigns = world.rests(PATIENCE)?;
    let apart = over.elapsed();
    world.is_answered(over_ns, PATIENCE)?;
    let took = if stroke == Stroke::FullDisk {
        // It is as long as the disk is full, and what counts is what follows.
        world.answered_after(over_ns)
    } else {
        world.silence(struck_ns)
    };
    let judged = world.judge(reigns)?;
    world.one_voice(&judged, usize::from(reigns != primary))?;
    let (name, bound) = stroke.told();
    let counts = matches!(stroke, Stroke::Kill | Stroke::PowerCut | Stroke::HalfOpen);
    let stroke = format!("{name}, {} was primary", NODES[primary]);
    Ok(Told { stroke, took, bound, beside: apart, beside_max: None, counts })
}

/// The other one takes over, and whatever was done is over then; when.
fn is_lost(world: &mut World, stroke: Stroke, primary: usize) -> Result<u64, Trouble> {
    strike(world, stroke, primary)?;
    world.takes_over(1 - primary)?;
    ends(world, stroke, primary)?;
    Ok(clock::unix_ns())
}

fn strike(world: &mut World, stroke: Stroke, primary: usize) -> Result<(), Trouble> {
    match stroke {
        Stroke::Kill => world.sites[primary].is_killed(),
        Stroke::PowerCut => {
            isolate(world, primary)?;
            world.sites[primary].loses_power()
        }
        Stroke::HalfOpen => isolate(world, primary),
        Stroke::Leader => {
            world.witness.loses_its_leader()?;
            world.sites[primary].is_killed()
        }
        Stroke::SwitchOver => world.sites[primary].does("node switchover", PATIENCE),
        Stroke::Restart | Stroke::SlowDisk | Stroke::HungDisk | Stroke::FullDisk => Ok(()),
    }
}

/// As it reads its log it may go on itself before the other one misses it, or come too late.
fn is_started_again(world: &mut World, primary: usize) -> Result<u64, Trouble> {
    world.sites[primary].is_killed()?;
    clock::pause(RESTART);
    world.sites[primary].starts()?;
    Ok(clock::unix_ns())
}

/// For some seconds each of its syncs takes as long as it does on a disk that is about to break.
fn has_a_slow_disk(world: &mut World, primary: usize, dice: &mut Dice) -> Result<u64, Trouble> {
    let delay = dice.one_of(&SYNCS);
    let slow = world.sites[primary].has_slow_syncs(delay)?;
    let (least, most) = SLOW;
    clock::pause(dice.between(least, most));
    slow.ends()?;
    Ok(clock::unix_ns())
}

/// Until the other one has taken over, as it gives up by itself.
fn has_a_hung_disk(world: &mut World, primary: usize) -> Result<u64, Trouble> {
    let hung = world.sites[primary].has_a_hung_disk()?;
    world.takes_over(1 - primary)?;
    drop(hung);
    Ok(clock::unix_ns())
}

/// Until acquirers get nothing but refusals.
fn has_a_full_disk(world: &mut World, primary: usize) -> Result<u64, Trouble> {
    world.sites[primary].has_a_full_disk()?;
    let refused = clock::until(PATIENCE, || {
        clock::pause(Duration::from_millis(20));
        world.silence_now() >= REFUSED
    });
    world.sites[primary].has_room_again()?;
    if refused { Ok(clock::unix_ns()) } else { Err(world.found("a full disk is no hindrance")) }
}

fn isolate(world: &World, primary: usize) -> Result<(), Trouble> {
    let ways = around(NODES[primary]);
    ways.into_iter().try_for_each(|way| world.map.cut(way)).map_err(Trouble::failed("a cut"))
}

/// Whatever was done to it is over.
fn ends(world: &mut World, stroke: Stroke, primary: usize) -> Result<(), Trouble> {
    world.map.mend().map_err(Trouble::failed("a line"))?;
    match stroke {
        Stroke::Kill | Stroke::PowerCut => world.sites[primary].starts(),
        Stroke::Leader => {
            world.witness.is_whole_again()?;
            world.sites[primary].starts()
        }
        Stroke::HalfOpen
        | Stroke::SwitchOver
        | Stroke::Restart
        | Stroke::SlowDisk
        | Stroke::HungDisk
        | Stroke::FullDisk => Ok(()),
    }
}

impl Stroke {
    /// Its name, and how long acquirers may be without an approval.
    fn told(self) -> (&'static str, Duration) {
        match self {
            Self::Kill => ("killed", UNPLANNED),
            Self::Restart => ("killed and started again", UNPLANNED),
            Self::PowerCut => ("power cut", UNPLANNED),
            Self::HalfOpen => ("half-open", UNPLANNED),
            Self::Leader => ("killed with etcd's leader", WITH_LEADER),
            Self::SwitchOver => ("switch-over", PLANNED),
            Self::SlowDisk => ("slow disk", UNPLANNED),
            Self::HungDisk => ("hung disk", SICK),
            Self::FullDisk => ("full disk", ROOM),
        }
    }
}
