//! What makes shells complete our three command lines, where Debian's shells look for it.

use clap::CommandFactory;
use ctl::completion::{Shell, script};

use super::tree::Tree;

/// Adds them.
pub(super) fn add(tree: &mut Tree) {
    for command in commands() {
        let name = command.get_name().to_owned();
        for (shell, path) in [
            (Shell::Bash, format!("usr/share/bash-completion/completions/{name}")),
            (Shell::Zsh, format!("usr/share/zsh/vendor-completions/_{name}")),
            (Shell::Fish, format!("usr/share/fish/vendor_completions.d/{name}.fish")),
        ] {
            tree.file(&path, script(shell, command.clone()));
        }
    }
}

/// The command lines of the programs, from the definitions by which they read them.
pub(super) fn commands() -> [clap::Command; 3] {
    [daemon::cli::Arguments::command(), ctl::command(), bench::cli::command()]
}
