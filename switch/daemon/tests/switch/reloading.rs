//! What a running daemon does when its configuration changes: on SIGHUP, and when an operator says so.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

use bench::load::Pace;
use daemon::change::{ConfigReply, ConfigRequest, Progress, Stage};
use daemon::control::{AskError, ask_config};
use daemon::not_done::NotDone;
use daemon::status::Status;
use rustix::process::Signal;

use crate::centre::{Centre, Load};
use crate::configuration::{ASCII, BINARY, Configuration, Speech};
use crate::diagnosing::Held;
use crate::letter::{sale, sale_of};
use crate::link::{Desk, Link};
use crate::patience::until;
use crate::place::{own_address, own_port};
use crate::sekishod::{Sekishod, count, patiently, station};

pub(crate) const PAN: &str = "353011";

impl Sekishod {
    /// Its files say this from here on.
    pub(crate) fn is_configured(&self, configuration: &Configuration) {
        let directory = self.file();
        let text = configuration.text(directory.parent().expect("it is in a directory"));
        self.is_configured_as(&text);
    }

    fn is_configured_as(&self, text: &str) {
        std::fs::write(self.file(), text).expect("the directory takes a file");
    }

    /// How many reloads have begun.
    fn runs(&self) -> u64 {
        self.status().reload.map_or(0, |reload| reload.run)
    }

    /// SIGHUP; waits until the reload has ended.
    pub(crate) fn reloads(&self) -> Progress {
        let before = self.runs();
        self.is_sent(Signal::HUP);
        let ended = |status: Status| {
            status.reload.filter(|reload| reload.run > before && reload.stage.is_end())
        };
        until("the end of the reload", || ended(self.status()))
    }

    /// Takes up another configuration.
    pub(crate) fn adopts(&self, configuration: &Configuration) -> Progress {
        self.is_configured(configuration);
        let progress = self.reloads();
        assert_eq!((progress.stage, &progress.refusals[..]), (Stage::Done, &[][..]));
        progress
    }

    /// Is to take up another configuration, and does not; why.
    pub(crate) fn refuses(&self, configuration: &Configuration) -> String {
        self.is_configured(configuration);
        let progress = self.reloads();
        assert_eq!(progress.stage, Stage::Refused);
        progress.refusals.join("\n")
    }

    pub(crate) fn asks(&self, request: &ConfigRequest) -> Result<ConfigReply, AskError> {
        patiently(|| ask_config(&self.control(), request))
    }
}

/// One acquirer; issuers at these addresses.
pub(crate) fn centres(issuers: &[(&str, SocketAddr)]) -> Configuration {
    let configuration = Configuration::new().workers(2).acquirer("merchant-a", ASCII, "");
    issuers.iter().fold(configuration, |all, (name, at)| all.issuer(name, BINARY, *at, ""))
}

pub(crate) fn load(switch: &Sekishod) -> Load {
    let target = switch.address_of("merchant-a");
    Load::begins(ASCII, target, (4, Pace::Rate(1_000)), &[PAN], "77334000001")
}

fn requests(switch: &Sekishod, name: &str) -> u64 {
    station(&switch.status(), name).requests
}

#[test]
fn a_route_moves_by_sighup_under_load_and_no_request_is_lost() {
    let (x, y) = (Centre::opens(BINARY), Centre::opens(BINARY));
    let both = || centres(&[("issuer-x", x.address()), ("issuer-y", y.address())]);
    let switch = Sekishod::starts(&both().route(PAN, "issuer-x"));
    switch.comes_to("both issuers are up", |status| {
        ["issuer-x", "issuer-y"].iter().all(|name| station(status, name).links_ready == 1)
    });
    let first = switch.status().adopted;
    let load = load(&switch);
    switch.comes_to("a thousand sales to X", |s| station(s, "issuer-x").requests > 1_000);
    assert_eq!(requests(&switch, "issuer-y"), 0);

    let progress = switch.adopts(&both().route(PAN, "issuer-y"));
    assert_eq!((progress.changes, progress.number), (1, first.number + 1));
    assert!(progress.workers.iter().all(|w| w.adopted_us.is_some() && w.opened_us.is_some()));
    let moved = requests(&switch, "issuer-x");
    switch.comes_to("a thousand sales to Y", |s| station(s, "issuer-y").requests > 1_000);
    assert_eq!(requests(&switch, "issuer-x"), moved, "nothing goes to X any more");

    let report = load.ends();
    assert_eq!((report.unanswered, report.mismatched), (0, 0));
    assert_eq!(report.approved, report.sent, "every sale is approved by one or the other");
    let status = switch.status();
    assert_eq!((status.adopted.number, status.adopted.how.as_str()), (first.number + 1, "signal"));
    assert_ne!(status.adopted.digest, first.digest);
    assert!(status.workers.iter().all(|worker| worker.configuration == first.number + 1));
    switch.says("change: route 353011: issuer-x -> issuer-y");
}

/// Whether somebody listens there.
fn is_open(port: SocketAddr) -> bool {
    TcpStream::connect(port).is_ok()
}

/// Waits for network management of ours with this function, and accepts it.
fn accepts_network(link: &mut Link, function: &str) {
    let heard = link.hears();
    assert_eq!((heard.mti(), heard.text(24)), (0x1804, function));
    link.sends(&heard.answered("800"));
}

#[test]
fn a_new_member_is_served_without_a_restart_and_one_that_is_gone_is_signed_off() {
    let x = Centre::opens(BINARY);
    let before = || centres(&[("issuer-x", x.address())]).route(PAN, "issuer-x");
    let switch = Sekishod::starts(&before());
    let (port, desk) = (own_port(), Desk::opens(BINARY));
    assert!(!is_open(port), "nobody listens there yet");
    let more = || {
        before()
            .acquirer_at("merchant-b", ASCII, port, "")
            .issuer("issuer-y", BINARY, desk.address(), "sign_on = \"ours\"")
            .route("42", "issuer-y")
    };
    switch.adopts(&more());
    let mut issuer = desk.accepts();
    accepts_network(&mut issuer, "801");
    switch.comes_to("Y is signed on", |s| station(s, "issuer-y").links_ready == 1);
    switch.comes_to("X is up", |s| station(s, "issuer-x").links_ready == 1);
    let mut merchant = Link::connects(ASCII, port);
    assert_eq!(merchant.asks(&sale_of(1, 7)).code(), "000");

    switch.adopts(&before());
    accepts_network(&mut issuer, "802");
    issuer.is_closed();
    merchant.is_closed();
    assert!(!is_open(port), "its port is closed");
    let status = switch.status();
    assert!(station(&status, "merchant-b").retired && station(&status, "issuer-y").retired);

    // And they come back as what they were.
    switch.adopts(&more());
    accepts_network(&mut desk.accepts(), "801");
    assert_eq!(Link::connects(ASCII, port).asks(&sale_of(1, 8)).code(), "000");
    let status = switch.status();
    assert_eq!(status.stations.len(), 4, "no station is made twice");
    assert!(status.stations.iter().all(|station| !station.retired));
}

#[test]
fn a_link_is_closed_and_opened_where_its_station_is_now() {
    let (old, new) = (Desk::opens(BINARY), Desk::opens(BINARY));
    let at = |desk: &Desk| centres(&[("issuer-x", desk.address())]).route(PAN, "issuer-x");
    let switch = Sekishod::starts(&at(&old));
    let mut before = old.accepts();
    switch.comes_to("it is up", |s| station(s, "issuer-x").links_ready == 1);
    switch.adopts(&at(&new));
    before.is_closed();
    let mut issuer = new.accepts();
    switch.comes_to("it is up again", |s| station(s, "issuer-x").links_ready == 1);
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    merchant.sends(&sale(1));
    let heard = issuer.hears_request();
    issuer.sends(&heard.answered("000"));
    assert_eq!(merchant.hears().code(), "000");
}

#[test]
fn who_may_not_connect_any_more_is_closed() {
    let with = |peers: &str| {
        Configuration::new().acquirer("merchant-a", ASCII, &format!("peers = [\"{peers}\"]"))
    };
    let switch = Sekishod::starts(&with("127.0.0.0/8"));
    let address = switch.address_of("merchant-a");
    let mut merchant = Link::connects_from(Ipv4Addr::new(127, 0, 0, 2), None, ASCII, address)
        .expect("somebody listens there");
    assert_eq!(merchant.asks(&sale(1)).code(), "908");
    switch.adopts(&with("127.0.0.1/32"));
    merchant.is_closed();
    let mut other = Link::connects(ASCII, address);
    assert_eq!(other.asks(&sale(2)).code(), "908");
}

#[test]
fn what_can_not_be_taken_up_is_refused_with_its_reason_and_the_old_one_goes_on() {
    let x = Centre::opens(BINARY);
    let good = || centres(&[("issuer-x", x.address())]).route(PAN, "issuer-x");
    let switch = Sekishod::starts(&good());
    switch.comes_to("X is up", |s| station(s, "issuer-x").links_ready == 1);
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    let first = switch.status().adopted;
    let busy = TcpListener::bind(own_address()).expect("loopback is all ours");
    let taken = busy.local_addr().expect("it is bound");
    let file = |name: &str| {
        let path = switch.file().with_file_name(name);
        path.to_str().expect("a plain path").to_owned()
    };
    std::fs::write(file("broken.toml"), "[dialect]\nname = \"broken\"\n").expect("it is taken");
    let broken: &'static str = Box::leak(file("broken.toml").into_boxed_str());
    let missing = format!("segment = \"1MiB\"\nkey = \"{}\"", file("no.key"));
    let in_broken = Speech { dialect: broken, ..ASCII };
    let stan = |n: u32| sale(n);
    for (number, (wrong, why)) in (1..).zip([
        (good().node("moon = \"full\""), "unknown key"),
        (good().journal(&missing), "no.key is not there"),
        (good().acquirer_at("merchant-b", ASCII, taken, ""), "in use"),
        (good().acquirer("merchant-b", in_broken, ""), "broken.toml"),
        (good().workers(1), "workers"),
        (good().node("spin_us = 7").limits("pending_max = 2048"), "pending_max"),
        (good().route("4", "issuer-z"), "issuer-z"),
    ]) {
        let reasons = switch.refuses(&wrong);
        assert!(reasons.contains(why), "{reasons}");
        let status = switch.status();
        assert_eq!(status.adopted, first, "nothing has changed");
        let shown = status.refused.expect("the status says why");
        assert!(shown.refusals.join("\n").contains(why));
        switch.says_like("the refusal", |line| {
            line.starts_with("configuration refused: ") && line.contains(why)
        });
        assert_eq!(merchant.asks(&stan(number)).code(), "000", "the old one goes on");
    }
    switch.is_configured(&good());
    assert_eq!(switch.reloads().stage, Stage::Unchanged);
    assert_eq!(switch.status().refused, None);
}

#[test]
fn what_was_adopted_is_known_to_the_next_start_and_so_is_who_asked_before() {
    let (x, y) = (Centre::opens(BINARY), Centre::opens(BINARY));
    let port = own_port();
    let before = || centres(&[("issuer-x", x.address())]).route(PAN, "issuer-x");
    let after = || {
        before().acquirer_at("merchant-b", ASCII, port, "").issuer(
            "issuer-y",
            BINARY,
            y.address(),
            "",
        )
    };
    let switch = Sekishod::starts(&before());
    let first = switch.status().adopted.number;
    switch.adopts(&after());
    switch.comes_to("X is up", |s| station(s, "issuer-x").links_ready == 1);
    let adopted = switch.status().adopted;
    let mut merchant = Link::connects(ASCII, port);
    let answer = merchant.asks(&sale_of(1, 1));
    assert_eq!(answer.code(), "000");
    let switch = Sekishod::starts_in(switch.killed(), &after());
    let again = switch.status().adopted;
    assert_eq!((adopted.number, again.number), (first + 1, first + 1), "it is the same one");
    assert_eq!(adopted.digest, again.digest);
    // The station came with the reload; its repeat is known by its number in the journal.
    let mut merchant = Link::connects(ASCII, port);
    let repeat = merchant.asks(&sale_of(1, 1).kind(0x1201));
    assert_eq!((repeat.code(), repeat.text(38)), ("000", answer.text(38)));
    assert_eq!(count(&switch.status(), "forwarded"), 1, "once, before the restart");
}

#[test]
fn an_operator_plans_applies_and_is_refused_while_one_runs() {
    let (x, y) = (Centre::opens(BINARY), Centre::opens(BINARY));
    let both = || centres(&[("issuer-x", x.address()), ("issuer-y", y.address())]);
    let switch = Sekishod::starts(&both().route(PAN, "issuer-x"));
    switch.is_configured(&both().route(PAN, "issuer-y"));
    let planned = switch.asks(&ConfigRequest::Plan).expect("it is read").plan.expect("a plan");
    let told: Vec<_> = planned.changes.told.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["route 353011: issuer-x -> issuer-y"]);
    let number = switch.status().adopted.number;

    // Of other files than were planned.
    let expect = Some("00".repeat(32));
    switch.asks(&ConfigRequest::Apply { expect }).expect("it begins");
    let ended = |switch: &Sekishod| {
        let progress = switch.asks(&ConfigRequest::Progress).expect("it answers").progress;
        progress.filter(|progress| progress.stage.is_end())
    };
    let refused = until("its end", || ended(&switch));
    assert_eq!(refused.stage, Stage::Refused, "{refused:?}");
    assert_eq!(switch.status().adopted.number, number);

    let expect = Some(planned.digest.clone());
    switch.asks(&ConfigRequest::Apply { expect }).expect("it begins");
    let done = until("its end", || ended(&switch));
    assert_eq!((done.stage, done.digest, done.how), (Stage::Done, planned.digest, "apply".into()));
    let history = switch.asks(&ConfigRequest::History).expect("it answers").versions;
    let numbers: Vec<u32> = history.iter().map(|version| version.number).collect();
    assert_eq!(numbers, [number + 1, number]);
    let before = switch.asks(&ConfigRequest::Version { number }).expect("it is kept");
    assert!(before.files[0].text.contains("to = [\"issuer-x\"]"));
}

#[test]
fn a_worker_that_hangs_is_named_while_it_is_waited_for_and_no_other_reload_begins() {
    let x = Centre::opens(BINARY);
    let with = |spin: u32| {
        centres(&[("issuer-x", x.address())])
            .route(PAN, "issuer-x")
            .node(&format!("spin_us = {spin}"))
    };
    let switch = Sekishod::starts(&with(1));
    let hung = Held::takes(&switch, "worker-1");
    switch.is_configured(&with(2));
    switch.is_sent(Signal::HUP);
    let line = switch.says("it does not take up the configuration; it is waited for");
    assert_eq!(line["worker"], 1);
    let progress = switch.asks(&ConfigRequest::Progress).expect("it answers").progress;
    let progress = progress.expect("one runs");
    assert_eq!(progress.stage, Stage::Adopting);
    let adopted: Vec<bool> = progress.workers.iter().map(|w| w.adopted_us.is_some()).collect();
    assert_eq!(adopted, [true, false]);
    match switch.asks(&ConfigRequest::Apply { expect: None }) {
        Err(AskError::NotDone(NotDone::Conflict(why))) => {
            assert!(why.contains("under way"), "{why}");
        }
        other => panic!("{other:?}"),
    }
    // What it is told now is done when it goes on: one more reload.
    switch.is_configured(&with(3));
    switch.is_sent(Signal::HUP);
    drop(hung);
    let status = switch.comes_to("both are adopted", |status| {
        status.reload.as_ref().is_some_and(|reload| reload.run == 2 && reload.stage.is_end())
    });
    assert!(status.workers.iter().all(|worker| worker.configuration == status.adopted.number));
}

#[test]
fn while_the_node_drains_its_configuration_stays_as_it_is() {
    let desk = Desk::opens(BINARY);
    let with = |limits: &str| {
        centres(&[("issuer-x", desk.address())]).route(PAN, "issuer-x").limits(limits)
    };
    let switch = Sekishod::starts(&with("drain = \"60s\""));
    let mut issuer = desk.accepts();
    switch.comes_to("it is up", |s| station(s, "issuer-x").links_ready == 1);
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    merchant.sends(&sale(1));
    let heard = issuer.hears_request();
    switch.is_sent(Signal::TERM);
    switch.says_like("the drain", |line| line.starts_with("draining"));
    switch.is_configured(&with("drain = \"61s\""));
    let progress = switch.reloads();
    assert_eq!(progress.stage, Stage::Refused);
    assert!(progress.refusals[0].contains("stopping"), "{progress:?}");
    issuer.sends(&heard.answered("000"));
    assert_eq!(merchant.hears().code(), "000");
    assert_eq!(switch.ends().code, Some(0));
}
