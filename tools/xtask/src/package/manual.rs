//! The pages of the manual about commands: one for each program and each of its commands. Must not know
//! what any of them does; the configuration's page is made beside this.

use std::io;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::completions::commands;
use super::moment::Moment;
use super::tree::Tree;

/// What stands at the foot of each page.
pub(super) const MANUAL: &str = "Sekisho";
/// At its other side.
pub(super) const SOURCE: &str = concat!("sekisho ", env!("CARGO_PKG_VERSION"));

/// The pages that each page names.
const SEE_ALSO: [(&str, &str); 4] =
    [("sekisho", "1"), ("sekisho-bench", "1"), ("sekisho.toml", "5"), ("sekishod", "8")];

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
fn add_pages(command: &Command, section: &str, day: &str, tree: &mut Tree) -> io::Result<()> {
    let page = Man::new(command.clone()).section(section).date(day).source(SOURCE).manual(MANUAL);
    let path = format!("usr/share/man/man{section}/{}", page.get_filename());
    tree.pressed(&path, text(command, &page)?);
    for command in command.get_subcommands().filter(|command| !command.is_hide_set()) {
        add_pages(command, section, day, tree)?;
    }
    Ok(())
}

/// What the page says.
fn text(command: &Command, page: &Man) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    page.render_title(&mut text)?;
    page.render_name_section(&mut text)?;
    page.render_synopsis_section(&mut text)?;
    page.render_description_section(&mut text)?;
    page.render_options_section(&mut text)?;
    if command.has_subcommands() {
        page.render_subcommands_section(&mut text)?;
    }
    let mut more = Roff::new();
    if let Some(notes) = command.get_after_long_help().or(command.get_after_help()) {
        // Lines of a help are as long as they shall be; clap_mangen would run them into one.
        more.control("SH", ["NOTES"]);
        more.control("nf", []);
        more.text([roman(notes.to_string())]);
        more.control("fi", []);
    }
    more.control("SH", ["SEE ALSO"]);
    let name = command.get_display_name().unwrap_or(command.get_name());
    let mut pages = Vec::new();
    for (other, section) in SEE_ALSO.into_iter().filter(|(other, _)| *other != name) {
        if !pages.is_empty() {
            pages.push(roman(", "));
        }
        pages.extend([bold(other), roman(format!("({section})"))]);
    }
    more.text(pages);
    more.to_writer(&mut text)?;
    Ok(text)
}
