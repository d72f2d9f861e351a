//! `[log]`: which lines the log has. Writes none.

use super::section::Section;

/// The least weighty lines that are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogLevel {
    /// What ends the process.
    Error,
    /// What somebody should look at, too.
    Warn,
    /// What happens, too.
    #[default]
    Info,
    /// What is of use to who looks for a fault, too.
    Debug,
}

/// The words of `log.level`.
const LEVELS: [(&str, LogLevel); 4] = [
    ("error", LogLevel::Error),
    ("warn", LogLevel::Warn),
    ("info", LogLevel::Info),
    ("debug", LogLevel::Debug),
];

impl LogLevel {
    /// As it is written in the file.
    pub fn word(self) -> &'static str {
        LEVELS.iter().find(|(_, level)| *level == self).map_or("info", |(word, _)| word)
    }
}

/// Reads `[log]`.
pub(super) fn level(root: &mut Section<'_, '_>) -> LogLevel {
    let Some(table) = root.table("log") else { return LogLevel::default() };
    let mut section = Section::new(table, "log", root.report);
    let level = section.choice("level", &LEVELS);
    section.finish();
    level.map_or(LogLevel::default(), |level| level.value)
}
