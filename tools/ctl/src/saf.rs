//! `sekisho saf`: messages stored for issuers, shown, held back, released, given up. Must not know
//! how they are sent, or what the daemon is asked by.

mod table;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use daemon::control::{COMMANDS_PER_SECOND, ask_saf};
use daemon::saf::{LISTED_MAX, SafReply, SafRequest};

use crate::asking::{self, Shown};
use crate::clock;
use crate::output::{FAILED, Failure, Format, write_out};

/// What the states mean, and what each of them wants of an operator.
pub(crate) const STATES: &str = "\
waiting  its turn, or its next attempt, comes by itself
sent     its acknowledgement is awaited; without one it is sent again
parked   the issuer refused it with a code that will not heal: ask the issuer what is wrong with it,
         then release it, or purge it once the issuer has booked it by hand
held     an operator keeps it back: release it
Nothing is sent while the issuer is signed off or not connected; that needs no command.
The transaction that one is about: txn find --station ISSUER --stan ORIGINAL, then txn trace.";

/// Pages that are asked for one behind the other; from here on slower.
const PAGES_AT_ONCE: u32 = COMMANDS_PER_SECOND / 2;
/// The pause in front of each further page.
const PAGE_PAUSE: Duration = Duration::from_millis(100);

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// What is not acknowledged: of each issuer what is parked or held, then the oldest; of one, all
    #[command(after_help = STATES)]
    List {
        /// All of this issuer's, the oldest first
        #[arg(long, value_name = "NAME")]
        issuer: Option<String>,

        #[command(flatten)]
        shown: Shown,
    },
    /// One of them, with its fields; card data is masked
    Show {
        #[command(flatten)]
        which: Which,

        #[command(flatten)]
        shown: Shown,
    },
    /// Keep one back until it is released; an acknowledgement that still comes ends it
    Hold {
        #[command(flatten)]
        which: Which,

        #[command(flatten)]
        shown: Shown,
    },
    /// Send one again that is held or parked, under the number that it had
    Release {
        #[command(flatten)]
        which: Which,

        #[command(flatten)]
        shown: Shown,
    },
    /// Give one up for good: it is never sent again; done when two users have said so
    #[command(
        after_help = "Only when the issuer has it, or has booked it by hand: what is purged is never \
                      made good by the switch. Say it, and have another operator say the same as another \
                      user of this machine, within ten minutes. Both names stand in the journal, and \
                      `sekisho txn trace` shows them. There is no way back."
    )]
    Purge {
        #[command(flatten)]
        which: Which,

        #[command(flatten)]
        shown: Shown,
    },
}

/// Which message.
#[derive(Debug, clap::Args)]
pub(crate) struct Which {
    /// As the list names it, ISSUER/STAN
    #[arg(value_name = "ID")]
    id: String,
}

/// Runs the command.
pub(crate) fn run(command: Command) -> Result<ExitCode, Failure> {
    let (request, shown) = match command {
        Command::List { issuer, shown } => (SafRequest::List { issuer }, shown),
        Command::Show { which, shown } => (SafRequest::Show { id: which.id }, shown),
        Command::Hold { which, shown } => (SafRequest::Hold { id: which.id }, shown),
        Command::Release { which, shown } => (SafRequest::Release { id: which.id }, shown),
        Command::Purge { which, shown } => (SafRequest::Purge { id: which.id }, shown),
    };
    let reply = if let SafRequest::List { issuer: Some(issuer) } = &request {
        all_of(&shown.socket, issuer)?
    } else {
        ask(&shown.socket, &request)?
    };
    write_out(&text(&request, &reply, shown.output)?)?;
    Ok(ExitCode::SUCCESS)
}

fn ask(socket: &Path, request: &SafRequest) -> Result<SafReply, Failure> {
    ask_saf(socket, request).map_err(|error| asking::failure(socket, &error))
}

/// All of one issuer's, page by page: what comes or ends meanwhile may be missing or still be there.
fn all_of(socket: &Path, issuer: &str) -> Result<SafReply, Failure> {
    let (mut all, mut after) = (SafReply::default(), (0, 0));
    for number in 0.. {
        // Whoever gives too many commands in a second is refused.
        if number >= PAGES_AT_ONCE {
            clock::pause(PAGE_PAUSE);
        }
        let page = SafRequest::Page { issuer: issuer.to_owned(), after };
        let SafReply { items, .. } = ask(socket, &page)?;
        let is_last = items.len() < LISTED_MAX;
        all.items.extend(items);
        let Some(last) = all.items.last().filter(|_| !is_last) else { return Ok(all) };
        let place = (last.made_utc, last.stan.parse().unwrap_or(u32::MAX));
        if place <= after {
            return Err(Failure::new(FAILED, "the daemon's pages do not go on"));
        }
        after = place;
    }
    Ok(all)
}

fn text(request: &SafRequest, reply: &SafReply, format: Format) -> Result<String, Failure> {
    match (format, request) {
        (Format::Json, _) => {
            let json = serde_json::to_string(reply);
            let line = json.map_err(|error| Failure::new(FAILED, error.to_string()))?;
            Ok(line + "\n")
        }
        (Format::Table, SafRequest::List { .. }) => Ok(table::list(reply)),
        (Format::Table, _) => {
            let note = reply.note.iter().map(|note| format!("{note}\n"));
            Ok(reply.items.iter().map(table::item).chain(note).collect())
        }
    }
}

#[cfg(test)]
mod tests;
