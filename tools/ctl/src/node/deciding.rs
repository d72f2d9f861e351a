//! What only a person can know or answer for, before which a node is not promoted or demoted: asked at a terminal,
//! or answered by options. Must not know why the daemon asks, nor what becomes of the answers.

use std::io::{self, BufRead, IsTerminal};
use std::process::ExitCode;

use daemon::node_requests::{NodeReply, NodeRequest, Question, question};

use super::{PromoteAnswers, ask, done, json, say, write};
use crate::asking::Shown;
use crate::output::{CONFLICT, FAILED, Failure, Format, USAGE, write_out};

/// What there is to know before a promotion.
pub(super) const OF_A_PROMOTION: &str = "\
The daemon asks what it can not know, and nothing is done until all of that is answered:
is the other node fenced, that is stopped, or cut off from every station, until it is a standby?
If it is not, two nodes authorize the same cards. And may records be missing that it has released?
Then approvals are given up that acquirers may have: they are listed when the other node comes back.
Nothing that was under way is sent again: it is declined with 909 and reversed at its issuer.
Where nobody can be asked, the options answer; what is not asked needs no option.
Exit codes: 0 it is the primary, 1 you said no, or not now: the reason says what to do, 2 an answer is
missing and nobody can be asked, 4 only administrators may, 5 refused: the reason says what to do, 6 no
daemon, or no answer.";

/// How often what is asked may change while it is answered.
const ROUNDS: usize = 4;

/// A question of daemons that can not tell whether the other node went on alone.
const NOT_SINCE: &str = "peer-not-since";

/// Answers that were given beforehand.
#[derive(Debug, Default)]
pub(super) struct Answers {
    first: bool,
    fenced: Option<String>,
    not_since: bool,
    accept_loss: bool,
    force: bool,
}

/// How a question is answered.
struct Way {
    /// The option that answers it, as it is typed.
    option: &'static str,
    /// What must be typed at a terminal; none: the name of the other node.
    word: Option<&'static str>,
}

impl Answers {
    pub(super) fn of_promotion(given: PromoteAnswers) -> Self {
        let PromoteAnswers { first, peer_is_fenced, peer_not_since, accept_loss, force } = given;
        Self { first, fenced: peer_is_fenced, not_since: peer_not_since, accept_loss, force }
    }

    pub(super) fn of_demotion(force: bool) -> Self {
        Self { force, ..Self::default() }
    }

    /// Whether an option says yes to it.
    fn says_yes(&self, asked: &str, peer: &str) -> Result<bool, Failure> {
        Ok(match (asked, &self.fenced) {
            (question::FIRST, _) => self.first,
            (question::PEER_FENCED, Some(name)) if name != peer => {
                let message =
                    format!("--peer-is-fenced names {name}, and the other node is {peer}");
                return Err(Failure::new(USAGE, message));
            }
            (question::PEER_FENCED, name) => name.is_some(),
            (NOT_SINCE, _) => self.not_since,
            (question::MAY_LOSE, _) => self.accept_loss,
            (
                question::JOINING
                | question::NOT_IN_SYNC
                | question::NO_PRIMARY
                | question::PRIMARY_STOPS,
                _,
            ) => self.force,
            // Of a later daemon: nobody has answered for what is not known here.
            _ => false,
        })
    }

    /// Whether, in place of an answer to it, what may be missing is given up.
    fn gives_up(&self, asked: &str) -> bool {
        asked == NOT_SINCE && !self.not_since && self.accept_loss
    }
}

/// How that question is answered; nothing is known of one of a later daemon.
fn way(asked: &str) -> Option<Way> {
    let (option, word) = match asked {
        question::FIRST => ("--first", Some("yes")),
        question::PEER_FENCED => ("--peer-is-fenced NAME", None),
        NOT_SINCE => {
            ("--peer-not-since, or --accept-loss where that is not certain", Some("not since"))
        }
        question::MAY_LOSE => ("--accept-loss", Some("give them up")),
        question::JOINING
        | question::NOT_IN_SYNC
        | question::NO_PRIMARY
        | question::PRIMARY_STOPS => ("--force", Some("yes")),
        _ => return None,
    };
    Some(Way { option, word })
}

/// Has it done, once all that is asked is answered.
pub(super) fn run(
    shown: &Shown,
    answers: &Answers,
    request: impl Fn(Vec<String>) -> NodeRequest,
) -> Result<ExitCode, Failure> {
    let mut confirmed = Vec::new();
    for _ in 0..ROUNDS {
        let reply = ask(&shown.socket, &request(confirmed.clone()))?;
        if reply.questions.is_empty() {
            return write(shown.output, &reply, done);
        }
        confirmed = all_confirmed(shown, answers, &reply)?;
    }
    Err(Failure::new(CONFLICT, "what is asked goes on changing; look at node status of both nodes"))
}

/// The ids of all that is asked, each of them answered with yes.
fn all_confirmed(
    shown: &Shown,
    answers: &Answers,
    reply: &NodeReply,
) -> Result<Vec<String>, Failure> {
    let peer = peer_of(shown, reply)?;
    let mut open = Vec::new();
    for question in &reply.questions {
        if !answers.says_yes(&question.id, &peer)? && !answers.gives_up(&question.id) {
            open.push(question);
        }
    }
    if let Some(unknown) = open.iter().find(|question| way(&question.id).is_none()) {
        let message = format!(
            "the daemon asks what this program does not know ({}): {}\nuse the program of the daemon's release",
            unknown.id, unknown.text
        );
        return Err(Failure::new(CONFLICT, message));
    }
    if !open.is_empty() && !io::stdin().is_terminal() {
        return Err(nobody(shown, reply, &open)?);
    }
    for question in open {
        put(question, &peer)?;
    }
    // Whoever is not certain, and gives up what may be missing, has said so in place of it.
    let said = |id: &String| {
        if answers.gives_up(id) { question::MAY_LOSE.to_owned() } else { id.clone() }
    };
    Ok(reply.questions.iter().map(|question| said(&question.id)).collect())
}

/// The name of the other node, which the reply has or another question gets.
fn peer_of(shown: &Shown, reply: &NodeReply) -> Result<String, Failure> {
    let asked = if reply.status.is_none() {
        ask(&shown.socket, &NodeRequest::Status)?.status
    } else {
        None
    };
    let status = reply.status.as_ref().or(asked.as_ref());
    let peer = status.and_then(|status| status.peer.as_ref());
    Ok(peer.map(|peer| peer.name.clone()).unwrap_or_default())
}

/// What is missing where nobody can be asked.
fn nobody(shown: &Shown, reply: &NodeReply, open: &[&Question]) -> Result<Failure, Failure> {
    if shown.output == Format::Json {
        write_out(&json(reply)?)?;
    }
    let told = open.iter().map(|question| {
        let option = way(&question.id).map_or("", |way| way.option);
        format!("\n  {option}\n    {}\n    {}", question.text, question.consequence)
    });
    let told: String = told.collect();
    let message = format!(
        "nothing was done: nobody can be asked here, since stdin is no terminal. An option answers each:{told}"
    );
    Ok(Failure::new(USAGE, message))
}

/// Puts one, and goes on only if it is answered with what it takes.
fn put(question: &Question, peer: &str) -> Result<(), Failure> {
    let Some(Way { word, .. }) = way(&question.id) else { return Ok(()) };
    let word = word.unwrap_or(peer);
    let what = if word == peer { "Type the name of the other node" } else { "Type" };
    say(&format!("{}\n{}\n{what}, {word}, if that is so: ", question.text, question.consequence))?;
    let mut typed = String::new();
    let read = io::stdin().lock().read_line(&mut typed);
    read.map_err(|error| Failure::new(FAILED, format!("no answer can be read: {error}")))?;
    if typed.trim() == word && !word.is_empty() {
        return Ok(());
    }
    Err(Failure::new(FAILED, "nothing was done"))
}
