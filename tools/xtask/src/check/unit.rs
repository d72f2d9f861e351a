//! The service as systemd sees it: the unit is sound and exposed no more than allowed, and what it, its user
//! and its directories are called agrees with the program and its example configuration.

mod directives;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use daemon::cli::{CONFIGURATION, EXIT_CONFIGURATION, EXIT_DATA};

use crate::checkout::{Checkout, File};
use crate::report::{Finding, Outcome};
use directives::{Directives, seconds};

const UNIT: &str = "systemd/sekishod.service";
const USERS: &str = "systemd/sysusers.d/sekisho.conf";
const DIRECTORIES: &str = "systemd/tmpfiles.d/sekisho.conf";
const EXAMPLE: &str = "systemd/sekisho.toml";
const DROP_INS: &str = "systemd/drop-ins/";
/// Where the program is once it is installed.
const PROGRAM: &str = "/usr/sbin/sekishod";
/// The most that `systemd-analyze security` may say, in tenths.
const EXPOSURE_MAX: &str = "15";
/// What no older systemd than 253 knows; the drop-in says so.
const TOO_NEW: &str = "notify-reload";

pub(super) fn run(checkout: &Checkout) -> io::Result<Outcome> {
    let mut outcome: Outcome = agreement(checkout).into();
    let desk = Desk::with(checkout)?;
    outcome.findings.extend(desk.verified()?);
    let (exposure, findings) = desk.exposure()?;
    outcome.list.extend(exposure);
    outcome.findings.extend(findings);
    Ok(outcome)
}

/// Whether the names are the same everywhere.
fn agreement(checkout: &Checkout) -> Vec<Finding> {
    let unit = Directives::read(checkout.text(UNIT));
    let mut findings = of_commands(&unit);
    findings.extend(of_names(&unit, checkout.text(EXAMPLE)));
    findings.extend(of_others(&unit, checkout));
    findings
}

/// What the unit's commands say.
fn of_commands(unit: &Directives) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, command) in unit.all("ExecStart").chain(unit.all("ExecReload")) {
        let named = command.split_once("--config ").map(|(_, rest)| rest);
        let named = named.and_then(|rest| rest.split([' ', '\'']).next());
        if command.contains("sekishod") && named != Some(CONFIGURATION) {
            let text = format!("names no --config {CONFIGURATION}, the program's own default");
            findings.push(Finding::new(UNIT, line, text));
        }
    }
    findings
}

/// What of the unit does not go with the program, or with its example configuration.
fn of_names(unit: &Directives, example: &str) -> Vec<Finding> {
    let checks = unit.all("ExecReload").next().is_some_and(|(_, line)| line.contains("--check"));
    let ends: Vec<&str> = unit.last("RestartPreventExitStatus").split_whitespace().collect();
    let ends_at = |code: u8| ends.contains(&code.to_string().as_str());
    let never_again =
        format!("must have {EXIT_DATA} and {EXIT_CONFIGURATION}: to start again does harm");
    let state = format!("/var/lib/{}", unit.last("StateDirectory"));
    let run = format!("/run/{}/", unit.last("RuntimeDirectory"));
    // There is one of `[peer]` too.
    let limits = example.split_once("[limits]").map_or(example, |(_, limits)| limits);
    let drain = seconds(assigned(limits, "# drain"));
    let credential = unit.last("LoadCredential").split_once(':').unwrap_or_default().0;
    let one = |key: &str| format!("and {EXAMPLE} must name the same ({key})");
    let musts = [
        ("ExecReload", checks, "must check first: what fails is told to nobody".to_owned()),
        (
            "RestartPreventExitStatus",
            ends_at(EXIT_DATA) && ends_at(EXIT_CONFIGURATION),
            never_again,
        ),
        ("StateDirectory", assigned(example, "state") == state, one("node.state")),
        (
            "RuntimeDirectory",
            assigned(example, "socket").starts_with(&run),
            one("the directory of control.socket"),
        ),
        (
            "TimeoutStopSec",
            drain > 0 && seconds(unit.last("TimeoutStopSec")) > drain,
            format!("must be longer than limits.drain in {EXAMPLE}"),
        ),
        (
            "FileDescriptorStoreMax",
            unit.last("FileDescriptorStoreMax").is_empty(),
            "is for descriptors that the daemon never stores".to_owned(),
        ),
        (
            "LoadCredential",
            assigned(example, "# key") == format!("credential:{credential}"),
            one("journal.key"),
        ),
    ];
    let broken = musts.into_iter().filter(|(_, is_kept, _)| !is_kept);
    let finding = |(key, _, text): (&str, bool, String)| {
        Finding::new(UNIT, unit.line_of(key), format!("{key}= {text}"))
    };
    broken.map(finding).collect()
}

/// Who is to be made by others: the user, the directories, and no socket.
fn of_others(unit: &Directives, checkout: &Checkout) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (user, group) = (unit.last("User"), unit.last("Group"));
    let (state, mode) = (unit.last("StateDirectory"), unit.last("StateDirectoryMode"));
    let key = unit.last("LoadCredential").split_once(':').unwrap_or_default().1;
    let directory = Path::new(CONFIGURATION).parent().expect("it lies in a directory");
    for wanted in [
        // What is written there under a strict umask must be readable by the daemon all the same.
        format!("d {} 2750 root {group}", directory.display()),
        format!("d /var/lib/{state} {mode} {user} {group}"),
        format!("z {key} 0400 root root"),
    ] {
        if !has_line(checkout.text(DIRECTORIES), &wanted) {
            let text = format!("must have `{wanted}`, as the unit and the program say");
            findings.push(Finding::new(DIRECTORIES, 1, text));
        }
    }
    // Without a group of its own, a user gets one of its name.
    if user != group || !has_line(checkout.text(USERS), &format!("u {user} -")) {
        let text = format!("must make the user `{user}`, whose group is `{group}`");
        findings.push(Finding::new(USERS, 1, text));
    }
    for socket in checkout.files.iter().filter(|file| is_socket_unit(file)) {
        let text =
            "a connection would start a node that stopped itself; the daemon makes its socket";
        findings.push(Finding::new(&socket.path, 1, text));
    }
    findings
}

/// Whether a file has a line of these words at least, whatever is between them.
fn has_line(text: &str, words: &str) -> bool {
    let wanted: Vec<&str> = words.split_whitespace().collect();
    let mut lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    lines.any(|line| line.starts_with(&wanted))
}

/// What the example configuration gives a key, or would; empty without it.
fn assigned<'t>(example: &'t str, key: &str) -> &'t str {
    let value = |line: &'t str| line.strip_prefix(key)?.trim_start().strip_prefix("= \"");
    let value = example.lines().find_map(value).and_then(|rest| rest.split('"').next());
    value.unwrap_or_default()
}

fn is_socket_unit(file: &File) -> bool {
    file.path.starts_with("systemd/") && file.extension() == Some("socket")
}

/// Copies of the unit and its drop-ins that can be looked at where nothing is installed.
struct Desk {
    /// Removed with it.
    directory: PathBuf,
    drop_ins: Vec<(String, String)>,
}

impl Desk {
    fn with(checkout: &Checkout) -> io::Result<Self> {
        // Tests have several in one process.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("xtask-unit-{}-{next}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        fs::create_dir_all(directory.join("sekishod.service.d"))?;
        let drop_ins = checkout.files.iter().filter(|file| file.path.starts_with(DROP_INS));
        let drop_ins = drop_ins.map(|file| (file.path.clone(), with_a_program(&file.text)));
        let desk = Self { directory, drop_ins: drop_ins.collect() };
        fs::write(desk.unit(), with_a_program(checkout.text(UNIT)))?;
        Ok(desk)
    }

    fn unit(&self) -> PathBuf {
        self.directory.join("sekishod.service")
    }

    /// What `systemd-analyze verify` says of the unit, and of it with each drop-in.
    fn verified(&self) -> io::Result<Vec<Finding>> {
        let mut findings = self.verify(UNIT)?;
        let place = self.directory.join("sekishod.service.d/drop-in.conf");
        for (path, text) in &self.drop_ins {
            fs::write(&place, text)?;
            let said = self.verify(path)?;
            findings.extend(said.into_iter().filter(|finding| !finding.text.contains(TOO_NEW)));
            fs::remove_file(&place)?;
        }
        Ok(findings)
    }

    /// `path`: whom it is said of.
    fn verify(&self, path: &str) -> io::Result<Vec<Finding>> {
        // Manual pages are in the package, not here.
        let said = analyze(&["verify", "--man=no"], &self.unit())?;
        let lines = said.err.lines().chain(said.out.lines()).filter(|line| !line.trim().is_empty());
        let mut lines: Vec<&str> = lines.collect();
        if lines.is_empty() && !said.passed {
            lines.push("systemd-analyze verify fails and does not say why");
        }
        Ok(lines.into_iter().map(|line| Finding::new(path, 1, line)).collect())
    }

    /// What `systemd-analyze security` says last, and that it is too much.
    fn exposure(&self) -> io::Result<(Option<String>, Vec<Finding>)> {
        let threshold = format!("--threshold={EXPOSURE_MAX}");
        let said =
            analyze(&["security", "--offline=true", "--no-pager", &threshold], &self.unit())?;
        let overall = said.out.lines().find(|line| line.contains("exposure level"));
        // Its arrow and its face are no ASCII.
        let overall =
            overall.map(|line| line.replace(|c: char| !c.is_ascii(), "").trim().to_owned());
        if said.passed && overall.is_some() {
            return Ok((overall, Vec::new()));
        }
        let what = overall.unwrap_or(said.err);
        let text = format!("{what}: it may be {EXPOSURE_MAX} tenths at most; close what is open");
        Ok((None, vec![Finding::new(UNIT, 1, text)]))
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // What is left of it does no harm.
        drop(fs::remove_dir_all(&self.directory));
    }
}

/// With a program that is there on every machine in the place of ours.
fn with_a_program(unit: &str) -> String {
    unit.replace(PROGRAM, "/bin/true")
}

struct Said {
    passed: bool,
    out: String,
    err: String,
}

fn analyze(arguments: &[&str], unit: &Path) -> io::Result<Said> {
    let mut command = Command::new("systemd-analyze");
    let output = command.args(arguments).arg(unit).env("LC_ALL", "C.UTF-8").output();
    let output = output.map_err(|error| {
        io::Error::new(error.kind(), format!("systemd-analyze ({error}); run tools/setup first"))
    })?;
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    Ok(Said { passed: output.status.success(), out, err })
}

#[cfg(test)]
mod tests;
