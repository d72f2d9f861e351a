//! The decision table of recovery: what it means that a batch is not where it should be. Facts go
//! in, a verdict comes out; nothing is read or written here. `FORMAT.md` prints the table.

use crate::scan::{Behind, Found};

/// What is known where the log does not simply go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// What stands where the next batch should.
    pub found: Found,
    /// What later segments start with.
    pub later: Later,
    /// Something says that the missing record was released: the header of a batch or a segment, or a
    /// checkpoint. It was acknowledged then.
    pub covered: bool,
    /// What stands behind the place, in this segment and in later ones.
    pub behind: Behind,
}

/// What the first later segment that the log has anything in starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Later {
    /// There is none.
    None,
    /// The missing batch, behind the batch that stands in front of it here.
    ThisBatch,
    /// The missing batch, behind another one than stands in front of it here.
    OtherBranch,
    /// A batch after it: whoever began the segment had all before that, durable.
    AfterIt,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The log goes on in the next segment.
    GoOn,
    /// The log ends here.
    End,
    /// The log ends here, and what stands behind is left out: nobody was told of it.
    Cut,
    /// What was acknowledged is lost or altered: nothing is cut, and nothing starts on it.
    Damage,
    /// This program is too old to judge.
    Refuse,
}

/// Rows of the table are tried from the top; the first that fits decides.
pub(crate) struct Row {
    found: What,
    later: Option<Later>,
    covered: Option<bool>,
    behind: Option<Behind>,
    pub(crate) verdict: Verdict,
    /// Why so.
    pub(crate) because: &'static str,
}

#[derive(Clone, Copy)]
enum What {
    Anything,
    Version,
    Seal,
    ShortFile,
    Unreadable,
    Empty,
}

pub(crate) static TABLE: [Row; 11] = [
    Row {
        found: What::Anything,
        later: Some(Later::ThisBatch),
        covered: None,
        behind: None,
        verdict: Verdict::GoOn,
        because: "the segment was full, or its rest was cut by a start",
    },
    Row {
        found: What::Version,
        later: None,
        covered: None,
        behind: None,
        verdict: Verdict::Refuse,
        because: "a newer program wrote it; its check agrees, so it is whole",
    },
    Row {
        found: What::Anything,
        later: Some(Later::OtherBranch),
        covered: None,
        behind: None,
        verdict: Verdict::Damage,
        because: "the next segment follows a batch that is not here",
    },
    Row {
        found: What::Anything,
        later: Some(Later::AfterIt),
        covered: None,
        behind: None,
        verdict: Verdict::Damage,
        because: "it was durable before the next segment was begun",
    },
    Row {
        found: What::Anything,
        later: None,
        covered: Some(true),
        behind: None,
        verdict: Verdict::Damage,
        because: "it was acknowledged",
    },
    Row {
        found: What::Seal,
        later: None,
        covered: None,
        behind: None,
        verdict: Verdict::Damage,
        because: "a torn write can not have the right sum and a wrong seal: it was altered",
    },
    Row {
        found: What::ShortFile,
        later: None,
        covered: None,
        behind: None,
        verdict: Verdict::Damage,
        because: "a segment has all its bytes before it is one: it was made shorter",
    },
    Row {
        found: What::Unreadable,
        later: None,
        covered: None,
        behind: None,
        verdict: Verdict::Damage,
        because: "whether it was acknowledged can not be known",
    },
    Row {
        found: What::Anything,
        later: None,
        covered: None,
        behind: Some(Behind::Unreadable),
        verdict: Verdict::Damage,
        because: "what stands behind it can not be read: it may say that this was acknowledged",
    },
    Row {
        found: What::Empty,
        later: Some(Later::None),
        covered: None,
        behind: Some(Behind::Nothing),
        verdict: Verdict::End,
        because: "nothing was written after it",
    },
    Row {
        found: What::Anything,
        later: None,
        covered: None,
        behind: None,
        verdict: Verdict::Cut,
        because: "a write that was under way; nobody was told of it",
    },
];

/// What the facts mean.
pub fn judge(facts: &Facts) -> Verdict {
    row(facts).verdict
}

pub(crate) fn row(facts: &Facts) -> &'static Row {
    let row = TABLE.iter().find(|row| row.fits(facts));
    row.expect("the last row fits everything")
}

impl Row {
    fn fits(&self, facts: &Facts) -> bool {
        self.found.fits(facts.found)
            && self.later.is_none_or(|later| later == facts.later)
            && self.covered.is_none_or(|covered| covered == facts.covered)
            && self.behind.is_none_or(|behind| behind == facts.behind)
    }
}

impl What {
    fn fits(self, found: Found) -> bool {
        match self {
            Self::Anything => true,
            Self::Version => matches!(found, Found::Version(_)),
            Self::Seal => matches!(found, Found::WrongSeal | Found::NotRecords),
            Self::ShortFile => found == Found::ShortFile,
            Self::Unreadable => found == Found::Unreadable,
            Self::Empty => found == Found::Empty,
        }
    }
}

#[cfg(test)]
mod tests;
