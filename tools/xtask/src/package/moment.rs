//! The moment that everything in the package is dated by: that of the last commit, so that the same
//! sources give the same bytes whenever they are packed.

use std::io;
use std::path::Path;
use std::process::Command;
use std::time::UNIX_EPOCH;

use super::tools;

/// The variable by which a builder says another one (reproducible-builds.org).
const VARIABLE: &str = "SOURCE_DATE_EPOCH";

/// It.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment(u64);

impl Moment {
    /// What the environment says, else the last commit, else (a checkout that was copied without its
    /// repository) when the changelog was written.
    pub(super) fn of(root: &Path) -> io::Result<Self> {
        if let Some(said) = std::env::var_os(VARIABLE) {
            let said = said.to_string_lossy();
            let seconds = said.parse();
            return seconds
                .map(Self)
                .map_err(|_| io::Error::other(format!("{VARIABLE} is no number: {said}")));
        }
        let mut git = Command::new("git");
        git.current_dir(root).args(["log", "-1", "--format=%ct"]);
        if let Some(seconds) = tools::output(&mut git).ok().and_then(|at| at.trim().parse().ok()) {
            return Ok(Self(seconds));
        }
        let written = root.join("CHANGELOG.md").metadata()?.modified()?;
        Ok(Self(written.duration_since(UNIX_EPOCH).map_err(io::Error::other)?.as_secs()))
    }

    /// Seconds since 1970.
    pub(super) fn seconds(self) -> u64 {
        self.0
    }

    /// As manual pages date: `2026-11-22`.
    pub(super) fn day(self) -> io::Result<String> {
        self.shown("+%Y-%m-%d")
    }

    /// As Debian's changelogs date: `Sun, 22 Nov 2026 12:00:00 +0000`.
    pub(super) fn of_mail(self) -> io::Result<String> {
        self.shown("--rfc-email")
    }

    fn shown(self, form: &str) -> io::Result<String> {
        let mut date = Command::new("date");
        let shown =
            tools::output(date.args(["--utc", "--date"]).arg(format!("@{}", self.0)).arg(form))?;
        Ok(shown.trim_end().to_owned())
    }
}

#[cfg(test)]
impl Moment {
    /// A moment for a test.
    pub(super) fn at(seconds: u64) -> Self {
        Self(seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_shown_as_manuals_and_changelogs_want_it() {
        let moment = Moment::at(1_795_348_800);
        assert_eq!(moment.day().unwrap(), "2026-11-22");
        assert_eq!(moment.of_mail().unwrap(), "Sun, 22 Nov 2026 12:00:00 +0000");
    }
}
