//! Why a campaign does not go on. Must not know what it does.

use std::fmt;
use std::io;

/// Why a campaign does not go on.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The switch did what it must not.
    Found(String),
    /// The campaign itself could not be carried out.
    Failed(String),
}

impl Trouble {
    pub(super) fn found(what: impl Into<String>) -> Self {
        Self::Found(what.into())
    }

    /// What was to be done and was not.
    pub(super) fn failed(what: &str) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Failed(format!("{what}: {error}"))
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Found(what) => f.write_str(what),
            Self::Failed(what) => write!(f, "the campaign could not be carried out: {what}"),
        }
    }
}
