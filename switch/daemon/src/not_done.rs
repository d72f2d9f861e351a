//! Why an operator's command was not done, in kinds that programs go by. Must not know any command.

use std::fmt;

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotDone {
    /// There is nothing of that name.
    NotFound(String),
    /// Not by this operator, or not alone.
    NotPermitted(String),
    /// It is in another state than that takes.
    Conflict(String),
    /// Not now: a worker that does not answer, or has no room.
    Failed(String),
}

impl NotDone {
    /// What programs go by.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "not-found",
            Self::NotPermitted(_) => "not-permitted",
            Self::Conflict(_) => "conflict",
            Self::Failed(_) => "failed",
        }
    }

    /// The other way round.
    pub(crate) fn of(kind: &str, message: String) -> Self {
        match kind {
            "not-found" => Self::NotFound(message),
            "not-permitted" => Self::NotPermitted(message),
            "conflict" => Self::Conflict(message),
            _ => Self::Failed(message),
        }
    }
}

impl fmt::Display for NotDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(message)
            | Self::NotPermitted(message)
            | Self::Conflict(message)
            | Self::Failed(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for NotDone {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_not_survives_the_wire() {
        let kinds = [
            NotDone::NotFound("a".into()),
            NotDone::NotPermitted("b".into()),
            NotDone::Conflict("c".into()),
            NotDone::Failed("d".into()),
        ];
        for error in kinds {
            assert_eq!(NotDone::of(error.kind(), error.to_string()), error);
        }
    }
}
