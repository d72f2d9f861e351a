//! `sekisho completion`: what makes a shell complete a command line. Must not know any command.

use std::process::ExitCode;

use clap::ValueEnum;
use clap_complete::{aot, generate};

use crate::output::{Failure, write_out};

/// For which shell.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The shell that is to read it
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

/// The shells that there are words for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// GNU bash, with bash-completion.
    Bash,
    /// zsh.
    Zsh,
    /// fish.
    Fish,
}

/// Prints it.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    write_out(&script(arguments.shell, crate::command()))?;
    Ok(ExitCode::SUCCESS)
}

/// What that shell has to read to complete that command line.
pub fn script(shell: Shell, mut command: clap::Command) -> String {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    match shell {
        Shell::Bash => generate(aot::Bash, &mut command, name, &mut script),
        Shell::Zsh => generate(aot::Zsh, &mut command, name, &mut script),
        Shell::Fish => generate(aot::Fish, &mut command, name, &mut script),
    }
    String::from_utf8(script).expect("names and help of commands are text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_is_told_of_every_command_and_of_nothing_hidden() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = script(shell, crate::command());
            for command in crate::command().get_subcommands() {
                assert!(script.contains(command.get_name()), "{shell:?} {}", command.get_name());
            }
            assert!(!script.contains(crate::child::COMMAND), "{shell:?}");
        }
    }
}
