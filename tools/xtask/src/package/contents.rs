//! What is in the package, and where it goes. Must not know how it is packed.

use std::fs;
use std::io;
use std::path::Path;

use super::moment::Moment;
use super::programs::Programs;
use super::tree::Tree;
use super::{completions, control, manual, notices, settings};

/// Where the programs go.
const PROGRAMS: [(&str, &str); 3] = [
    ("sekishod", "usr/sbin/sekishod"),
    ("sekisho", "usr/bin/sekisho"),
    ("sekisho-bench", "usr/bin/sekisho-bench"),
];

/// What an administrator may change: dpkg asks before it replaces one.
pub(super) const CONFFILES: [(&str, &str); 1] =
    [("systemd/sekisho.toml", "etc/sekisho/sekisho.toml")];

/// Folders that are empty at first.
const FOLDERS: [&str; 2] = ["etc/sekisho/conf.d", "etc/sekisho/dialects"];

/// Files that go into the package as they are.
const FILES: [(&str, &str); 4] = [
    ("systemd/sekishod.service", "usr/lib/systemd/system/sekishod.service"),
    ("systemd/sysusers.d/sekisho.conf", "usr/lib/sysusers.d/sekisho.conf"),
    ("systemd/tmpfiles.d/sekisho.conf", "usr/lib/tmpfiles.d/sekisho.conf"),
    ("systemd/sysctl.d/60-sekisho.conf", "usr/lib/sysctl.d/60-sekisho.conf"),
];

/// Folders of which every file goes into the package as it is.
const ALL_OF: [(&str, &str); 3] = [
    ("systemd/examples", "usr/share/doc/sekisho/examples"),
    ("systemd/drop-ins", "usr/share/doc/sekisho/examples/drop-ins"),
    ("codec/specs/dialects", "usr/share/sekisho/dialects"),
];

/// Documents, pressed.
const DOCUMENTS: [(&str, &str); 4] = [
    ("systemd/README.md", "usr/share/doc/sekisho/runbook.md"),
    ("README.md", "usr/share/doc/sekisho/README.md"),
    ("CHANGELOG.md", "usr/share/doc/sekisho/CHANGELOG.md"),
    ("codec/specs/README.md", "usr/share/doc/sekisho/dialects.md"),
];

/// The line of the example that names no key, and what a service has in its place: systemd gives it the
/// key as a credential, where somebody who tries the example out has none.
const KEY: (&str, &str) =
    ("# key = \"credential:journal-key\"  ", "key = \"credential:journal-key\"    ");

/// Lays all of it out.
pub(super) fn lay_out(
    root: &Path,
    programs: &Programs,
    moment: Moment,
    tree: &mut Tree,
) -> io::Result<()> {
    for (name, to) in PROGRAMS {
        tree.file_of(to, 0o755, read(&programs.path(name))?);
    }
    for folder in FOLDERS {
        tree.folder(folder);
    }
    for (from, to) in FILES {
        tree.file(to, read(&root.join(from))?);
    }
    for (from, to) in ALL_OF {
        add_all(&root.join(from), to, tree)?;
    }
    for (from, to) in DOCUMENTS {
        tree.pressed(to, read(&root.join(from))?);
    }
    for (from, to) in CONFFILES {
        tree.file(to, sealed(&text(&root.join(from))?)?);
    }
    let example = text(&root.join(CONFFILES[0].0))?;
    settings::add(&example, moment, tree)?;
    manual::add(moment, tree)?;
    completions::add(tree);
    notices::add(root, tree)?;
    tree.file("usr/share/doc/sekisho/copyright", control::copyright(root)?);
    let changes = control::changelog(&text(&root.join("CHANGELOG.md"))?, moment)?;
    tree.pressed("usr/share/doc/sekisho/changelog", changes);
    Ok(())
}

/// The example, with the key that the service is given.
fn sealed(example: &str) -> io::Result<String> {
    let (open, sealed) = KEY;
    if example.matches(open).count() != 1 {
        return Err(io::Error::other(format!("sekisho.toml does not have one line `{open}`")));
    }
    Ok(example.replace(open, sealed))
}

/// Every file of a folder and of those in it.
fn add_all(from: &Path, to: &str, tree: &mut Tree) -> io::Result<()> {
    for entry in fs::read_dir(from).map_err(|error| of(from, &error))? {
        let entry = entry?;
        let to = format!("{to}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            add_all(&entry.path(), &to, tree)?;
        } else {
            tree.file(&to, read(&entry.path())?);
        }
    }
    Ok(())
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    fs::read(path).map_err(|error| of(path, &error))
}

/// The text of a file.
pub(super) fn text(path: &Path) -> io::Result<String> {
    fs::read_to_string(path).map_err(|error| of(path, &error))
}

fn of(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_is_given_the_key_that_the_example_leaves_out() {
        let example = "[journal]\n# key = \"credential:journal-key\"   # the key\n";
        let sealed = sealed(example).unwrap();
        assert_eq!(sealed, "[journal]\nkey = \"credential:journal-key\"     # the key\n");
    }

    #[test]
    fn an_example_that_names_its_key_in_another_way_is_no_guess() {
        assert!(sealed("[journal]\n# key = \"other\"\n").is_err());
    }
}
