//! The command line of `sekishod`. Must not know what a setting means: that is the configuration's.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Where the configuration is when nothing else is said.
pub const CONFIGURATION: &str = "/etc/sekisho/sekisho.toml";

/// Exit code of a bad configuration (`EX_CONFIG` of sysexits): systemd does not restart after it.
pub const EXIT_CONFIGURATION: u8 = 78;

/// Exit code of a disk that failed, or of a journal that is damaged (`EX_IOERR` of sysexits): systemd
/// does not restart after it.
pub const EXIT_DATA: u8 = 74;

/// Exit code of everything else that ends the daemon.
pub const EXIT_FAILED: u8 = 1;

/// Sekisho, an ISO 8583 authorization switch: the daemon. Runs in the foreground.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "sekishod",
    version,
    after_help = "Signals: HUP reads the configuration again; TERM or INT drains and ends, a second one \
                  ends at once; QUIT tells the log how everything stands.\n\
                  Exit codes: 0 done, 1 failed, 2 usage, 74 the disk failed or the journal is \
                  damaged,\n78 bad configuration, key or directory."
)]
pub struct Arguments {
    /// The configuration file; conf.d/*.toml beside it is merged after it.
    #[arg(short, long, value_name = "FILE", default_value = CONFIGURATION)]
    pub config: PathBuf,

    /// Check the configuration, print what would run, and end: 0 when it can run, 78 when not.
    #[arg(short = 't', long)]
    pub check: bool,

    /// Run without a key that seals the journal, and with stand-ins for keys. Never with real cards.
    #[arg(long)]
    pub insecure_demo: bool,

    /// How log lines look on stderr; text on a terminal, journald in a service of systemd and json
    /// otherwise, when not given.
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub log_format: Option<LogFormat>,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One line of words and `key=value` pairs an event.
    Text,
    /// One JSON object a line.
    Json,
    /// As text, without a time and with the priority in front, `<4>`, as systemd's journal reads it.
    Journald,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn nothing_given_means_the_installed_file_and_no_insecurity() {
        let arguments = Arguments::parse_from(["sekishod"]);
        assert_eq!(arguments.config, PathBuf::from("/etc/sekisho/sekisho.toml"));
        assert!(!arguments.check && !arguments.insecure_demo);
        assert_eq!(arguments.log_format, None);
    }

    #[test]
    fn an_unknown_log_format_is_a_usage_error() {
        let error = Arguments::try_parse_from(["sekishod", "--log-format", "xml"]).unwrap_err();
        assert_eq!(error.exit_code(), 2);
    }
}
