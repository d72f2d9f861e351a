//! One station of a world: what it does, and what it has heard. Knows nothing of how the core
//! works.

use std::collections::VecDeque;

use codec::{Mti, Tpdu};
use switch_core::ids::{LinkId, StationId};
use switch_core::plan::Plan;

use super::tale::link_name;
use super::{Seen, Text, World, answer, tpdus};

/// What a station remembers.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Its own STANs and RRNs so far.
    sent: u32,
    /// Requests that it has not answered, with the links they came on.
    pub asked: VecDeque<(LinkId, Text)>,
    /// The last one that it answered.
    answered: Option<(LinkId, Text)>,
    /// Everything it has heard.
    pub heard: Vec<Text>,
}

impl State {
    pub(crate) fn hears(&mut self, link: LinkId, text: Text) {
        if Mti::of(text.mti).answer().is_some() {
            self.asked.push_back((link, text.clone()));
        }
        self.heard.push(text);
    }
}

/// What a link that is closed had not taken whole.
pub(super) fn lost_on(
    plan: &Plan,
    link: LinkId,
    lost: Vec<(bool, Vec<u8>)>,
) -> impl Iterator<Item = Seen> {
    let dialect = &plan.station(plan.station_of(link)).settings.dialect;
    lost.into_iter().map(move |(part, frame)| Seen::Lost(link, Text::read(dialect, &frame), part))
}

/// A station that is about to do something, on its first link unless told otherwise.
pub struct Party<'a> {
    world: &'a mut World,
    station: StationId,
    link: LinkId,
    /// What the answer to what it sends is to carry.
    tpdu: Option<Tpdu>,
}

impl<'a> Party<'a> {
    /// The station, on its first link.
    pub fn new(world: &'a mut World, station: StationId) -> Self {
        let link = world.plan.station(station).links_from;
        Self { world, station, link, tpdu: None }
    }

    /// The same station on another one of its links.
    #[must_use]
    pub fn on(self, link: u32) -> Self {
        let link = LinkId(self.world.plan_from(self.station) + link);
        assert_eq!(self.world.plan.station_of(link), self.station, "a station has its own links");
        Self { link, ..self }
    }

    /// The same station, at the terminal of this number behind its access controller.
    #[must_use]
    pub fn at(self, terminal: u8) -> Self {
        Self { tpdu: Some(Tpdu([0x60, 0, terminal, 0, 3])), ..self }
    }

    /// The link that it is about to use.
    pub fn link(&self) -> LinkId {
        self.link
    }

    fn state(&mut self) -> &mut State {
        &mut self.world.parties[self.station.index()]
    }

    fn line(&mut self, sign: char, what: &str) {
        let who = link_name(&self.world.plan, self.link);
        self.world.tale.line(&who, sign, what);
    }

    /// Sends a message; STAN (A's begin at 000101), RRN and institution are its own.
    pub fn sends(mut self, mut text: Text) {
        self.complete(&mut text);
        let frame = text.write(&self.world.plan.station(self.station).settings.dialect);
        self.says(&text.brief(), &frame);
    }

    fn says(&mut self, brief: &str, frame: &[u8]) {
        if let Some(tpdu) = self.tpdu {
            self.line('>', &format!("{brief}{}", tpdus::shown(Some(tpdu))));
            self.world.hears_under(self.link, tpdu, frame);
        } else {
            self.line('>', brief);
            self.world.hears(self.link, frame);
        }
    }

    /// Gives a request what is its own.
    pub fn complete(&mut self, text: &mut Text) {
        if Mti::of(text.mti).answer().is_none()
            || [11, 37].iter().all(|field| text.fields.contains_key(field))
        {
            return;
        }
        let settings = &self.world.plan.station(self.station).settings;
        let own = settings.institutions[0];
        if text.is_about_a_card() {
            let digits = format!("{:x}", own.digits);
            text.fill(32, &digits);
        }
        let state = self.state();
        state.sent += 1;
        text.fill(11, format!("{:06}", 100 + state.sent));
        if text.is_about_a_card() {
            let rrn = format!("6325140{:05}", 100 + state.sent);
            text.fill(37, rrn);
        }
    }

    /// The bytes that [`Party::sends`] would send.
    pub fn writes(mut self, mut text: Text) -> Vec<u8> {
        self.complete(&mut text);
        text.write(&self.world.plan.station(self.station).settings.dialect)
    }

    /// Sends bytes that may be anything.
    pub fn sends_bytes(mut self, frame: &[u8]) {
        self.says(&format!("{} bytes", frame.len()), frame);
    }

    /// Answers the oldest request that it has not answered, on the link that it came on.
    pub fn answers(self, code: &str) {
        self.answers_with(code, |answer| answer);
    }

    /// The same, with an answer that differs from the usual one.
    pub fn answers_with(mut self, code: &str, change: impl FnOnce(Text) -> Text) {
        let (link, request) = self.state().asked.pop_front().expect("it was asked something");
        self.state().answered = Some((link, request.clone()));
        Party { link, ..self }.sends(change(answer(&request, code)));
    }

    /// The oldest request, answered on the link chosen with [`Party::on`].
    pub fn answers_here(mut self, code: &str) {
        let (came_on, request) = self.state().asked.pop_front().expect("it was asked something");
        self.state().answered = Some((came_on, request.clone()));
        self.sends(answer(&request, code));
    }

    /// Answers the last answered request once more.
    pub fn answers_again(mut self, code: &str) {
        let (link, request) = self.state().answered.clone().expect("it answered something");
        Party { link, ..self }.sends(answer(&request, code));
    }

    /// Answers the newest request; it will not answer those before.
    pub fn answers_newest(mut self, code: &str) {
        let asked = &mut self.state().asked;
        asked.drain(..asked.len().saturating_sub(1));
        self.answers(code);
    }

    /// Whether there is a request that it has not answered.
    pub fn is_asked(mut self) -> bool {
        !self.state().asked.is_empty()
    }

    /// The codes (DE 39) of all answers that it heard.
    pub fn codes(mut self) -> String {
        let answers = self.state().heard.iter().filter(|text| text.fields.contains_key(&39));
        let codes: Vec<&str> = answers.map(|text| text.of(39)).collect();
        codes.join(" ")
    }

    /// The last message that it heard.
    pub fn heard(mut self) -> Text {
        self.state().heard.last().cloned().expect("it heard something")
    }

    /// One of the messages that it heard, counted from 0.
    pub fn heard_at(mut self, place: usize) -> Text {
        self.state().heard[place].clone()
    }

    /// How many messages it has heard.
    pub fn heard_count(mut self) -> usize {
        self.state().heard.len()
    }

    /// The oldest request that it has not answered; it will not answer that one.
    pub fn takes(mut self) -> Text {
        self.state().asked.pop_front().expect("it was asked something").1
    }

    /// Its connection is there: it came to our listener, or our attempt found it. Tells which
    /// link it became.
    pub fn connects(mut self) -> Option<u32> {
        let (worker, from) =
            (self.world.plan.owner(self.station), self.world.plan_from(self.station));
        let now = self.world.now;
        let core = &mut self.world.cores[worker.index()];
        if self.world.plan.station(self.station).settings.connects {
            let place = self.world.connecting.iter().position(|&link| link == self.link);
            self.world.connecting.remove(place.expect("we are connecting"));
        } else if let Some(link) = core.handle_accept(now, self.station) {
            self.link = link;
        } else {
            self.world.settle();
            return None;
        }
        self.world.network.open(self.link);
        self.world.cores[worker.index()].handle_opened(now, self.link);
        self.line('=', "connected");
        self.world.settle();
        Some(self.link.0 - from)
    }

    /// Our attempt to connect found nobody.
    pub fn refuses(mut self) {
        let place = self.world.connecting.iter().position(|&link| link == self.link);
        self.world.connecting.remove(place.expect("we are connecting"));
        self.line('=', "refused");
        self.loses(0);
    }

    /// It closes its connection, or the line breaks.
    pub fn closes(mut self) {
        let (sent, lost) = self.world.network.close(self.link);
        let lost = lost_on(&self.world.plan, self.link, lost);
        self.world.seen.extend(lost);
        self.line('=', "closed");
        self.loses(sent);
    }

    fn loses(self, sent: u64) {
        let Self { world, station, link, .. } = self;
        world.unread.retain(|(on, ..)| *on != link);
        let worker = world.plan.owner(station);
        let core = &mut world.cores[worker.index()];
        core.handle_closed(world.now, link, sent, &mut world.network.of(worker));
        world.settle();
    }

    fn socket(&mut self) -> &mut super::network::Socket {
        &mut self.world.network.sockets[self.link.index()]
    }

    /// It reads no more.
    pub fn stalls(mut self) {
        self.socket().stalled = true;
    }

    /// It reads again.
    pub fn reads(mut self) {
        self.socket().stalled = false;
        self.world.is_read();
    }

    /// It reads so many bytes, and no more.
    pub fn reads_only(mut self, bytes: u64) {
        let socket = self.socket();
        socket.handed += bytes;
        self.world.is_read();
    }

    /// So many bytes at most may wait for it.
    pub fn has_room_for(mut self, bytes: usize) {
        self.socket().room = Some(bytes);
    }
}
