//! The page of the manual about the configuration, sekisho.toml(5): the words of the example itself, table
//! by table and key by key, so that there is one text of them. Must not know what a key means.

use std::io;

use clap_mangen::roff::{Roff, bold, roman};

use super::manual::{MANUAL, SOURCE};
use super::moment::Moment;
use super::tree::Tree;

/// The example, taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
struct Settings {
    /// What stands in front of the first table.
    head: String,
    tables: Vec<Table>,
}

/// A table of it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Table {
    /// With its brackets.
    name: String,
    /// What is said of the table as a whole.
    text: String,
    keys: Vec<Key>,
}

/// A key of a table.
#[derive(Debug, Default, PartialEq, Eq)]
struct Key {
    name: String,
    /// As the example writes it.
    value: String,
    /// Whether it stands in a comment: it need not be given.
    optional: bool,
    text: String,
}

/// Adds the page.
pub(super) fn add(example: &str, moment: Moment, tree: &mut Tree) -> io::Result<()> {
    let text = page(&read(example), &moment.day()?);
    tree.pressed("usr/share/man/man5/sekisho.toml.5", text);
    Ok(())
}

fn read(example: &str) -> Settings {
    let mut settings = Settings::default();
    for line in example.lines() {
        let bare = line.strip_prefix("# ").unwrap_or(line);
        if let Some(name) = table_of(bare) {
            settings.tables.push(Table { name: name.to_owned(), ..Table::default() });
        } else if let Some((name, value, text)) = key_of(bare) {
            let optional = bare.len() < line.len();
            let (name, value, text) = (name.to_owned(), value.to_owned(), text.to_owned());
            if let Some(table) = settings.tables.last_mut() {
                table.keys.push(Key { name, value, optional, text });
            }
        } else if let Some(more) = line.trim_start().strip_prefix('#') {
            // What is set in goes on with the key above it.
            let about = match settings.tables.last_mut() {
                None => &mut settings.head,
                Some(Table { keys, text, .. }) => match keys.last_mut() {
                    Some(key) if line.starts_with(' ') => &mut key.text,
                    _ => text,
                },
            };
            if !about.is_empty() {
                about.push(' ');
            }
            *about += more.trim();
        }
    }
    settings
}

/// A line that begins a table, with its brackets.
fn table_of(line: &str) -> Option<&str> {
    let line = line.split(" #").next()?.trim_end();
    let name = line.trim_matches(['[', ']']);
    let is_table = line.starts_with('[') && line.ends_with(']') && is_name(name);
    is_table.then_some(line)
}

/// A key, its value, and what is said of it on the same line.
fn key_of(line: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = line.split_once(" = ")?;
    if !is_name(name) {
        return None;
    }
    let mut quoted = false;
    let comment = rest.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        *c == '#' && !quoted
    });
    let (value, text) = rest.split_at(comment.map_or(rest.len(), |(at, _)| at));
    Some((name, value.trim(), text.trim_start_matches('#').trim()))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || "_.".contains(c))
}

/// The whole page.
fn page(settings: &Settings, day: &str) -> String {
    let mut roff = Roff::new();
    roff.control("TH", ["sekisho.toml", "5", day, SOURCE, MANUAL]);
    roff.control("SH", ["NAME"]);
    roff.text([roman("sekisho.toml - configuration of sekishod")]);
    roff.control("SH", ["DESCRIPTION"]);
    roff.text([roman(settings.head.as_str())]);
    roff.control("PP", []);
    roff.text([roman(
        "Each key is shown with the value that the example gives it. Those marked as optional need not \
         be given; unless their text says otherwise, they are shown with the value that they have then.",
    )]);
    let mut told: Vec<(&str, &str)> = Vec::new();
    for table in &settings.tables {
        // An example of a station has more than one; each says which it is by its role.
        let role = table.keys.iter().find(|key| key.name == "role");
        let title = match role {
            Some(role) => format!("{} with role = {}", table.name, role.value),
            None => table.name.clone(),
        };
        roff.control("SH", [title.as_str()]);
        if !table.text.is_empty() {
            roff.text([roman(table.text.as_str())]);
        }
        for key in &table.keys {
            let named = (table.name.as_str(), key.name.as_str());
            // The next example of a table need not show again what it has nothing new to say of.
            if key.text.is_empty() && told.contains(&named) {
                continue;
            }
            told.push(named);
            let optional = if key.optional { "  (optional)" } else { "" };
            roff.control("TP", []);
            roff.text([bold(key.name.as_str()), roman(format!(" = {}{optional}", key.value))]);
            if !key.text.is_empty() {
                roff.text([roman(key.text.as_str())]);
            }
        }
    }
    roff.control("SH", ["FILES"]);
    for (file, text) in [
        ("/etc/sekisho/sekisho.toml", "The configuration."),
        ("/etc/sekisho/conf.d/*.toml", "Merged after it, in the order of their names."),
        ("/etc/sekisho/journal.key", "What the service is given as credential:journal-key."),
        ("/usr/share/doc/sekisho/examples", "Configurations to start from."),
        ("/usr/share/doc/sekisho/runbook.md.gz", "What to do at night."),
    ] {
        roff.control("TP", []);
        roff.text([bold(file)]);
        roff.text([roman(text)]);
    }
    roff.control("SH", ["SEE ALSO"]);
    roff.text([bold("sekishod"), roman("(8), "), bold("sekisho"), roman("(1)")]);
    roff.render()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "\
# The head,
# in two lines.

[node]
name = \"tokyo\"
workers = 0                # 0: one per core
# key = \"a#b\"              # in quotes
                           # goes on

# [limits]
# What is said of a table.
# drain = \"15s\"            # how long
";

    #[test]
    fn every_word_of_the_example_is_taken_up() {
        let Settings { head, tables } = read(EXAMPLE);
        assert_eq!(head, "The head, in two lines.");
        let shown: Vec<String> = tables
            .iter()
            .flat_map(|table| {
                let keys = table.keys.iter().map(move |Key { name, value, optional, text }| {
                    format!("{} {name} = {value} ({optional}): {text}", table.name)
                });
                std::iter::once(format!("{}: {}", table.name, table.text)).chain(keys)
            })
            .collect();
        let expected = [
            "[node]: ",
            "[node] name = \"tokyo\" (false): ",
            "[node] workers = 0 (false): 0: one per core",
            "[node] key = \"a#b\" (true): in quotes goes on",
            "[limits]: What is said of a table.",
            "[limits] drain = \"15s\" (true): how long",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_sentence_in_a_comment_is_no_key_even_with_a_sign_of_equality() {
        assert_eq!(key_of("what a station says = nothing"), None);
        assert_eq!(key_of("(umask 077; head) = x"), None);
    }

    #[test]
    fn the_second_table_of_a_name_tells_only_what_is_new() {
        let two = "[[station]]\nname = \"a\" # its name\n[[station]]\nname = \"b\"\necho = \"1s\" # or off\n";
        let page = page(&read(two), "2026-11-22");
        assert_eq!(page.matches("\\fBname\\fR").count(), 1, "{page}");
        assert_eq!(page.matches("\\fBecho\\fR").count(), 1, "{page}");
    }

    #[test]
    fn the_page_shows_each_key_in_bold_with_its_text() {
        let page = page(&read(EXAMPLE), "2026-11-22");
        assert!(page.contains("\n.TH sekisho.toml 5 2026-11-22 \"sekisho "), "{page}");
        assert!(page.contains("\\fBworkers\\fR = 0\n0: one per core\n"), "{page}");
        assert!(page.contains("\\fBdrain\\fR = \"15s\"  (optional)\nhow long\n"), "{page}");
    }
}
