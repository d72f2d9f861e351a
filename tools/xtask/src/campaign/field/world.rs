//! Two nodes, their witness, the centres around them and the lines between all: begun, waited for, judged, ended.
//! Must not know what is done to it.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bench::ledger;
use ctl::judge::Judge;
use ctl::parties::{ACQUIRERS, ISSUERS, stations};
use serde_json::Value;

use super::certificates;
use super::front::Front;
use super::logs::{self, Log};
use super::map::{Map, Place, address};
use super::site::Site;
use super::told::{Drops, Ended, approved, at_acquirer, received, shown};
use super::voices::{Heard, Judged, silence, voices};
use super::witness::Witness;
use crate::campaign::centres::{Bank, Merchant};
use crate::campaign::clock;
use crate::campaign::dice::Dice;
use crate::campaign::programs::Programs;
use crate::campaign::records;
use crate::campaign::trouble::Trouble;
use crate::machine::namespace;

/// How long anything may take that has no bound of its own, on a machine that has much to do.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);
/// Requests of each acquirer a second.
const RATE: u64 = 100;
/// How long they wait for an answer.
const GRACE: Duration = Duration::from_secs(40);
/// Approvals of each acquirer until it counts as served again.
const ENOUGH: usize = 25;
/// How much longer than its time a batch may gather, and an issuer may write down what it said.
const GATHERS: Duration = Duration::from_millis(10);
/// The nodes, by number.
pub(super) const NODES: [Place; 2] = [Place::Tokyo, Place::Osaka];
/// Where acquirers are waited for, where issuers wait, and where tokyo waits for osaka.
const PORTS: [u16; 3] = [7001, 8001, 7400];
/// What opens both journals.
const KEY: [u8; 32] = [7; 32];

/// All of it.
pub(super) struct World {
    programs: Programs,
    folder: PathBuf,
    pub(super) map: Map,
    pub(super) sites: [Site; 2],
    pub(super) witness: Witness,
    fronts: [Front; 2],
    /// Of each node its own, so that an issuer knows who asks.
    banks: [[Bank; 2]; 2],
    merchants: Vec<Merchant>,
    judge: Judge,
    heard: Vec<Heard>,
    /// Of it, from each acquirer's way since the last time.
    answers: [usize; 2],
    drops: Drops,
    /// What acquirers and issuers wrote down and the judge is to hear later.
    later: ([Vec<ledger::Acquirer>; 2], [[Vec<ledger::Issuer>; 2]; 2]),
    /// When each acquirer was given approvals, nanoseconds since 1970.
    approvals: [Vec<u64>; 2],
    epochs: BTreeSet<u32>,
    voices: u64,
}

impl World {
    /// Tokyo reigns, osaka has all that it must have, and acquirers are answered. This thread is in the network
    /// of the centres then.
    pub(super) fn begins(
        programs: &Programs,
        number: u64,
        members: u16,
        dice: &mut Dice,
    ) -> Result<Box<Self>, Trouble> {
        let folder = namespace::place().join(format!("world-{number}"));
        let failed = || Trouble::failed("a world");
        fs::create_dir(&folder).map_err(failed())?;
        certificates::write(&folder).map_err(failed())?;
        let map = Map::lay(&folder).map_err(failed())?;
        let witness = Witness::opens(map.network(Place::Witness), &folder, members)?;
        let sites = nodes(&map, &folder, programs).map_err(failed())?;
        map.network(Place::Centres).enter().map_err(failed())?;
        let banks = banks(dice)?;
        let front = |place: usize| {
            let sites = NODES.map(|node| at(node, Place::Centres, 0, place));
            Front::opens(&ACQUIRERS[place], sites)
        };
        let mut world = Box::new(Self {
            programs: programs.clone(),
            folder,
            map,
            sites,
            witness,
            fronts: [front(0)?, front(1)?],
            banks,
            merchants: Vec::new(),
            judge: Judge::default(),
            heard: Vec::new(),
            answers: [0; 2],
            drops: Drops::default(),
            later: Default::default(),
            approvals: [Vec::new(), Vec::new()],
            epochs: BTreeSet::new(),
            voices: 0,
        });
        world.serves()?;
        Ok(world)
    }

    fn serves(&mut self) -> Result<(), Trouble> {
        for number in 0..2 {
            let text = self.text(number);
            let site = &mut self.sites[number];
            site.is_configured(&text, KEY).map_err(Trouble::failed("a configuration"))?;
            site.starts()?;
        }
        self.sites[0].does("node promote --first", PATIENCE)?;
        self.comes_to(0, PATIENCE, |stands| stands["role"] == "primary")?;
        self.sites[1].does("node join", PATIENCE)?;
        self.rests(PATIENCE)?;
        for (party, front) in ACQUIRERS.iter().zip(&self.fronts) {
            self.merchants.push(Merchant::patient(party, front.address, RATE, GRACE));
        }
        let now = clock::unix_ns();
        self.is_answered(now, PATIENCE)?;
        self.judge(0).map(drop)
    }

    /// One of the two is the primary, the other one its standby, and in sync; gives the primary.
    pub(super) fn rests(&mut self, within: Duration) -> Result<usize, Trouble> {
        let mut primary = None;
        let mut last = [None, None];
        let rests = clock::until(within, || {
            last = [0, 1].map(|number| self.stands(number));
            let is = |number: usize, key: &str, value: &str| {
                last[number].as_ref().is_some_and(|stands: &Value| stands[key] == value)
            };
            primary = (0..2).find(|&number| {
                let other = 1 - number;
                is(number, "role", "primary")
                    && is(number, "sync", "sync")
                    && is(other, "role", "standby")
            });
            if primary.is_none() {
                clock::pause(Duration::from_millis(60));
            }
            primary.is_some()
        });
        for (number, site) in self.sites.iter_mut().enumerate() {
            site.still_runs()?;
            if let Some(counted) = site.dropped() {
                self.drops.hears(number, counted);
            }
        }
        match primary.filter(|_| rests) {
            Some(primary) => Ok(primary),
            None => Err(self.found(&format!("not in sync after {within:?}: {}", shown(&last)))),
        }
    }

    /// How a node stands; none: it does not say.
    pub(super) fn stands(&self, number: usize) -> Option<Value> {
        let site = &self.sites[number];
        site.runs().then(|| site.stands()).flatten()
    }

    pub(super) fn comes_to(
        &self,
        number: usize,
        within: Duration,
        is_it: impl Fn(&Value) -> bool,
    ) -> Result<Value, Trouble> {
        let came = self.sites[number].comes_to(within, is_it);
        came.map_err(|last| {
            let other = self.stands(1 - number);
            self.found(&format!("{} after {within:?}: {}", NODES[number], shown(&[last, other])))
        })
    }

    /// That node is the primary, and acquirers are answered.
    pub(super) fn takes_over(&mut self, number: usize) -> Result<(), Trouble> {
        self.comes_to(number, PATIENCE, |stands| stands["role"] == "primary")?;
        self.is_answered(clock::unix_ns(), PATIENCE)
    }

    /// Both acquirers have had some approvals since then.
    pub(super) fn is_answered(&mut self, since_ns: u64, within: Duration) -> Result<(), Trouble> {
        let answered = clock::until(within, || {
            self.hears();
            let enough = |moments: &Vec<u64>| {
                moments.iter().rev().take_while(|moment| **moment > since_ns).count() >= ENOUGH
            };
            let all = self.approvals.iter().all(enough);
            if !all {
                clock::pause(Duration::from_millis(10));
            }
            all
        });
        if answered {
            return Ok(());
        }
        Err(self.found(&format!("no new approvals for {within:?}")))
    }

    /// The longest time without an approval that an acquirer had since then.
    pub(super) fn silence(&mut self, since_ns: u64) -> Duration {
        self.hears();
        let silences = self.approvals.iter().map(|moments| silence(moments, since_ns));
        silences.max().unwrap_or_default()
    }

    /// How long each acquirer waited for its first approval after that moment: the longest.
    pub(super) fn answered_after(&mut self, moment_ns: u64) -> Duration {
        self.hears();
        let first = |moments: &Vec<u64>| {
            let after = moments.iter().find(|moment| **moment > moment_ns);
            after.map_or(PATIENCE, |after| Duration::from_nanos(after - moment_ns))
        };
        self.approvals.iter().map(first).max().unwrap_or_default()
    }

    /// For how long no acquirer has had an approval.
    pub(super) fn silence_now(&mut self) -> Duration {
        self.hears();
        let last = self.approvals.iter().filter_map(|moments| moments.last()).max().copied();
        Duration::from_nanos(clock::unix_ns().saturating_sub(last.unwrap_or_default()))
    }

    /// Takes what the centres wrote down.
    fn hears(&mut self) {
        self.hears_until(u64::MAX);
    }

    /// The same, but what came about later is kept for the next time. That an issuer answered is no harm to know.
    fn hears_until(&mut self, until_ns: u64) {
        for (place, merchant) in self.merchants.iter().enumerate() {
            let mut written = std::mem::take(&mut self.later.0[place]);
            written.extend(merchant.take());
            let (now, later) =
                written.into_iter().partition(|entry| at_acquirer(entry) <= until_ns);
            let (now, later): (Vec<_>, Vec<_>) = (now, later);
            self.approvals[place].extend(now.iter().filter_map(approved));
            self.judge.hear_acquirer(&now);
            self.later.0[place] = later;
        }
        for (front, count) in self.fronts.iter().zip(&mut self.answers) {
            let heard = front.take();
            *count += heard.len();
            self.heard.extend(heard);
        }
        for (site, banks) in self.banks.iter().enumerate() {
            for (place, bank) in banks.iter().enumerate() {
                let later = &mut self.later.1[site][place];
                let mut written = std::mem::take(later);
                written.extend(bank.take());
                let (now, after) = written
                    .into_iter()
                    .partition(|entry| received(entry).is_none_or(|at_ns| at_ns <= until_ns));
                let now: Vec<_> = now;
                *later = after;
                let heard = now.iter().filter_map(received).map(|at_ns| Heard { at_ns, site });
                self.heard.extend(heard);
                self.judge.hear_issuer(ISSUERS[place].name, &now);
            }
        }
    }

    /// Holds what the centres wrote down until now against the journal of the primary, which goes on meanwhile.
    pub(super) fn judge(&mut self, primary: usize) -> Result<Judged, Trouble> {
        let now_ns = clock::unix_ns();
        // Who framed a batch then may have gathered a little longer.
        clock::pause(GATHERS);
        self.hears_until(now_ns);
        let log = self.log(primary);
        let from = self.judge.position() + 1;
        let mut read = Ok(None);
        clock::until(PATIENCE, || {
            read = log.released(from, now_ns);
            let goes_on = matches!(read, Ok(None));
            if goes_on {
                clock::pause(Duration::from_millis(20));
            }
            !goes_on
        });
        match read? {
            Some(read) => self.holds(&read),
            None => Err(self.found("the primary does not release what it framed")),
        }
    }

    fn log(&self, number: usize) -> Log {
        let site = &self.sites[number];
        Log { journal: site.journal(), key: site.key() }
    }

    fn holds(&mut self, read: &logs::Read) -> Result<Judged, Trouble> {
        for (position, record) in &read.records {
            self.judge.read(*position, record);
        }
        let before = self.epochs.len();
        self.epochs.extend(&read.epochs);
        let reigns = self.epochs.len() - before;
        self.judge.judge();
        if self.judge.findings().count() > 0 {
            let findings = self.judge.findings().to_string();
            return Err(self.found(&format!("ledgers and journal differ:\n{findings}")));
        }
        let voices = voices(std::mem::take(&mut self.heard));
        self.voices += voices.iter().map(|voice| voice.messages).sum::<u64>();
        Ok(Judged { voices, answers: std::mem::take(&mut self.answers), reigns })
    }

    /// Partners heard one site after the other, in as many changes as there were.
    pub(super) fn one_voice(&self, judged: &Judged, changes: usize) -> Result<(), Trouble> {
        judged.is_one_voice(changes).map_err(|what| self.found(&what))
    }

    /// The end of it, or what was wrong with it while it is still there.
    pub(super) fn ends_or(
        mut self: Box<Self>,
        wrong: impl FnOnce(&Self, Trouble) -> Trouble,
    ) -> Result<Ended, Trouble> {
        self.ends().map_err(|trouble| wrong(&self, trouble))
    }

    /// Everybody ends in order: nothing is owed any more, both logs are whole and equal, and what acquirers,
    /// issuers and the journal say agrees.
    fn ends(&mut self) -> Result<Ended, Trouble> {
        let primary = self.rests(PATIENCE)?;
        self.merchants.iter().for_each(Merchant::is_to_end);
        let merchants = &self.merchants;
        clock::until(PATIENCE, || merchants.iter().all(Merchant::has_ended));
        self.settles(primary)?;
        let primary = self.rests(PATIENCE)?;
        self.hears();
        let mut unanswered = 0;
        for merchant in std::mem::take(&mut self.merchants) {
            let report = merchant.reports()?;
            let Some(report) = report else { continue };
            unanswered += report.unanswered;
            if !report.wrong.is_empty() {
                return Err(
                    self.found(&format!("an acquirer got wrong answers: {:?}", report.wrong))
                );
            }
        }
        self.sites[primary].stops()?;
        self.sites[1 - primary].stops()?;
        for site in &self.sites {
            records::verify(&self.programs, &site.journal())?;
        }
        let [one, other] = [self.log(primary), self.log(1 - primary)];
        one.is_equal(&other).map_err(|trouble| self.found(&trouble.to_string()))?;
        let read = one.all(self.judge.position() + 1)?;
        self.holds(&read)?;
        let books = self.judge.close();
        if books.open > 0 || self.judge.findings().count() > 0 {
            let findings = self.judge.findings().to_string();
            let what =
                format!("{} messages wait for issuers, and the books say:\n{findings}", books.open);
            return Err(self.found(&what));
        }
        let (missing, late) = (unanswered.max(books.undelivered), self.drops.all);
        if missing > late {
            let what = format!("{missing} requests without an answer, {late} answers dropped late");
            return Err(self.found(&what));
        }
        let counts = self.judge.counts();
        Ok(Ended {
            sent: counts.sent,
            answered: counts.answered,
            unanswered,
            messages: self.voices,
            books,
        })
    }

    /// Every request has ended, and every reversal is acknowledged.
    fn settles(&self, primary: usize) -> Result<(), Trouble> {
        let socket = self.sites[primary].socket();
        let mut open = None;
        let settled = clock::until(PATIENCE, || {
            open = self.programs.open(&socket);
            if open != Some(0) {
                clock::pause(Duration::from_millis(100));
            }
            open == Some(0)
        });
        if settled {
            Ok(())
        } else {
            Err(self.found(&format!("{open:?} are open after {PATIENCE:?}")))
        }
    }

    /// Something that must not be, with the last words of both nodes.
    pub(super) fn found(&self, what: &str) -> Trouble {
        let words = self
            .sites
            .each_ref()
            .map(|site| format!("\n  {} said last:{}", site.place, site.last_words()));
        Trouble::Found(format!("{what}{}", words.concat()))
    }

    /// Copies what both nodes and the witness wrote to a place where it stays.
    pub(super) fn is_kept(&self, place: &Path) -> std::io::Result<()> {
        // What an earlier run left there would be taken for part of this.
        drop(fs::remove_dir_all(place));
        fs::create_dir_all(place)?;
        for number in 0..3 {
            let name = format!("w{number}.log");
            // There may be one member only.
            drop(fs::copy(self.folder.join(&name), place.join(&name)));
        }
        self.sites.iter().try_for_each(|site| site.is_kept(place))
    }

    /// What stands in the configuration of a node.
    fn text(&self, number: usize) -> String {
        let (node, peer) = (NODES[number], NODES[1 - number]);
        let way = if number == 0 { "listen" } else { "connect" };
        let line = SocketAddr::from((address(NODES[0], NODES[1]), PORTS[2]));
        let (state, socket) = (self.sites[number].state(), self.sites[number].socket());
        let key = self.sites[number].key();
        let [state, socket, key] = [state, socket, key].map(|path| ctl::parties::quoted(&path));
        let folder = self.folder.display();
        let listens = [0, 1].map(|place| at(node, Place::Centres, 0, place));
        let issuers = [0, 1].map(|place| at(Place::Centres, node, 1, place));
        let stations = stations(
            listens,
            issuers,
            format_args!(
                "links = 2\ntimeout = \"2s\"\nsaf_retry = \"1s\"\nsaf_gap = \"0s\"\nsaf_window = 64\n\
                 saf_rate = 1000\nreconnect_min = \"50ms\"\nreconnect_max = \"100ms\""
            ),
        );
        // Acquirers come over lines of this world.
        let stations = stations.replace("127.0.0.0/8", "10.0.0.0/8");
        let witness = self.witness.table(node, &self.folder);
        format!(
            "[node]\nname = \"{node}\"\ninstitution = \"49000000001\"\nstate = {state}\nworkers = 1\n\n\
             [journal]\nsegment = \"1MiB\"\nkey = {key}\nsync = \"durable\"\n\n\
             [control]\nsocket = {socket}\n\n[limits]\ndrain = \"5s\"\n\n\
             [peer]\nname = \"{peer}\"\n{way} = [\"{line}\"]\n\
             certificate = \"{folder}/{node}.crt\"\nkey = \"{folder}/{node}.key\"\n\
             authority = \"{folder}/authority.crt\"\n\n{witness}{stations}"
        )
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for merchant in std::mem::take(&mut self.merchants) {
            merchant.leaves();
        }
        for site in &mut self.sites {
            site.leaves();
        }
        // The namespaces take along at the latest what is left.
        drop(self.map.leave());
    }
}

/// Both nodes, with empty disks.
fn nodes(map: &Map, folder: &Path, programs: &Programs) -> std::io::Result<[Site; 2]> {
    let node =
        |node: Place| Site::new(node, map.network(node), folder.join(node.to_string()), programs);
    Ok([node(NODES[0])?, node(NODES[1])?])
}

/// Of each node both issuers, in the network of this thread.
fn banks(dice: &mut Dice) -> Result<[[Bank; 2]; 2], Trouble> {
    let mut bank = |node: Place, place: usize| {
        Bank::at(&ISSUERS[place], at(Place::Centres, node, 1, place), dice)
    };
    let mut of = |node: Place| Ok([bank(node, 0)?, bank(node, 1)?]);
    Ok([of(NODES[0])?, of(NODES[1])?])
}

/// Where a place waits for another one, for that purpose.
fn at(of: Place, to: Place, purpose: usize, place: usize) -> SocketAddr {
    let port = PORTS[purpose] + u16::try_from(place).expect("a few");
    SocketAddr::from((address(of, to), port))
}
