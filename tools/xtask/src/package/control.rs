//! What dpkg reads of the package: its control files, the scripts of its maintainer, what it needs, whose
//! it is. Must not know what is in it.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use super::contents::text;
use super::moment::Moment;
use super::programs::{NAMES, Programs};
use super::tools;
use super::tree::set_mode;

/// The package's version: that of the programs.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Who answers for it.
const MAINTAINER: &str = "Sekisho maintainers <sekisho@example.org>";
/// The longest line of Debian's changelogs.
const COLUMNS: usize = 79;

/// What the control file says of the package.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) version: &'static str,
    /// As dpkg calls it: `amd64`, `arm64`.
    pub(super) architecture: String,
    /// The packages of the libraries that the programs use, in the versions they use.
    depends: String,
    kibibytes: usize,
}

impl Facts {
    /// Asks dpkg about this machine and what its programs use; `folder` is for what it wants to find.
    pub(super) fn of(programs: &Programs, folder: &Path, kibibytes: usize) -> io::Result<Self> {
        let architecture = tools::output(Command::new("dpkg").arg("--print-architecture"))?;
        // dpkg-shlibdeps asks in which source it is.
        fs::create_dir_all(folder.join("debian"))?;
        fs::write(
            folder.join("debian/control"),
            "Source: sekisho\n\nPackage: sekisho\nArchitecture: any\n",
        )?;
        let mut asked = Command::new("dpkg-shlibdeps");
        asked.current_dir(folder).arg("-O").args(NAMES.map(|name| programs.path(name)));
        let said = tools::output(&mut asked)?;
        let Some(depends) = said.trim_end().strip_prefix("shlibs:Depends=") else {
            return Err(io::Error::other(format!("dpkg-shlibdeps: unexpected {said:?}")));
        };
        Ok(Self {
            version: VERSION,
            architecture: architecture.trim_end().to_owned(),
            depends: depends.to_owned(),
            kibibytes,
        })
    }

    fn fill(&self, text: &str) -> String {
        let text = text.replace("@VERSION@", self.version);
        let text = text.replace("@ARCHITECTURE@", &self.architecture);
        let text = text.replace("@DEPENDS@", &self.depends);
        let text = text.replace("@KIBIBYTES@", &self.kibibytes.to_string());
        text.replace("@MAINTAINER@", MAINTAINER)
    }
}

/// Writes `DEBIAN` into the tree at `top`, which is on the disk already.
pub(super) fn write(root: &Path, facts: &Facts, conffiles: &[&str], top: &Path) -> io::Result<()> {
    let sums = sums(conffiles, top)?;
    let folder = top.join("DEBIAN");
    fs::create_dir(&folder)?;
    set_mode(&folder, 0o755)?;
    let write = |name: &str, mode: u32, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text)?;
        set_mode(&path, mode)
    };
    let sources = root.join("systemd/debian");
    write("control", 0o644, &facts.fill(&text(&sources.join("control"))?))?;
    write("conffiles", 0o644, &format!("/{}\n", conffiles.join("\n/")))?;
    write("md5sums", 0o644, &sums)?;
    for name in ["postinst", "prerm", "postrm"] {
        write(name, 0o755, &text(&sources.join(name))?)?;
    }
    Ok(())
}

/// The sums by which `dpkg --verify` finds files that changed; those that may change have none.
fn sums(conffiles: &[&str], top: &Path) -> io::Result<String> {
    let mut find = Command::new("find");
    find.current_dir(top).args([".", "-type", "f", "-printf", "%P\\n"]);
    let found = tools::output(&mut find)?;
    let mut paths: Vec<&str> = found.lines().filter(|path| !conffiles.contains(path)).collect();
    paths.sort_unstable();
    tools::output(Command::new("md5sum").current_dir(top).arg("--").args(paths))
}

/// Whose the package is, and under which terms.
pub(super) fn copyright(root: &Path) -> io::Result<String> {
    Ok(text(&root.join("systemd/debian/copyright"))?.replace("@MAINTAINER@", MAINTAINER))
}

/// Debian's changelog, of the newest section of ours: each of its items, wrapped.
pub(super) fn changelog(ours: &str, moment: Moment) -> io::Result<String> {
    let mut log = format!("sekisho ({VERSION}) unstable; urgency=medium\n\n");
    let newest = ours.split("\n## ").nth(1).unwrap_or_default();
    let mut items: Vec<String> = Vec::new();
    for line in newest.lines() {
        if let Some(item) = line.strip_prefix("- ") {
            items.push(item.to_owned());
        } else if let (Some(item), true) = (items.last_mut(), line.starts_with("  ")) {
            item.push_str(line);
        }
    }
    for item in items {
        wrap(&item, &mut log);
    }
    Ok(format!("{log}\n -- {MAINTAINER}  {}\n", moment.of_mail()?))
}

/// One item, two spaces and a star in front.
fn wrap(item: &str, log: &mut String) {
    log.push_str("  *");
    let mut column = 3;
    for word in item.split_whitespace() {
        if column + 1 + word.len() > COLUMNS {
            log.push_str("\n   ");
            column = 3;
        }
        log.push(' ');
        log.push_str(word);
        column += 1 + word.len();
    }
    log.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_changelog_has_each_item_of_the_newest_section_in_lines_that_fit() {
        let long = "word ".repeat(30);
        let ours = format!(
            "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- One.\n  And more.\n- {long}\n\n## [0.0.1]\n\n- Old.\n"
        );
        let log = changelog(&ours, Moment::at(0)).unwrap();
        assert!(
            log.starts_with(
                "sekisho (0.1.0) unstable; urgency=medium\n\n  * One. And more.\n  * word"
            ),
            "{log}"
        );
        assert!(log.ends_with("  Thu, 01 Jan 1970 00:00:00 +0000\n"), "{log}");
        assert!(log.lines().all(|line| line.len() < 80), "{log}");
        assert!(!log.contains("Old."), "{log}");
    }
}
