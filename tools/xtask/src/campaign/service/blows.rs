//! The service is killed, and two of its threads hang. Must not know what the watchdog asks.

use std::fs;
use std::process::{Child, Command, Stdio};

use super::proof::Proof;
use crate::campaign::clock;
use crate::campaign::trouble::Trouble;
use crate::report;

/// SIGKILL under load: it is there again by itself, and both ends agree.
pub(super) fn is_killed(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    proof.linked()?;
    proof.load();
    clock::pause(std::time::Duration::from_secs(1));
    let mark = proof.mark();
    let (again, took) = report::timed(|| {
        proof.happens("systemctl kill --signal=KILL sekishod")?;
        proof.logs(mark, &["Main process exited, code=killed, status=9/KILL"])?;
        proof.logs(mark, &["Started sekishod.service"])
    });
    again?;
    proof.logs(mark, &["journal read"])?;
    proof.types(r#"journalctl --dmesg --grep "Out of memory" --no-pager"#)?;
    proof.linked()?;
    let answered = proof.load_ends()?;
    proof.done("sekisho journal verify --config /etc/sekisho/sekisho.toml")?;
    proof.done(
        "sekisho journal tail --dir /var/lib/sekisho/journal --key /etc/sekisho/journal.key -n 3",
    )?;
    proof.done("sekisho txn find --dir /var/lib/sekisho/journal --key /etc/sekisho/journal.key --stan 1 --limit 5")?;
    proof.types("sekisho txn find --dir /var/lib/sekisho/journal --key /etc/sekisho/journal.key --unknown --limit 5")?;
    Ok(format!("there again after {}, {answered} answers", report::seconds(took)))
}

/// A worker does not come back from its poll.
pub(super) fn hangs_a_worker(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    hangs(proof, "worker-1", "epoll_wait")
}

/// The journal does not come back from a sync.
pub(super) fn hangs_the_journal(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    hangs(proof, "journal", "fdatasync")
}

/// One thread is held in a system call by a tracer; the watchdog ends the process, and systemd starts
/// it again.
fn hangs(proof: &mut Proof<'_>, thread: &str, call: &str) -> Result<String, Trouble> {
    proof.linked()?;
    proof.load();
    let mark = proof.mark();
    let (again, took) = report::timed(|| -> Result<(), Trouble> {
        let mut tracer = held(thread, call)?;
        let ends = proof.logs(mark, &["Watchdog timeout"]);
        // A thread that is traced is not gone before its tracer is.
        drop(tracer.kill());
        tracer.wait().map_err(Trouble::failed("the tracer"))?;
        ends?;
        proof.logs(mark, &["Started sekishod.service"]).map(drop)
    });
    again?;
    proof.done("journalctl --unit sekishod --priority warning --since -15min --no-pager")?;
    proof.linked()?;
    let answered = proof.load_ends()?;
    let took = report::seconds(took);
    Ok(format!(
        "{thread} stood still, the watchdog saw it, there again after {took}, {answered} answers"
    ))
}

/// Holds a thread of sekishod at its next such call, for longer than the watchdog has patience.
fn held(thread: &str, call: &str) -> Result<Child, Trouble> {
    let id = thread_of_sekishod(thread)
        .ok_or_else(|| Trouble::Failed(format!("sekishod has no thread {thread}")))?;
    let mut strace = Command::new("setpriv");
    strace.args(["--pdeathsig", "KILL", "strace", "--quiet=all", "--attach", &id]);
    strace.args([format!("--trace={call}"), format!("--inject={call}:delay_enter=20s")]);
    strace.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    strace.spawn().map_err(Trouble::failed("strace"))
}

/// The id of a thread, as this side sees it. Nobody else's sekishod is in this process namespace.
fn thread_of_sekishod(name: &str) -> Option<String> {
    let is_named = |path: &std::path::Path, name: &str| {
        fs::read_to_string(path.join("comm")).is_ok_and(|is| is.trim_end() == name)
    };
    let processes = fs::read_dir("/proc").ok()?.flatten().map(|entry| entry.path());
    let mut threads = processes
        .filter(|process| is_named(process, "sekishod"))
        .filter_map(|process| fs::read_dir(process.join("task")).ok())
        .flat_map(|tasks| tasks.flatten().map(|task| task.path()));
    let thread = threads.find(|task| is_named(task, name))?;
    thread.file_name().map(|id| id.to_string_lossy().into_owned())
}
