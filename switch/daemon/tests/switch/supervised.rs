//! Under a service supervisor: it hears when the switch is ready, alive and stopping, and nothing of a switch
//! that is half dead.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use bench::load::Pace;
use daemon::clocks;
use daemon::control::ask_status;
use rustix::process::Signal;

use crate::centre::{Centre, Load};
use crate::configuration::{ASCII, BINARY, Configuration, institution};
use crate::letter::{CARDS, sale};
use crate::link::{Desk, Link};
use crate::patience::{PATIENCE, lets_pass};
use crate::place::{Directory, own_port};
use crate::sekishod::{Sekishod, count};
use crate::supervisor::{Held, Supervisor};

const WATCHDOG: Duration = Duration::from_millis(1_200);
const ALIVE: &str = "WATCHDOG=1";

/// Two looks at the status are two records of their own, of which the first look sees none.
const LOOKS: u64 = 2;

/// The last record of the journal.
fn position(switch: &Sekishod) -> u64 {
    switch.status().journal.expect("it keeps one").position
}

/// A switch of two workers, of which the second has nothing to do.
fn sales_to(centre: &Centre) -> Configuration {
    Configuration::new()
        .workers(2)
        .acquirer("merchant-a", ASCII, "")
        .issuer("issuer-x", BINARY, centre.address(), "")
        .route("353011", "issuer-x")
}

fn load(switch: &Sekishod, window: usize) -> Load {
    let target = switch.address_of("merchant-a");
    Load::begins(ASCII, target, (4, Pace::Window(window)), &CARDS[..1], &institution(0))
}

/// It is fed for three times as long as the watchdog waits.
fn stays_alive(supervisor: &Supervisor) {
    supervisor.has_heard(ALIVE);
    (0..9).for_each(|_| drop(supervisor.hears_of(ALIVE)));
}

#[test]
fn ready_is_told_when_its_ports_answer_then_how_it_stands_and_a_stop_when_it_begins() {
    let (centre, supervisor) = (Centre::opens(BINARY), Supervisor::listens());
    let port = own_port();
    let configuration = Configuration::new()
        .limits("drain = \"2m\"")
        .acquirer_at("merchant-a", ASCII, port, "")
        .issuer("issuer-x", BINARY, centre.address(), "")
        .route("353011", "issuer-x");
    let switch = supervisor.starts(WATCHDOG, &[], Directory::new(), &configuration);
    assert_eq!(supervisor.hears(), ["EXTEND_TIMEOUT_USEC=60000000"], "it reads its journal");
    assert_eq!(supervisor.hears_of("READY=1")[1], "STATUS=serving");
    TcpStream::connect(port).expect("its port is open");
    ask_status(&switch.control()).expect("its control socket answers");
    switch.says_of("issuer-x", "link open");
    supervisor.hears_of(ALIVE);
    supervisor.hears_of("STATUS=serving: 1 links up, 1 of 2 stations ready, configuration 1");
    assert!(switch.status().workers[0].pulse_ms.is_some_and(|age| age < 60_000));
    let journal = switch.status().journal.expect("it keeps one");
    assert!(journal.priority == "realtime" || journal.priority.starts_with("nice "));
    switch.is_sent(Signal::TERM);
    let stopping = supervisor.hears_of("STOPPING=1");
    assert_eq!(stopping[1..], ["STATUS=draining", "EXTEND_TIMEOUT_USEC=140000000"]);
    assert_eq!(switch.ends().code, Some(0));
}

#[test]
fn a_start_on_a_slow_disk_goes_on_saying_so_while_it_makes_its_segments() {
    let supervisor = Supervisor::listens();
    let slow = "inject=fdatasync:delay_enter=1100000";
    let strace = ["strace", "-D", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "-e", slow];
    let configuration = Configuration::new().acquirer("merchant-a", ASCII, "");
    let switch = supervisor.starts(WATCHDOG, &strace, Directory::new(), &configuration);
    let mut heard = Vec::new();
    while !heard.iter().any(|line| line == "READY=1") {
        heard.extend(supervisor.hears());
    }
    let goes_on = heard.iter().filter(|line| line.starts_with("EXTEND_TIMEOUT_USEC=")).count();
    // Once for the journal that is read, and for each segment but the first.
    assert!(goes_on >= 3, "{heard:?}");
    drop(switch);
}

#[test]
fn a_drain_is_fed_as_long_as_it_takes() {
    let (desk, supervisor) = (Desk::opens(BINARY), Supervisor::listens());
    let configuration = Configuration::new()
        .limits("drain = \"10m\"")
        .acquirer("merchant-a", ASCII, "")
        .issuer("issuer-x", BINARY, desk.address(), "timeout = \"10m\"")
        .route("353011", "issuer-x");
    let switch = supervisor.starts(WATCHDOG, &[], Directory::new(), &configuration);
    let mut issuer = desk.accepts();
    switch.says_of("issuer-x", "link open");
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    merchant.sends(&sale(1));
    let heard = issuer.hears();
    switch.is_sent(Signal::TERM);
    supervisor.hears_of("STOPPING=1");
    stays_alive(&supervisor);
    issuer.sends(&heard.answered("000"));
    assert_eq!(merchant.hears().code(), "000");
    assert_eq!(switch.ends().code, Some(0));
}

#[test]
fn without_a_service_manager_and_without_work_each_worker_writes_a_pulse_every_two_seconds() {
    let centre = Centre::opens(BINARY);
    let switch = Sekishod::starts(&sales_to(&centre));
    switch.says_of("issuer-x", "link open");
    let before = position(&switch);
    lets_pass(Duration::from_secs(5));
    let written = position(&switch) - before;
    assert!((2..=6 + LOOKS).contains(&written), "{written} records in five seconds");
    assert!(switch.status().workers[0].pulse_ms.is_some_and(|age| age < 10_000));
}

/// Nothing is fed while the threads of this name stand still, which the log says; and it goes on after.
fn is_not_fed_without(name: &str, said: &str) {
    let (centre, supervisor) = (Centre::opens(BINARY), Supervisor::listens());
    let switch = supervisor.starts(WATCHDOG, &[], Directory::new(), &sales_to(&centre));
    supervisor.hears_of("READY=1");
    stays_alive(&supervisor);
    let held = Held::holds(&switch, name);
    let line = switch.says(said);
    assert_eq!(line["ends"], true);
    // What was proven within two seconds before counted until then.
    supervisor.has_heard(ALIVE);
    lets_pass(WATCHDOG);
    assert_eq!(supervisor.has_heard(ALIVE), 0, "{name}");
    drop(held);
    supervisor.hears_of(ALIVE);
    switch.says("all threads answer again");
    stays_alive(&supervisor);
}

#[test]
fn a_switch_with_a_worker_that_stands_still_is_not_fed() {
    is_not_fed_without("worker-1", "a worker does not answer");
}

#[test]
fn a_switch_whose_journal_stands_still_is_not_fed_though_every_worker_turns() {
    is_not_fed_without("journal", "the journal commits nothing");
}

#[test]
fn a_switch_that_has_more_to_do_than_its_slow_disk_takes_is_fed() {
    let (centre, supervisor) = (Centre::opens(BINARY), Supervisor::listens());
    let slow = "inject=fdatasync:delay_enter=150000";
    let strace = ["strace", "-D", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "-e", slow];
    let switch = supervisor.starts(WATCHDOG, &strace, Directory::new(), &sales_to(&centre));
    supervisor.hears_of("READY=1");
    switch.says_of("issuer-x", "link open");
    let load = load(&switch, 400);
    stays_alive(&supervisor);
    let report = load.ends();
    assert!(report.answered > 100 && report.mismatched == 0, "{report:?}");
}

#[test]
fn a_switch_on_a_full_disk_is_fed_and_leaves_the_room_to_answers_whoever_looks_at_it() {
    let (centre, supervisor) = (Centre::opens(BINARY), Supervisor::listens());
    let directory = Directory::new();
    let state = directory.path().join("state");
    std::fs::create_dir(&state).expect("the directory takes another");
    let script = format!("mount -t tmpfs -o size=14M none {} && exec \"$@\"", state.display());
    let mounted = ["unshare", "-rm", "sh", "-c", &script, "sh"];
    let switch = supervisor.starts(WATCHDOG, &mounted, directory, &sales_to(&centre));
    supervisor.hears_of("READY=1");
    switch.says_of("issuer-x", "link open");
    // As the daemon sees it.
    let filler = format!("/proc/{}/root{}/filler", switch.pid(), state.display());
    fill(Path::new(&filler));
    let load = load(&switch, 4);
    let refused = |status: &_| count(status, "refused_no_room") > 100;
    switch.comes_to("refusals", refused);
    stays_alive(&supervisor);
    drop(load.ends());
    // Counters are written down until they rest.
    lets_pass(WATCHDOG);
    let before = position(&switch);
    stays_alive(&supervisor);
    let unrecorded = || switch.status().control.unrecorded;
    let looks = unrecorded();
    switch.comes_to("looks that are not written down", |_| unrecorded() > looks + 10);
    assert_eq!(position(&switch), before);
}

#[test]
fn a_disk_that_fails_ends_it_at_once_whatever_operators_wait_for() {
    let (desk, supervisor) = (Desk::opens(BINARY), Supervisor::listens());
    let configuration = Configuration::new()
        .acquirer("merchant-a", ASCII, "")
        .issuer("issuer-x", BINARY, desk.address(), "timeout = \"10m\"")
        .route("353011", "issuer-x");
    // Each thread's sixtieth sync and all after it hang for a while, and fail then.
    let fails = "inject=fdatasync:error=EIO:delay_enter=4500000:when=60+";
    let strace = ["strace", "-D", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "-e", fails];
    let switch = supervisor.starts(PATIENCE, &strace, Directory::new(), &configuration);
    let mut issuer = desk.accepts();
    switch.says_of("issuer-x", "link open");
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    let mut operators = [(); 4].map(|()| Operator::connects(&switch));
    let (answered, answers) = mpsc::channel();
    let sells = std::thread::spawn(move || {
        let mut sells = |stan| {
            merchant.tries(&sale(stan))?;
            let heard = issuer.tries_to_hear()?;
            issuer.tries(&heard.answered("000"))?;
            merchant.tries_to_hear().map(drop)
        };
        let mut stans = 1..;
        while stans.next().and_then(&mut sells).is_some() && answered.send(()).is_ok() {}
    });
    while answers.recv_timeout(Duration::from_secs(1)).is_ok() {}

    let begun = clocks::boot();
    operators.iter_mut().for_each(Operator::applies);
    let stopping = supervisor.hears_of("STOPPING=1");
    assert!(stopping[1].contains("Input/output error"), "{stopping:?}");
    let ended = switch.ends();
    let took = clocks::boot().since(begun);
    sells.join().expect("it does not panic");
    assert_eq!(ended.code, Some(74));
    assert!(ended.stderr.contains("Input/output error"), "{}", ended.stderr);
    // Each change waits for three seconds until it is written down.
    assert!(took < Duration::from_secs(9), "{took:?}");
}

/// Somebody at the control socket, who does not wait for an answer.
struct Operator(UnixStream);

impl Operator {
    fn connects(switch: &Sekishod) -> Self {
        let stream = UnixStream::connect(switch.control()).expect("it listens");
        let mut operator = Self(stream);
        operator.says("{\"command\":\"status\"}\n");
        let mut reader = BufReader::new(&operator.0);
        reader.read_line(&mut String::new()).expect("an answer");
        operator
    }

    fn says(&mut self, line: &str) {
        self.0.write_all(line.as_bytes()).expect("it is taken");
    }

    fn applies(&mut self) {
        self.says("{\"command\":\"config\",\"action\":\"apply\"}\n");
    }
}

fn fill(path: &Path) {
    let mut file = File::create(path).expect("it has room for a name");
    while file.write_all(&[0; 4_096]).is_ok() {}
}
