//! From a node that serves to open ports: which workers' ports wait for issuers yet, and what came of it, for the
//! log. Must not know what they wait for.

use std::collections::BTreeSet;
use std::sync::Arc;

use crossbeam::channel::Receiver;
use switch_core::ids::StationId;
use switch_core::plan::Plan;
use switch_core::time::Time;
use tracing::{info, warn};

use crate::clocks;
use crate::drilling::Watch;
use crate::worker::Opened;

/// A reign of one of two nodes.
#[derive(Clone, Debug)]
pub(crate) struct Reigning {
    pub(crate) epoch: u32,
    /// When it was ordered.
    pub(crate) at: Time,
    /// What the other node is told of this one.
    pub(crate) machine: Arc<Watch>,
}

/// Its begin.
pub(crate) struct Begin {
    pub(crate) reign: Reigning,
    /// Ready when the ports may be opened; none where they are open already.
    pub(crate) promoted: Option<Receiver<bool>>,
}

/// How far it is.
pub(super) struct Opening {
    /// Workers whose ports wait.
    left: usize,
    reign: Option<Reigning>,
    not_ready: BTreeSet<StationId>,
}

impl Opening {
    /// Of this reign, where it is one of two nodes; so many workers' ports wait.
    pub(super) fn of(reign: Option<Reigning>, left: usize) -> Self {
        let opening = Self { left, reign, not_ready: BTreeSet::new() };
        if left == 0 {
            opening.is_over();
        }
        opening
    }

    /// Those of a worker are open.
    pub(super) fn opens(&mut self, opened: &Opened, plan: &Plan) {
        let name = |id| plan.station(id).settings.name.as_str();
        for &(address, station) in &opened.ports {
            info!(station = name(station), address = address.to_string(), "listening");
        }
        self.not_ready.extend(&opened.not_ready);
        self.left = self.left.saturating_sub(1);
        if self.left > 0 {
            return;
        }
        let waited_ms = u64::try_from(opened.waited.as_millis()).unwrap_or(u64::MAX);
        if self.not_ready.is_empty() {
            info!(
                waited_ms,
                "acquirers' ports are open: every route leads to an issuer that is ready"
            );
        } else {
            let not_ready = self.not_ready.iter().map(|&id| name(id)).collect::<Vec<_>>();
            warn!(
                waited_ms,
                not_ready = not_ready.join(" "),
                "acquirers' ports are open without some issuers: open_after is over"
            );
        }
        self.is_over();
    }

    fn is_over(&self) {
        if let Some(Reigning { epoch, at, machine }) = &self.reign {
            machine.opened(*epoch);
            let took_ms = clocks::boot().since(*at).as_millis();
            let took_ms = u64::try_from(took_ms).unwrap_or(u64::MAX);
            info!(epoch, took_ms, "reigns: the ports are open");
        }
    }
}
