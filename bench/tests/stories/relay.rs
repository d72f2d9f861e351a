//! The floor, asked by hand.

use std::net::TcpListener;

use crate::world::{
    HERE, Line, Said, ascii4, honest_issuer, issuer_that, running_issuer, running_relay, sale,
};

#[test]
fn each_client_gets_the_answers_to_its_own_requests() {
    let issuer = running_issuer(&honest_issuer());
    let relay = running_relay(ascii4(), issuer.address);
    let mut clients: Vec<_> = (0..9).map(|_| Line::to(relay.address)).collect();
    for round in 0..3 {
        for (number, client) in clients.iter_mut().enumerate() {
            client.says(&sale(&format!("{:06}", number * 10 + round)));
        }
    }
    for (number, client) in clients.iter_mut().enumerate() {
        for round in 0..3 {
            assert_eq!(client.hears().field(11), format!("{:06}", number * 10 + round));
        }
    }
    let passed = relay.ends();
    assert_eq!((passed.requests, passed.answers, passed.undeliverable), (27, 27, 0));
    assert_eq!(issuer.ends().links, 4);
}

#[test]
fn a_keep_alive_is_not_passed_on_and_puts_nothing_out_of_step() {
    let issuer = running_issuer(&honest_issuer());
    let relay = running_relay(ascii4(), issuer.address);
    let mut client = Line::to(relay.address);
    client.says_bytes(b"0000");
    client.says(&sale("000001"));
    client.says_bytes(b"0000");
    client.says(&sale("000002"));
    assert_eq!(client.hears().field(11), "000001");
    assert_eq!(client.hears().field(11), "000002");
    assert_eq!(relay.ends().requests, 2);
    issuer.ends();
}

#[test]
fn an_answer_for_a_client_that_has_gone_goes_nowhere() {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let issuer = issuer_that(move |_, request| {
        if request.field(11) == "000001" {
            wait.lock().unwrap().recv().unwrap();
        }
        Some(request.approved().frame())
    });
    let relay = running_relay(ascii4(), issuer);
    let mut gone = Line::to(relay.address);
    gone.says(&sale("000001"));
    drop(gone);
    // The links are taken in turn: the fifth client shares the first one's.
    let mut clients: Vec<_> = (2..=5).map(|_| Line::to(relay.address)).collect();
    clients[3].says(&sale("000005"));
    go.send(()).unwrap();
    assert_eq!(clients[3].hears().field(11), "000005");
    assert_eq!(relay.ends().undeliverable, 1);
}

#[test]
fn an_answer_that_nobody_asked_for_is_dropped() {
    let issuer = issuer_that(|_, request| Some(request.approved().frame().repeat(2)));
    let relay = running_relay(ascii4(), issuer);
    let mut client = Line::to(relay.address);
    client.says(&sale("000001"));
    assert_eq!(client.hears().field(11), "000001");
    client.says(&Said { mti: codec::Mti::of(0x1100), ..sale("000002") });
    assert_eq!(client.hears().field(11), "000002");
    assert!(relay.ends().unasked >= 1);
}

#[test]
fn bytes_that_are_no_frame_end_the_connection() {
    let issuer = running_issuer(&honest_issuer());
    let relay = running_relay(ascii4(), issuer.address);
    let mut client = Line::to(relay.address);
    client.says_bytes(b"GET / HTTP/1.1");
    assert!(client.hears_the_end());
    assert_eq!(relay.ends().clients_closed, 1);
    issuer.ends();
}

#[test]
fn without_an_issuer_it_does_not_listen() {
    let free = TcpListener::bind(HERE).unwrap().local_addr().unwrap();
    let options = bench::relay::Options { listen: HERE, to: Vec::new(), framing: ascii4() };
    assert!(bench::relay::Relay::open(&options).is_err());
    let mut line =
        crate::world::program(&["relay", "--listen", "127.0.0.1:0", "--to", &free.to_string()]);
    assert_eq!(line.status.code(), Some(6));
    line.stdout.clear();
}
