//! A log that another node writes is followed with real files and threads, and gone on with.

mod far_behind;

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering as Memory};

use crossbeam::channel::{Receiver, unbounded};
use journal::format::{BatchNumber, Epoch};
use journal::mark::Mark;
use journal::roles::event::{Cause, Event as Told, Item};
use journal::ship::message::ItemKind;
use journal::writer::{Appended, Framed, Writer};
use switch_core::records::Record;

use super::super::ground::Ground;
use super::super::numbers::written;
use super::super::start::open;
use super::*;
use crate::config::Configuration;
use crate::config::{Mode, load};
use crate::notes;
use crate::pairing::{self, LogTask, Order, Tasks};
use crate::peer::unread;

/// A primary: a writer, and all that it wrote, as it would be shipped.
struct Primary {
    ground: Ground,
    writer: Writer<SystemDisk, Mapped>,
    items: Receiver<Item>,
}

impl Primary {
    fn begins(name: &str) -> Self {
        let (ground, mut writer) = Ground::begins(name, 4);
        let (framed, items) = unbounded();
        writer.tap(Box::new(move |item| {
            let (kind, bytes) = match item {
                Framed::Segment(block) => (ItemKind::Segment, block.to_vec()),
                Framed::Batch(_, bytes) => (ItemKind::Batch, bytes.to_vec()),
            };
            framed.send(Item { kind, bytes: bytes.into() }).unwrap();
        }));
        Self { ground, writer, items }
    }

    fn writes(&mut self, records: &[Record<'_>]) {
        for record in records {
            assert!(matches!(self.writer.append(&written(record)).unwrap(), Appended::Taken(_)));
        }
        self.writer.commit(self.writer.durable(), 1).unwrap();
        while self.writer.under_way() > 0 {
            self.writer.poll(true).unwrap();
        }
    }
}

/// A standby's directory and configuration.
struct Site(PathBuf);

impl Site {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Memory::Relaxed);
        let name = format!("sekishod-standing-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        // The key of the primary that `Ground` makes.
        fs::write(path.join("key"), "01".repeat(32)).unwrap();
        Self(path)
    }

    fn configuration(&self) -> Configuration {
        let state = self.0.display();
        let text = format!(
            "[node]\nname = \"osaka\"\ninstitution = \"49000000001\"\nstate = \"{state}/state\"\n\
             [journal]\nsegment = \"1MiB\"\nkey = \"{state}/key\"\n\
             [peer]\nname = \"tokyo\"\nconnect = [\"127.0.0.1:9\"]\n\
             [[station]]\nname = \"merchant-a\"\nrole = \"acquirer\"\ninstitution = \"77334000001\"\n\
             dialect = \"iso93-ascii\"\nframing = \"ascii4\"\nlisten = [\"127.0.0.1:0\"]\n"
        );
        let file = self.0.join("sekisho.toml");
        fs::write(&file, text).unwrap();
        load(&file, Mode { insecure_demo: true }).unwrap()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// A standby that follows, and what it says.
struct Follows {
    standing: Standing,
    plan: Plan,
    tasks: Tasks,
    told: Receiver<Told>,
    happened: Receiver<Event>,
}

impl Follows {
    fn starts(configuration: &Configuration) -> Self {
        Self::starts_beside(configuration, None)
    }

    /// With a way to the other node, or none.
    fn starts_beside(configuration: &Configuration, ship: Option<Arc<Ship>>) -> Self {
        let sealing = configuration.journal.read_keys(None).unwrap();
        let opened = open(configuration, sealing, &|| ()).unwrap();
        let plan = Plan::new(configuration.settings.clone()).unwrap();
        let ((tasks, to_do), (tell, told)) = (pairing::lane(128), unbounded());
        let (events, happened) = bounded(64);
        let standby = Standby {
            tasks: to_do,
            tell: Arc::new(move |event| tell.send(event).unwrap()),
            plan: &plan,
            tunings: Arc::default(),
            ship,
            notes: notes::channel().0,
            events,
            progresses: &|| (),
        };
        let standing = opened.stand(standby).unwrap();
        Self { standing, plan, tasks, told, happened }
    }

    fn takes(&self, items: &Receiver<Item>) -> usize {
        items.try_iter().map(|item| self.tasks.send(LogTask::Take(item)).unwrap()).count()
    }

    /// Waits until it has said this.
    fn says(&self, wanted: impl Fn(&Told) -> bool) -> Told {
        let patience = std::time::Duration::from_secs(30);
        loop {
            let told = self.told.recv_timeout(patience).expect("it is said in time");
            if wanted(&told) {
                return told;
            }
        }
    }
}

fn reign(epoch: u32, cause: Cause, lossy: bool) -> Reign {
    Reign { epoch: Epoch(epoch), cluster: [7; 16], cause, lossy }
}

#[test]
fn what_a_primary_writes_is_followed_kept_hot_and_gone_on_with_where_it_ends() {
    let (mut primary, site) = (Primary::begins("standing-primary"), Site::new());
    let configuration = site.configuration();
    let follows = Follows::starts(&configuration);
    primary.writes(&[Record::Start { epoch: 1, utc: 7, build: "tokyo" }, Record::Pulse]);
    let taken = follows.takes(&primary.items);
    assert_eq!(taken, 2, "the block of a segment, and a batch");
    let end = primary.writer.framed();
    follows.says(|told| matches!(told, Told::Received(mark) if *mark == end));
    follows.says(|told| matches!(told, Told::Durable(mark) if *mark == end));
    primary.writes(&[Record::Pulse; 5]);
    follows.takes(&primary.items);
    follows.tasks.send(LogTask::Seal).unwrap();
    let end = primary.writer.framed();
    follows.says(|told| matches!(told, Told::Sealed(mark) if *mark == end));
    // Two batches of one block each: each is said as soon as it is durable.
    let shown = follows.standing.figures().status(0);
    assert_eq!((shown.commits, shown.commit_bytes), (2, 2 * 4_096));
    let behind = follows.standing.behind();
    let opened =
        follows.standing.promote(&reign(4, Cause::Promoted, true), (7, configuration.digest()));
    let mut opened = opened.expect("nothing failed");
    assert_eq!((behind.replayed(), opened.state.position().0), (7, 7));
    assert_eq!((opened.epoch(), opened.cluster), (Epoch(4), [7; 16]));
    let plan = opened.numbered(follows.plan).unwrap();
    assert_eq!(
        plan.numbers().configuration,
        7,
        "as this node called it, since the journal has none"
    );
    let path = Mapped::new(opened.disk.clone());
    let begun = opened.begin(path, &plan, None, &|| ()).unwrap();
    assert_eq!(begun.writer.framed().epoch, Epoch(4));
    assert!(
        begun.writer.released() <= end.position,
        "what the start says is released by nobody yet"
    );
    let promotion = opened.state.promotion().expect("it is written");
    assert!(promotion.lossy, "{promotion:?}");
    assert!(follows.happened.is_empty());
}

#[test]
fn what_was_followed_is_there_after_a_restart_and_a_reign_that_is_resumed_writes_no_promotion() {
    let (mut primary, site) = (Primary::begins("standing-again"), Site::new());
    let configuration = site.configuration();
    let follows = Follows::starts(&configuration);
    primary.writes(&[Record::Start { epoch: 1, utc: 7, build: "tokyo" }, Record::Pulse]);
    follows.takes(&primary.items);
    let end = primary.writer.framed();
    follows.says(|told| matches!(told, Told::Durable(mark) if *mark == end));
    follows.standing.stop();
    let sealing = configuration.journal.read_keys(None).unwrap();
    let opened = open(&configuration, sealing, &|| ()).unwrap();
    let facts = opened.facts().unwrap();
    assert_eq!((facts.end, facts.cluster, facts.damaged), (end, Some([7; 16]), None));
    assert_eq!(facts.epochs.last().map(|start| start.epoch), Some(Epoch(1)));
    drop(opened);
    let follows = Follows::starts(&configuration);
    follows.tasks.send(LogTask::Seal).unwrap();
    follows.says(|told| matches!(told, Told::Sealed(mark) if *mark == end));
    let resumed =
        follows.standing.promote(&reign(3, Cause::Resumed, false), (7, configuration.digest()));
    let mut opened = resumed.expect("nothing failed");
    let plan = opened.numbered(follows.plan).unwrap();
    opened.begin(Mapped::new(opened.disk.clone()), &plan, None, &|| ()).unwrap();
    assert!(opened.state.promotion().is_none());
}

#[test]
fn what_does_not_fit_is_said_and_a_cut_at_the_end_is_none() {
    let (mut primary, site) = (Primary::begins("standing-misfit"), Site::new());
    let follows = Follows::starts(&site.configuration());
    primary.writes(&[Record::Pulse]);
    primary.writes(&[Record::Pulse]);
    let items: Vec<Item> = primary.items.try_iter().collect();
    follows.tasks.send(LogTask::Take(items[0].clone())).unwrap();
    follows.tasks.send(LogTask::Take(items[2].clone())).unwrap();
    follows.says(|told| matches!(told, Told::Misfit));
    follows.tasks.send(LogTask::Cut(Mark::ZERO)).unwrap();
    follows.says(|told| matches!(told, Told::Cut(mark) if *mark == Mark::ZERO));
    follows.tasks.send(LogTask::Take(items[1].clone())).unwrap();
    let end =
        follows.says(|told| matches!(told, Told::Durable(end) if end.batch != BatchNumber(0)));
    assert!(matches!(end, Told::Durable(Mark { batch: BatchNumber(1), .. })), "{end:?}");
    follows.tasks.send(LogTask::Cut(Mark::ZERO)).unwrap();
    let patience = std::time::Duration::from_secs(30);
    let order = follows.happened.recv_timeout(patience).expect("it is to begin anew");
    assert!(matches!(order, Event::Node(Order::Anew(_))), "{order:?}");
    follows.standing.stop();
}

#[test]
fn rot_that_the_fold_comes_by_ends_a_node_that_has_nobody_and_waits_where_there_is_another_one() {
    for (name, (other, _poll)) in
        [("standing-rot-alone", (None, None)), ("standing-rot", some(unread::ship()))]
    {
        let (mut primary, site) = (Primary::begins(name), Site::new());
        let follows = Follows::starts_beside(&site.configuration(), other.clone());
        primary.writes(&[Record::Pulse; 9]);
        follows.takes(&primary.items);
        let (behind, end) = (follows.standing.behind(), primary.writer.framed().position);
        while behind.replayed() < end.0 {
            behind.wake(end);
            std::thread::yield_now();
        }
        let segment = site.0.join("state/journal/0000000000000001.segment");
        let file = fs::File::options().read(true).write(true).open(&segment).unwrap();
        file.write_all_at(b"rot", 4_096 + 20).unwrap();
        while !site.0.join("state/journal/0000000000000002.segment").exists() {
            primary.writes(&[Record::Pulse]);
            follows.takes(&primary.items);
        }
        if other.is_none() {
            let Ok(Event::Broken(failure)) = follows.happened.recv() else { panic!("it ends") };
            assert_eq!(failure.code, crate::cli::EXIT_DATA);
            assert!(failure.message.contains("0000000000000001.segment"), "{}", failure.message);
        } else {
            let figures = follows.standing.figures();
            while figures.status(0).scrub.unpacked == 0 {
                std::thread::yield_now();
            }
            let scrub = figures.status(0).scrub;
            assert_eq!((scrub.found, scrub.mended, scrub.waiting), (1, 0, 1));
            assert_eq!(scrub.rotten[0].file, "0000000000000001.segment");
            assert!(follows.happened.is_empty(), "nothing ends");
            assert!(segment.exists());
        }
        follows.standing.stop();
    }
}

fn some<A, B>((one, other): (A, B)) -> (Option<A>, Option<B>) {
    (Some(one), Some(other))
}
