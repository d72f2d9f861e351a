//! Lines on loopback, with certificates made for the test: who gets one and who does not.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use mio::{Events, Poll};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};

use super::super::line::Line;
use super::*;
use crate::clocks;
use crate::config::{Configuration, Mode, load};

/// Files that go away with the test.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("sekisho-line-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Who signs certificates.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        params.distinguished_name.push(DnType::CommonName, format!("authority {number}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Certificate and key of a node of this name, until the end of this year.
    fn signs(&self, name: &str, until: i32) -> [String; 2] {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(until, 12, 31);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        [certificate.pem(), key.serialize_pem()]
    }
}

/// Writes the files of a node, and its configuration.
fn node(
    directory: &Path,
    (name, peer): (&str, &str),
    way: &str,
    files: Option<([String; 2], &Authority)>,
) -> Configuration {
    let own = directory.join(name);
    fs::create_dir_all(&own).unwrap();
    let mut tls = String::new();
    if let Some(([certificate, key], authority)) = files {
        for (what, text) in
            [("certificate", &certificate), ("key", &key), ("authority", &authority.pem)]
        {
            let file = own.join(what);
            fs::write(&file, text).unwrap();
            writeln!(tls, "{what} = \"{}\"", file.display()).unwrap();
        }
    }
    let text = format!(
        "[node]\nname = \"{name}\"\ninstitution = \"1\"\n\
         [[station]]\nname = \"a\"\nrole = \"acquirer\"\ninstitution = \"2\"\ndialect = \"iso93-ascii\"\n\
         framing = \"ascii4\"\nlisten = [\"127.0.0.1:7001\"]\n\
         [peer]\nname = \"{peer}\"\n{way}\n{tls}"
    );
    let file = own.join("sekisho.toml");
    fs::write(&file, text).unwrap();
    load(&file, Mode { insecure_demo: true }).unwrap()
}

const LISTENS: &str = "listen = [\"127.0.0.1:0\"]";

/// One end.
struct End {
    configuration: Configuration,
    poll: Poll,
    doors: Doors,
    line: Option<(Token, Line)>,
    failed: Vec<String>,
    came: Vec<u8>,
    /// The most bytes that it takes at once.
    takes: usize,
}

impl End {
    fn new(configuration: Configuration) -> Self {
        let poll = Poll::new().unwrap();
        let way = &configuration.peer.as_ref().unwrap().way;
        let doors = Doors::open(way, poll.registry().try_clone().unwrap()).unwrap();
        let (failed, came) = (Vec::new(), Vec::new());
        Self { configuration, poll, doors, line: None, failed, came, takes: usize::MAX }
    }

    fn came(&mut self, came: Came) {
        match came {
            Came::Nothing => {}
            Came::Line(token, line) => self.line = Some((token, line)),
            Came::Failed(_, why) => self.failed.push(why.to_string()),
        }
    }

    /// What happens within a few milliseconds.
    fn turn(&mut self) {
        let configuration = self.configuration.clone();
        let mut trust = move || Trust::read(&configuration, clocks::utc());
        let mut events = Events::with_capacity(16);
        self.poll.poll(&mut events, Some(Duration::from_millis(2))).unwrap();
        let now = clocks::boot();
        let tokens: Vec<Token> = events.iter().map(mio::event::Event::token).collect();
        for token in tokens {
            match &mut self.line {
                Some((own, line)) if *own == token => line.on_event(),
                _ => {
                    let came = self.doors.look(token, now, &mut trust);
                    self.came(came);
                }
            }
        }
        let came = self.doors.tick(now, self.line.is_some(), &mut trust);
        self.came(came);
        let (all, most) = (&mut self.came, self.takes);
        let Some((_, line)) = &mut self.line else { return };
        let looked = line.look(now, &mut |bytes| {
            let taken = bytes.len().min(most);
            all.extend_from_slice(&bytes[..taken]);
            Ok(taken)
        });
        if let Err(why) = looked {
            self.failed.push(why.to_string());
            let (_, line) = self.line.take().unwrap();
            let began = line.since;
            line.close(self.doors.registry());
            self.doors.line_ended(began, now);
        }
    }
}

/// Turns both until something is so.
#[track_caller]
fn until(a: &mut End, b: &mut End, what: impl Fn(&End, &End) -> bool) {
    for _ in 0..2_000 {
        if what(a, b) {
            return;
        }
        a.turn();
        b.turn();
    }
    panic!("not so: {:?} and {:?}", a.failed, b.failed);
}

fn both(a: &End, b: &End) -> bool {
    a.line.is_some() && b.line.is_some()
}

fn connect_to(end: &End) -> String {
    format!("connect = [\"{}\"]", end.doors.listens_on()[0])
}

#[test]
fn two_nodes_that_prove_who_they_are_have_a_line_and_all_bytes_pass() {
    let (directory, authority) = (Directory::new(), Authority::new());
    let files = Some((authority.signs("tokyo", 2050), &authority));
    let mut tokyo = End::new(node(&directory.0, ("tokyo", "osaka"), LISTENS, files));
    let way = connect_to(&tokyo);
    let files = Some((authority.signs("osaka", 2049), &authority));
    let mut osaka = End::new(node(&directory.0, ("osaka", "tokyo"), &way, files));
    until(&mut tokyo, &mut osaka, both);
    let ends = |end: &End| end.line.as_ref().unwrap().1.peer_until.unwrap() / 86_400;
    assert_eq!(
        (ends(&tokyo), ends(&osaka)),
        (29_219, 29_584),
        "each knows when the other's runs out"
    );
    let sent: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let mut goes = sent.chunks(700_001);
    while osaka.came.len() < sent.len() {
        let (_, line) = tokyo.line.as_mut().unwrap();
        while line.has_room() {
            let Some(part) = goes.next() else { break };
            line.put([&part[..1], &part[1..]]).unwrap();
            line.flush().unwrap();
        }
        tokyo.turn();
        osaka.turn();
    }
    assert!(osaka.came == sent);
    assert_eq!((tokyo.failed, osaka.failed), (vec![], vec![]));
}

#[test]
fn what_nobody_had_room_for_is_given_later_though_nothing_new_comes_on_the_line() {
    let (directory, authority) = (Directory::new(), Authority::new());
    let files = Some((authority.signs("tokyo", 2050), &authority));
    let mut tokyo = End::new(node(&directory.0, ("tokyo", "osaka"), LISTENS, files));
    let way = connect_to(&tokyo);
    let files = Some((authority.signs("osaka", 2049), &authority));
    let mut osaka = End::new(node(&directory.0, ("osaka", "tokyo"), &way, files));
    until(&mut tokyo, &mut osaka, both);
    osaka.takes = 0;
    let (_, line) = tokyo.line.as_mut().unwrap();
    line.put([b"a batch ", b"that waits"]).unwrap();
    line.flush().unwrap();
    // Once it lies decrypted with osaka, the socket has nothing more to say.
    until(&mut tokyo, &mut osaka, |_, osaka| osaka.line.as_ref().unwrap().1.is_held());
    assert_eq!(osaka.came, b"");
    osaka.takes = 5;
    until(&mut tokyo, &mut osaka, |_, osaka| osaka.came == b"a batch that waits");
}

/// What both say when a node that is named, signed and trusts so calls `tokyo`.
fn refused(
    name: &str,
    files: Option<([String; 2], &Authority)>,
    authority: &Authority,
) -> (Vec<String>, Vec<String>) {
    let directory = Directory::new();
    let own = Some((authority.signs("tokyo", 2050), authority));
    let mut tokyo = End::new(node(&directory.0, ("tokyo", "osaka"), LISTENS, own));
    let way = connect_to(&tokyo);
    let mut caller = End::new(node(&directory.0, (name, "tokyo"), &way, files));
    until(&mut tokyo, &mut caller, |tokyo, _| !tokyo.failed.is_empty());
    assert!(tokyo.line.is_none() && tokyo.came.is_empty());
    until(&mut tokyo, &mut caller, |_, caller| !caller.failed.is_empty() || caller.line.is_none());
    (tokyo.failed, caller.failed)
}

#[test]
fn a_certificate_of_another_authority_gets_no_line() {
    let (authority, other) = (Authority::new(), Authority::new());
    let (said, _) = refused("osaka", Some((other.signs("osaka", 2050), &authority)), &authority);
    assert!(said[0].contains("UnknownIssuer"), "{said:?}");
}

#[test]
fn a_listener_of_another_authority_is_not_believed_either() {
    let (authority, other) = (Authority::new(), Authority::new());
    let (_, said) = refused("osaka", Some((authority.signs("osaka", 2050), &other)), &authority);
    assert!(said.iter().any(|said| said.contains("UnknownIssuer")), "{said:?}");
}

#[test]
fn a_certificate_of_another_node_gets_no_line() {
    let authority = Authority::new();
    let (said, _) =
        refused("nagoya", Some((authority.signs("nagoya", 2050), &authority)), &authority);
    assert!(said[0].contains("its certificate is not that of \"osaka\""), "{said:?}");
}

#[test]
fn a_certificate_that_has_run_out_gets_no_line() {
    let authority = Authority::new();
    let (said, _) =
        refused("osaka", Some((authority.signs("osaka", 2021), &authority)), &authority);
    assert!(said[0].contains("expired"), "{said:?}");
}

#[test]
fn plain_text_gets_no_line_where_certificates_are_asked_for() {
    let directory = Directory::new();
    let authority = Authority::new();
    let own = Some((authority.signs("tokyo", 2050), &authority));
    let mut tokyo = End::new(node(&directory.0, ("tokyo", "osaka"), LISTENS, own));
    let way = connect_to(&tokyo);
    let mut osaka = End::new(node(&directory.0, ("osaka", "tokyo"), &way, None));
    until(&mut tokyo, &mut osaka, |_, osaka| osaka.line.is_some());
    let (_, line) = osaka.line.as_mut().unwrap();
    line.put([b"hello, this is osaka", b""]).unwrap();
    line.flush().unwrap();
    until(&mut tokyo, &mut osaka, |tokyo, _| !tokyo.failed.is_empty());
    assert!(tokyo.failed[0].contains("corrupt message"), "{:?}", tokyo.failed);
    assert!(tokyo.line.is_none() && tokyo.came.is_empty());
}

#[test]
fn who_shows_no_certificate_gets_no_line() {
    let directory = Directory::new();
    let authority = Authority::new();
    let own = Some((authority.signs("tokyo", 2050), &authority));
    let mut tokyo = End::new(node(&directory.0, ("tokyo", "osaka"), LISTENS, own));
    let address = tokyo.doors.listens_on()[0];
    let pem = authority.pem.clone();
    let stranger = std::thread::spawn(move || {
        use rustls::pki_types::pem::PemObject;
        let mut roots = rustls::RootCertStore::empty();
        roots
            .add(rustls::pki_types::CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
            .unwrap();
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = "tokyo".try_into().unwrap();
        let mut session = rustls::ClientConnection::new(std::sync::Arc::new(config), name).unwrap();
        let mut socket = std::net::TcpStream::connect(address).unwrap();
        while session.is_handshaking() || session.wants_read() {
            if session.complete_io(&mut socket).is_err() {
                break;
            }
        }
    });
    let mut nobody =
        End::new(node(&directory.0, ("nara", "zushi"), "connect = [\"127.0.0.1:1\"]", None));
    until(&mut tokyo, &mut nobody, |tokyo, _| !tokyo.failed.is_empty());
    stranger.join().unwrap();
    assert!(tokyo.failed[0].contains("no certificates"), "{:?}", tokyo.failed);
    assert!(tokyo.line.is_none());
}

#[test]
fn a_new_certificate_is_shown_at_the_next_connection_without_a_restart() {
    let (directory, authority) = (Directory::new(), Authority::new());
    let files = Some((authority.signs("tokyo", 2050), &authority));
    let mut tokyo = End::new(node(&directory.0, ("tokyo", "osaka"), LISTENS, files));
    let way = connect_to(&tokyo);
    let files = Some((authority.signs("osaka", 2049), &authority));
    let mut osaka = End::new(node(&directory.0, ("osaka", "tokyo"), &way, files));
    until(&mut tokyo, &mut osaka, both);
    let [certificate, key] = authority.signs("osaka", 2048);
    fs::write(directory.0.join("osaka/certificate"), certificate).unwrap();
    fs::write(directory.0.join("osaka/key"), key).unwrap();
    let (_, line) = osaka.line.take().unwrap();
    line.close(osaka.doors.registry());
    until(&mut tokyo, &mut osaka, |tokyo, _| tokyo.line.is_none());
    until(&mut tokyo, &mut osaka, both);
    let until = tokyo.line.as_ref().unwrap().1.peer_until.unwrap();
    assert_eq!(until / 86_400, 28_854, "the end of 2048");
}

/// What is wrong with the files of `tokyo`.
fn said_of(files: [String; 2], authority: &Authority) -> String {
    let directory = Directory::new();
    let tokyo = node(&directory.0, ("tokyo", "osaka"), LISTENS, Some((files, authority)));
    let errors = tokyo.certificates(None, clocks::utc()).unwrap_err().to_string();
    errors.lines().map(|line| line.splitn(4, ':').nth(3).unwrap()).collect::<Vec<_>>().join("\n")
}

#[test]
fn certificates_that_can_not_serve_are_told_before_anything_starts() {
    let authority = Authority::new();
    let [ours, key] = authority.signs("tokyo", 2050);
    let [theirs, other_key] = authority.signs("osaka", 2050);
    let said = said_of([theirs, other_key.clone()], &authority);
    assert_eq!(
        said,
        " peer.certificate: is not for this node; make one with node.name \"tokyo\" as a DNS name \
         (subjectAltName), since the peer asks for it"
    );
    let said = said_of([ours.clone(), other_key], &authority);
    assert!(said.starts_with(" peer.key: is not the key of peer.certificate"), "{said}");
    assert!(said.ends_with("name the one that the certificate was made for"), "{said}");
    let nobody = Authority { pem: key.clone(), ..Authority::new() };
    let said = said_of([ours, key], &nobody);
    assert!(said.contains("authority holds no certificate; it is PEM"), "{said}");
}

#[test]
fn an_own_certificate_that_runs_out_is_told_and_used() {
    let (directory, authority) = (Directory::new(), Authority::new());
    let files = Some((authority.signs("tokyo", 2021), &authority));
    let tokyo = node(&directory.0, ("tokyo", "osaka"), LISTENS, files);
    let end = 1_640_908_800;
    let warned = |utc| tokyo.certificates(None, utc).unwrap().unwrap().warnings.join("\n");
    assert!(warned(end + 1).contains("peer.certificate: the certificate has run out"));
    assert!(warned(end - 6 * 86_400).contains("runs out within 7 days"));
    assert!(!warned(end - 40 * 86_400).contains("runs out"));
}

#[test]
fn strangers_who_say_nothing_are_given_up_and_do_not_keep_the_peer_out_however_many_they_are() {
    let (directory, authority) = (Directory::new(), Authority::new());
    let files = Some((authority.signs("tokyo", 2050), &authority));
    let mut tokyo = End::new(node(&directory.0, ("tokyo", "osaka"), LISTENS, files));
    let address = tokyo.doors.listens_on()[0];
    let silent: Vec<_> = (0..20).map(|_| std::net::TcpStream::connect(address).unwrap()).collect();
    let way = connect_to(&tokyo);
    let files = Some((authority.signs("osaka", 2049), &authority));
    let mut osaka = End::new(node(&directory.0, ("osaka", "tokyo"), &way, files));
    until(&mut tokyo, &mut osaka, both);
    let left = tokyo.doors.candidates.len();
    assert_eq!(left, CANDIDATES_MAX - 1, "the oldest made room, the last for the peer");
    // A while later.
    let late = clocks::boot() + Duration::from_secs(4);
    let mut trust = || Err("nobody asks".to_owned());
    for _ in 0..left {
        let came = tokyo.doors.tick(late, true, &mut trust);
        assert!(matches!(came, Came::Failed(_, Ended::Closed(_))));
    }
    assert!(matches!(tokyo.doors.tick(late, true, &mut trust), Came::Nothing));
    drop(silent);
}

#[test]
fn a_line_that_ends_at_once_is_not_opened_again_at_once_for_ever() {
    let directory = Directory::new();
    let way = "connect = [\"127.0.0.1:1\"]";
    let mut osaka = End::new(node(&directory.0, ("osaka", "tokyo"), way, None));
    let mut now = Time(1_000_000_000_000);
    let mut waits = |lived: Duration| {
        osaka.doors.line_ended(now, now + lived);
        now = now + lived;
        osaka.doors.deadline(false).unwrap().since(now).as_millis()
    };
    let short = Duration::from_millis(3);
    let short_ones: Vec<_> = (0..6).map(|_| waits(short)).collect();
    assert_eq!(short_ones, [100, 200, 400, 800, 1_000, 1_000]);
    assert_eq!(waits(LIVES), 100, "one that was of use is opened again soon");
}
