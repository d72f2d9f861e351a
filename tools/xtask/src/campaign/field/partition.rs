//! `campaign partition`: lines between nodes, witness and centres are cut, one way or both, for some seconds. Must
//! not know how a world is made.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::map::{Place, Way};
use super::world::{NODES, PATIENCE, World};
use super::{Told, seconds};
use crate::campaign::clock;
use crate::campaign::dice::Dice;
use crate::campaign::trouble::Trouble;

/// When lines are whole again, how long it may take until one reigns, both are in sync and acquirers are answered.
const HEALED: Duration = Duration::from_secs(10);
/// For how long lines are cut.
const CUT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(8));
/// How many cuts of chance are in a deck.
const OF_CHANCE: usize = 6;
/// And how many ways each of them cuts.
const WAYS_OF_CHANCE: [usize; 3] = [2, 3, 4];

/// Who is at an end of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Primary,
    Standby,
    Witness,
    Centres,
}

use Role::{Centres, Primary, Standby, Witness};

/// The lines.
const LINES: [(Role, Role); 5] = [
    (Primary, Standby),
    (Primary, Witness),
    (Standby, Witness),
    (Primary, Centres),
    (Standby, Centres),
];
/// The ways between both nodes.
const BETWEEN: [(Role, Role); 2] = [(Primary, Standby), (Standby, Primary)];
/// Who loses all lines at once.
const ALONE: [Role; 3] = [Primary, Standby, Witness];

/// How many cards a deck has: each way, each line, whoever is alone, and some of chance.
pub(super) const CARDS: usize = 3 * LINES.len() + ALONE.len() + OF_CHANCE;

/// One cut, from a pair that is in sync to one that is in sync again.
pub(super) fn round(world: &mut World, card: usize, dice: &mut Dice) -> Result<Told, Trouble> {
    let primary = world.rests(PATIENCE)?;
    let (name, ways) = cut(card, dice);
    let (least, most) = CUT;
    let hold = dice.between(least, most);
    let place = |role: Role| match role {
        Primary => NODES[primary],
        Standby => NODES[1 - primary],
        Witness => Place::Witness,
        Centres => Place::Centres,
    };
    let before = world.comes_to(primary, PATIENCE, |stands| stands["role"] == "primary")?;
    let (begun, cut_ns) = (clock::now(), clock::unix_ns());
    for (from, to) in &ways {
        world.map.cut(Way(place(*from), place(*to))).map_err(Trouble::failed("a cut"))?;
    }
    clock::pause(hold);
    if ways.iter().all(|way| BETWEEN.contains(way)) {
        is_felt(world, primary, &before)?;
    }
    let hold = begun.elapsed();
    world.map.mend().map_err(Trouble::failed("a line"))?;
    let healed = clock::now();
    let (reigns, took) = heals(world, healed)?;
    let silence = world.silence(cut_ns);
    let judged = world.judge(reigns)?;
    world.one_voice(&judged, judged.reigns)?;
    let stroke = format!("{name}, {} was primary, {} s", NODES[primary], seconds(hold));
    Ok(Told { stroke, took, bound: HEALED, beside: silence, beside_max: None, counts: true })
}

/// Nodes that can not talk to each other are in sync no more: one reigns alone.
fn is_felt(world: &World, primary: usize, before: &Value) -> Result<(), Trouble> {
    let alone = |stands: &Value| stands["sync"] != "sync" || stands["epoch"] != before["epoch"];
    world.comes_to(primary, PATIENCE, alone).map(drop)
}

/// One reigns, both are in sync, and acquirers are answered; gives the one, and how long that took.
pub(super) fn heals(world: &mut World, healed: Instant) -> Result<(usize, Duration), Trouble> {
    let healed_ns = clock::unix_ns();
    let reigns = world.rests(PATIENCE)?;
    world.is_answered(healed_ns, PATIENCE)?;
    Ok((reigns, healed.elapsed()))
}

/// What a card says: its name, and the ways that it cuts.
fn cut(card: usize, dice: &mut Dice) -> (String, Vec<(Role, Role)>) {
    let ways: Vec<_> =
        LINES.iter().flat_map(|&(one, other)| [(one, other), (other, one)]).collect();
    if let Some(&(from, to)) = ways.get(card) {
        return (format!("{from:?} to {to:?}"), vec![(from, to)]);
    }
    let card = card - ways.len();
    if let Some(&(one, other)) = LINES.get(card) {
        return (format!("{one:?} and {other:?}"), vec![(one, other), (other, one)]);
    }
    let card = card - LINES.len();
    if let Some(&alone) = ALONE.get(card) {
        let ways = ways.into_iter().filter(|(from, to)| *from == alone || *to == alone);
        return (format!("{alone:?} alone"), ways.collect());
    }
    let mut left = ways;
    let chosen: Vec<_> = (0..dice.one_of(&WAYS_OF_CHANCE))
        .map(|_| {
            let bound = u64::try_from(left.len()).expect("a few");
            left.swap_remove(usize::try_from(dice.below(bound)).expect("a place in a list"))
        })
        .collect();
    (format!("{} ways of chance", chosen.len()), chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deck_has_every_way_alone_every_line_and_whoever_can_be_alone() {
        let mut dice = Dice::new(1);
        let cuts: Vec<_> = (0..CARDS).map(|card| cut(card, &mut dice).1).collect();
        for (one, other) in LINES {
            for way in [vec![(one, other)], vec![(other, one)], vec![(one, other), (other, one)]] {
                assert!(cuts.contains(&way), "{way:?}");
            }
        }
        let lengths: Vec<_> = cuts.iter().skip(15).take(3).map(Vec::len).collect();
        assert_eq!(lengths, [6, 6, 4]);
        assert!(cuts.iter().skip(18).all(|ways| (2..=4).contains(&ways.len())));
    }
}
