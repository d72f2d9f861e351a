//! A node without a peer: it says so. Must not know what two nodes do.

use std::sync::Arc;

use crate::config::Sync;
use crate::journaling::Figures;
use crate::node_requests::{LogStatus, NodeReply, NodeRequest, NodeRole, NodeStatus, SyncState};
use crate::not_done::NotDone;
use crate::running::Running;

/// One node, for as long as it runs.
#[derive(Debug)]
pub(crate) struct Alone {
    running: Arc<Running>,
    journal: Option<Arc<Figures>>,
}

impl Alone {
    /// Of a node that runs by this; with its journal, where records are kept.
    pub(crate) fn new(running: Arc<Running>, journal: Option<Arc<Figures>>) -> Self {
        Self { running, journal }
    }

    /// Shows it; there is nothing to change.
    ///
    /// # Errors
    /// Whatever else is wanted.
    pub(crate) fn answer(&self, request: &NodeRequest) -> Result<NodeReply, NotDone> {
        if *request != NodeRequest::Status {
            return nobody(request);
        }
        let configuration = &self.running.now().configuration;
        let log = self.journal.as_ref().map(|journal| journal.status(0)).map(|journal| LogStatus {
            position: journal.position,
            durable: journal.durable,
            released: journal.durable,
            ..LogStatus::default()
        });
        let status = NodeStatus {
            name: configuration.node.clone(),
            role: NodeRole::Alone,
            epoch: self.journal.as_ref().map_or(0, |journal| journal.status(0).epoch),
            sync: SyncState::Local,
            why: "there is no [peer] in the configuration".into(),
            mode: if configuration.journal.sync == Sync::None { "none" } else { "local" }.into(),
            build: env!("CARGO_PKG_VERSION").into(),
            log: log.unwrap_or_default(),
            scrub: self.journal.as_ref().map(|journal| journal.status(0).scrub),
            ..NodeStatus::default()
        };
        Ok(NodeReply { status: Some(status), ..NodeReply::default() })
    }
}

/// Of nobody who has a peer.
pub(crate) fn nobody(request: &NodeRequest) -> Result<NodeReply, NotDone> {
    let action = request.action();
    Err(NotDone::Conflict(format!(
        "node {action} takes a node with a peer, and there is no [peer] in the configuration"
    )))
}
