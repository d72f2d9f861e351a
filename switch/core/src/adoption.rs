//! How a worker takes up another plan between two turns, in two phases: first everything that is known
//! and how long is waited, then what others hear of. Every worker is in the first before one is in the
//! second, so nobody hears of a station that it does not know. Knows no file and no other worker.

use alloc::sync::Arc;
use core::time::Duration;

use crate::broken::{Variant, breaks};
use crate::ids::{LinkId, StationId};
use crate::links::{Link, Phase};
use crate::notices::Closing;
use crate::plan::{Plan, SignOn, Station};
use crate::retiring::Retirement;
use crate::stations::StationNow;
use crate::time::{Now, Time};
use crate::turn::{Core, Order, Turn};

impl Core {
    /// Phase one: runs by `plan` from here on, which follows the one that it ran by
    /// ([`Plan::succeed`]). Gives that one back, to be dropped where freeing it holds up nobody.
    ///
    /// What is decided from now on is so by the new plan. What is under way ends as it was begun, but
    /// for a wait that became shorter: that holds for those who wait too. Links that are open stay so.
    /// Only new stations cost more than a look at each one, and those who wait for less from now on.
    ///
    /// # Panics
    /// When the plan does not follow.
    pub fn handle_plan(&mut self, now: Now, plan: Arc<Plan>) -> Arc<Plan> {
        let old = core::mem::replace(&mut self.plan, plan);
        assert!(old.workers == self.plan.workers, "the workers stay");
        self.turn(now).adopt(&old);
        old
    }

    /// Phase two: every worker has the plan that this one has. What is new in it connects, who is not
    /// named any more is taken leave of.
    pub fn handle_open(&mut self, now: Now) {
        self.turn(now).on_all_know();
    }

    /// What a link is connected to is another place from now on: it is closed, and one that we open is
    /// opened anew.
    pub fn close_link(&mut self, link: LinkId) {
        let state = &mut self.world.links[link.index()];
        // Attempts at the place of before say nothing about this one.
        state.attempts = 0;
        match state.phase {
            Phase::Open | Phase::Ready => self.world.close(link, Closing::Changed),
            Phase::Connecting => {
                self.world.orders.push_back(Order::Close(link, Closing::Changed));
            }
            Phase::Down if state.retry != Time::NEVER => {
                state.retry = Time(0);
                self.world.links_wake = Time(0);
            }
            Phase::Down | Phase::Closing => {}
        }
    }
}

impl Turn<'_> {
    fn adopt(&mut self, old: &Plan) {
        self.grow();
        let plan = self.plan;
        for (place, (was, is)) in old.stations.iter().zip(&plan.stations).enumerate() {
            let id = StationId(u16::try_from(place).expect("stations are counted"));
            self.change_station(id, was, is);
        }
        let (now, world) = (self.now.boot, &mut *self.world);
        let (before, after) = (&old.limits, &plan.limits);
        if after.ask_timeout < before.ask_timeout {
            world.table.shorten(&world.deciding, now + after.ask_timeout);
        }
        if after.quarantine < before.quarantine {
            world.table.shorten(&world.resting, now + after.quarantine);
        }
        world.links_wake = Time(0);
        if breaks(Variant::OpenedBeforeAllKnow) {
            self.on_all_know();
        }
    }

    /// Room for what is new.
    fn grow(&mut self) {
        let (plan, me, world) = (self.plan, self.me, &mut *self.world);
        let known = world.stations.len();
        assert!(known <= plan.stations.len(), "no station is taken away");
        let new = plan.stations.iter().skip(known);
        world.stations.extend(new.map(|station| StationNow::of(station, me, plan.workers)));
        let new = plan.link_stations.iter().skip(world.links.len());
        world.links.extend(new.map(|&station| Link::of(station)));
        assert!(world.links.len() == plan.link_stations.len(), "no link is taken away");
        world.leaving.reserve(world.links.len().saturating_sub(world.leaving.len()));
        let orders = world.links.len() * 2 + plan.limits.parked_max as usize;
        world.orders.reserve(orders.saturating_sub(world.orders.len()));
        world.saf.adopt(plan);
    }

    /// A station is another one from now on, or is not named any more, or again.
    fn change_station(&mut self, id: StationId, was: &Station, is: &Station) {
        let stays = (was.links_from, was.settings.links, was.worker, was.settings.role)
            == (is.links_from, is.settings.links, is.worker, is.settings.role);
        assert!(stays && was.settings.name == is.settings.name, "a station stays what it is");
        let (now, world) = (self.now.boot, &mut *self.world);
        let station = &mut world.stations[id.index()];
        let (before, after) = (&was.settings, &is.settings);
        if after.timeout < before.timeout && !breaks(Variant::DeadlinesNotShortened) {
            world.table.shorten(&station.in_flight, now + after.timeout);
        }
        let mut signs_on_again = false;
        if after.sign_on != before.sign_on {
            signs_on_again = after.sign_on == SignOn::Ours && station.awaits_sign_on();
            station.change_sign_on(after.sign_on);
            world.unannounced = true;
        }
        if is.worker != self.me {
            return;
        }
        if signs_on_again {
            // We say 801 when a link is opened; on these neither side has.
            self.close_links(id, Closing::Changed);
        }
        let station = &mut self.world.stations[id.index()];
        match (was.retired, is.retired) {
            (false, true) => {
                station.retirement = Retirement::Told { since: now };
                self.connects_no_more(id);
            }
            (true, false) => self.serves_again(id),
            _ if before.connects && !after.connects => self.connects_no_more(id),
            _ => {}
        }
    }

    fn connects_no_more(&mut self, station: StationId) {
        for link in self.links_of(station) {
            self.world.links[link.index()].retry = Time::NEVER;
        }
    }

    fn on_all_know(&mut self) {
        let (plan, me) = (self.plan, self.me);
        self.world.saf.open_to_all(plan);
        for (place, station) in plan.stations.iter().enumerate() {
            let id = StationId(u16::try_from(place).expect("stations are counted"));
            if station.worker != me {
                continue;
            }
            if station.retired {
                self.all_know_that_it_retires(id);
            } else if station.settings.connects && !self.world.drain.is_on() {
                self.connects_soon(id, station.settings.reconnect.1);
            }
        }
        self.world.links_wake = Time(0);
    }

    /// What never was connected is so now, and what waits for its next attempt waits no longer than is
    /// agreed now.
    fn connects_soon(&mut self, station: StationId, longest: Duration) {
        let now = self.now.boot;
        for link in self.links_of(station) {
            let link = &mut self.world.links[link.index()];
            if link.phase == Phase::Down {
                let at = if link.retry == Time::NEVER { now } else { now + longest };
                link.retry = link.retry.min(at);
            }
        }
    }
}
