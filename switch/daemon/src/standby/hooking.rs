//! When an operator's own commands are run: before the ports open in a reign, when one has ended, and at each
//! start, as a node that starts is a standby whatever it was. Must not know what they do.
//!
//! ```text
//! start -> on_demote            what a killed reign left goes before anything else
//! Open  -> on_promote -> ports  an address must be there before it is listened on
//! handed over, stopped, failed -> on_demote -> end, or exec
//! another node reigns          -> exec -> on_demote, first of all: the sockets are closed by then
//! what runs at an exec          -> killed; an on_demote that did not end well is run again behind it
//! ```

use std::cell::{Cell, RefCell};
use std::io;
use std::sync::Arc;

use crossbeam::channel::Receiver;
use journal::roles::event::{Cause, Reign};

use crate::config::Configuration;
use crate::hooks::{self, Call, Hook, Hooks};
use crate::running::Running;

/// What is run for the reign that there is, if there is one.
pub(super) struct Hooking {
    hooks: Arc<Hooks>,
    running: Arc<Running>,
    /// The epoch of the reign that has begun here.
    reign: Cell<Option<u32>>,
    /// Its end is seen to; ready when the command has ended.
    ending: RefCell<Option<Receiver<bool>>>,
}

impl Hooking {
    /// Of a node that has started.
    pub(super) fn new(hooks: Arc<Hooks>, running: Arc<Running>) -> Self {
        Self { hooks, running, reign: Cell::new(None), ending: RefCell::new(None) }
    }

    /// A reign begins; ready when the command has ended, none where there is none.
    pub(super) fn promoted(&self, reign: &Reign) -> Option<Receiver<bool>> {
        let reason = match reign.cause {
            Cause::First => "first",
            Cause::Resumed => "resumed",
            Cause::Promoted => "promoted",
            Cause::HandedOver => "handed-over",
        };
        self.reign.set(Some(reign.epoch.0));
        self.runs(Hook::OnPromote, reign.epoch.0, reason)
    }

    /// The reign has ended: nobody is served here any more. Does not wait.
    pub(super) fn demoted(&self, reason: &str) {
        let Some(epoch) = self.reign.get().filter(|_| self.ending.borrow().is_none()) else {
            return;
        };
        *self.ending.borrow_mut() = self.runs(Hook::OnDemote, epoch, reason);
    }

    /// Waits until that is seen to; says whether it went well.
    pub(super) fn finishes(&self) -> bool {
        self.ending.borrow().as_ref().is_some_and(hooks::awaits)
    }

    /// What the next image of this process is left to run: what was not run here, as nothing may wait for it, or
    /// what failed. Nothing is run here any more.
    pub(super) fn leaves(&self, reason: &str) -> Option<String> {
        let is_done = self.finishes();
        self.hooks.stops();
        let epoch = self.reign.get()?;
        let call = self.call(Hook::OnDemote, epoch, reason)?;
        Some(hooks::left(call, is_done))
    }

    fn runs(&self, hook: Hook, epoch: u32, reason: &str) -> Option<Receiver<bool>> {
        self.call(hook, epoch, reason).map(|call| self.hooks.runs(call))
    }

    fn call(&self, hook: Hook, epoch: u32, reason: &str) -> Option<Call> {
        call(&self.running.now().configuration, hook, (epoch, reason))
    }
}

/// What a node has run that starts: what a reign left that was killed goes. `inherited`: who runs what the image
/// before this one left, if it left something.
///
/// # Errors
/// When there is no thread to be had.
pub(super) fn starts(
    inherited: Option<Hooks>,
    configuration: &Configuration,
) -> io::Result<Arc<Hooks>> {
    let hooks = inherited.map_or_else(Hooks::start, Ok)?;
    let call = call(configuration, Hook::OnDemote, (0, "start"));
    if let Some(call) = call.filter(|_| !hooks.was_demoted()) {
        // Nobody waits for it: a reign, which would, runs behind it.
        drop(hooks.runs(call));
    }
    Ok(Arc::new(hooks))
}

fn call(configuration: &Configuration, hook: Hook, (epoch, reason): (u32, &str)) -> Option<Call> {
    let peer = configuration.peer.as_ref()?;
    let command = match hook {
        Hook::OnPromote => &peer.on_promote,
        Hook::OnDemote => &peer.on_demote,
    };
    (!command.is_empty()).then(|| Call {
        hook,
        command: command.clone(),
        node: configuration.node.clone(),
        peer: peer.name.clone(),
        epoch,
        reason: reason.to_owned(),
    })
}
