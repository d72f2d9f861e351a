//! Partners that send or connect without end: they are bounded, and a link at work beside them loses
//! nothing.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};

use bench::load::Pace;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::centre::{Centre, Load};
use crate::configuration::{BINARY, Configuration, institution};
use crate::letter::{CARDS, Letter, network, sale};
use crate::link::Link;
use crate::patience::until;
use crate::sekishod::{Sekishod, count, station};

/// Connections of the crowd, in so many from each of so many addresses.
const CROWD: u64 = 10_000;
const ADDRESSES: u64 = 10;
/// Connections that the crowd makes before it looks whether they were taken: what overflows the
/// queue of a listener comes back when the system tries again, up to half a minute later.
const AT_ONCE: u64 = 100;
/// Descriptors that this process needs for those of them that are served, and for the other tests.
const DESCRIPTORS: u64 = 4_096;

/// A switch with an issuer that approves, and a load at work on a link of the first acquirer.
struct Scene {
    switch: Sekishod,
    address: SocketAddr,
    load: Load,
    _centre: Centre,
}

fn at_work(more: &str) -> Scene {
    let centre = Centre::opens(BINARY);
    let configuration = Configuration::new()
        .acquirer("merchant-a", BINARY, more)
        .issuer("issuer-x", BINARY, centre.address(), "")
        .route("353011", "issuer-x");
    let switch = Sekishod::starts(&configuration);
    switch.says_of("issuer-x", "link open");
    let address = switch.address_of("merchant-a");
    let load = Load::begins(BINARY, address, (1, Pace::Window(4)), &CARDS[..1], &institution(0));
    switch.comes_to("the link at work", |status| count(status, "answered") > 100);
    Scene { switch, address, load, _centre: centre }
}

impl Scene {
    /// The link at work goes on, and has lost nothing in the end.
    fn has_lost_nothing(self) {
        let before = count(&self.switch.status(), "answered");
        self.switch.comes_to("the link at work", |status| count(status, "answered") > before + 100);
        let report = self.load.ends();
        assert!(report.is_right(), "{report:?}");
        assert_eq!((report.answered, report.connections_lost), (report.sent, 0));
        assert_eq!(report.approved, report.answered);
    }
}

/// This process may have so many descriptors.
fn has_descriptors(needed: u64) {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < needed) {
        let raised = Rlimit { current: Some(needed), maximum: limit.maximum };
        setrlimit(Resource::Nofile, raised).expect("the hard limit is high enough");
    }
}

#[test]
fn of_ten_thousand_connections_a_station_serves_its_links_and_refuses_the_others() {
    has_descriptors(DESCRIPTORS);
    let scene = at_work("links = 300\necho = \"off\"");
    let mut crowd = Vec::new();
    let mut status = scene.switch.status();
    for begun in (0..CROWD).step_by(usize::try_from(AT_ONCE).unwrap()) {
        crowd.extend((begun..begun + AT_ONCE).map(|place| {
            let from = Ipv4Addr::new(127, 0, 1, 1 + u8::try_from(place % ADDRESSES).unwrap());
            Link::connects_from(from, None, BINARY, scene.address).expect("the system takes it")
        }));
        status = scene.switch.comes_to("everybody served or refused", |status| {
            let served = u64::from(station(status, "merchant-a").links_ready);
            // One of those that are served is the link at work.
            served + count(status, "links_refused") == begun + AT_ONCE + 1
        });
        crowd.retain(Link::is_open);
    }
    let shown = station(&status, "merchant-a");
    assert_eq!((shown.links_ready, shown.links_max), (300, 300));
    assert_eq!(count(&status, "links_refused"), CROWD + 1 - 300);
    until("the others to be closed", || {
        crowd.retain(Link::is_open);
        (crowd.len() == 299).then_some(())
    });
    for (place, link) in (1..).zip(&mut crowd) {
        assert_eq!(link.asks(&sale(place)).code(), "000");
    }
    scene.has_lost_nothing();
}

#[test]
fn connections_without_descriptors_wait_and_are_taken_when_there_are_some() {
    let configuration = Configuration::new().acquirer("merchant-a", BINARY, "");
    let switch = Sekishod::tries_under("ulimit -n 64", &configuration);
    switch.says("serving");
    let address = switch.address_of("merchant-a");
    let mut first = Link::connects(BINARY, address);
    assert_eq!(first.asks(&sale(1)).code(), "908");
    let mut crowd: Vec<Link> = (0..64).map(|_| Link::connects(BINARY, address)).collect();
    let is_it = |message: &str| message.starts_with("connections wait: the system gives none");
    switch.says_like("connections that wait", is_it);
    assert_eq!(first.asks(&sale(2)).code(), "908");
    // What opens files beside them, as the journal does, finds descriptors.
    let open = std::fs::read_dir(format!("/proc/{}/fd", switch.pid())).expect("it runs").count();
    assert!(open <= 54, "{open} of 64 descriptors are in use");

    // Nobody can ask for the status: that takes a descriptor, too.
    let mut last = crowd.pop().expect("they are many");
    drop(crowd);
    assert_eq!(last.asks(&sale(3)).code(), "908");
    let status = switch.status();
    assert!(count(&status, "accepts_failed") > 0);
    assert_eq!((station(&status, "merchant-a").requests, count(&status, "links_refused")), (3, 0));
}

#[test]
fn two_hundred_slow_senders_lose_their_links_a_frame_timeout_after_their_first_byte() {
    let scene = at_work("frame_timeout = \"300ms\"");
    let mut slow: Vec<Link> = (0..200).map(|_| Link::connects(BINARY, scene.address)).collect();
    for link in &mut slow {
        link.sends_bytes(&8_000_u16.to_be_bytes()).expect("the other side takes it");
    }
    // Byte after byte they go on; they would need thousands.
    until("all of them to be closed", || {
        scene.switch.status();
        slow.retain_mut(|link| link.sends_bytes(b"1").is_ok());
        slow.is_empty().then_some(())
    });
    scene.switch.says_of("merchant-a", "half a frame: link closed");
    let status = scene
        .switch
        .comes_to("one link left", |status| station(status, "merchant-a").links_ready == 1);
    assert_eq!((count(&status, "frame_timeouts"), count(&status, "bad_frames")), (200, 0));
    scene.has_lost_nothing();
}

#[test]
fn a_flood_of_tiny_frames_closes_its_link() {
    let scene = at_work("");
    let mut flood = Link::connects(BINARY, scene.address);
    // Keep-alives of two bytes, as many as a read takes.
    let frames = vec![0; 64 << 10];
    let closed = until("the link to be closed", || flood.sends_bytes(&frames).err());
    assert!(matches!(closed.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset));
    let line = scene.switch.says_of("merchant-a", "closing a link");
    assert_eq!(line["why"], "it sent far more frames without a transaction than noise_max");
    let status = scene.switch.status();
    assert_eq!(count(&status, "links_noisy"), 1);
    assert!(count(&status, "keep_alives") >= 100 && count(&status, "noise_dropped") >= 1_000);
    scene.has_lost_nothing();
}

#[test]
fn an_echo_storm_is_answered_up_to_its_budget_and_its_link_goes_on() {
    let scene = at_work("");
    let mut storm = Link::connects(BINARY, scene.address);
    let echo = storm.framed(&storm.written(&network("831", 1)));
    storm.sends_bytes(&echo.repeat(1_000)).expect("the other side takes it");
    let answer = storm.asks(&sale(2));
    let mut heard = vec![answer];
    let status = scene.switch.comes_to("all of it", |status| {
        count(status, "network_answered") + count(status, "noise_dropped") == 1_000
    });
    let echoed = count(&status, "network_answered");
    assert!((100..1_000).contains(&echoed), "{echoed}");
    while heard.len() as u64 != echoed + 1 {
        heard.push(storm.hears());
    }
    let answers = heard.iter().filter(|letter| letter.mti() == 0x1210);
    assert_eq!(answers.map(Letter::code).collect::<Vec<_>>(), ["000"]);
    let said = "more frames without a transaction than noise_max: they are only counted";
    scene.switch.says_of("merchant-a", said);
    assert_eq!(count(&status, "links_noisy"), 0);
    scene.has_lost_nothing();
}
