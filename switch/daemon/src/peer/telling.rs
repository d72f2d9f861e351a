//! What the log says of how the two nodes stand: a line for each change. Must not know the rules by which they do.

use journal::format::Epoch;
use journal::roles::view::{Part, Safety, View};
use tracing::{Level, info, warn};

/// How the nodes stand, as far as there is a line for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stands {
    is_primary: bool,
    safety: Safety,
    reign: Epoch,
}

/// What was said last.
pub(super) struct Telling {
    stands: Stands,
    is_repairing: bool,
}

impl Default for Telling {
    /// As every start does, and what that says.
    fn default() -> Self {
        let stands = Stands { is_primary: false, safety: Safety::NoPrimary, reign: Epoch(0) };
        Self { stands, is_repairing: false }
    }
}

impl Telling {
    /// Says it, if it is not as it was.
    pub(super) fn look(&mut self, view: &View) {
        match self.of_repair(view.repairing) {
            Some((Level::WARN, words)) => warn!("{words}"),
            Some((_, words)) => info!("{words}"),
            None => {}
        }
        let (peer, epoch, at_risk) = (view.peer.name.to_string(), view.reign.0, view.at_risk);
        match self.next(view) {
            Some((Level::WARN, words)) => warn!(peer, epoch, at_risk, "{words}"),
            Some((_, words)) => info!(peer, epoch, "{words}"),
            None => {}
        }
    }

    fn next(&mut self, view: &View) -> Option<(Level, &'static str)> {
        let is_primary = match view.part {
            Part::Standby => false,
            Part::Beginning | Part::Primary | Part::HandingOver => true,
            // It is about to be something else, and that is said.
            Part::Promoting | Part::Ended => return None,
        };
        let reign = if view.safety == Safety::NoPrimary { self.stands.reign } else { view.reign };
        let stands = Stands { is_primary, safety: view.safety, reign };
        let before = std::mem::replace(&mut self.stands, stands);
        (before != stands).then(|| said(stands))
    }

    fn of_repair(&mut self, repairing: bool) -> Option<(Level, &'static str)> {
        let before = std::mem::replace(&mut self.is_repairing, repairing);
        (before != repairing).then_some(if repairing {
            (
                Level::WARN,
                "the log is damaged: what can not be read comes again from the other node, and until then this \
                 node is not promoted",
            )
        } else {
            (Level::INFO, "the log is whole again: what was damaged came from the other node")
        })
    }
}

/// A level, and words.
fn said(stands: Stands) -> (Level, &'static str) {
    match (stands.is_primary, stands.safety) {
        (_, Safety::NoPrimary) => {
            (Level::WARN, "no primary is known: as far as this node knows, nobody serves")
        }
        (true, Safety::Sync) => (Level::INFO, "sync: what is released is at both nodes"),
        (true, Safety::Solo) => (
            Level::WARN,
            "solo: what is released from here on is at this node alone, until the standby has it too",
        ),
        (true, Safety::Stopped) => (
            Level::WARN,
            "stopped: nothing is released until the standby has it too, or is given up",
        ),
        (true, Safety::Async) => (Level::INFO, "async: nobody waits for the standby"),
        (false, Safety::Sync) => (Level::INFO, "sync: this node has all that the primary releases"),
        (false, Safety::Solo) => (
            Level::WARN,
            "solo: the primary goes on alone, and this node does not have all that it releases",
        ),
        (false, Safety::Stopped) => {
            (Level::WARN, "stopped: the primary releases nothing until it has this node again")
        }
        (false, Safety::Async) => (Level::INFO, "async: the primary waits for nobody"),
    }
}

#[cfg(test)]
mod tests {
    use journal::format::Position;
    use journal::mark::Mark;
    use journal::roles::control::Control;
    use journal::roles::name::NodeName;
    use journal::roles::node::Node;
    use journal::roles::settings::{LogFacts, Start};
    use journal::roles::witness::Incarnation;
    use journal::ship::message::Digests;

    use super::*;
    use crate::config::{Mode, load};

    fn view() -> View {
        let place = std::env::temp_dir().join(format!("telling-{}.toml", std::process::id()));
        let text = "[node]\nname = \"tokyo\"\ninstitution = \"1\"\n[[station]]\nname = \"a\"\nrole = \"acquirer\"\n\
                    institution = \"2\"\ndialect = \"iso93-ascii\"\nframing = \"ascii4\"\nlisten = [\"127.0.0.1:7001\"]\n\
                    [peer]\nname = \"osaka\"\nlisten = [\"127.0.0.1:7400\"]\n";
        std::fs::write(&place, text).unwrap();
        let configuration = load(&place, Mode { insecure_demo: true }).unwrap();
        std::fs::remove_file(&place).unwrap();
        let peer = configuration.peer.as_ref().unwrap();
        let settings = crate::peer::settings(&configuration, peer, Digests::default());
        let facts = LogFacts {
            cluster: None,
            end: Mark::ZERO,
            epochs: Vec::new(),
            released: Position(0),
            damaged: None,
            lacks: None,
        };
        let start = Start { incarnation: Incarnation(1), cluster_if_new: [9; 16], yields: false };
        let control = Control::first(NodeName::new("tokyo").unwrap());
        Node::new(settings, control, facts, start, 0).view()
    }

    #[test]
    fn a_repair_of_the_log_is_told_when_it_begins_and_when_it_is_done() {
        let mut telling = Telling::default();
        let mut told = |repairing| telling.of_repair(repairing).map(|(level, _)| level);
        let seen = [false, true, true, false, false].map(&mut told);
        assert_eq!(seen, [None, Some(Level::WARN), None, Some(Level::INFO), None]);
    }

    #[test]
    fn each_change_of_how_the_nodes_stand_is_a_line_and_nothing_else_is() {
        let (mut telling, mut view) = (Telling::default(), view());
        let mut lines = Vec::new();
        let mut stands = |part, safety, epoch| {
            (view.part, view.safety, view.reign) = (part, safety, Epoch(epoch));
            for _ in 0..2 {
                let said = telling.next(&view).map(|(level, words)| format!("{level} {words}"));
                lines.extend(said);
            }
        };
        stands(Part::Standby, Safety::NoPrimary, 0);
        stands(Part::Standby, Safety::Solo, 1);
        stands(Part::Standby, Safety::Sync, 1);
        stands(Part::Standby, Safety::Sync, 3);
        stands(Part::Standby, Safety::NoPrimary, 3);
        stands(Part::Promoting, Safety::NoPrimary, 4);
        stands(Part::Beginning, Safety::Solo, 4);
        stands(Part::Primary, Safety::Solo, 4);
        stands(Part::Primary, Safety::Sync, 4);
        stands(Part::Primary, Safety::Stopped, 4);
        stands(Part::HandingOver, Safety::Sync, 4);
        stands(Part::Ended, Safety::Sync, 4);
        expect_test::expect![[r"
            WARN solo: the primary goes on alone, and this node does not have all that it releases
            INFO sync: this node has all that the primary releases
            INFO sync: this node has all that the primary releases
            WARN no primary is known: as far as this node knows, nobody serves
            WARN solo: what is released from here on is at this node alone, until the standby has it too
            INFO sync: what is released is at both nodes
            WARN stopped: nothing is released until the standby has it too, or is given up
            INFO sync: what is released is at both nodes"]].assert_eq(&lines.join("\n"));
    }
}
