//! The one place where the demo looks at a clock. Knows no demo.

use std::time::Instant;

/// Now.
#[expect(clippy::disallowed_methods, reason = "the demo is no worker: real time is its matter")]
pub(super) fn now() -> Instant {
    Instant::now()
}
