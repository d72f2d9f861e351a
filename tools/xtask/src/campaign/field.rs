//! `campaign failover`, `partition` and `freeze`: two nodes with a real etcd in networks of their own, under load.
//! Which rounds there are, how many, the table and the verdict. Must not know how a world is made.

mod certificates;
mod failover;
mod freeze;
mod front;
mod logs;
mod map;
mod partition;
mod site;
mod told;
mod voices;
mod witness;
mod world;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use self::world::World;
use super::dice::Dice;
use super::programs::Programs;
use super::trouble::Trouble;
use super::{Arguments, clock};
use crate::Ended;
use crate::machine::namespace;

/// Rounds of one world.
const LIFE: u64 = 25;

/// One of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Failover,
    Partition,
    Freeze,
}

/// What a round came to.
#[derive(Debug)]
struct Told {
    /// What was done, and to whom.
    stroke: String,
    /// What is measured.
    took: Duration,
    /// How long that may take.
    bound: Duration,
    /// What is measured beside it, and how long that may take, where somebody promises it.
    beside: Duration,
    beside_max: Option<Duration>,
    /// It is one of those that are asked for; others come between them.
    counts: bool,
}

impl Told {
    /// Something took longer than so many times as long as it may.
    fn is_late(&self, patience: u32) -> bool {
        let most = |bound: Duration| bound.saturating_mul(patience);
        self.took > most(self.bound) || self.beside_max.is_some_and(|max| self.beside > most(max))
    }
}

/// Of all rounds with the same stroke, how long each took, and how long it may.
#[derive(Debug, Default)]
struct Kind {
    took: Vec<Duration>,
    bound: Duration,
    late: usize,
}

impl Field {
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "failover" => Some(Self::Failover),
            "partition" => Some(Self::Partition),
            "freeze" => Some(Self::Freeze),
            _ => None,
        }
    }

    /// Members of its etcd.
    fn members(self) -> u16 {
        match self {
            Self::Failover => 3,
            Self::Partition | Self::Freeze => 1,
        }
    }

    /// What is measured, and what beside it.
    fn measures(self) -> [&'static str; 2] {
        match self {
            Self::Failover => ["without an approval", "in sync after"],
            Self::Partition | Self::Freeze => ["well again after", "without an approval"],
        }
    }

    fn round(self, world: &mut World, deck: &mut Deck, dice: &mut Dice) -> Result<Told, Trouble> {
        match self {
            Self::Failover => {
                failover::round(world, deck.card(dice, failover::STROKES.len()), dice)
            }
            Self::Partition => partition::round(world, deck.card(dice, partition::CARDS), dice),
            Self::Freeze => freeze::round(world, deck.card(dice, freeze::CARDS.len()), dice),
        }
    }
}

/// Numbers from zero on, each once before one comes again.
#[derive(Debug, Default)]
struct Deck {
    left: Vec<usize>,
    is_in_order: bool,
}

impl Deck {
    fn card(&mut self, dice: &mut Dice, count: usize) -> usize {
        if self.left.is_empty() {
            self.left = (0..count).collect();
        }
        if self.is_in_order {
            return self.left.remove(0);
        }
        let left = u64::try_from(self.left.len()).expect("a few");
        self.left.swap_remove(usize::try_from(dice.below(left)).expect("a place in a list"))
    }
}

/// Builds what is needed, and goes on in namespaces of its own.
pub(super) fn prepare(
    root: &Path,
    name: &str,
    seed: u64,
    out: &mut dyn Write,
) -> io::Result<Ended> {
    if let Err(trouble) = Programs::build(root) {
        return super::end(name, &trouble, out);
    }
    let mut arguments: Vec<_> = std::env::args().skip(1).collect();
    // In a process namespace of its own every campaign has the same number.
    if !arguments.iter().any(|argument| argument.starts_with("--seed")) {
        arguments.push(format!("--seed={seed}"));
    }
    arguments.push("--unshared".to_owned());
    let status = namespace::again(arguments)?;
    Ok(match status.code() {
        Some(0) => Ended::Done,
        Some(7) => Ended::Found,
        _ => Ended::Failed,
    })
}

/// The rounds, in namespaces of their own.
pub(super) fn run(
    field: Field,
    root: &Path,
    arguments: &Arguments,
    seed: u64,
    out: &mut dyn Write,
) -> io::Result<Ended> {
    let name = &arguments.name;
    let prepared = namespace::prepare().map_err(Trouble::failed("a place for worlds"));
    let programs = match prepared.and_then(|()| Programs::beside()) {
        Ok(programs) => programs,
        Err(trouble) => return super::end(name, &trouble, out),
    };
    let mut campaign =
        Campaign { field, arguments, seed, kinds: BTreeMap::new(), rounds: 0, counted: 0 };
    let begun = clock::now();
    let [measure, beside] = field.measures();
    writeln!(out, "{:>5}  {:<54} {measure:>19} {:>6} {beside:>19}", "round", "stroke", "bound")?;
    let went = campaign.goes(&programs, root, out);
    campaign.table(out)?;
    let (rounds, took) = (campaign.rounds, begun.elapsed().as_secs());
    if let Err(trouble) = went {
        writeln!(out, "round {} with seed {seed}: {trouble}", rounds + 1)?;
        let order = if arguments.in_order { " --in-order" } else { "" };
        let count = campaign.counted + 1;
        writeln!(out, "again: cargo xtask campaign {name} --seed {seed} --count {count}{order}")?;
        return super::end(name, &trouble, out);
    }
    let bound = match arguments.patience {
        1 => "its bound".to_owned(),
        times => format!("{times} times its bound"),
    };
    let late = campaign.late();
    if late > 0 {
        writeln!(out, "{late} of {rounds} rounds from seed {seed} took longer than {bound}")?;
        return super::end(name, &Trouble::found("late"), out);
    }
    let counted = match campaign.counted {
        all if all == rounds => String::new(),
        some => format!(" ({some} unplanned losses)"),
    };
    writeln!(
        out,
        "campaign {name}: {rounds} rounds{counted} from seed {seed} in {took} s, each within {bound}: nothing that was \
         released is lost, by both ledgers; never two voices; both logs are alike at the end"
    )?;
    Ok(Ended::Done)
}

struct Campaign<'a> {
    field: Field,
    arguments: &'a Arguments,
    seed: u64,
    kinds: BTreeMap<String, Kind>,
    rounds: u64,
    /// Of these, those that were asked for.
    counted: u64,
}

impl Campaign<'_> {
    fn goes(
        &mut self,
        programs: &Programs,
        root: &Path,
        out: &mut dyn Write,
    ) -> Result<(), Trouble> {
        let Arguments { name, count, seconds, at_least, in_order, .. } = self.arguments;
        let begun = clock::now();
        let is_over = |counted: u64| {
            let late =
                seconds.is_some_and(|seconds| begun.elapsed() >= Duration::from_secs(seconds));
            counted >= *count || (late && counted >= *at_least)
        };
        let mut dice = Dice::new(self.seed);
        let mut deck = Deck { is_in_order: *in_order, ..Deck::default() };
        for number in 0.. {
            if is_over(self.counted) {
                return Ok(());
            }
            let mut world = World::begins(programs, number, self.field.members(), &mut dice)?;
            let before = self.rounds;
            while self.rounds - before < LIFE && !is_over(self.counted) {
                let told = match self.field.round(&mut world, &mut deck, &mut dice) {
                    Ok(told) => told,
                    Err(trouble) => return Err(found(&world, root, name, self.seed, trouble)),
                };
                let is_first_late = told.is_late(self.arguments.patience) && self.late() == 0;
                self.takes(told, out).map_err(Trouble::failed("the table"))?;
                if is_first_late {
                    let kept =
                        kept(&world, root, &format!("{name}-late"), self.seed, "it was late");
                    writeln!(out, "{kept}").map_err(Trouble::failed("the table"))?;
                }
            }
            let place =
                world.ends_or(|world, trouble| found(world, root, name, self.seed, trouble))?;
            writeln!(out, "{place}").map_err(Trouble::failed("the table"))?;
        }
        Ok(())
    }

    fn takes(&mut self, told: Told, out: &mut dyn Write) -> io::Result<()> {
        let is_late = told.is_late(self.arguments.patience);
        self.rounds += 1;
        self.counted += u64::from(told.counts);
        let Told { stroke, took, bound, beside, .. } = told;
        let late = if is_late { "  LATE" } else { "" };
        let [took_s, bound_s, beside_s] = [took, bound, beside].map(seconds);
        let round = self.rounds;
        writeln!(out, "{round:>5}  {stroke:<54} {took_s:>19} {bound_s:>6} {beside_s:>19}{late}")?;
        let name = stroke.split(',').next().unwrap_or_default().to_owned();
        let kind = self.kinds.entry(name).or_default();
        kind.took.push(took);
        kind.bound = bound;
        kind.late += usize::from(is_late);
        out.flush()
    }

    /// Rounds that took too long.
    fn late(&self) -> usize {
        self.kinds.values().map(|kind| kind.late).sum()
    }

    /// Each stroke, how often it fell, and the shortest, middle and longest time.
    fn table(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let [measure, _] = self.field.measures();
        writeln!(out, "\n{:<28} {:>6}   {measure}, s", "stroke", "rounds")?;
        writeln!(
            out,
            "{:<28} {:>6} {:>8} {:>8} {:>8} {:>8}",
            "", "", "least", "median", "most", "bound"
        )?;
        for (name, kind) in &mut self.kinds {
            kind.took.sort_unstable();
            let count = kind.took.len();
            let [least, median, most] =
                [0, count / 2, count - 1].map(|place| seconds(kind.took[place]));
            let bound = seconds(kind.bound);
            writeln!(out, "{name:<28} {count:>6} {least:>8} {median:>8} {most:>8} {bound:>8}")?;
        }
        Ok(())
    }
}

/// Keeps what the world wrote where something is wrong with the switch.
fn found(world: &World, root: &Path, name: &str, seed: u64, trouble: Trouble) -> Trouble {
    let Trouble::Found(what) = trouble else { return trouble };
    Trouble::Found(kept(world, root, name, seed, &what))
}

/// Keeps what the world wrote, and says where behind what there is to say.
fn kept(world: &World, root: &Path, name: &str, seed: u64, what: &str) -> String {
    let place = root.join(format!("target/campaign-{name}-{seed}"));
    let kept = match world.is_kept(&place) {
        Ok(()) => format!("are kept in {}", place.display()),
        Err(error) => format!("could not be kept: {error}"),
    };
    format!("{what}\nlogs and journals {kept}")
}

/// With milliseconds.
fn seconds(time: Duration) -> String {
    format!("{}.{:03}", time.as_secs(), time.subsec_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deck_has_every_card_once_before_one_comes_again() {
        let (mut deck, mut dice) = (Deck::default(), Dice::new(3));
        let mut cards: Vec<_> = (0..7).map(|_| deck.card(&mut dice, 7)).collect();
        cards.sort_unstable();
        assert_eq!(cards, [0, 1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn a_deck_in_order_has_its_cards_as_they_are_listed() {
        let (mut deck, mut dice) = (Deck { is_in_order: true, ..Deck::default() }, Dice::new(3));
        let cards: Vec<_> = (0..5).map(|_| deck.card(&mut dice, 3)).collect();
        assert_eq!(cards, [0, 1, 2, 0, 1]);
    }

    #[test]
    fn a_round_is_late_beyond_its_bound_or_so_many_times_of_it() {
        let told = |took, beside| Told {
            stroke: "killed".to_owned(),
            took: Duration::from_secs(took),
            bound: Duration::from_secs(5),
            beside: Duration::from_secs(beside),
            beside_max: Some(Duration::from_secs(2)),
            counts: true,
        };
        assert!(!told(5, 2).is_late(1));
        assert!(told(6, 2).is_late(1) && told(5, 3).is_late(1));
        assert!(!told(15, 6).is_late(3));
        assert!(told(16, 6).is_late(3) && told(15, 7).is_late(3));
    }

    #[test]
    fn times_are_told_to_the_millisecond() {
        assert_eq!(seconds(Duration::from_micros(2_004_999)), "2.004");
    }
}
