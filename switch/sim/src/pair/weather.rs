//! What goes wrong in the world of one seed, and how often. Each seed has some troubles and not the
//! others, so that rare ones meet alone too. Must not know how they come about.

use super::agenda::MS;
use crate::seeds::dice::Dice;

/// How a pair is set up to commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The standby acknowledges what is on its platter.
    Durable,
    /// What it has received.
    Memory,
    /// Nobody waits for it.
    Async,
}

/// Chances are so many times of a hundred, a second and site or line.
#[derive(Clone, Debug)]
pub(crate) struct Weather {
    /// How records are committed.
    pub(crate) mode: Mode,
    /// Whether a primary without its standby stops.
    pub(crate) stops: bool,
    /// Whether there is a witness.
    pub(crate) witness: bool,
    /// Whether the clocks of the machines go differently fast.
    pub(crate) skewed: bool,
    /// Whether messages go through their bytes.
    pub(crate) bytes: bool,
    /// Whether what is sealed is read through from time to time.
    pub(crate) scrubs: bool,
    /// Whether old archives are let go of.
    pub(crate) lets_go: bool,
    /// Whether the records are those of the cores.
    pub(crate) cores: bool,
    /// Nanoseconds between two records of the workload, and how many come at once.
    pub(crate) pace: u64,
    pub(crate) burst: u64,
    /// The longest record, in bytes.
    pub(crate) longest: u64,
    /// How long the line takes, one way.
    pub(crate) delay: (u64, u64),
    /// How long a sync takes.
    pub(crate) sync: (u64, u64),
    /// A process is killed; a machine loses power; both do; a process stands still; one of its threads
    /// does.
    pub(crate) kills: u64,
    pub(crate) power: u64,
    pub(crate) blackouts: u64,
    /// A crash falls into the midst of what is done to a disk.
    pub(crate) midst: u64,
    pub(crate) pauses: u64,
    pub(crate) stalls: u64,
    /// A direction of the line is cut; both are; the connection is lost; the line is slow.
    pub(crate) cuts: u64,
    pub(crate) parts: u64,
    pub(crate) drops: u64,
    pub(crate) slow_line: u64,
    /// The witness is away; a site can not reach it, or hear it; it is slow; of a hundred questions and
    /// answers, so many are lost.
    pub(crate) outages: u64,
    pub(crate) islands: u64,
    pub(crate) slow_witness: u64,
    pub(crate) lost: u64,
    /// A disk is slow; one has rotted; one fails; one is lost.
    pub(crate) slow_disk: u64,
    pub(crate) rots: u64,
    /// Which disk rots.
    pub(crate) rotten: usize,
    pub(crate) fails: u64,
    pub(crate) losses: u64,
    /// An operator switches over; promotes by force; demotes; promotes where that is safe.
    pub(crate) switches: u64,
    pub(crate) forces: u64,
    pub(crate) wishes: u64,
    /// A wall clock is set.
    pub(crate) sets: u64,
}

impl Weather {
    /// That of a seed.
    pub(crate) fn of(dice: &mut Dice) -> Self {
        let mode = dice.one_of(&[
            Mode::Durable,
            Mode::Durable,
            Mode::Durable,
            Mode::Memory,
            Mode::Memory,
            Mode::Async,
        ]);
        let mut weather = Self::calm(mode, dice.percent(75));
        weather.stops = dice.percent(25);
        weather.skewed = dice.percent(60);
        weather.bytes = dice.percent(20);
        weather.pace = dice.one_of(&[15, 50, 50, 200, 900]) * MS;
        weather.burst = dice.one_of(&[1, 1, 3, 12]);
        weather.longest = dice.one_of(&[40, 300, 300, 9_000]);
        weather.delay = dice.one_of(&[(MS / 10, MS), (4 * MS, 6 * MS), (MS / 10, 60 * MS)]);
        weather.sync = dice.one_of(&[(MS / 5, MS), (MS / 5, 4 * MS), (2 * MS, 30 * MS)]);
        let chances = [
            (&mut weather.kills, 12),
            (&mut weather.power, 10),
            (&mut weather.blackouts, 4),
            (&mut weather.midst, 12),
            (&mut weather.pauses, 12),
            (&mut weather.stalls, 20),
            (&mut weather.cuts, 20),
            (&mut weather.parts, 12),
            (&mut weather.drops, 15),
            (&mut weather.slow_line, 15),
            (&mut weather.outages, 10),
            (&mut weather.islands, 15),
            (&mut weather.slow_witness, 15),
            (&mut weather.lost, 10),
            (&mut weather.slow_disk, 15),
            (&mut weather.switches, 10),
            (&mut weather.wishes, 8),
            (&mut weather.sets, 10),
        ];
        for (chance, most) in chances {
            if dice.percent(40) {
                *chance = dice.between(1, most + 1);
            }
        }
        let rare = [
            (&mut weather.rots, 10, 6),
            (&mut weather.fails, 8, 4),
            (&mut weather.losses, 8, 3),
            (&mut weather.forces, 8, 4),
        ];
        for (chance, seeds, most) in rare {
            if dice.percent(seeds) {
                *chance = dice.between(1, most + 1);
            }
        }
        if weather.rots > 0 {
            // One bad disk at a time.
            (weather.losses, weather.fails) = (0, 0);
            weather.rotten = dice.place(2);
        }
        // Ledgers know of nothing that was lost.
        let loses = weather.rots + weather.losses + weather.forces > 0;
        weather.cores = mode != Mode::Async && !loses && dice.percent(25);
        weather
    }

    /// One in which nothing goes wrong.
    pub(crate) fn calm(mode: Mode, witness: bool) -> Self {
        Self {
            mode,
            witness,
            stops: false,
            skewed: false,
            bytes: false,
            scrubs: false,
            lets_go: false,
            cores: false,
            pace: 50 * MS,
            burst: 1,
            longest: 100,
            delay: (MS / 10, MS),
            sync: (MS / 5, MS),
            kills: 0,
            power: 0,
            blackouts: 0,
            midst: 0,
            pauses: 0,
            stalls: 0,
            cuts: 0,
            parts: 0,
            drops: 0,
            slow_line: 0,
            outages: 0,
            islands: 0,
            slow_witness: 0,
            lost: 0,
            slow_disk: 0,
            rots: 0,
            rotten: 0,
            fails: 0,
            losses: 0,
            switches: 0,
            forces: 0,
            wishes: 0,
            sets: 0,
        }
    }
}
