//! What goes wrong in the world of one seed, and how often. Each seed has some troubles and not the
//! others, so that rare ones meet alone too. Must not know how they come about.

use super::dice::Dice;

/// So many worlds of a hundred know more than one configuration: each costs a plan, which is large.
const RELOADING: u64 = 8;

/// Chances are so many times of a hundred.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Weather {
    /// Transactions that acquirers begin, and milliseconds between them.
    pub(crate) cases: u64,
    pub(crate) pace_ms: u64,
    /// What an issuer does with a request or an item.
    pub(crate) declines: u64,
    pub(crate) silent: u64,
    pub(crate) slow: u64,
    pub(crate) late: u64,
    pub(crate) double: u64,
    /// It says that an item can not be taken now.
    pub(crate) busy: u64,
    /// It says that an item can not be taken at all.
    pub(crate) refuses: u64,
    /// What an acquirer does about a transaction.
    pub(crate) impatient: u64,
    pub(crate) repeats: u64,
    pub(crate) reverses: u64,
    pub(crate) partly: u64,
    pub(crate) early: u64,
    pub(crate) twice: u64,
    pub(crate) ghosts: u64,
    pub(crate) advices: u64,
    pub(crate) changes: u64,
    pub(crate) wrong: u64,
    pub(crate) strange: u64,
    pub(crate) fresh: u64,
    /// What happens to lines, a second.
    pub(crate) drops: u64,
    pub(crate) stalls: u64,
    pub(crate) signs_off: u64,
    pub(crate) pauses: u64,
    /// What happens to the switch, a second.
    pub(crate) holds: u64,
    pub(crate) crashes: u64,
    pub(crate) reloads: u64,
    /// What operators do about stored messages, a second.
    pub(crate) operates: u64,
}

impl Weather {
    pub(crate) fn of(dice: &mut Dice) -> Self {
        let mut weather = Self {
            cases: dice.between(5, 40),
            pace_ms: dice.one_of(&[50, 300, 1_500]),
            ..Self::default()
        };
        let chances = [
            (&mut weather.declines, 40),
            (&mut weather.silent, 30),
            (&mut weather.slow, 60),
            (&mut weather.late, 30),
            (&mut weather.double, 30),
            (&mut weather.busy, 40),
            (&mut weather.impatient, 60),
            (&mut weather.repeats, 60),
            (&mut weather.reverses, 40),
            (&mut weather.partly, 40),
            (&mut weather.early, 30),
            (&mut weather.twice, 50),
            (&mut weather.ghosts, 20),
            (&mut weather.advices, 30),
            (&mut weather.changes, 20),
            (&mut weather.wrong, 20),
            (&mut weather.strange, 10),
            (&mut weather.fresh, 60),
            (&mut weather.refuses, 20),
            (&mut weather.pauses, 8),
            (&mut weather.operates, 20),
            (&mut weather.drops, 15),
            (&mut weather.stalls, 15),
            (&mut weather.signs_off, 8),
            (&mut weather.holds, 20),
            (&mut weather.crashes, 8),
        ];
        for (chance, most) in chances {
            if dice.percent(50) {
                *chance = dice.between(1, most);
            }
        }
        if dice.percent(RELOADING) {
            weather.reloads = dice.between(5, 30);
        }
        weather
    }
}
