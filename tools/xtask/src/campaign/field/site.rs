//! A node: its disk, its daemon in a network of its own, what operators ask and tell it. Must not know what it is
//! put through.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::time::Duration;

use rustix::fs::{FallocateFlags, fallocate};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::map::Place;
use crate::campaign::clock;
use crate::campaign::programs::Programs;
use crate::campaign::trouble::Trouble;
use crate::machine::disk::Disk;
use crate::machine::group::Group;
use crate::machine::network::Network;
use crate::machine::{self};

/// Bytes of its disk; what is not written takes no place.
const DISK_BYTES: u64 = 512 << 20;
/// Between two questions: a daemon takes 20 of a user a second.
const BETWEEN: Duration = Duration::from_millis(60);
/// How long a daemon may take to end that was told to.
const ENDS: Duration = Duration::from_secs(30);
/// How long the system may hold files of a process after its end.
const LETS_GO: Duration = Duration::from_secs(10);
/// Lines of its log that are shown of one that did what it must not.
const LINES: usize = 12;

/// A node, whether its daemon runs or not.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) place: Place,
    network: Network,
    folder: PathBuf,
    disk: Disk,
    sekishod: PathBuf,
    sekisho: PathBuf,
    child: Option<Child>,
    /// What it can be frozen by; it has one from its first freeze on.
    group: Option<Group>,
}

/// A disk that hangs, while this is there: who writes to it waits.
#[derive(Debug)]
pub(super) struct HungDisk(PathBuf);

/// By what a process stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Means {
    /// SIGSTOP, of which it sees nothing but that time has passed.
    Signal,
    /// A control group that is frozen, as a machine is that is suspended.
    Group,
}

/// A daemon each of whose syncs takes long, while this is there.
#[derive(Debug)]
pub(super) struct SlowSyncs {
    strace: Child,
    /// What it has seen.
    seen: PathBuf,
}

impl Site {
    /// One with an empty disk, which does not run. `folder` is its own.
    pub(super) fn new(
        place: Place,
        network: &Network,
        folder: PathBuf,
        programs: &Programs,
    ) -> io::Result<Self> {
        fs::create_dir(&folder)?;
        let disk = Disk::new(&format!("{}-{place}", world_of(&folder)), DISK_BYTES)?;
        let Programs { sekishod, sekisho } = programs.clone();
        let network = network.clone();
        Ok(Self { place, network, folder, disk, sekishod, sekisho, child: None, group: None })
    }

    pub(super) fn state(&self) -> PathBuf {
        self.disk.mount().join("state")
    }

    pub(super) fn journal(&self) -> PathBuf {
        self.state().join("journal")
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.folder.join("control.sock")
    }

    pub(super) fn key(&self) -> PathBuf {
        self.folder.join("journal.key")
    }

    /// What stands in its configuration, and the key of its journal.
    pub(super) fn is_configured(&self, text: &str, key: [u8; 32]) -> io::Result<()> {
        fs::write(self.key(), key)?;
        fs::set_permissions(self.key(), fs::Permissions::from_mode(0o400))?;
        fs::write(self.folder.join("sekisho.toml"), text)
    }

    /// Its daemon starts.
    pub(super) fn starts(&mut self) -> Result<(), Trouble> {
        let log = File::options().create(true).append(true).open(self.log());
        let mut command = self.network.command(&self.sekishod);
        command.args(["--log-format", "json", "--config"]).arg(self.folder.join("sekisho.toml"));
        command.stdout(Stdio::null()).stderr(log.map_err(Trouble::failed("a log"))?);
        self.child = Some(command.spawn().map_err(Trouble::failed("sekishod"))?);
        Ok(())
    }

    /// An operator's command; what it said when it was done, and why it was not.
    pub(super) fn told(&self, words: &str) -> Result<Vec<u8>, String> {
        let mut command = Programs::leashed(&self.sekisho);
        command.args(words.split_whitespace()).arg("--socket").arg(self.socket());
        let output = command.output().map_err(|error| error.to_string())?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(format!("{}: {}", output.status, said.trim_end()))
    }

    /// One that must be done, in this time.
    pub(super) fn does(&self, words: &str, within: Duration) -> Result<(), Trouble> {
        let mut said = Ok(Vec::new());
        let done = again(within, || {
            said = self.told(words);
            said.is_ok()
        });
        if done {
            return Ok(());
        }
        let said = said.err().unwrap_or_default();
        Err(Trouble::Found(format!("{}: {words}: {said}{}", self.place, self.last_words())))
    }

    /// How it stands as one of two, when it answers.
    pub(super) fn stands(&self) -> Option<Value> {
        let said = self.told("node status -o json").ok()?;
        serde_json::from_slice(&said).ok()
    }

    /// How many answers it has dropped because they were late, when it answers.
    pub(super) fn dropped(&self) -> Option<u64> {
        let said = self.runs().then(|| self.told("status -o json").ok()).flatten()?;
        let status: Value = serde_json::from_slice(&said).ok()?;
        status["counters"]["late_dropped"].as_u64()
    }

    /// Asks until it stands like this; how it did last if it does not come to that.
    pub(super) fn comes_to(
        &self,
        within: Duration,
        is_it: impl Fn(&Value) -> bool,
    ) -> Result<Value, Option<Value>> {
        let mut last = None;
        let came = again(within, || {
            last = self.stands();
            last.as_ref().is_some_and(&is_it)
        });
        if came { last.ok_or(None) } else { Err(last) }
    }

    /// It has not ended by itself.
    pub(super) fn still_runs(&mut self) -> Result<(), Trouble> {
        let ended = self.child.as_mut().map(Child::try_wait);
        match ended {
            Some(Ok(None)) | None => Ok(()),
            Some(Ok(Some(status))) => {
                self.child = None;
                let words = self.last_words();
                Err(Trouble::Found(format!("{} ended by itself: {status}{words}", self.place)))
            }
            Some(Err(error)) => Err(Trouble::Failed(format!("{}: {error}", self.place))),
        }
    }

    pub(super) fn runs(&self) -> bool {
        self.child.is_some()
    }

    pub(super) fn is_sent(&self, signal: Signal) {
        if let Some(child) = &self.child {
            // An error says that it has ended already.
            kill_process(Pid::from_child(child), signal).unwrap_or_default();
        }
    }

    /// It does nothing any more, until it goes on.
    pub(super) fn stands_still(&mut self, means: Means) -> Result<(), Trouble> {
        match means {
            Means::Signal => {
                self.is_sent(Signal::STOP);
                Ok(())
            }
            Means::Group => self.freezes().map_err(Trouble::failed("a control group")),
        }
    }

    fn freezes(&mut self) -> io::Result<()> {
        let group = match self.group.take() {
            Some(group) => group,
            None => Group::new(&format!("{}-{}", world_of(&self.folder), self.place))?,
        };
        let group = self.group.insert(group);
        group.takes(self.child.as_ref().map(Child::id).unwrap_or_default())?;
        group.freeze(true)
    }

    /// It goes on where it was.
    pub(super) fn goes_on(&mut self, means: Means) -> Result<(), Trouble> {
        match (means, &self.group) {
            (Means::Group, Some(group)) => {
                group.freeze(false).map_err(Trouble::failed("a control group"))
            }
            (Means::Group, None) | (Means::Signal, _) => {
                self.is_sent(Signal::CONT);
                Ok(())
            }
        }
    }

    /// SIGKILL: it ends where it is.
    pub(super) fn is_killed(&mut self) -> Result<(), Trouble> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        drop(child.kill());
        child.wait().map(drop).map_err(Trouble::failed("the end of sekishod"))
    }

    /// It is told to stop, and ends.
    pub(super) fn stops(&mut self) -> Result<(), Trouble> {
        self.is_sent(Signal::TERM);
        let status = self.ends(ENDS)?;
        if status.code() == Some(0) {
            return Ok(());
        }
        let words = self.last_words();
        Err(Trouble::Found(format!("told to stop, {} ended with {status}{words}", self.place)))
    }

    /// Waits for its end.
    pub(super) fn ends(&mut self, within: Duration) -> Result<ExitStatus, Trouble> {
        let Some(mut child) = self.child.take() else {
            return Err(Trouble::Failed(format!("{} does not run", self.place)));
        };
        if machine::ends(&child, within).map_err(Trouble::failed("a pidfd"))? {
            return child.wait().map_err(Trouble::failed("the end of sekishod"));
        }
        self.child = Some(child);
        let words = self.last_words();
        Err(Trouble::Found(format!("{} does not end{words}", self.place)))
    }

    /// What was not synced of its disk is lost with its process, and is so when that starts again.
    pub(super) fn loses_power(&mut self) -> Result<(), Trouble> {
        self.disk.fail().map_err(Trouble::failed("a power cut"))?;
        self.is_killed()?;
        let mut mounted = Ok(());
        clock::until(LETS_GO, || {
            mounted = self.disk.returns();
            mounted.is_ok()
        });
        mounted.map_err(Trouble::failed("the disk after a power cut"))
    }

    /// Each of its syncs takes so much longer.
    pub(super) fn has_slow_syncs(&self, delay: Duration) -> Result<SlowSyncs, Trouble> {
        let id = self.child.as_ref().map(Child::id).unwrap_or_default();
        let seen = self.folder.join("syncs");
        let mut strace = Programs::leashed(Path::new("strace"));
        strace.args(["-f", "-qq", "-e", "trace=fdatasync", "-o"]).arg(&seen).arg("-e");
        strace.arg(format!("inject=fdatasync:delay_enter={}", delay.as_micros()));
        strace.arg("-p").arg(id.to_string()).stdout(Stdio::null()).stderr(Stdio::null());
        let strace = strace.spawn().map_err(Trouble::failed("strace"))?;
        Ok(SlowSyncs { strace, seen })
    }

    /// Whoever writes to its disk waits, and can not even be killed.
    pub(super) fn has_a_hung_disk(&self) -> Result<HungDisk, Trouble> {
        let place = self.disk.mount().to_owned();
        fsfreeze("--freeze", &place)?;
        Ok(HungDisk(place))
    }

    /// Its disk has no room any more.
    pub(super) fn has_a_full_disk(&self) -> Result<(), Trouble> {
        let file = File::create(self.ballast()).map_err(Trouble::failed("a full disk"))?;
        let (mut at, mut step) = (0, DISK_BYTES / 2);
        while step >= 4096 {
            match fallocate(&file, FallocateFlags::empty(), at, step) {
                Ok(()) => at += step,
                Err(_) => step /= 2,
            }
        }
        Ok(())
    }

    /// It has room again.
    pub(super) fn has_room_again(&self) -> Result<(), Trouble> {
        fs::remove_file(self.ballast()).map_err(Trouble::failed("a full disk"))
    }

    fn ballast(&self) -> PathBuf {
        self.disk.mount().join("ballast")
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// Its last lines, for whoever looks into what went wrong.
    pub(super) fn last_words(&self) -> String {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        // What an operator asked is of no interest.
        let lines: Vec<_> =
            log.lines().filter(|line| !line.contains("\"message\":\"command\"")).collect();
        let last = &lines[lines.len().saturating_sub(LINES)..];
        last.iter().flat_map(|line| ["\n    ", line]).collect()
    }

    /// Copies its log, configuration and journal to a place where they stay.
    pub(super) fn is_kept(&self, place: &Path) -> io::Result<()> {
        let place = place.join(self.place.to_string());
        fs::create_dir_all(&place)?;
        for folder in [self.folder.clone(), self.journal()] {
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                if entry.file_type().is_ok_and(|kind| kind.is_file()) {
                    // A segment may be packed meanwhile.
                    drop(fs::copy(entry.path(), place.join(entry.file_name())));
                }
            }
        }
        Ok(())
    }

    /// It ends, and nothing is left of its disk.
    pub(super) fn leaves(&mut self) {
        drop(self.is_killed());
        clock::until(LETS_GO, || self.disk.leave().is_ok());
    }
}

impl SlowSyncs {
    /// They are as quick as they were.
    pub(super) fn ends(mut self) -> Result<(), Trouble> {
        let ended = self.strace.try_wait().map_err(Trouble::failed("strace"))?;
        if let Some(status) = ended {
            return Err(Trouble::Failed(format!("strace ended by itself: {status}")));
        }
        // It lets go of what it traces before it ends.
        kill_process(Pid::from_child(&self.strace), Signal::TERM).unwrap_or_default();
        self.strace.wait().map_err(Trouble::failed("strace"))?;
        let seen = fs::read_to_string(&self.seen).map_err(Trouble::failed("what strace saw"))?;
        if seen.contains("(DELAYED)") {
            Ok(())
        } else {
            Err(Trouble::Failed("no sync of a slow disk took longer".into()))
        }
    }
}

impl Drop for SlowSyncs {
    fn drop(&mut self) {
        // An error says that it has ended already.
        drop(self.strace.kill());
        drop(self.strace.wait());
    }
}

impl Drop for HungDisk {
    fn drop(&mut self) {
        // An error says that it hangs no more.
        drop(fsfreeze("--unfreeze", &self.0));
    }
}

fn fsfreeze(option: &str, place: &Path) -> Result<(), Trouble> {
    let status = Programs::leashed(Path::new("fsfreeze")).arg(option).arg(place).status();
    match status.map_err(Trouble::failed("fsfreeze"))? {
        status if status.success() => Ok(()),
        status => Err(Trouble::Failed(format!("fsfreeze {option}: {status}"))),
    }
}

/// The name of the world that its folder is in.
fn world_of(folder: &Path) -> String {
    let world = folder.parent().and_then(Path::file_name).unwrap_or_default();
    world.to_string_lossy().into_owned()
}

/// Tries until something is so, with pauses between.
fn again(within: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    clock::until(within, || {
        let so = is_so();
        if !so {
            clock::pause(BETWEEN);
        }
        so
    })
}

impl Drop for Site {
    fn drop(&mut self) {
        drop(self.is_killed());
    }
}
