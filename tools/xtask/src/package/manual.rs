//! The pages of the manual about commands: one for each program and each of its commands. Must not know
//! what any of them does; the configuration's page is made beside this.

use std::io;

use clap_mangen::Man;

use super::completions::commands;
use super::moment::Moment;
use super::tree::Tree;

/// What stands at the foot of each page.
pub(super) const MANUAL: &str = "Sekisho";
/// At its other side.
pub(super) const SOURCE: &str = concat!("sekisho ", env!("CARGO_PKG_VERSION"));

/// Adds them.
pub(super) fn add(moment: Moment, tree: &mut Tree) -> io::Result<()> {
    let day = moment.day()?;
    for command in commands() {
        let section = if command.get_name() == "sekishod" { "8" } else { "1" };
        // `help` is one of clap's own, and says what the pages do.
        let mut command = command.disable_help_subcommand(true);
        command.build();
        add_pages(&command, section, &day, tree)?;
    }
    Ok(())
}

/// The page of a command, and those of the commands in it.
fn add_pages(command: &clap::Command, section: &str, day: &str, tree: &mut Tree) -> io::Result<()> {
    let page = Man::new(command.clone()).section(section).date(day).source(SOURCE).manual(MANUAL);
    let mut text = Vec::new();
    page.render(&mut text)?;
    tree.pressed(&format!("usr/share/man/man{section}/{}", page.get_filename()), text);
    for command in command.get_subcommands().filter(|command| !command.is_hide_set()) {
        add_pages(command, section, day, tree)?;
    }
    Ok(())
}
