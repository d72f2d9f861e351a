//! The rules of the log, of the line and of the roles that can be broken on purpose, and the worlds of
//! chance that notice each. Must not know how a rule works.

pub use journal::mutants::Mutant;

/// Each rule that is broken here, and seeds that notice it. What the log alone has to keep is proved by
/// the tests of `journal`.
pub const RULES: &[(Mutant, &[u64])] =
    &[(Mutant::CallsReceivedDurable, &[10]), (Mutant::AcknowledgesBeforeItIsDurable, &[1])];

/// The world of a seed in which a rule is broken, or none.
///
/// # Errors
/// What was not as it must be.
pub fn live(mutant: Option<Mutant>, seed: u64) -> Result<(), String> {
    journal::mutants::set(mutant);
    let lived = super::live(seed, false);
    journal::mutants::set(None);
    lived.map(drop)
}
