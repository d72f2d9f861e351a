//! Rules of the journal that a test breaks on purpose, to see that its judge would notice: only in
//! builds for tests. Knows no rule's reason; that stands where the rule does.

#[cfg(feature = "simulated")]
use std::cell::Cell;

/// A rule that is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// Any whole batch is taken for the one that comes next.
    TakesAnyBatch,
    /// The tag of the batch before is not looked at.
    IgnoresTheChain,
    /// What is missing is cut, whatever stands behind it.
    CutsWithoutLooking,
    /// An archived segment is reused although one before it is not archived.
    ReusesOutOfOrder,
    /// What was torn at a standby's end stays there.
    LeavesTheTornEnd,
    /// A follower writes a batch that says that a record was released before that record is durable.
    CoversWhatIsUnderWay,
    /// A follower calls durable what it took.
    CallsReceivedDurable,
    /// What is cut is not kept.
    CutsWithoutKeeping,
    /// Only one copy of the control file is written each time.
    WritesOneCopy,
    /// A standby acknowledges whatever its log ends with, and its primary believes it.
    AcknowledgesItsOwnLog,
    /// A standby says that what it received is durable.
    AcknowledgesBeforeItIsDurable,
    /// A standby takes from any reign.
    TakesFromAnyReign,
    /// A swap that was not answered counts as not done when the record is unchanged at the next look.
    TrustsAStaleSwap,
    /// The standby is written into the record first, and acknowledgements are required then.
    RequiresTooLate,
    /// The primary goes on alone before the record says so.
    DegradesWithoutTheRecord,
    /// A standby is promoted though the record does not name it.
    PromotesWithoutInSync,
    /// In `memory`, any start of the standby is promoted.
    IgnoresTheIncarnation,
    /// The record is swapped before the log is durable and closed.
    SwapsBeforeTheSeal,
    /// A node that was the primary is it again, and asks nobody.
    ResumesByItself,
    /// A node whose log is damaged, or is still only a part, is promoted.
    PromotesAnyNode,
    /// A reign is handed over before the standby has all of it on its disk.
    HandsOverTooEarly,
    /// A reign that was handed over goes on when nobody answers.
    GoesOnAfterGivingUp,
    /// A primary that can not commit by itself goes on with its reign, although its standby may take over.
    StaysThoughSick,
    /// Who gave its reign up as it was sick takes it up again at once.
    ResumesThoughItYields,
    /// A node that an operator has isolated reigns after its next start.
    ForgetsItsIsolation,
    /// A primary alone that can not read the record goes on.
    IgnoresTheSoloLease,
    /// A primary that hears of a later reign goes on.
    IgnoresLaterReigns,
    /// A promotion that may have lost records is called one that has not.
    CallsALossyPromotionLossless,
}

#[cfg(feature = "simulated")]
std::thread_local! {
    static BROKEN: Cell<[Option<Mutant>; 2]> = const { Cell::new([None; 2]) };
}

/// Breaks a rule on this thread, or none.
#[cfg(feature = "simulated")]
pub fn set(mutant: Option<Mutant>) {
    BROKEN.set([mutant, None]);
}

/// Breaks up to two rules on this thread: where one of them is only seen without the other.
#[cfg(feature = "simulated")]
pub fn set_both(mutants: [Option<Mutant>; 2]) {
    BROKEN.set(mutants);
}

#[cfg(feature = "simulated")]
pub(crate) fn breaks(mutant: Mutant) -> bool {
    BROKEN.get().contains(&Some(mutant))
}

#[cfg(not(feature = "simulated"))]
pub(crate) const fn breaks(_mutant: Mutant) -> bool {
    false
}
