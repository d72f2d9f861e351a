//! One life of a journal: the switch is started on it, struck under load, started again, and so on;
//! after each blow ledgers and journal are held against each other. Must not know what the blow is.

use std::ffi::OsString;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use bench::load;
use ctl::judge::{Books, Counts, Judge, Missing};
use ctl::parties::{ACQUIRERS, ISSUERS};

use super::centres::{Bank, Merchant};
use super::clock;
use super::dice::Dice;
use super::ground::Ground;
use super::programs::Programs;
use super::records::{self, Sum};
use super::setting::{self, LINKS, Variation};
use super::switch::Switch;
use super::trouble::Trouble;

/// How long anything may take that should take a moment, on a machine that has much to do.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long the issuers may take to acknowledge all that a life left to be reversed.
const SETTLES: Duration = Duration::from_mins(1);
/// A blow at a switch that starts comes within this time of its start.
const START: Duration = Duration::from_millis(60);
/// Under load it comes within this time.
const UNDER_LOAD: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(250));
/// And so soon after the first sign of a roll-over.
const AT_ROLL_OVER: Duration = Duration::from_millis(2);
/// Of so many requests that were decided last some are asked again.
const LATELY: u64 = 5_000;
/// How many of them.
const AGAIN: usize = 6;

/// When a blow came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// While the switch started.
    Start,
    /// While it served.
    Load,
    /// While it served and had just begun another segment.
    RollOver,
}

/// What strikes the switch.
pub(super) trait Blow {
    /// Where the switch keeps its state, and what else stands there.
    fn ground(&self) -> &Ground;

    /// Strikes; the switch has ended and its state can be read when this returns.
    fn strike(&mut self, switch: &mut Switch, dice: &mut Dice) -> Result<(), Trouble>;
}

/// A life.
pub(super) struct Life<'a, B: Blow> {
    programs: &'a Programs,
    pub(super) blow: B,
    dice: Dice,
    targets: [SocketAddr; 2],
    issuers: [Bank; 2],
    timeout_ms: u64,
    merchants: Vec<Merchant>,
    /// Those that were told to end, and may not have yet.
    parting: Vec<Merchant>,
    judge: Judge,
    sum: Sum,
    repeated: u64,
}

/// What a life came to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lived {
    pub(super) counts: Counts,
    pub(super) missing: Missing,
    /// Requests that were asked again after a restart.
    pub(super) repeated: u64,
    /// Both ends' books at its end.
    pub(super) books: Books,
}

impl<'a, B: Blow> Life<'a, B> {
    pub(super) fn begins(programs: &'a Programs, blow: B, seed: u64) -> Result<Self, Trouble> {
        let mut dice = Dice::new(seed);
        let issuers = [Bank::opens(&ISSUERS[0], &mut dice)?, Bank::opens(&ISSUERS[1], &mut dice)?];
        Ok(Self {
            programs,
            blow,
            timeout_ms: dice.one_of(&[60, 150, 300]),
            dice,
            targets: [target()?, target()?],
            issuers,
            merchants: Vec::new(),
            parting: Vec::new(),
            judge: Judge::default(),
            sum: Sum::default(),
            repeated: 0,
        })
    }

    /// From one start to the next blow, and the verdict on it.
    pub(super) fn round(&mut self) -> Result<Moment, Trouble> {
        let mut switch = self.start()?;
        let moment = if self.dice.percent(15) {
            let delay = self.dice.between(Duration::ZERO, START);
            clock::pause(delay);
            Moment::Start
        } else {
            self.is_served(&switch)?;
            self.send_merchants(&switch)?;
            self.wait_for_the_moment()
        };
        self.blow.strike(&mut switch, &mut self.dice)?;
        self.judge(&switch)?;
        Ok(moment)
    }

    /// The last start: everybody ends in order, nothing may be left open, neither a request nor a
    /// reversal, and both ends must have the same approvals.
    pub(super) fn end(&mut self) -> Result<Lived, Trouble> {
        let mut switch = self.start()?;
        self.is_served(&switch)?;
        self.send_merchants(&switch)?;
        clock::pause(Duration::from_millis(50));
        self.dismiss();
        self.part(&switch)?;
        self.settles(&switch)?;
        switch.is_stopped();
        let status = switch.ends(PATIENCE)?;
        if status.and_then(|status| status.code()) != Some(0) {
            let words = switch.last_words();
            return Err(Trouble::Found(format!(
                "told to stop, sekishod ended with {status:?}{words}"
            )));
        }
        self.judge(&switch)?;
        let open = self.judge.unfinished();
        if open > 0 {
            return Err(Trouble::Found(format!(
                "after a clean stop {open} requests have no outcome"
            )));
        }
        let mut sum = Sum::default();
        records::read(&self.journal(), &self.key(), 1, &mut sum, |_, _| ())?;
        if sum != self.sum {
            return Err(Trouble::found(
                "read again from the first record on, the journal says something else",
            ));
        }
        let books = self.judge.close();
        if books.open > 0 || self.judge.findings().count() > 0 {
            let (open, findings, words) = (books.open, self.judge.findings(), switch.last_words());
            return Err(Trouble::Found(format!(
                "when all has ended {open} messages wait for issuers, and the books differ:\n{findings}{words}"
            )));
        }
        Ok(Lived {
            books,
            counts: self.judge.counts(),
            missing: self.judge.missing(),
            repeated: self.repeated,
        })
    }

    /// Every request has ended, and every reversal is acknowledged.
    fn settles(&self, switch: &Switch) -> Result<(), Trouble> {
        let socket = self.blow.ground().socket();
        let mut open = None;
        let settled = clock::until(SETTLES, || {
            open = self.programs.open(&socket);
            open == Some(0)
        });
        if settled {
            return Ok(());
        }
        let words = switch.last_words();
        let open = open.map_or("it does not say how many".into(), |open| open.to_string());
        Err(Trouble::Found(format!(
            "not all that was owed is acknowledged after {SETTLES:?}: {open} open{words}"
        )))
    }

    fn journal(&self) -> PathBuf {
        self.blow.ground().state().join("journal")
    }

    /// The key that the switch made for itself.
    fn key(&self) -> PathBuf {
        self.journal().join("insecure-demo.key")
    }

    fn start(&mut self) -> Result<Switch, Trouble> {
        let ground = self.blow.ground();
        let variation = Variation {
            path: self.dice.one_of(&["mapped", "direct"]),
            workers: self.dice.one_of(&[1, 2]),
            timeout_ms: self.timeout_ms,
        };
        let addresses = [self.issuers[0].address, self.issuers[1].address];
        let (state, socket) = (ground.state(), ground.socket());
        let text = setting::configuration(&state, &socket, self.targets, addresses, &variation);
        let file = ground.configuration();
        fs::write(&file, text).map_err(Trouble::failed("the configuration"))?;
        Switch::starts(self.programs, &file)
    }

    /// It serves, found in its journal what is there, and answers repeats of before as it did.
    fn is_served(&mut self, switch: &Switch) -> Result<(), Trouble> {
        let found = |what: String| Trouble::Found(format!("{what}{}", switch.last_words()));
        if !switch.serves(PATIENCE) {
            return Err(found("sekishod does not serve after its start".into()));
        }
        let (open, known) = (self.judge.unfinished(), switch.unfinished());
        if known != u64::try_from(open).ok() {
            return Err(found(format!(
                "the journal has {open} requests without an outcome, and sekishod says {known:?}"
            )));
        }
        let linked = || self.issuers.iter().all(|issuer| issuer.links() >= LINKS);
        if !clock::until(PATIENCE, linked) {
            return Err(found("sekishod does not connect to its issuers".into()));
        }
        self.ask_again()
    }

    /// A repeat of what was decided before the start gets what the journal says, and no more.
    fn ask_again(&mut self) -> Result<(), Trouble> {
        let decided = self.judge.decided();
        let count = u64::try_from(decided.len()).unwrap_or(u64::MAX).min(LATELY);
        if count == 0 {
            return Ok(());
        }
        let mut chosen = [Vec::new(), Vec::new()];
        for _ in 0..AGAIN {
            let back = usize::try_from(self.dice.below(count)).unwrap_or(0);
            let known = self.judge.known(decided[decided.len() - 1 - back]);
            // A request whose load did not say that it had sent it can not be asked again.
            let Some((sent, station, outcome)) = known else { continue };
            if let Some(place) = ACQUIRERS.iter().position(|party| party.name == station) {
                chosen[place].push((sent, outcome));
            }
        }
        for (place, chosen) in chosen.into_iter().enumerate().filter(|(_, some)| !some.is_empty()) {
            let options = setting::load(&ACQUIRERS[place], self.targets[place]);
            let sent: Vec<_> = chosen.iter().map(|(sent, _)| *sent).collect();
            let answers = load::again(&options, &sent, PATIENCE)
                .map_err(|why| Trouble::Failed(format!("repeats: {why}")))?;
            for ((sent, outcome), answer) in chosen.iter().zip(answers) {
                if !answer.is_some_and(|answer| outcome.explains_repeat(&answer)) {
                    let reference = sent.reference;
                    return Err(Trouble::Found(format!(
                        "{reference}: {outcome:?} in the journal, and its repeat gets {answer:?}"
                    )));
                }
                self.repeated += 1;
            }
        }
        Ok(())
    }

    /// New merchants begin. Those before them have outlived a blow and end; those before these must
    /// have.
    fn send_merchants(&mut self, switch: &Switch) -> Result<(), Trouble> {
        self.part(switch)?;
        self.dismiss();
        for (party, target) in ACQUIRERS.iter().zip(self.targets) {
            self.merchants.push(Merchant::begins(party, target, &mut self.dice));
        }
        Ok(())
    }

    /// Those that send are told to end. To be told once: the second time they do not wait for what
    /// is open.
    fn dismiss(&mut self) {
        self.merchants.iter().for_each(Merchant::is_to_end);
        self.parting.append(&mut self.merchants);
    }

    /// Waits for the end of those that were told to, and hears what they have to say.
    fn part(&mut self, switch: &Switch) -> Result<(), Trouble> {
        for merchant in self.parting.drain(..) {
            if !clock::until(PATIENCE, || merchant.has_ended()) {
                merchant.is_to_end();
            }
            self.judge.hear_acquirer(&merchant.take());
            let wrong = merchant.ends()?;
            if !wrong.is_empty() {
                let words = switch.last_words();
                return Err(Trouble::Found(format!(
                    "an acquirer got wrong answers: {wrong:?}{words}"
                )));
            }
        }
        Ok(())
    }

    /// Lets the merchants go on until the blow is due.
    fn wait_for_the_moment(&mut self) -> Moment {
        let (least, most) = UNDER_LOAD;
        let wait = self.dice.between(least, most);
        if !self.dice.percent(25) {
            clock::pause(wait);
            return Moment::Load;
        }
        let before = self.newest_segment();
        let rolls = clock::until(most, || self.newest_segment() != before);
        if !rolls {
            return Moment::Load;
        }
        let wait = self.dice.between(Duration::ZERO, AT_ROLL_OVER);
        clock::pause(wait);
        Moment::RollOver
    }

    /// The name of the newest segment.
    fn newest_segment(&self) -> Option<OsString> {
        let names = fs::read_dir(self.journal()).ok()?;
        let names = names.map_while(Result::ok).map(|entry| entry.file_name());
        names.filter(|name| name.as_encoded_bytes().ends_with(b".segment")).max()
    }

    /// Ledgers first: what they know then must be in the journal, which nobody writes any more.
    fn judge(&mut self, switch: &Switch) -> Result<(), Trouble> {
        for merchant in self.merchants.iter().chain(&self.parting) {
            self.judge.hear_acquirer(&merchant.take());
        }
        for (party, issuer) in ISSUERS.iter().zip(&self.issuers) {
            self.judge.hear_issuer(party.name, &issuer.take());
        }
        let (journal, key) = (self.journal(), self.key());
        let begun = self.judge.position() > 0 || self.newest_segment().is_some();
        let (judge, sum) = (&mut self.judge, &mut self.sum);
        // Struck at its first start it may have left none.
        if begun {
            records::verify(self.programs, &journal)?;
            let from = judge.position() + 1;
            records::read(&journal, &key, from, sum, |position, record| {
                judge.read(position, record);
            })?;
        }
        judge.judge();
        if judge.findings().count() == 0 {
            return Ok(());
        }
        let (findings, words) = (judge.findings(), switch.last_words());
        Err(Trouble::Found(format!("ledgers and journal differ:\n{findings}{words}")))
    }
}

/// An address to listen on that no connection of ours will ever come from: those come from
/// 127.0.0.1.
fn target() -> Result<SocketAddr, Trouble> {
    let [high, low, ..] = std::process::id().to_le_bytes();
    let here = SocketAddr::from((Ipv4Addr::new(127, 18, high, low), 0));
    let listener = TcpListener::bind(here).map_err(Trouble::failed("an address"))?;
    listener.local_addr().map_err(Trouble::failed("an address"))
}
