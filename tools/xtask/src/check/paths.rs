//! No file names a folder that only one machine has.

use crate::checkout::File;
use crate::report::Finding;
use crate::source::numbered;

/// The first parts of such paths.
const FOLDERS: [&str; 5] = ["home", "root", "tmp", "work", "Users"];

pub(super) fn findings(file: &File) -> Vec<Finding> {
    let finding = |(number, line): (usize, &str)| {
        let folder = FOLDERS.into_iter().find(|folder| names_folder(line, folder))?;
        let text = format!(
            "names a path below `{folder}` of one machine; make it relative, an argument, or a \
             temporary folder made for the purpose"
        );
        Some(Finding::new(&file.path, number, text))
    };
    numbered(&file.text).filter_map(finding).collect()
}

/// Whether a path below that folder begins somewhere in the line.
fn names_folder(line: &str, folder: &str) -> bool {
    let start = format!("/{folder}/");
    let begins = |at: usize| {
        let before = line.split_at(at).0.chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "._-/~}".contains(c))
    };
    line.match_indices(&start).any(|(at, _)| begins(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(line: &str) -> usize {
        findings(&File::new("README.md", line)).len()
    }

    #[test]
    fn a_path_of_one_machine_is_a_finding() {
        for folder in FOLDERS {
            assert_eq!(count(&format!("see /{folder}/x/notes.txt")), 1, "{folder}");
            assert_eq!(count(&format!("path = \"/{folder}/x\"")), 1, "{folder}");
            assert_eq!(count(&format!("file:=/{folder}/x")), 1, "{folder}");
        }
    }

    #[test]
    fn other_paths_are_none() {
        let (home, work) = ("home", "work");
        for line in [format!("https://example.com/{home}/x"), format!("target/{work}/x")] {
            assert_eq!(count(&line), 0, "{line}");
        }
        assert_eq!(count("/etc/sekisho/sekisho.toml /homework/x /var/lib/sekisho"), 0);
    }
}
