//! `sekisho drill`: what becomes of the service when a site or the line between two sites is lost, tried out on
//! purpose. Looks first, asks, has it done, waits, measures, and goes back. Must not know how a node dies or how a
//! line is refused; what is worth a look and what was seen, its children say.

mod before;

mod seen;

mod waiting;

mod report;

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use daemon::control::{ask_node, ask_status};
use daemon::drills::{Drill, Drilled};
use daemon::node_requests::{NodeReply, NodeRequest, NodeStatus};
use daemon::status::Status;

use crate::asking::{self, Shown};
use crate::output::{CONFLICT, FAILED, FOUND, Failure, Format, USAGE};
use crate::status::period;

use report::Report;

/// What all drills have in common.
pub(crate) const ABOUT: &str = "\
A drill is typed on the primary. Each looks first (in sync, versions, digests, clocks, witness, what the other
machine can bear), and does nothing unless all of that is as it should be; --dry-run looks only.
Then it says what will happen to whom, asks, and has it done; and it shows what was seen: epochs, positions, times,
how long nobody was answered (RTO), records that are missing (RPO), what was closed and what is owed.
Whatever becomes of this program meanwhile, the daemon ends the drill by itself after the time that was said.

failover      the primary ends where it stands, as if it had died, and the standby is to take over by itself
sick-primary  the primary can not complete its synthetic transaction any more: it is to find that out, and to give up
link-loss     the line between the sites is refused, and the primary is to serve on alone

Exit codes: 0 all was as it is to be, 1 failed, 2 nobody can be asked, 4 only administrators may, 5 not done: it is
not the primary, or something is not as it should be before; 6 no daemon, or it did not come back, 7 the drill was
done, and something was not as it is to be (with --dry-run: something is not as it should be before).";

/// For so long a synthetic transaction is withheld at most: the life that it is withheld from ends much earlier.
const SICK_FOR: Duration = Duration::from_secs(30);

/// What to drill.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// This primary ends where it stands, as if it had died; the standby is to take over by itself
    #[command(after_help = ABOUT)]
    Failover {
        /// How long this node stays away; by itself it comes back then, as the standby
        #[arg(long = "for", value_name = "TIME", default_value = "6s", value_parser = period)]
        away: Duration,

        #[command(flatten)]
        how: How,
    },
    /// The synthetic transaction of this primary is withheld: it is to find out that it is sick, and to give up
    #[command(after_help = ABOUT)]
    SickPrimary {
        #[command(flatten)]
        how: How,
    },
    /// The line between the sites is refused for a while; the primary is to serve on alone
    #[command(after_help = ABOUT)]
    LinkLoss {
        /// How long the line is refused
        #[arg(long = "for", value_name = "TIME", default_value = "10s", value_parser = period)]
        away: Duration,

        #[command(flatten)]
        how: How,
    },
}

/// How it is to be done.
#[derive(Debug, clap::Args)]
pub(crate) struct How {
    /// Look only: what would keep it from being done
    #[arg(long)]
    dry_run: bool,

    /// Do not ask
    #[arg(long)]
    yes: bool,

    /// Behind the drill, once both are in sync again, let this node be the primary again
    #[arg(long)]
    back: bool,

    /// The longest time without an answer that is good
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = period)]
    rto: Duration,

    /// Write what is shown into this file too, which must not be there yet
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,

    #[command(flatten)]
    shown: Shown,
}

/// Runs the command.
pub(crate) fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Failover { away, how } => drill(Drill::Failover, away, &how),
        Command::SickPrimary { how } => drill(Drill::SickPrimary, SICK_FOR, &how),
        Command::LinkLoss { away, how } => drill(Drill::LinkLoss, away, &how),
    }
}

fn drill(drill: Drill, away: Duration, how: &How) -> Result<ExitCode, Failure> {
    let mut report = Report::begin(drill, how.shown.output, how.report.as_deref())?;
    let done = steps(drill, away, how, &mut report);
    if let Err(failure) = &done {
        report.fails(failure);
    }
    report.ends()?;
    done
}

fn steps(
    drill: Drill,
    away: Duration,
    how: &How,
    report: &mut Report,
) -> Result<ExitCode, Failure> {
    let wrong = looks(drill, away, how, report)?;
    if how.dry_run {
        return Ok(if wrong > 0 { ExitCode::from(FOUND) } else { ExitCode::SUCCESS });
    }
    if wrong > 0 {
        let message = format!("nothing was done: {wrong} of these are not as they should be");
        return Err(Failure::new(CONFLICT, message));
    }
    let first = first(how)?;
    let for_ms = u64::try_from(away.as_millis()).unwrap_or(u64::MAX);
    let reply = ask(how, &NodeRequest::Drill { drill, for_ms })?;
    let drilled = begun(&reply)?;
    report.begins(&drilled)?;
    let after = match drill {
        Drill::Failover | Drill::SickPrimary => waiting::for_a_new_reign(how, first.epoch, away)?,
        Drill::LinkLoss => waiting::for_the_line(how, away)?,
    };
    let evidence = waiting::for_evidence(how, drill, &first)?;
    let was = seen::Seen::of(drill, &first, &after, &evidence, how.rto);
    report.shows(&was, &evidence, &after)?;
    let mut good = was.is_good();
    if drill != Drill::LinkLoss {
        good &= goes_back(how, &after, report)?;
    }
    report.judges(good)?;
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}

/// Looks, says what will happen, and asks; gives how much is not as it should be.
fn looks(drill: Drill, away: Duration, how: &How, report: &mut Report) -> Result<usize, Failure> {
    let status = status_of(how)?;
    let pair = pair_of(&status)?;
    let checks = before::checks(drill, &status, pair);
    report.looks(pair, &checks)?;
    let wrong = checks.iter().filter(|check| !check.holds).count();
    if wrong == 0 && !how.dry_run {
        report.says(&before::what_happens(drill, pair, away))?;
        confirm(how, pair)?;
    }
    Ok(wrong)
}

/// What is counted from: what is so now, however long somebody thought about it.
fn first(how: &How) -> Result<seen::Before, Failure> {
    let status = status_of(how)?;
    Ok(seen::Before { owed: before::owed(&status), ..seen::Before::of(pair_of(&status)?) })
}

/// The way back: done if it is wanted, else said.
fn goes_back(how: &How, stands: &NodeStatus, report: &mut Report) -> Result<bool, Failure> {
    let peer = peer_name(stands);
    if !how.back && !wants_back(how)? {
        report.says(&format!(
            "{peer} is the primary now. To change places again: on {peer}, sekisho node switchover"
        ))?;
        return Ok(true);
    }
    let status = waiting::for_sync(how)?;
    let first = seen::Before::of(&status);
    let reply = ask(how, &NodeRequest::Back)?;
    report.says(reply.done.as_deref().unwrap_or_default())?;
    let (after, heard) = waiting::for_this_to_reign(how, first.epoch)?;
    let evidence = waiting::for_evidence(how, Drill::Failover, &first)?;
    let was = seen::Seen::of_the_way_back(&first, (&after, heard), &evidence, how.rto);
    report.is_back(&was, &after)?;
    Ok(was.is_good())
}

/// Where somebody sits there and was asked before, once more.
fn wants_back(how: &How) -> Result<bool, Failure> {
    if how.yes || !io::stdin().is_terminal() {
        return Ok(false);
    }
    Ok(typed("Type back to let this node be the primary again now, or nothing: ")? == "back")
}

fn confirm(how: &How, pair: &NodeStatus) -> Result<(), Failure> {
    if how.yes {
        return Ok(());
    }
    let peer = peer_name(pair);
    if !io::stdin().is_terminal() {
        let message =
            "nothing was done: nobody can be asked here, since stdin is no terminal; --yes answers";
        return Err(Failure::new(USAGE, message));
    }
    let word = typed(&format!("Type the name of the other node, {peer}, to begin: "))?;
    if word == peer && !word.is_empty() {
        return Ok(());
    }
    Err(Failure::new(FAILED, "nothing was done"))
}

fn typed(question: &str) -> Result<String, Failure> {
    let failed = |error: io::Error| Failure::new(FAILED, format!("nobody can be asked: {error}"));
    let mut stderr = io::stderr();
    write!(stderr, "{question}").and_then(|()| stderr.flush()).map_err(failed)?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(failed)?;
    Ok(line.trim().to_owned())
}

fn peer_name(pair: &NodeStatus) -> String {
    pair.peer.as_ref().map(|peer| peer.name.clone()).unwrap_or_default()
}

fn ask(how: &How, request: &NodeRequest) -> Result<Box<NodeReply>, Failure> {
    let socket = &how.shown.socket;
    ask_node(socket, request).map(Box::new).map_err(|error| asking::failure(socket, &error))
}

fn status_of(how: &How) -> Result<Box<Status>, Failure> {
    let socket = &how.shown.socket;
    ask_status(socket).map(Box::new).map_err(|error| asking::failure(socket, &error))
}

/// The node as one of two.
fn pair_of(status: &Status) -> Result<&NodeStatus, Failure> {
    status.pair.as_deref().ok_or_else(|| {
        Failure::new(
            CONFLICT,
            "a drill takes a node with a peer, and there is no [peer] in the configuration",
        )
    })
}

fn begun(reply: &NodeReply) -> Result<Drilled, Failure> {
    reply.drilled.as_deref().cloned().ok_or_else(|| {
        Failure::new(
            FAILED,
            "the daemon does not say what it began; use the program of its release",
        )
    })
}

/// Whether people read it.
fn is_for_people(output: Format) -> bool {
    output == Format::Table
}

#[cfg(test)]
mod tests;
