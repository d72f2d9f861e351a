//! A real Debian, booted by systemd on this machine's kernel, in namespaces of its own: what is
//! installed, started and broken in it is the machine's own affair. Must not know Sekisho.
//!
//! Everything stands on a file system in memory below `/run`, in a mount and a process namespace
//! that the campaign was started in (`namespace`), so nothing is left of it whatever becomes of the
//! campaign. Several machines can stand side by side, each with a network of its own.

pub(crate) mod base;
pub(crate) mod disk;
pub(crate) mod group;
pub(crate) mod line;
pub(crate) mod log;
pub(crate) mod namespace;
pub(crate) mod network;
mod ready;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use self::group::Group;
use self::log::Log;
use self::network::Network;
use self::ready::Ready;

/// How long a machine may take to boot, and to power off.
const BOOTS: Duration = Duration::from_secs(20);
/// Seconds that a command in a machine may take.
const COMMAND_S: &str = "120";
/// The file beside its root that has what it wrote to its console.
const CONSOLE: &str = "console";
/// Where the programs of a Debian are.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A machine. What runs in it ends at the latest when this is dropped.
#[derive(Debug)]
pub(crate) struct Machine {
    name: String,
    root: PathBuf,
    network: Network,
    group: Group,
    /// Folders of this side that are bound to places in it, as `systemd-nspawn` is told of them.
    binds: Vec<String>,
    run: Run,
}

/// From a boot to its end.
#[derive(Debug)]
struct Run {
    /// The process of `systemd-nspawn`.
    host: Child,
    /// The machine's first process, as this side sees it.
    leader: String,
    log: Log,
}

/// What a command came to.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    /// Its exit code; 124 when it took too long, none when a signal ended it.
    pub(crate) code: Option<i32>,
    /// What it wrote to stdout, and behind it what it wrote to stderr.
    pub(crate) text: String,
}

impl Machine {
    /// Boots a machine of that name from a base, with folders of this side bound to places in it;
    /// comes back when its services run.
    pub(crate) fn boot(name: &str, base: &Path, binds: &[(&Path, &str)]) -> io::Result<Self> {
        let folder = namespace::place().join(name);
        let at = |part: &str| -> io::Result<PathBuf> {
            let part = folder.join(part);
            fs::create_dir_all(&part).map(|()| part)
        };
        let (root, upper, work) = (at("root")?, at("upper")?, at("work")?);
        let layers = format!(
            "lowerdir={},upperdir={},workdir={}",
            base.display(),
            upper.display(),
            work.display()
        );
        let mut mount = Command::new("mount");
        mount.args(["-t", "overlay", "-o", &layers, "overlay"]).arg(&root);
        done(&mut mount)?;
        let network = Network::new(folder.join("network"))?;
        let group = Group::new(name)?;
        let bind = |(here, there): &(&Path, &str)| format!("--bind={}:{there}", here.display());
        let binds: Vec<_> = binds.iter().map(bind).collect();
        let run = Run::begins(name, &root, &network, &group, &binds)?;
        Ok(Self { name: name.to_owned(), root, network, group, binds, run })
    }

    /// Its power is cut: all that runs in it is gone at once, whatever it was about. What was written but not
    /// synced is lost of a [`disk::Disk`] alone, if that is cut too.
    pub(crate) fn loses_power(&mut self) -> io::Result<()> {
        self.run.log.end();
        // The first process takes all others of the machine with it.
        done(Command::new("kill").args(["-KILL", &self.run.leader]))?;
        self.run.host.wait().map(drop)
    }

    /// Boots again what was powered off or has lost its power, with the network that it had; comes back when
    /// its services run.
    pub(crate) fn boots(&mut self) -> io::Result<()> {
        let Self { name, root, network, group, binds, run } = self;
        *run = Run::begins(name, root, network, group, binds)?;
        Ok(())
    }

    /// Nothing in it runs, until [`Machine::thaw`]; its disks, its network and its connections stay.
    pub(crate) fn freeze(&self) -> io::Result<()> {
        self.group.freeze(true)
    }

    /// All goes on where it was.
    pub(crate) fn thaw(&self) -> io::Result<()> {
        self.group.freeze(false)
    }

    /// Its root, as this side sees it. What is bound to places in it is not seen there.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Its log: all that journald has taken since the boot.
    pub(crate) fn log(&self) -> &Log {
        &self.run.log
    }

    /// The network that it alone is in.
    pub(crate) fn network(&self) -> &Network {
        &self.network
    }

    /// Runs a line of a shell as root of the machine, with these variables.
    pub(crate) fn run(&self, line: &str, variables: &[(&str, &str)]) -> io::Result<Said> {
        let mut command = Command::new("timeout");
        command.args(["--kill-after=5", COMMAND_S]);
        command.args(["nsenter", "--all", "--target", &self.run.leader, "--", "bash", "-c", line]);
        in_debian(&mut command).envs(variables.iter().copied());
        let output = command.stdin(Stdio::null()).output()?;
        let text = [output.stdout, output.stderr].concat();
        Ok(Said { code: output.status.code(), text: String::from_utf8_lossy(&text).into_owned() })
    }

    /// Powers it off as an operator would.
    pub(crate) fn power_off(&mut self) -> io::Result<()> {
        // A process of this side that stands beside the machine's own is never told of their end.
        self.run.log.end();
        self.run("systemctl poweroff", &[])?;
        if ends(&self.run.host, BOOTS)? {
            return self.run.host.wait().map(drop);
        }
        let said = fs::read_to_string(self.root.with_file_name(CONSOLE)).unwrap_or_default();
        Err(io::Error::other(format!("the machine does not power off\n{said}")))
    }
}

impl Run {
    fn begins(
        name: &str,
        root: &Path,
        network: &Network,
        group: &Group,
        binds: &[String],
    ) -> io::Result<Self> {
        let ready = Ready::new(root.with_file_name("notify"))?;
        let mut boot = group.command("systemd-nspawn");
        boot.args(["--quiet", "--boot", "--register=no", "--keep-unit", "--notify-ready=yes"]);
        boot.args(["--console=pipe", "--link-journal=no", "--resolv-conf=off", "--timezone=off"]);
        boot.arg(format!("--machine={name}")).arg(joined("--directory=", root));
        boot.arg(joined("--network-namespace-path=", network.path())).args(binds);
        boot.env("NOTIFY_SOCKET", ready.socket());
        let console = root.with_file_name(CONSOLE);
        let output = fs::File::create(&console)?;
        boot.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let mut host = boot.spawn()?;
        let leader = match ready.leader(BOOTS) {
            Ok(leader) => leader,
            Err(error) => {
                host.kill()?;
                host.wait()?;
                let said = fs::read_to_string(console).unwrap_or_default();
                return Err(io::Error::other(format!("{name} does not boot: {error}\n{said}")));
            }
        };
        let mut journal = inside(&leader);
        // Where a log of an earlier boot is kept, that is no part of it.
        journal.args(["journalctl", "--boot", "--follow", "--lines=all"]);
        journal.args(["--output=json", "--all"]);
        let log = Log::follow(&mut journal)?;
        Ok(Self { host, leader, log })
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // An error says that it has ended already.
        drop(self.host.kill());
        drop(self.host.wait());
    }
}

/// A program in the machine whose first process that is; it ends with this thread at the latest.
fn inside(leader: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "nsenter", "--all", "--target", leader, "--"]);
    in_debian(&mut command).stdin(Stdio::null());
    command
}

/// Nothing of this side's environment reaches the machine.
fn in_debian(command: &mut Command) -> &mut Command {
    command.env_clear().env("PATH", PATH).env("LANG", "C.UTF-8").env("HOME", "/")
}

/// Waits until a process ends; whether it did in this time.
pub(crate) fn ends(child: &Child, within: Duration) -> io::Result<bool> {
    let handle = pidfd_open(Pid::from_child(child), PidfdFlags::empty())?;
    let within = Timespec::try_from(within).unwrap_or_default();
    Ok(poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&within))? > 0)
}

/// Runs a program of this side, which must end with 0.
fn done(command: &mut Command) -> io::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(io::Error::other(format!("{program}: {}: {}", output.status, said.trim_end())))
}

fn joined(option: &str, path: &Path) -> std::ffi::OsString {
    let mut joined = std::ffi::OsString::from(option);
    joined.push(path);
    joined
}
