//! Files that are replaced and may have to be put back: what stood in their places stands beside them
//! until it is known which of both stays. Must not know what they say.
//!
//! Each step is one rename, so that every file is at every moment the old one or the new one, whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

/// How names end of what stands beside; the daemon reads no such file.
const ASIDE: &str = "before-rollback";
/// The most files of that name that stand beside one.
const ASIDE_MAX: usize = 1_000;

/// What was replaced, in order.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    steps: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    place: PathBuf,
    /// Where what stood there stands now; none if nothing did.
    aside: Option<PathBuf>,
}

impl Shelf {
    /// Puts a text in a place, or nothing; what it says already is left as it is. A new file belongs
    /// to whom the one before did, or else the model.
    ///
    /// # Errors
    /// Of the operating system; this place is as it was then.
    pub(super) fn put(&mut self, place: &Path, text: Option<&str>, model: &Path) -> io::Result<()> {
        let before = match fs::read(place) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if before.as_deref() == text.map(str::as_bytes) {
            return Ok(());
        }
        let new = place.with_added_extension("new");
        if let Some(text) = text {
            let facts = if before.is_some() { place } else { model };
            written(&new, text, facts).inspect_err(|_| drop(fs::remove_file(&new)))?;
        }
        let aside = before.map(|_| beside(place)).transpose()?;
        if let Some(aside) = &aside {
            fs::rename(place, aside)?;
        }
        self.steps.push(Step { place: place.to_owned(), aside });
        if text.is_some() {
            fs::rename(&new, place)?;
        }
        synced(place)
    }

    /// Puts everything back as it was.
    ///
    /// # Errors
    /// Of the operating system, when something could not be: the others were.
    pub(super) fn put_back(self) -> io::Result<()> {
        let mut result = Ok(());
        for Step { place, aside } in self.steps.into_iter().rev() {
            let step = match aside {
                Some(aside) => fs::rename(aside, &place),
                // It may not have come to that.
                None if !place.exists() => Ok(()),
                None => fs::remove_file(&place),
            };
            result = result.and(step.and_then(|()| synced(&place)));
        }
        result
    }

    /// Keeps what is there now. What stood there goes, unless it is nowhere else: then it stays beside
    /// it, and is named.
    pub(super) fn settle(self, is_known: impl Fn(&Path, &[u8]) -> bool) -> Vec<PathBuf> {
        let mut kept = Vec::new();
        for Step { place, aside } in self.steps {
            let Some(aside) = aside else { continue };
            let known = fs::read(&aside).is_ok_and(|bytes| is_known(&place, &bytes));
            if !known || fs::remove_file(&aside).is_err() {
                kept.push(aside);
            }
        }
        kept
    }
}

/// The first name beside a file that is free.
fn beside(place: &Path) -> io::Result<PathBuf> {
    let names = (1..=ASIDE_MAX).map(|number| {
        let name = if number == 1 { ASIDE.to_owned() } else { format!("{ASIDE}-{number}") };
        place.with_added_extension(name)
    });
    let mut free = names.filter(|name| !name.exists());
    free.next().ok_or_else(|| io::Error::new(ErrorKind::AlreadyExists, "too many stand beside it"))
}

/// Writes a file whole, that can be read by whoever can read the other.
fn written(path: &Path, text: &str, facts: &Path) -> io::Result<()> {
    let facts = fs::metadata(facts)?;
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    let own = file.metadata()?;
    if (own.uid(), own.gid()) != (facts.uid(), facts.gid()) {
        fchown(&file, Some(facts.uid()), Some(facts.gid()))?;
    }
    file.set_permissions(fs::Permissions::from_mode(facts.mode() & 0o777))?;
    file.sync_all()
}

/// Makes a rename in the directory of this file last.
fn synced(place: &Path) -> io::Result<()> {
    place.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    struct Directory(PathBuf);

    impl Directory {
        fn new() -> Self {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("sekisho-shelf-{}-{number}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        /// All files, with what they say.
        fn all(&self) -> Vec<(String, String)> {
            let entries = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path());
            let mut all: Vec<_> = entries
                .map(|path| {
                    let name = path.file_name().unwrap().to_string_lossy().into_owned();
                    (name, fs::read_to_string(&path).unwrap())
                })
                .collect();
            all.sort();
            all
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    /// Three places: one is replaced, one is taken away, one is new; and one that stays as it is.
    fn replaced(directory: &Directory) -> Shelf {
        let at = |name: &str| directory.0.join(name);
        for name in ["a.toml", "b.toml", "same.toml"] {
            fs::write(at(name), format!("old {name}")).unwrap();
        }
        let mut shelf = Shelf::default();
        let model = at("a.toml");
        shelf.put(&at("a.toml"), Some("new"), &model).unwrap();
        shelf.put(&at("b.toml"), None, &model).unwrap();
        shelf.put(&at("c.toml"), Some("new"), &model).unwrap();
        shelf.put(&at("same.toml"), Some("old same.toml"), &model).unwrap();
        shelf.put(&at("nothing.toml"), None, &model).unwrap();
        shelf
    }

    fn named(files: &[(&str, &str)]) -> Vec<(String, String)> {
        files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn what_stood_there_stands_beside_it_until_it_is_settled() {
        let directory = Directory::new();
        let shelf = replaced(&directory);
        assert_eq!(
            directory.all(),
            named(&[
                ("a.toml", "new"),
                ("a.toml.before-rollback", "old a.toml"),
                ("b.toml.before-rollback", "old b.toml"),
                ("c.toml", "new"),
                ("same.toml", "old same.toml"),
            ])
        );
        let kept = shelf.settle(|place, bytes| place.ends_with("a.toml") && bytes == b"old a.toml");
        assert_eq!(kept, [directory.0.join("b.toml.before-rollback")]);
        assert_eq!(directory.all().len(), 4);
    }

    #[test]
    fn all_of_it_can_be_put_back() {
        let directory = Directory::new();
        let shelf = replaced(&directory);
        shelf.put_back().unwrap();
        let old =
            [("a.toml", "old a.toml"), ("b.toml", "old b.toml"), ("same.toml", "old same.toml")];
        assert_eq!(directory.all(), named(&old));
    }

    #[test]
    fn what_stands_beside_from_another_time_is_not_written_over() {
        let directory = Directory::new();
        let earlier = directory.0.join("a.toml.before-rollback");
        fs::write(&earlier, "earlier").unwrap();
        let shelf = replaced(&directory);
        assert_eq!(fs::read_to_string(&earlier).unwrap(), "earlier");
        assert!(directory.0.join("a.toml.before-rollback-2").exists());
        shelf.put_back().unwrap();
        assert_eq!(fs::read_to_string(&earlier).unwrap(), "earlier");
    }

    #[test]
    fn a_new_file_can_be_read_by_whoever_could_read_the_old_one() {
        let directory = Directory::new();
        let place = directory.0.join("a.toml");
        fs::write(&place, "old").unwrap();
        fs::set_permissions(&place, fs::Permissions::from_mode(0o640)).unwrap();
        Shelf::default().put(&place, Some("new"), &place).unwrap();
        assert_eq!(fs::metadata(&place).unwrap().mode() & 0o777, 0o640);
    }
}
