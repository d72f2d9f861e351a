//! The rules of the log, of the line and of the roles that can be broken on purpose, and what notices
//! each. Must not know how a rule works.

pub use journal::mutants::Mutant;

pub use super::scenario::{Scenario, play};
use super::stories;

/// A rule that is broken, and the story that notices.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The rule.
    pub mutant: Mutant,
    /// Another one that keeps this one's breach from being seen, and is broken too.
    pub behind: Option<Mutant>,
    /// The story. It comes to its end while all rules are in force.
    pub story: &'static Scenario,
    /// The dice with which it notices.
    pub dice: u64,
    /// What is not as it must be then.
    pub verdict: &'static str,
}

const fn rule(mutant: Mutant, story: &'static Scenario, verdict: &'static str) -> Rule {
    Rule { mutant, behind: None, story, dice: 1, verdict }
}

/// Each rule that is broken here. What the log alone has to keep is proved by the tests of `journal`.
pub const RULES: &[Rule] = &[
    rule(Mutant::CallsReceivedDurable, &stories::A_SLOW_DISK, "I1"),
    rule(Mutant::AcknowledgesBeforeItIsDurable, &stories::A_SLOW_DISK, "I1"),
    rule(Mutant::AcknowledgesItsOwnLog, &stories::A_LONG_TAIL, "I15"),
    Rule {
        behind: Some(Mutant::IgnoresLaterReigns),
        ..rule(Mutant::TakesFromAnyReign, &stories::TWO_REIGNS, "I14")
    },
    rule(Mutant::TrustsAStaleSwap, &stories::A_STALE_SWAP, "I15"),
    rule(Mutant::RequiresTooLate, &stories::A_SLOW_RETURN, "I15"),
    rule(Mutant::DegradesWithoutTheRecord, &stories::AN_ISLAND, "I15"),
    rule(Mutant::PromotesWithoutInSync, &stories::A_DEATH_ALONE, "I4"),
    Rule {
        dice: 6,
        ..rule(Mutant::IgnoresTheIncarnation, &stories::A_STANDBY_WITHOUT_ITS_MEMORY, "I4")
    },
    Rule { dice: 3, ..rule(Mutant::SwapsBeforeTheSeal, &stories::A_SEAL_THAT_IS_LATE, "I4") },
    rule(Mutant::ResumesByItself, &stories::A_RETURN_UNHEARD, "I4"),
    rule(Mutant::PromotesAnyNode, &stories::A_DAMAGED_STANDBY, "sealed, and whole"),
    rule(Mutant::HandsOverTooEarly, &stories::A_HASTY_SWITCH_OVER, "rule 10"),
    rule(Mutant::GoesOnAfterGivingUp, &stories::A_SWITCH_OVER_UNHEARD, "I3"),
    rule(Mutant::ResumesThoughItYields, &stories::A_SICK_PRIMARY, "rule 13"),
    rule(Mutant::IgnoresTheSoloLease, &stories::ALONE_TOO_LONG, "rule 3"),
    rule(Mutant::IgnoresLaterReigns, &stories::TWO_REIGNS, "I13"),
    rule(Mutant::CallsALossyPromotionLossless, &stories::A_FORCED_PROMOTION, "I4"),
];

/// A world in which rules are broken, or none.
pub fn breaking<T>(mutants: [Option<Mutant>; 2], world: impl FnOnce() -> T) -> T {
    journal::mutants::set_both(mutants);
    let came = world();
    journal::mutants::set(None);
    came
}
