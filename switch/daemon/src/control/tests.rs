//! Conversations over a real socket in a directory of its own.

mod roles;

use super::*;
use crate::saf::SafItem;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A directory that goes away with the test.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sekisho-control-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn socket(&self) -> PathBuf {
        self.0.join("control.sock")
    }

    fn served(&self) -> ControlHandle {
        serve(&self.socket(), sources()).unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn sources() -> Sources {
    Sources::unrecorded(Box::new(status), Box::new(saf))
}

fn status() -> Status {
    Status {
        schema_version: crate::status::SCHEMA_VERSION,
        node: "tokyo".into(),
        ..Status::default()
    }
}

/// One item, which can be shown and not be held.
fn saf(request: &SafRequest, _: &Peer) -> Result<SafReply, NotDone> {
    if let SafRequest::Hold { id } = request {
        return Err(NotDone::Conflict(format!("{id} is held")));
    }
    let item = SafItem { id: "issuer-x/000001".into(), ..SafItem::default() };
    Ok(SafReply { items: vec![item], ..SafReply::default() })
}

/// Something that only one of the clients hears: an answer, or that there were too many of its.
fn heard(error: &AskError) -> Option<()> {
    matches!(error, AskError::NotDone(NotDone::Failed(_))).then_some(())
}

struct Client(BufReader<UnixStream>);

impl Client {
    fn connects(place: &Place) -> Self {
        let stream = UnixStream::connect(place.socket()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Self(BufReader::new(stream))
    }

    fn says(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.get_mut().write_all(bytes).unwrap();
        self
    }

    fn hears(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line
    }

    fn is_let_go(&mut self) {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"");
    }
}

#[test]
fn a_status_is_asked_for_and_given() {
    let place = Place::new();
    let served = place.served();
    let status = ask_status(&place.socket()).unwrap();
    assert_eq!(status.node, "tokyo");
    drop(served);
}

#[test]
fn whoever_is_to_answer_later_answers_from_the_next_command_on_and_clients_stay() {
    let place = Place::new();
    let control = place.served();
    let mut client = Client::connects(&place);
    assert!(client.says(b"{\"command\":\"status\"}\n").hears().contains("\"node\":\"tokyo\""));
    let osaka = || Status { node: "osaka".into(), ..status() };
    control.answered_by(Sources::unrecorded(Box::new(osaka), Box::new(saf)));
    assert!(client.says(b"{\"command\":\"status\"}\n").hears().contains("\"node\":\"osaka\""));
}

#[test]
fn who_ends_the_process_lets_an_answer_that_is_under_way_leave_first_and_waits_no_longer_than_it_wants()
 {
    let place = Place::new();
    let ((enters, entered), (goes, go)) = (bounded(1), bounded(1));
    let slow = move || {
        enters.send(()).unwrap();
        go.recv().unwrap();
        status()
    };
    let control =
        serve(&place.socket(), Sources::unrecorded(Box::new(slow), Box::new(saf))).unwrap();
    let mut client = Client::connects(&place);
    client.says(b"{\"command\":\"status\"}\n");
    entered.recv().unwrap();
    control.lets_answer(Duration::from_millis(5));
    goes.send(()).unwrap();
    control.lets_answer(Duration::from_secs(30));
    client.0.get_mut().set_nonblocking(true).unwrap();
    assert!(client.hears().contains("tokyo"), "it stands in the socket already");
}

#[test]
fn a_client_may_ask_again_and_may_ask_ahead() {
    let place = Place::new();
    let _served = place.served();
    let mut client = Client::connects(&place);
    client.says(b"{\"command\":\"status\"}\n{\"command\":\"status\"}\n");
    assert!(client.hears().contains("tokyo"));
    assert!(client.hears().contains("tokyo"));
    assert!(client.says(b"{\"command\":").says(b"\"status\"}\n").hears().contains("tokyo"));
}

#[test]
fn a_line_that_is_no_request_is_refused_and_the_next_one_is_not() {
    let place = Place::new();
    let _served = place.served();
    let mut client = Client::connects(&place);
    for garbage in [&b"\n"[..], b"status\n", b"\xFF\xFE\n", b"[]\n", b"{\"command\":3}\n"] {
        let refusal = "{\"error\":\"not a request; write one object a line, as {\\\"command\\\":\\\"status\\\"}\"}\n";
        assert_eq!(client.says(garbage).hears(), refusal);
    }
    let refusal =
        "{\"error\":\"unknown command \\\"stop\\\"; there is: status, saf, config, node\"}\n";
    assert_eq!(client.says(b"{\"command\":\"stop\"}\n").hears(), refusal);
    assert!(client.says(b"{\"command\":\"status\"}\n").hears().contains("tokyo"));
}

#[test]
fn a_line_may_be_as_long_as_the_bound_and_not_longer() {
    let place = Place::new();
    let _served = place.served();
    let long = |length: usize| {
        let mut line = br#"{"command":"status"}"#.to_vec();
        line.resize(length - 1, b' ');
        line.push(b'\n');
        line
    };
    let mut client = Client::connects(&place);
    assert!(client.says(&long(REQUEST_BYTES_MAX)).hears().contains("tokyo"));

    // The daemon stops reading at the bound, so the end of the line is left unread and the
    // connection reset; what it said is sent before.
    let mut line = long(REQUEST_BYTES_MAX + 1);
    line.truncate(REQUEST_BYTES_MAX);
    let refusal = "{\"error\":\"a request is one line of at most 65536 bytes\"}\n";
    assert_eq!(client.says(&line).hears(), refusal);
    client.is_let_go();
}

/// A socket to which everybody comes as the user of this number.
fn served_to(place: &Place, uid: &Arc<AtomicU32>) -> ControlHandle {
    let uid = Arc::clone(uid);
    let identify = move |_: &UnixStream| {
        let uid = uid.load(Ordering::Relaxed);
        Ok(Peer { uid, name: format!("uid-{uid}"), groups: Vec::new() })
    };
    serve_with(&place.socket(), sources(), PATIENCE, Box::new(identify)).unwrap()
}

/// Somebody who is one of the clients: it has been answered.
fn a_client(place: &Place) -> Client {
    let mut client = Client::connects(place);
    client.says(b"{\"command\":\"status\"}\n").hears();
    client
}

#[test]
fn one_client_too_many_is_told_so_and_let_go_and_the_last_place_is_roots() {
    let place = Place::new();
    let uid = Arc::new(AtomicU32::new(0));
    let _served = served_to(&place, &uid);
    let mut clients = Vec::new();
    for of_four in 0..CLIENTS_MAX - 1 {
        uid.store(u32::try_from(1_000 + of_four / 4).unwrap(), Ordering::Relaxed);
        clients.push(a_client(&place));
    }
    let mut client = Client::connects(&place);
    assert_eq!(client.hears(), "{\"error\":\"15 clients are connected, which is the most\"}\n");
    client.is_let_go();
    assert!(matches!(ask_status(&place.socket()), Err(AskError::Refused(_))));

    uid.store(0, Ordering::Relaxed);
    let root = a_client(&place);
    let mut client = Client::connects(&place);
    assert_eq!(client.hears(), "{\"error\":\"16 clients are connected, which is the most\"}\n");
    drop(root);

    // When one of them goes, there is room again. To be known is to be one of the clients.
    drop(clients.pop());
    uid.store(1_003, Ordering::Relaxed);
    let again = (0..1_000)
        .find_map(|_| ask_status(&place.socket()).map_or_else(|error| heard(&error), |_| Some(())));
    assert_eq!(again, Some(()));
}

#[test]
fn one_user_has_four_places_and_leaves_the_others_to_others() {
    let place = Place::new();
    let uid = Arc::new(AtomicU32::new(1_000));
    let _served = served_to(&place, &uid);
    let _clients = [(); CLIENTS_OF_ONE_MAX].map(|()| a_client(&place));
    let mut client = Client::connects(&place);
    let refusal =
        "{\"error\":\"4 clients of uid-1000 are connected, which is the most of one user\"}\n";
    assert_eq!(client.hears(), refusal);
    client.is_let_go();
    uid.store(1_001, Ordering::Relaxed);
    assert_eq!(ask_status(&place.socket()).unwrap().node, "tokyo");
}

#[test]
fn a_client_that_does_not_finish_its_line_is_let_go() {
    let place = Place::new();
    let _served =
        serve_with(&place.socket(), sources(), Duration::from_millis(20), Box::new(Peer::of))
            .unwrap();
    Client::connects(&place).says(b"{\"command\"").is_let_go();
    Client::connects(&place).is_let_go();
}

#[test]
fn a_client_that_does_not_read_holds_up_nobody() {
    let place = Place::new();
    let large = || Status {
        node: "tokyo".into(),
        schema_version: crate::status::SCHEMA_VERSION,
        inactive: vec!["key".repeat(1_000_000)],
        ..Status::default()
    };
    let sources = Sources::unrecorded(Box::new(large), Box::new(saf));
    let _served = serve(&place.socket(), sources).unwrap();
    let mut deaf = Client::connects(&place);
    deaf.says(b"{\"command\":\"status\"}\n");
    assert_eq!(ask_status(&place.socket()).unwrap().node, "tokyo");
    assert!(deaf.hears().len() > 3_000_000);
}

#[test]
fn a_client_that_is_gone_before_its_answer_harms_nobody() {
    let place = Place::new();
    let _served = place.served();
    Client::connects(&place).says(b"{\"command\":\"status\"}\n");
    assert_eq!(ask_status(&place.socket()).unwrap().node, "tokyo");
}

#[test]
fn owner_and_group_may_connect_and_nobody_else() {
    let place = Place::new();
    let _served = place.served();
    let file = fs::symlink_metadata(place.socket()).unwrap();
    assert!(file.file_type().is_socket());
    assert_eq!(file.permissions().mode() & 0o777, 0o660);
}

#[test]
fn a_socket_of_a_process_that_is_gone_is_replaced() {
    let place = Place::new();
    drop(UnixListener::bind(place.socket()).unwrap());
    assert!(place.socket().exists());
    let served = place.served();
    assert_eq!(ask_status(&place.socket()).unwrap().node, "tokyo");
    drop(served);
    assert!(!place.socket().exists(), "it takes its file away at the end");
    assert!(matches!(ask_status(&place.socket()), Err(AskError::NoDaemon(_))));
}

#[test]
fn a_path_that_somebody_uses_is_an_error_that_names_it() {
    let place = Place::new();
    let served = place.served();
    let error = serve(&place.socket(), sources()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    let path = place.socket().display().to_string();
    assert_eq!(error.to_string(), format!("control socket {path}: another daemon answers there"));
    assert_eq!(ask_status(&place.socket()).unwrap().node, "tokyo", "the first one is unharmed");
    drop(served);

    fs::write(place.socket(), "a letter").unwrap();
    let error = serve(&place.socket(), sources()).unwrap_err();
    assert!(error.to_string().ends_with("a file that is no socket stands there"), "{error}");
    assert_eq!(fs::read(place.socket()).unwrap(), b"a letter");
}

#[test]
fn the_last_directory_is_made_and_a_longer_missing_path_is_an_error() {
    let place = Place::new();
    let path = place.0.join("run/control.sock");
    let served = serve(&path, sources()).unwrap();
    assert_eq!(ask_status(&path).unwrap().node, "tokyo");
    drop(served);
    let path = place.0.join("no/such/control.sock");
    let error = serve(&path, sources()).unwrap_err();
    assert!(error.to_string().contains("can not be made"), "{error}");
}

#[test]
fn an_answer_of_another_version_is_not_taken_for_ours() {
    let place = Place::new();
    let newer = || Status { schema_version: 99, ..Status::default() };
    let sources = Sources::unrecorded(Box::new(newer), Box::new(saf));
    let _served = serve(&place.socket(), sources).unwrap();
    assert!(matches!(ask_status(&place.socket()), Err(AskError::Version(99))));
}

#[test]
fn a_stored_message_is_asked_for_and_given_or_it_is_said_why_not() {
    let place = Place::new();
    let _served = place.served();
    let listed = ask_saf(&place.socket(), &SafRequest::List { issuer: None }).unwrap();
    assert_eq!((listed.items[0].id.as_str(), listed.more), ("issuer-x/000001", 0));
    let hold = SafRequest::Hold { id: "issuer-x/000001".into() };
    let Err(AskError::NotDone(why)) = ask_saf(&place.socket(), &hold) else { panic!("it is held") };
    assert_eq!(why, NotDone::Conflict("issuer-x/000001 is held".into()));
    let mut client = Client::connects(&place);
    for garbage in [
        r#"{"command":"saf"}"#,
        r#"{"command":"saf","action":"eat"}"#,
        r#"{"command":"saf","action":"show"}"#,
        r#"{"command":"saf","action":"show","id":"x/1","operator":"asada"}"#,
    ] {
        let line = [garbage.as_bytes(), b"\n"].concat();
        let said = client.says(&line).hears();
        assert!(said.starts_with("{\"error\":\"no request about stored messages: "), "{said}");
    }
}
