//! What the sockets took comes to the stations that it is for. Knows no core's state.

use switch_core::ids::WorkerId;

use super::tale::link_name;
use super::{Seen, Text, World, tpdus};

impl World {
    /// Hands over what the sockets took; also while nobody has a turn, who hears of it in the next one.
    pub(super) fn deliver(&mut self) -> bool {
        let left = self.network.flush();
        if !self.still {
            for (core, worker) in self.cores.iter_mut().zip(0..) {
                core.handle_flushed(&self.network.of(WorkerId(worker)));
            }
        }
        for (link, tpdu, frame) in &left {
            let station = self.plan.station_of(*link);
            let text = Text::read(&self.plan.station(station).settings.dialect, frame);
            let mut brief = text.brief();
            if self.tpdus_told {
                brief += &tpdus::shown(*tpdu);
            } else {
                tpdus::check(&text, *tpdu);
            }
            self.tale.line(&link_name(&self.plan, *link), '<', &brief);
            self.seen.push(Seen::Heard(*link, text.clone()));
            self.parties[station.index()].hears(*link, text);
        }
        !left.is_empty()
    }
}
