//! A checkpoint comes over the line, with real files and threads: what becomes of the log that was there.

use journal::checkpoint::{self, About};
use journal::control;
use journal::format::{Cluster, Position};
use journal::roles::control::{Control, Joining};
use journal::roles::event::Storing;
use journal::roles::name::NodeName;
use journal::seal::{Key, Keys};
use journal::ship::message::Piece;
use journal::snapshot::{self, Sending};

use super::super::super::replaying;
use super::*;

const CLUSTER: Cluster = [7; 16];
/// The smallest piece.
const PIECE: usize = 4_096;

/// A primary whose log a checkpoint follows, which says so much of itself.
fn primary(name: &str, state: impl Fn(&State) -> Vec<u8>) -> (Primary, Mark, Vec<LogTask>) {
    let mut primary = Primary::begins(name);
    let records = [Record::Start { epoch: 1, utc: 7, build: "tokyo" }, Record::Pulse];
    primary.writes(&records[..1]);
    let base = primary.writer.framed();
    primary.writes(&records[1..]);
    let mut followed = State::new(&Limits::default());
    for (position, record) in (1..).map(Position).zip(&records) {
        replaying::apply_one(&mut followed, position, &written(record), "".as_ref()).unwrap();
    }
    let disk = SystemDisk::open(&primary.ground.path, false).unwrap();
    let keys = Keys::only(Key::of(&[1; 32]));
    let position = Position(2);
    let about = About { cluster: CLUSTER, epoch: Epoch(1), position, created_ns: 1 };
    checkpoint::write(&disk, &keys, &about, &state(&followed)).unwrap();
    let sending = Sending::open(&disk, position).unwrap();
    let offsets = (0..sending.total()).step_by(PIECE);
    let tasks = offsets.map(|offset| {
        let bytes = sending.piece(offset, PIECE).unwrap().into();
        let (reign, about, total) = (Epoch(1), position, sending.total());
        let piece = Piece { reign, about, offset, total, bytes };
        LogTask::Store(Storing { cluster: CLUSTER, base, piece })
    });
    let tasks = tasks.collect();
    (primary, base, tasks)
}

fn as_it_is(state: &State) -> Vec<u8> {
    let mut bytes = Vec::new();
    state.write(&mut bytes);
    bytes
}

/// What the next start finds.
fn opens(configuration: &Configuration) -> Box<Opened> {
    open(configuration, configuration.journal.read_keys(None).unwrap(), &|| ()).unwrap()
}

/// A site that promised something once, so that it has a control file, and what it stands on.
fn promised(configuration: &Configuration) -> SystemDisk {
    drop(opens(configuration));
    let disk = SystemDisk::open(&configuration.state.join("journal"), false).unwrap();
    control::write(&disk, &Control::first(NodeName::new("osaka").unwrap())).unwrap();
    disk
}

/// The process is to begin anew.
fn ends(follows: Follows) {
    let patience = std::time::Duration::from_secs(30);
    let order = follows.happened.recv_timeout(patience).expect("it is to begin anew");
    assert!(matches!(order, Event::Node(Order::Anew(_))), "{order:?}");
    follows.standing.stop();
}

#[test]
fn a_checkpoint_takes_the_place_of_a_log_when_all_of_it_is_there_and_not_before() {
    let (primary, base, tasks) = primary("standing-far", as_it_is);
    let site = Site::new();
    let configuration = site.configuration();
    let disk = promised(&configuration);
    let follows = Follows::starts(&configuration);
    let items: Vec<Item> = primary.items.try_iter().collect();
    for item in &items[..2] {
        follows.tasks.send(LogTask::Take(item.clone())).unwrap();
    }
    follows.says(|told| matches!(told, Told::Durable(mark) if *mark == base));
    assert!(tasks.len() > 1, "several pieces");
    follows.tasks.send(tasks[0].clone()).unwrap();
    follows.tasks.send(LogTask::Seal).unwrap();
    follows.says(|told| matches!(told, Told::Sealed(_)));
    follows.standing.stop();
    let opened = opens(&configuration);
    assert_eq!((opened.facts().unwrap().end, opened.state.position().0), (base, 1));
    assert_eq!(opened.control().unwrap().joining, Joining::No);
    drop(opened);

    let follows = Follows::starts(&configuration);
    // What is left of another one is not taken for the beginning of this.
    follows.tasks.send(tasks[1].clone()).unwrap();
    for task in &tasks {
        follows.tasks.send(task.clone()).unwrap();
    }
    ends(follows);
    let opened = opens(&configuration);
    let facts = opened.facts().unwrap();
    assert_eq!((facts.end, facts.lacks, facts.cluster), (base, Some(Position(2)), Some(CLUSTER)));
    assert_eq!(facts.epochs.last().map(|start| start.epoch), Some(Epoch(1)));
    assert_eq!(opened.state.position().0, 2);
    assert_eq!(opened.control().unwrap().joining, Joining::New);
    assert!(disk.path().join("diverged/1-1.whole/0000000000000001.segment").exists());
    drop(opened);

    // The log that it follows is cut before it: no state can be made any more.
    let mut control = control::read(&disk).unwrap().unwrap();
    control.cut = Some(base);
    control::write(&disk, &control).unwrap();
    for _ in 0..2 {
        let opened = opens(&configuration);
        assert_eq!((opened.facts().unwrap().end, opened.state.position().0), (Mark::ZERO, 0));
        let control = opened.control().unwrap();
        assert_eq!((control.joining, control.cut), (Joining::Replacing, None));
    }
}

#[test]
fn a_checkpoint_of_another_version_is_refused_and_nothing_is_changed() {
    let other = |state: &State| {
        let mut bytes = as_it_is(state);
        // Behind what says that it is a state.
        bytes[4] ^= 0x40;
        bytes
    };
    let (_primary, _, tasks) = primary("standing-other", other);
    let site = Site::new();
    let configuration = site.configuration();
    let disk = promised(&configuration);
    let follows = Follows::starts(&configuration);
    for task in &tasks {
        follows.tasks.send(task.clone()).unwrap();
    }
    follows.says(|told| matches!(told, Told::Misfit));
    assert!(!snapshot::is_whole(&disk).unwrap());
    assert!(follows.happened.is_empty());
    follows.standing.stop();
    assert_eq!(opens(&configuration).facts().unwrap().end, Mark::ZERO);
}
