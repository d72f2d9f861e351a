//! What is said when the disk fails: which file, what was not done, and why. Must not decide what
//! follows.

use std::fmt;
use std::io;
use std::sync::Arc;

/// A disk that did not do what it was asked. Nothing is tried again: the system may have forgotten
/// what it could not write, and would say that all is well the next time.
#[derive(Clone, Debug)]
pub struct Broken {
    /// The file.
    pub file: String,
    /// What was not done to it.
    pub what: &'static str,
    /// What the system says.
    pub error: Arc<io::Error>,
}

impl Broken {
    /// For `map_err`.
    pub(crate) fn at(file: &str, what: &'static str) -> impl FnOnce(io::Error) -> Self {
        let file = file.to_owned();
        move |error| Self { file, what, error: Arc::new(error) }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.file, self.what, self.error)
    }
}

impl std::error::Error for Broken {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.error)
    }
}
