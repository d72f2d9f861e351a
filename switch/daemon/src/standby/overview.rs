//! How a standby stands, in the shapes of a node that serves: what it has of those. Must not know how it is
//! carried or shown.

use std::sync::Arc;

use switch_core::time::Time;

use crate::change::ConfigRequest;
use crate::clocks;
use crate::config::{role_word, sign_on_word};
use crate::control::{AnyStatus, Peer, Sources};
use crate::journaling::Figures;
use crate::logs;
use crate::nodes::Pair;
use crate::not_done::NotDone;
use crate::recorder::Commands;
use crate::reload::Reload;
use crate::running::Running;
use crate::saf::{SafReply, SafRequest};
use crate::status::{ControlStatus, NodeState, SCHEMA_VERSION, StationStatus, Status};

/// What it is made from.
pub(super) struct Overview {
    pub(super) running: Arc<Running>,
    pub(super) journal: Arc<Figures>,
    pub(super) pair: Arc<Pair>,
    pub(super) reload: Reload,
    pub(super) started: Time,
}

impl Overview {
    /// How everything stands now.
    fn status(&self) -> Status {
        let now = self.running.now();
        let configuration = &now.configuration;
        let files = configuration.files.iter().map(|file| file.display().to_string());
        let stations = configuration.settings.stations.iter().map(|settings| StationStatus {
            name: settings.name.clone(),
            role: role_word(settings.role).to_owned(),
            dialect: settings.dialect.name().to_owned(),
            sign_on: sign_on_word(settings.sign_on).to_owned(),
            connects: settings.connects,
            links_max: settings.links,
            ..StationStatus::default()
        });
        let inactive = configuration.inactive.iter();
        let reloads = self.reload.shown();
        Status {
            schema_version: SCHEMA_VERSION,
            node: configuration.node.clone(),
            institution: configuration.institution.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            uptime_s: clocks::boot().since(self.started).as_secs(),
            state: NodeState::Standby,
            configuration: files.collect::<Vec<_>>().join(", "),
            adopted: now.version(),
            reload: reloads.last,
            refused: reloads.refused,
            inactive: inactive
                .map(|inactive| format!("{}: {}", inactive.key, inactive.why))
                .collect(),
            stations: stations.collect(),
            journal: Some(self.journal.status(0)),
            pair: Some(Box::new(self.pair.status())),
            // The control thread knows it, and says it itself.
            control: ControlStatus::default(),
            log_lines_lost: logs::lost(),
            ..Status::default()
        }
    }

    /// Who answers operators, and who says how it stands. What they have done is kept for the journal.
    pub(super) fn answers(self, commands: &Arc<Commands>) -> (Arc<AnyStatus>, Sources) {
        let (running, pair) = (Arc::clone(&self.running), Arc::clone(&self.pair));
        let reload = self.reload.clone();
        let status: Arc<AnyStatus> = Arc::new(move || self.status());
        let shown = Arc::clone(&status);
        let mut sources = Sources::unrecorded(Box::new(move || shown()), Box::new(not_here));
        sources.roles = Box::new(move || running.now().configuration.control_roles.clone());
        sources.node = Box::new(move |request| pair.answer(request));
        let config = move |request: &ConfigRequest, peer: &Peer| reload.answer(request, &peer.name);
        sources.config = Some(Box::new(config));
        sources.write = Box::new(commands.recorder());
        (status, sources)
    }
}

/// Stored messages are those of the primary.
fn not_here(_: &SafRequest, _: &Peer) -> Result<SafReply, NotDone> {
    Err(NotDone::Conflict(
        "this node is a standby: stored messages are the primary's; ask there (sekisho node status says \
         which one that is)"
            .into(),
    ))
}
