//! What becomes of one command: whether its user may give it, and so often; that it is written down,
//! a change before it is done; and what is answered. Must not know sockets, or how a thing is done.

use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, bounded};
use serde::Serialize;
use tracing::{info, warn};

use super::commands::{Asked, Needs};
use super::role::role_of;
use super::{Peer, Role, Sources};
use crate::clocks;
use crate::logs::{ALWAYS, Rate, Said};
use crate::not_done::NotDone;
use crate::status::ControlStatus;

/// Commands of one user in a second.
pub const COMMANDS_PER_SECOND: u32 = 20;
/// Users told apart in a second.
const USERS_MAX: usize = 1_024;
/// How long a change waits until it is written down that it was asked for.
const PATIENCE: Duration = Duration::from_secs(3);
/// What a record says of a change that is about to be done.
pub const ASKED: &str = "asked";
/// Records that nobody waits for, of which it is not known yet whether they were written.
const LOOSE_MAX: usize = 1_024;

/// What is written down of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Who.
    pub peer: &'a Peer,
    /// What they may do; none: nothing.
    pub role: Option<Role>,
    /// The command in words.
    pub what: &'a str,
    /// What came of it; [`ASKED`] of a change that is about to be done.
    pub outcome: &'a str,
    /// Whether it is one that changes something.
    pub changes: bool,
}

#[derive(Serialize)]
struct Refusal<'a> {
    error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
}

/// Where commands are handled.
pub(super) struct Desk {
    sources: Sources,
    /// Who is to answer from now on.
    changed: Receiver<Sources>,
    own_uid: u32,
    rate: Rate<u32>,
    /// Records of commands refused as there were too many: one a second of a user.
    refusals: Rate<u32>,
    /// Commands refused for that of which no line of the log has told.
    owed: u64,
    /// What became of records that nobody waits for.
    loose: (Sender<bool>, Receiver<bool>),
    counts: ControlStatus,
}

impl Desk {
    pub(super) fn new(sources: Sources, changed: Receiver<Sources>) -> Self {
        let own_uid = rustix::process::geteuid().as_raw();
        let rate = Rate::new(COMMANDS_PER_SECOND, USERS_MAX);
        let refusals = Rate::new(1, USERS_MAX);
        let (loose, counts) = (bounded(LOOSE_MAX), ControlStatus::default());
        Self { sources, changed, own_uid, rate, refusals, owed: 0, loose, counts }
    }

    /// Says how many commands were refused as there were too many, when a second is over. Whether some more
    /// are to be told of: then this is to be called again within a second or so.
    pub(super) fn tells_of_refusals(&mut self) -> bool {
        let now = clocks::boot();
        while let Some((uid, more)) = self.rate.poll_summary(now) {
            self.owed = self.owed.saturating_sub(more);
            warn!(
                target: ALWAYS,
                uid,
                more, "commands refused: more than {COMMANDS_PER_SECOND} a second of one user"
            );
        }
        while self.refusals.poll_summary(now).is_some() {}
        self.owed > 0
    }

    /// The line that answers a line of this peer, who is one of so many clients.
    pub(super) fn answer(&mut self, peer: &Peer, line: &[u8], clients: u32) -> Vec<u8> {
        if let Ok(sources) = self.changed.try_recv() {
            self.sources = sources;
        }
        self.counts.clients = clients;
        self.counts.unrecorded += lost(self.loose.1.try_iter());
        let role = role_of(peer, &(self.sources.roles)(), self.own_uid);
        if !self.is_in_time(peer) {
            self.on_too_many(peer, role);
            return refusal(&NotDone::Failed(format!(
                "more than {COMMANDS_PER_SECOND} commands a second of one user ({}); try again in a \
                 second",
                peer.name
            )));
        }
        let asked = match Asked::read(line) {
            Ok(asked) => asked,
            Err(error) => {
                // What it says may be anything.
                self.tell(&Entry { peer, role, what: "?", outcome: "malformed", changes: false });
                return no_command(&error);
            }
        };
        self.counts.commands += 1;
        let words = asked.words();
        let done = self.handle(peer, role, &asked, &words);
        let outcome = match &done {
            Ok((_, outcome)) => outcome,
            Err(error) => error.kind(),
        };
        let changes = asked.needs().changes;
        self.tell(&Entry { peer, role, what: &words, outcome, changes });
        done.map_or_else(|error| refusal(&error), |(line, _)| line)
    }

    /// Does what is asked, if that may be; gives the answer and what came of it in a word.
    fn handle(
        &mut self,
        peer: &Peer,
        role: Option<Role>,
        asked: &Asked,
        what: &str,
    ) -> Result<(Vec<u8>, &'static str), NotDone> {
        let Needs { role: needed, changes } = asked.needs();
        if role.is_none_or(|role| role < needed) {
            self.counts.refused += 1;
            return Err(not_permitted(peer, role, asked, needed));
        }
        if changes
            && let Err(refused) =
                self.write_down_first(&Entry { peer, role, what, outcome: ASKED, changes })
        {
            // A primary that waits for its standby commits nothing until an operator says that it shall not
            // wait: what ends that may not wait for it.
            if !matches!(asked, Asked::Node(_)) {
                return Err(refused);
            }
            warn!(what, "is done before it is known to be in the journal who asked for it");
        }
        match asked {
            Asked::Status => {
                let mut status = (self.sources.status)();
                status.control = self.counts;
                Ok((json_line(&status), "done"))
            }
            Asked::Saf(request) => {
                let reply = (self.sources.saf)(request, peer)?;
                let outcome = if reply.note.is_some() { "one of two" } else { "done" };
                Ok((json_line(&reply), outcome))
            }
            Asked::Config(request) => {
                let Some(config) = &self.sources.config else {
                    return Err(NotDone::Failed("nobody changes this configuration".into()));
                };
                Ok((json_line(&config(request, peer)?), "done"))
            }
            Asked::Node(request) => {
                let reply = (self.sources.node)(request)?;
                let outcome = if reply.questions.is_empty() { "done" } else { "asked back" };
                Ok((json_line(&reply), outcome))
            }
        }
    }

    /// Whether the user has not given too many commands.
    fn is_in_time(&mut self, peer: &Peer) -> bool {
        self.tells_of_refusals();
        self.rate.handle_line(&peer.uid, clocks::boot()) == Said::Say
    }

    fn on_too_many(&mut self, peer: &Peer, role: Option<Role>) {
        self.counts.refused += 1;
        self.owed += 1;
        if self.refusals.handle_line(&peer.uid, clocks::boot()) == Said::Say {
            self.tell(&Entry { peer, role, what: "?", outcome: "too-many", changes: false });
        }
    }

    /// What came of a command, into log and journal; nobody waits for that.
    fn tell(&self, entry: &Entry<'_>) {
        let Entry { peer: Peer { uid, name, .. }, role, what, outcome, .. } = entry;
        let role = role.map_or("none", Role::word);
        info!(target: ALWAYS, uid, user = name, role, what, outcome, "command");
        (self.sources.write)(entry, &self.loose.0);
    }

    /// That a change was asked for is in the journal before it is done.
    fn write_down_first(&self, entry: &Entry<'_>) -> Result<(), NotDone> {
        let (to, written) = bounded(1);
        (self.sources.write)(entry, &to);
        drop(to);
        if written.recv_timeout(PATIENCE) == Ok(true) {
            return Ok(());
        }
        Err(NotDone::Failed(
            "nothing was done: it can not be written down now who asked for it, as the journal has no \
             room or a worker does not answer; try again in a moment, and see sekisho status"
                .into(),
        ))
    }
}

/// How many records were not written.
fn lost(written: impl Iterator<Item = bool>) -> u64 {
    written.map(|written| u64::from(!written)).sum()
}

fn not_permitted(peer: &Peer, role: Option<Role>, asked: &Asked, needed: Role) -> NotDone {
    let (command, action) = asked.name();
    let command = format!("{command} {action}");
    let (name, command) = (&peer.name, command.trim());
    let is = match role {
        Some(Role::Operator) => "an operator",
        Some(Role::Administrator) => "an administrator",
        Some(Role::Viewer) => "a viewer",
        None => "in none of its lists",
    };
    NotDone::NotPermitted(format!(
        "not permitted: {command} takes the role {needed}, and {name} (uid {}) is {is}; control.{needed}s \
         of the configuration names who has it",
        peer.uid
    ))
}

fn refusal(error: &NotDone) -> Vec<u8> {
    json_line(&Refusal { error: &error.to_string(), kind: Some(error.kind()) })
}

/// The answer to what is no command.
pub(super) fn no_command(error: &str) -> Vec<u8> {
    json_line(&Refusal { error, kind: None })
}

fn json_line(value: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(value).expect("plain data has a JSON form");
    line.push(b'\n');
    line
}
