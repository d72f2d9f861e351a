//! Two threads `ship` with their lines on loopback, real logs on real files, and a main thread played by
//! the test: who releases what, and what becomes of a line that is cut, held or of the wrong node.

mod site;

mod wire;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use journal::format::Position;
use journal::roles::event::Allowed;
use journal::roles::objection::Objection;
use journal::roles::view::{Part, Safety};
use journal::roles::wish::{Confirmed, Question, Wish};
use journal::ship::message::{Hello, LINE_VERSION, Message};
use site::{Site, both, until};
use wire::Proxy;

/// `tokyo` listens and reigns, `osaka` connects through here and has joined.
fn pair(through: Option<&Proxy>) -> (Site, Site) {
    let mut tokyo = Site::new("tokyo", "osaka", "listen = [\"127.0.0.1:0\"]");
    let listens = tokyo.ship.shown().line.listens[0];
    if let Some(proxy) = through {
        proxy.leads_to(listens);
    }
    let address = through.map_or(listens, Proxy::address);
    let mut osaka = Site::new("osaka", "tokyo", &format!("connect = [\"{address}\"]"));
    let first = Confirmed::default().and(Question::First);
    let promoted = tokyo.wishes(Wish::Promote(first));
    let joined = osaka.wishes(Wish::Join { replace: false });
    until(&mut tokyo, &mut osaka, "an open primary", |tokyo, _| tokyo.is_open);
    assert!(promoted.try_recv().unwrap().is_ok());
    until(&mut tokyo, &mut osaka, "sync", both(Safety::Sync));
    assert!(joined.try_recv().unwrap().is_ok());
    (tokyo, osaka)
}

#[test]
fn what_is_released_in_sync_is_on_the_disk_of_both() {
    let (mut tokyo, mut osaka) = pair(None);
    for number in 1..=50_u64 {
        let last = tokyo.appends(b"a record");
        until(&mut tokyo, &mut osaka, "released", |tokyo, _| tokyo.released() >= last);
        assert!(osaka.durable().position >= last, "{number}");
    }
    until(&mut tokyo, &mut osaka, "all of it", |tokyo, osaka| osaka.durable() == tokyo.framed());
    let shown = tokyo.ship.shown();
    assert_eq!(shown.lag.unwrap().records, 0);
    assert!(shown.line.round_trip_ns.is_some() && shown.view.unwrap().requires);
}

#[test]
fn a_line_that_is_cut_in_the_middle_of_a_batch_comes_back_and_both_logs_are_one() {
    let proxy = Proxy::new();
    let (mut tokyo, mut osaka) = pair(Some(&proxy));
    for bytes in [1, 700, 4_095, 5_000, 9_001] {
        proxy.cuts_after(bytes);
        let last = tokyo.appends(&vec![7; 30_000]);
        until(&mut tokyo, &mut osaka, "released", |tokyo, _| tokyo.released() >= last);
        until(&mut tokyo, &mut osaka, "sync", both(Safety::Sync));
    }
    until(&mut tokyo, &mut osaka, "all of it", |tokyo, osaka| osaka.durable() == tokyo.framed());
    assert!(tokyo.ship.shown().line.opened >= 6, "each cut took a line");
}

#[test]
fn a_standby_that_is_away_is_not_waited_for_and_catches_up_from_the_log() {
    let proxy = Proxy::new();
    let (mut tokyo, mut osaka) = pair(Some(&proxy));
    proxy.holds(true);
    let last = tokyo.appends(b"for nobody yet");
    until(&mut tokyo, &mut osaka, "solo", |tokyo, _| tokyo.safety() == Safety::Solo);
    until(&mut tokyo, &mut osaka, "released", |tokyo, _| tokyo.released() >= last);
    let view = tokyo.ship.shown().view.unwrap();
    assert!(view.at_risk >= 1 && view.part == Part::Primary, "{view:?}");
    for _ in 0..20 {
        tokyo.appends(&vec![9; 50_000]);
    }
    // A half-open line: nothing comes on it, and both ends find out.
    until(&mut tokyo, &mut osaka, "the end of the line", |tokyo, osaka| {
        let no_line = |site: &Site| site.ship.shown().line.address.is_none();
        no_line(tokyo) && no_line(osaka)
    });
    assert!(tokyo.ship.shown().line.trouble.unwrap().contains("nothing came for three seconds"));
    proxy.holds(false);
    until(&mut tokyo, &mut osaka, "sync", both(Safety::Sync));
    until(&mut tokyo, &mut osaka, "all of it", |tokyo, osaka| osaka.durable() == tokyo.framed());
    assert_eq!(tokyo.ship.shown().view.unwrap().at_risk, 0);
}

#[test]
fn the_wrong_node_gets_no_log_and_is_told_why() {
    let mut tokyo = Site::new("tokyo", "osaka", "listen = [\"127.0.0.1:0\"]");
    let way = format!("connect = [\"{}\"]", tokyo.ship.shown().line.listens[0]);
    let mut nagoya = Site::new("nagoya", "tokyo", &way);
    drop(tokyo.wishes(Wish::Promote(Confirmed::default().and(Question::First))));
    drop(nagoya.wishes(Wish::Join { replace: false }));
    until(&mut tokyo, &mut nagoya, "an objection", |tokyo, _| {
        tokyo.ship.shown().view.unwrap().peer.objected == Some(Objection::OtherName)
    });
    assert!(nagoya.follower.is_none() && nagoya.durable().batch.0 == 0);
}

#[test]
fn a_node_that_speaks_another_version_is_not_spoken_with_and_the_status_says_so() {
    let tokyo = Site::new("tokyo", "osaka", "listen = [\"127.0.0.1:0\"]");
    let mut socket = TcpStream::connect(tokyo.ship.shown().line.listens[0]).unwrap();
    let mut bytes = Vec::new();
    let hello = Hello { version: LINE_VERSION + 1, ..wire::hello("osaka") };
    journal::ship::wire::put(&Message::Hello(hello), &mut bytes);
    socket.write_all(&bytes).unwrap();
    // It is closed by tokyo, after what tokyo had to say.
    let mut said = Vec::new();
    socket.read_to_end(&mut said).unwrap();
    let trouble = tokyo.ship.shown().line.trouble.unwrap();
    assert!(trouble.contains("version"), "{trouble}");
}

#[test]
fn nonsense_ends_a_line_and_nothing_else() {
    let tokyo = Site::new("tokyo", "osaka", "listen = [\"127.0.0.1:0\"]");
    for nonsense in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xFF; 64], &[0; 4_096]] {
        let mut socket = TcpStream::connect(tokyo.ship.shown().line.listens[0]).unwrap();
        socket.write_all(nonsense).unwrap();
        drop(socket.read_to_end(&mut Vec::new()));
        assert!(tokyo.ship.shown().line.trouble.is_some());
    }
    assert_eq!(tokyo.ship.shown().view.unwrap().part, Part::Standby);
}

#[test]
fn a_peer_that_reads_nothing_is_given_up_and_the_primary_goes_on() {
    let mut tokyo = Site::new("tokyo", "osaka", "listen = [\"127.0.0.1:0\"]");
    drop(tokyo.wishes(Wish::Promote(Confirmed::default().and(Question::First))));
    while !tokyo.is_open {
        tokyo.turn();
    }
    let stuck = TcpStream::connect(tokyo.ship.shown().line.listens[0]).unwrap();
    let last = tokyo.appends(b"a record");
    while tokyo.released() < last {
        tokyo.turn();
    }
    while tokyo.ship.shown().line.opened == 0 || tokyo.ship.shown().line.address.is_some() {
        tokyo.turn();
    }
    drop(stuck);
}

#[test]
fn a_port_of_the_line_that_is_taken_is_told_by_its_address() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let started = Site::starts("tokyo", "osaka", &format!("listen = [\"{address}\"]"));
    let failure = started.err().unwrap();
    assert!(failure.contains(&format!("listen on {address} for the peer")), "{failure}");
}

#[test]
fn what_a_primary_releases_alone_is_all_that_is_durable() {
    let mut tokyo = Site::new("tokyo", "osaka", "listen = [\"127.0.0.1:0\"]");
    drop(tokyo.wishes(Wish::Promote(Confirmed::default().and(Question::First))));
    while !tokyo.is_open {
        tokyo.turn();
    }
    let last = tokyo.appends(b"a record");
    while tokyo.released() < last {
        tokyo.turn();
    }
    while tokyo.ship.shown().view.unwrap().at_risk < last.0 {
        tokyo.turn();
    }
    assert!(tokyo.release().allow(Allowed::UpTo(Position(1))).is_ok());
    assert_eq!(tokyo.released(), last, "never back");
}

#[test]
fn from_the_end_of_a_reign_on_nothing_is_released_however_long_the_process_takes_to_end() {
    let mut tokyo = Site::new("tokyo", "osaka", "listen = [\"127.0.0.1:0\"]");
    drop(tokyo.wishes(Wish::Promote(Confirmed::default().and(Question::First))));
    while !tokyo.is_open {
        tokyo.turn();
    }
    let last = tokyo.appends(b"a record of the reign");
    while tokyo.released() < last {
        tokyo.turn();
    }
    let all = Confirmed::default().and(Question::NotInSync).and(Question::NoPrimary);
    drop(tokyo.wishes(Wish::Demote(all)));
    while !tokyo.is_over {
        tokyo.turn();
    }
    tokyo.appends(b"a record behind it");
    assert_eq!(tokyo.released(), last);
}
