//! `sekisho node`: how a node and its peer stand, and which of the two is the primary. Must not know the rules
//! by which they agree; what a person has to answer for, the daemon says.

mod deciding;

mod table;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use daemon::control::ask_node;
use daemon::node_requests::{NodeReply, NodeRequest};

use crate::asking::{self, Shown};
use crate::output::{Colours, FAILED, Failure, Format, write_out};

use deciding::Answers;
pub(crate) use table::{problems, sick, summary};

/// The states, and how they follow each other.
pub(crate) const STATES: &str = "\
sync        the standby has all that was released: no single failure loses a record
solo        the primary goes on alone; what it releases is at one node until the other one is back
stopped     the standby is away, and when_standby_lost = \"stop\": nothing is released
async       by configuration nobody waits for the standby
no-primary  this node knows of no primary: its ports are closed

First of all:  promote on one node, join on the other one, whose journal is empty.
Maintenance:   switchover on the primary; then its machine may be stopped.
A lost node:   make sure that it is stopped or cut off, then promote on the other one.
A lost disk:   join --replace on the new, empty one.
A node that comes back follows by itself; what it alone had is kept and shown by orphans.";

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Which part this node has, whether the other one has all that it must have, and what is missing
    #[command(after_help = STATES)]
    Status {
        #[command(flatten)]
        shown: Shown,
    },
    /// Make this node the primary, without the other one handing over; asks what only you can know
    #[command(after_help = deciding::OF_A_PROMOTION)]
    Promote {
        #[command(flatten)]
        answers: PromoteAnswers,

        #[command(flatten)]
        shown: Shown,
    },
    /// Make this primary a standby where it stands; nothing is handed over (that is switchover)
    #[command(
        after_help = "With a witness, a standby that has everything takes over some two seconds later; else \
                            nobody serves until somebody is promoted. Exit codes: 0 done, 1 you said no, or \
                            not now: the reason says what to do, 2 nobody can be asked, 4 only administrators may, 5 it is not the primary, 6 \
                            no daemon, or no answer."
    )]
    Demote {
        /// Whatever the daemon asks, yes: nobody is the primary then, or the standby lacks something
        #[arg(long)]
        force: bool,

        #[command(flatten)]
        shown: Shown,
    },
    /// Let the other node be the primary from here on; asked of the primary, nothing is lost
    #[command(
        after_help = "Nothing new is admitted for a moment, what is in flight ends or, behind peer.drain, is cut short, and \
                      the other node opens its ports. Refused, with the reason, unless the two are in sync \
                      and their configurations, dialects and keys agree. Exit codes: 0 done, 1 it was \
                      begun and not done: look at node status of both, 4 only administrators may, 5 refused, \
                      6 no daemon, or no answer: look at both too."
    )]
    Switchover {
        #[command(flatten)]
        shown: Shown,
    },
    /// Let this node have nothing to do with the other one, nor with any station, through every start
    #[command(
        after_help = "For a machine that is half dead and must not hurt the other one. It gives its reign up, \
                      closes its ports and the line, keeps no lease, and neither acknowledges nor reigns until \
                      --end; with a witness, a standby that has everything takes over. Where the daemon does \
                      not answer: systemctl stop sekishod, and systemctl mask sekishod. Exit codes: 0 done, 1 \
                      you said no, or not now, 2 nobody can be asked, 4 only administrators may, 5 refused: \
                      the reason says why, 6 no daemon, or no answer."
    )]
    Isolate {
        /// Why, for whoever looks later; shown by `node status`
        #[arg(long, value_name = "TEXT", conflicts_with = "end")]
        reason: Option<String>,

        /// It is over: the node is a standby again, or what the witness's record says
        #[arg(long)]
        end: bool,

        /// Whatever the daemon asks, yes: nobody is the primary then, or it releases nothing
        #[arg(long)]
        force: bool,

        #[command(flatten)]
        shown: Shown,
    },
    /// Let this node, whose journal is empty, take the log of the primary
    #[command(
        after_help = "A node that was there before and has only been away needs no join: it follows by \
                            itself. Exit codes: 0 it joins now (node status shows how far it is), 4 only \
                            administrators may, 5 its journal is not empty, or it had joined before."
    )]
    Join {
        /// It had joined before, and its disk was lost since: all that it acknowledged is gone with it
        #[arg(long)]
        replace: bool,

        #[command(flatten)]
        shown: Shown,
    },
    /// Approvals that stand only in what was cut from this node's log, because the other one went on without it
    #[command(
        after_help = "Their acquirers may have them, and the primary does not know them: agree on each with \
                            its acquirer and its issuer. The records themselves: journal dump of the folder \
                            `diverged`. Exit codes: 0 shown, 3 there is no such listing."
    )]
    Orphans {
        /// Which listing, as `node status` names it; the newest if not said
        #[arg(value_name = "EPOCH-POSITION")]
        listing: Option<String>,

        #[command(flatten)]
        shown: Shown,
    },
}

/// Answers to what a promotion asks, for where nobody can be asked.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct PromoteAnswers {
    /// No node of this pair was a primary before: the journal begins here
    #[arg(long)]
    first: bool,

    /// The other node, by its name, is stopped or cut off from every station, and stays so
    #[arg(long, value_name = "NAME")]
    peer_is_fenced: Option<String>,

    /// The other node has not been the primary since this one last was, or last heard from it
    #[arg(long)]
    peer_not_since: bool,

    /// Records that the other node released may be missing here, and are given up
    #[arg(long)]
    accept_loss: bool,

    /// It has not had the whole log since it joined, and is to be the primary nevertheless
    #[arg(long)]
    force: bool,
}

/// Runs the command.
pub(crate) fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Status { shown } => show(&shown, &NodeRequest::Status, |reply| {
            reply.status.as_ref().map(|status| table::status(status, Colours::of_stdout()))
        }),
        Command::Promote { answers, shown } => {
            let answers = Answers::of_promotion(answers);
            deciding::run(&shown, &answers, |confirmed| NodeRequest::Promote { confirmed })
        }
        Command::Demote { force, shown } => {
            let answers = Answers::of_demotion(force);
            deciding::run(&shown, &answers, |confirmed| NodeRequest::Demote { confirmed })
        }
        Command::Isolate { reason, end, force, shown } => {
            let answers = Answers::of_demotion(force);
            deciding::run(&shown, &answers, |confirmed| NodeRequest::Isolate {
                confirmed,
                reason: reason.clone(),
                end,
            })
        }
        Command::Switchover { shown } => show(&shown, &NodeRequest::Switchover, done),
        Command::Join { replace, shown } => show(&shown, &NodeRequest::Join { replace }, done),
        Command::Orphans { listing, shown } => {
            show(&shown, &NodeRequest::Orphans { file: listing }, |reply| {
                reply.orphans.as_ref().map(table::orphans)
            })
        }
    }
}

fn ask(socket: &Path, request: &NodeRequest) -> Result<NodeReply, Failure> {
    ask_node(socket, request).map_err(|error| asking::failure(socket, &error))
}

/// Asks once, and shows the reply; `words` are for people.
fn show(
    shown: &Shown,
    request: &NodeRequest,
    words: fn(&NodeReply) -> Option<String>,
) -> Result<ExitCode, Failure> {
    let reply = ask(&shown.socket, request)?;
    write(shown.output, &reply, words)
}

/// Writes a reply.
fn write(
    output: Format,
    reply: &NodeReply,
    words: fn(&NodeReply) -> Option<String>,
) -> Result<ExitCode, Failure> {
    let text = match output {
        Format::Json => json(reply)?,
        Format::Table => words(reply).ok_or_else(|| {
            Failure::new(FAILED, "the daemon says nothing of it; use the program of its release")
        })?,
    };
    write_out(&text).map(|_| ExitCode::SUCCESS)
}

/// What was done, and how the node stands behind that.
fn done(reply: &NodeReply) -> Option<String> {
    let line = |text: String| text + "\n";
    let stands = reply.status.as_ref().map(summary);
    let all: String = reply.done.iter().cloned().chain(stands).map(line).collect();
    (!all.is_empty()).then_some(all)
}

/// One object on a line: for a status and a listing these themselves, else the reply.
fn json(reply: &NodeReply) -> Result<String, Failure> {
    let NodeReply { status, questions, done, orphans, .. } = reply;
    let json = match (status, orphans) {
        (Some(status), None) if questions.is_empty() && done.is_none() => {
            serde_json::to_string(status)
        }
        (None, Some(orphans)) => serde_json::to_string(orphans),
        _ => serde_json::to_string(reply),
    };
    let line = json.map_err(|error| Failure::new(FAILED, error.to_string()))?;
    Ok(line + "\n")
}

/// Says something to whoever sits there, beside the data.
fn say(text: &str) -> Result<(), Failure> {
    let said = write!(io::stderr(), "{text}").and_then(|()| io::stderr().flush());
    said.map_err(|error| Failure::new(FAILED, format!("nobody can be asked: {error}")))
}

#[cfg(test)]
mod tests;
