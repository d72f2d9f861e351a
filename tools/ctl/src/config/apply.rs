//! `sekisho config apply`: shows what would change, asks, and follows the reload to its end. Must not
//! know where the files come from.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use daemon::change::{ConfigReply, ConfigRequest, Progress, Stage};

use super::{Sure, Verdict, ask, json, table, verdict};
use crate::asking::Shown;
use crate::clock;
use crate::output::{CONFLICT, FAILED, FOUND, Failure, Format, NO_DAEMON, USAGE, write_out};

/// After how long the daemon is asked how far it is: soon at first, as most reloads take a moment, then
/// less and less often, since each question is a line in its log and a user has 20 of them a second.
const FIRST: Duration = Duration::from_millis(20);
const LAST: Duration = Duration::from_millis(500);
/// How long it is waited for. The reload goes on behind that.
const PATIENCE: Duration = Duration::from_mins(1);

/// Applies what the files say.
pub(super) fn run(sure: &Sure, shown: &Shown) -> Result<ExitCode, Failure> {
    can_ask(sure)?;
    let mut reply = ask(&shown.socket, &ConfigRequest::Plan)?;
    if shown.output == Format::Table {
        write_out(&table::plan(&reply))?;
    }
    let (code, why) = match verdict(&reply) {
        Verdict::Same => (Some(ExitCode::SUCCESS), ""),
        Verdict::Broken => (Some(ExitCode::from(FOUND)), "nothing was applied"),
        Verdict::Restart => (Some(ExitCode::from(CONFLICT)), "nothing was applied"),
        Verdict::Ready => (None, ""),
    };
    if let Some(code) = code {
        if shown.output == Format::Json {
            write_out(&json(&reply)?)?;
        } else if !why.is_empty() {
            drop(writeln!(io::stderr(), "sekisho: {why}"));
        }
        return Ok(code);
    }
    agreed(sure, "Apply this?")?;
    let expect = reply.plan.as_ref().map(|plan| plan.digest.clone());
    reply.progress = Some(follow(&shown.socket, expect)?);
    ended(shown.output, &reply)
}

/// Has the daemon take up what has this digest, and waits for the end of that. An error is that it was
/// not begun, or, with [`NO_DAEMON`], that its end is not known.
pub(super) fn follow(socket: &Path, expect: Option<String>) -> Result<Progress, Failure> {
    let begun = ask(socket, &ConfigRequest::Apply { expect })?;
    let Some(mut progress) = begun.progress else {
        return Err(Failure::new(FAILED, "the daemon does not say what becomes of it"));
    };
    let (run, since) = (progress.run, clock::now());
    let (mut said, mut period) = (String::new(), FIRST);
    while !progress.stage.is_end() {
        if since.elapsed() > PATIENCE {
            let message = format!(
                "after {} s {}; the reload goes on, and sekisho config progress shows it",
                PATIENCE.as_secs(),
                table::stage(&progress)
            );
            return Err(Failure::new(NO_DAEMON, message));
        }
        let stage = table::stage(&progress);
        if stage != said && io::stderr().is_terminal() {
            drop(writeln!(io::stderr(), "{stage}"));
            said = stage;
        }
        clock::pause(period);
        period = (period * 2).min(LAST);
        match ask(socket, &ConfigRequest::Progress) {
            Ok(reply) => progress = reply.progress.unwrap_or_default(),
            Err(failure) if failure.exit() == NO_DAEMON => return Err(failure),
            // It goes on whether we are told of it or not: this user may have asked too often.
            Err(_) => continue,
        }
        if progress.run != run {
            let message = "another reload has begun since; sekisho config progress shows it, and \
                           sekisho config history what became of this one";
            return Err(Failure::new(NO_DAEMON, message));
        }
    }
    Ok(progress)
}

/// Shows how it ended.
pub(super) fn ended(output: Format, reply: &ConfigReply) -> Result<ExitCode, Failure> {
    match output {
        Format::Json => write_out(&json(reply)?)?,
        Format::Table => write_out(&table::progress(reply))?,
    };
    let stage = reply.progress.as_ref().map(|progress| progress.stage);
    Ok(match stage {
        Some(Stage::Done | Stage::Unchanged) => ExitCode::SUCCESS,
        _ => ExitCode::from(CONFLICT),
    })
}

/// Whether somebody could answer, where they have to.
pub(super) fn can_ask(sure: &Sure) -> Result<(), Failure> {
    if sure.yes || io::stdin().is_terminal() {
        return Ok(());
    }
    let message = "nobody can be asked here, since stdin is no terminal; --yes does it without";
    Err(Failure::new(USAGE, message))
}

/// Asks, unless that was answered.
pub(super) fn agreed(sure: &Sure, question: &str) -> Result<(), Failure> {
    if sure.yes {
        return Ok(());
    }
    let mut answer = String::new();
    let asked = write!(io::stderr(), "{question} [y/N] ").and_then(|()| io::stderr().flush());
    let read = asked.and_then(|()| io::stdin().lock().read_line(&mut answer));
    read.map_err(|error| Failure::new(FAILED, format!("no answer can be read: {error}")))?;
    if matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
        Ok(())
    } else {
        Err(Failure::new(FAILED, "nothing was changed"))
    }
}
