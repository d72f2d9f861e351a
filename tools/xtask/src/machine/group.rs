//! The control group of one machine, so that its systemd has one to itself and two machines do not
//! meet. Must not know what runs in it.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::campaign::clock;

/// The file of a group that stops it.
const FREEZE: &str = "cgroup.freeze";
/// How long it may take until nothing in a group runs.
const FREEZES: Duration = Duration::from_secs(5);
/// Control groups of machines begin with it.
const NAME: &str = "sekisho-machine-";

/// A control group: a folder in each hierarchy that systemd uses, one or two.
#[derive(Debug)]
pub(crate) struct Group(Vec<PathBuf>);

impl Group {
    pub(crate) fn new(name: &str) -> io::Result<Self> {
        let mut folders = Vec::new();
        for parent in parents_here()? {
            // Outside of this process namespace another campaign may run.
            let folder = parent.join(format!("{NAME}{name}-{}", outer_id()?));
            fs::create_dir_all(&folder)?;
            folders.push(folder);
        }
        if folders.is_empty() {
            return Err(io::Error::other("this system mounts no control groups"));
        }
        Ok(Self(folders))
    }

    /// A program that begins its life in the group, and ends with this thread at the latest.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "sh", "-c"]);
        // Whoever writes there moves itself.
        command
            .arg(r#"while [ "$1" != -- ]; do echo 0 >"$1" || exit; shift; done; shift; exec "$@""#);
        command.arg("sh").args(self.0.iter().map(|folder| folder.join("cgroup.procs")));
        command.arg("--").arg(program);
        command
    }

    /// A process that runs is in it from now on.
    pub(crate) fn takes(&self, id: u32) -> io::Result<()> {
        self.0.iter().try_for_each(|folder| fs::write(folder.join("cgroup.procs"), id.to_string()))
    }

    /// Stops all that runs in it where it is, or lets it go on; comes back when that is so.
    pub(crate) fn freeze(&self, is_to: bool) -> io::Result<()> {
        // Of the two hierarchies only that of version 2 can; whoever is in the group is in it in both.
        let second = self.0.iter().find(|folder| folder.join(FREEZE).exists());
        let second =
            second.ok_or_else(|| io::Error::other("no control group can be frozen here"))?;
        fs::write(second.join(FREEZE), if is_to { "1" } else { "0" })?;
        let events = second.join("cgroup.events");
        let is_so = || fs::read_to_string(&events).is_ok_and(|events| is_frozen(&events) == is_to);
        if clock::until(FREEZES, is_so) {
            Ok(())
        } else {
            Err(io::Error::other("it is not frozen"))
        }
    }
}

/// Whether a group's `cgroup.events` says that nothing in it runs.
fn is_frozen(events: &str) -> bool {
    events.lines().any(|line| line == "frozen 1")
}

/// This process as the system sees it outside of its namespace.
fn outer_id() -> io::Result<String> {
    fs::metadata("/proc/self/ns/pid").map(|space| space.ino().to_string())
}

/// Where this process's own groups are, in the hierarchies that systemd uses: the one of version 2
/// and, where both are mounted, the one of its name.
fn parents(ours: &str, mounts: &str) -> Vec<PathBuf> {
    let group = |controller: &str| {
        ours.lines().find_map(|line| {
            let (_, rest) = line.split_once(':')?;
            let (name, path) = rest.split_once(':')?;
            (name == controller).then(|| path.trim_start_matches('/').to_owned())
        })
    };
    let mount = |kind: &str, option: &str| {
        mounts.lines().find_map(|line| {
            let (mounted, system) = line.split_once(" - ")?;
            let mut system = system.split(' ');
            let (is, options) = (system.next()?, system.nth(1)?);
            let is_it =
                is == kind && (option.is_empty() || options.split(',').any(|o| o == option));
            is_it.then(|| mounted.split(' ').nth(4).map(PathBuf::from))?
        })
    };
    let second = mount("cgroup2", "").zip(group(""));
    let named = mount("cgroup", "name=systemd").zip(group("name=systemd"));
    second.into_iter().chain(named).map(|(mount, path)| mount.join(path)).collect()
}

fn parents_here() -> io::Result<Vec<PathBuf>> {
    let read = fs::read_to_string;
    Ok(parents(&read("/proc/self/cgroup")?, &read("/proc/self/mountinfo")?))
}

/// Removes groups in which nothing runs any more, those of campaigns that were killed too.
pub(super) fn remove_left_over() -> io::Result<()> {
    for parent in parents_here()? {
        let entries = fs::read_dir(parent)?.flatten();
        let left = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(NAME));
        left.for_each(|entry| remove(&entry.path()));
    }
    Ok(())
}

/// Removes a group and those below it, as far as nothing runs in them.
fn remove(group: &Path) {
    let below = fs::read_dir(group).into_iter().flatten().flatten();
    let folders = below.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    folders.for_each(|entry| remove(&entry.path()));
    drop(fs::remove_dir(group));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_both_versions_are_mounted_systemd_uses_two_hierarchies() {
        let ours = "4:memory:/a\n1:name=systemd:/session\n0::/unit\n";
        let mounts = "30 20 0:26 / /sys/fs/cgroup/unified rw shared:2 - cgroup2 cgroup2 rw,nsdelegate\n\
                      31 20 0:27 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n\
                      32 20 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
        let expected = ["/sys/fs/cgroup/unified/unit", "/sys/fs/cgroup/systemd/session"];
        assert_eq!(parents(ours, mounts), expected.map(PathBuf::from));
    }

    #[test]
    fn a_group_is_frozen_when_its_events_say_so() {
        assert!(is_frozen("populated 1\nfrozen 1\n"));
        assert!(!is_frozen("populated 1\nfrozen 0\n"));
    }

    #[test]
    fn where_version_two_is_alone_there_is_one() {
        let mounts = "30 20 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n";
        assert_eq!(parents("0::/\n", mounts), [PathBuf::from("/sys/fs/cgroup")]);
    }
}
