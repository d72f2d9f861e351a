//! What stations are told when a standby reigns: once on each link, before we sign on there, an 1804
//! with DE 24 804 or 806, or the code of a station of 1987 in DE 70. Nothing waits for the answer.
//! Knows no transaction.

use codec::{Message, Version};

use crate::broken::{Variant, breaks};
use crate::codes;
use crate::counters::Counter;
use crate::gate::Service;
use crate::ids::LinkId;
use crate::links::Asked;
use crate::network::{ACCEPTED, NETWORK_MAX};
use crate::notices::Notice;
use crate::replay::State;
use crate::stations::StationNow;
use crate::time::Time;
use crate::turn::Turn;

impl Turn<'_> {
    /// Whether this start was a promotion.
    pub(crate) fn take_up_promotion(&mut self, state: &State) {
        self.world.promoted = state.is_promoted();
        let is_lossy = state.promotion().is_some_and(|promotion| promotion.lossy);
        if state.is_promoted() && is_lossy && !breaks(Variant::StansNotAhead) {
            self.world.stations.iter_mut().for_each(StationNow::network_goes_ahead);
        }
    }

    /// Tells a link that was just opened for the first time, where its station wants that.
    pub(crate) fn announce_reign(&mut self, link: LinkId) {
        let settings = &self.plan.station(self.plan.station_of(link)).settings;
        let is_first = self.world.links[link.index()].generation == 1;
        if !self.world.promoted || !is_first || breaks(Variant::PromotionUntold) {
            return;
        }
        let Some(function) = settings.announce.function() else { return };
        let is_old = settings.dialect.version() == Version::Iso1987;
        if is_old && settings.network_codes.announce == 0 {
            return;
        }
        let has_room = self.gate.admits_as(Service::Network, NETWORK_MAX);
        let stan = if has_room { self.say(link, function) } else { None };
        let Some(stan) = stan else { return self.count(Counter::AnswersLost) };
        let until = Time::NEVER;
        self.world.links[link.index()].announced = Some(Asked { stan, function, until });
        self.count(Counter::Announced);
    }

    /// Whether this answers what a link was told; a refusal changes nothing, and is told.
    pub(crate) fn is_of_announcement(&mut self, link: LinkId, message: &Message<'_>) -> bool {
        let stan = message.value(11).and_then(|value| value.packed()).unwrap_or_default();
        let announced = &mut self.world.links[link.index()].announced;
        let Some(asked) = announced.take_if(|asked| asked.stan.digits() == stan) else {
            return false;
        };
        let action = codes::verdict(message).and_then(|action| u16::try_from(action).ok());
        let action = action.unwrap_or_default();
        if action != ACCEPTED {
            self.tell(Notice::NetworkRefused { link, function: asked.function, action });
        }
        true
    }
}
