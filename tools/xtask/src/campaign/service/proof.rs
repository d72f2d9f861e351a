//! What all steps of the proof have in hand: the machine, what is typed there and seen, the centres
//! around it and their books. Must not know what a step is about.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ctl::judge::{Books, Judge};
use ctl::parties::{ACQUIRERS, ISSUERS, stations};

use super::super::centres::{Bank, Merchant};
use super::super::clock;
use super::super::dice::Dice;
use super::super::programs;
use super::super::records::{self, Sum};
use super::super::trouble::Trouble;
use super::runbook::Runbook;
use crate::machine::disk::Disk;
use crate::machine::log::{Line, Mark};
use crate::machine::{Machine, Said};

/// The name of the machine, and of the node in it.
pub(super) const NAME: &str = "tokyo";
/// The service.
pub(super) const UNIT: &str = "sekishod.service";
/// How long anything may take that should take a moment, on a machine that has much to do.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// The switch takes no more than twenty commands a second of one user.
const ASKED_EVERY: Duration = Duration::from_millis(200);
/// How long all may take that is owed to an issuer which was silent: what failed often is tried less often.
const SETTLES: Duration = Duration::from_mins(2);
/// Bytes of the disk of `/var/lib/sekisho`.
const DISK_BYTES: u64 = 256 << 20;
/// Where the switch's state is in the machine.
const STATE: &str = "/var/lib/sekisho";
/// Where the package lies in the machine, and where commands are typed.
const PLACE: &str = "/srv";
/// Most characters of a line that are shown.
const SHOWN_MAX: usize = 200;
/// Links to each issuer.
const LINKS: usize = 2;
/// Requests a second of each acquirer.
const RATE: u64 = 200;

/// What all steps have in hand.
pub(super) struct Proof<'a> {
    pub(super) machine: Machine,
    pub(super) disk: Disk,
    pub(super) banks: [Option<Bank>; 2],
    merchants: Vec<Merchant>,
    judge: Judge,
    sum: Sum,
    runbook: Runbook,
    typed: BTreeSet<String>,
    seen: Vec<String>,
    out: &'a mut dyn Write,
}

impl<'a> Proof<'a> {
    /// A machine with the package beside it and nothing installed.
    pub(super) fn boot(
        base: &Path,
        package: &Path,
        runbook: Runbook,
        out: &'a mut dyn Write,
    ) -> Result<Self, Trouble> {
        let disk = Disk::new(NAME, DISK_BYTES).map_err(Trouble::failed("a disk"))?;
        let machine = Machine::boot(NAME, base, &[(disk.mount(), STATE)]);
        let machine = machine.map_err(Trouble::failed("a machine"))?;
        let name = package.file_name().ok_or_else(|| Trouble::Failed("a package".into()))?;
        let there = machine.root().join(PLACE.trim_start_matches('/')).join(name);
        fs::copy(package, there).map_err(Trouble::failed("the package"))?;
        machine.enter_network().map_err(Trouble::failed("the machine's network"))?;
        let mut dice = Dice::new(1);
        let mut bank = |place: usize| Bank::at(&ISSUERS[place], issuer(place), &mut dice).map(Some);
        let banks = [bank(0)?, bank(1)?];
        Ok(Self {
            machine,
            disk,
            banks,
            merchants: Vec::new(),
            judge: Judge::default(),
            sum: Sum::default(),
            runbook,
            typed: BTreeSet::new(),
            seen: Vec::new(),
            out,
        })
    }

    /// A step begins.
    pub(super) fn begins(&mut self, step: &str) {
        self.tell(&format!("--- {step}"));
    }

    /// For whoever reads along.
    fn tell(&mut self, text: &str) {
        // Nobody is left to tell when it fails.
        drop(writeln!(self.out, "{text}").and_then(|()| self.out.flush()));
    }

    /// Types a line as root of the machine.
    pub(super) fn types(&mut self, line: &str) -> Result<Said, Trouble> {
        self.types_with(line, &[])
    }

    /// The same, with variables that the line names.
    pub(super) fn types_with(
        &mut self,
        line: &str,
        variables: &[(&str, &str)],
    ) -> Result<Said, Trouble> {
        let words: Vec<_> = variables.iter().map(|(name, is)| format!("{name}={is} ")).collect();
        self.tell(&format!("  # {}{line}", words.concat()));
        let said = self.machine.run(&format!("cd {PLACE}\n{line}"), variables);
        let said = said.map_err(Trouble::failed(line))?;
        self.typed.insert(line.to_owned());
        self.seen.extend(said.text.lines().map(str::to_owned));
        Ok(said)
    }

    /// Types a line, which must end with that exit code; what it said.
    pub(super) fn ends(&mut self, line: &str, code: i32) -> Result<String, Trouble> {
        let said = self.types(line)?;
        ended(line, said, code)
    }

    /// Types a line, which must end with 0.
    pub(super) fn done(&mut self, line: &str) -> Result<String, Trouble> {
        self.ends(line, 0)
    }

    /// Types a line, which must end with that code and say all of these.
    pub(super) fn says(
        &mut self,
        line: &str,
        code: i32,
        parts: &[&str],
    ) -> Result<String, Trouble> {
        let text = self.ends(line, code)?;
        match parts.iter().find(|part| !text.contains(**part)) {
            None => {
                let first = parts.first().copied().unwrap_or_default();
                let shown = text.lines().find(|line| line.contains(first)).unwrap_or_default();
                let shown: String = shown.trim().chars().take(SHOWN_MAX).collect();
                self.tell(&format!("    {shown}"));
                Ok(text)
            }
            Some(part) => {
                Err(Trouble::Found(format!("`{line}` does not say \"{part}\", but:\n{text}")))
            }
        }
    }

    /// Waits until a line ends with 0 and says this: what it shows comes a moment after what is logged of it.
    /// Then types it.
    pub(super) fn comes_to_say(&mut self, line: &str, part: &str) -> Result<String, Trouble> {
        clock::until(PATIENCE, || {
            let said = self.machine.run(line, &[]);
            let says = said.is_ok_and(|said| said.text.contains(part));
            if !says {
                clock::pause(ASKED_EVERY);
            }
            says
        });
        self.says(line, 0, &[part])
    }

    /// Types a line about a stored message, which must end with that code and say this.
    pub(super) fn says_of(
        &mut self,
        id: &str,
        line: &str,
        code: i32,
        part: &str,
    ) -> Result<(), Trouble> {
        let said = self.types_with(line, &[("ID", id)])?;
        let text = ended(line, said, code)?;
        match text.lines().find(|line| line.contains(part)) {
            Some(shown) => {
                self.tell(&format!("    {}", shown.trim()));
                Ok(())
            }
            None => Err(Trouble::Found(format!("`{line}` does not say \"{part}\", but:\n{text}"))),
        }
    }

    /// Something that the runbook does not ask for, done on the machine as root: what happens to it.
    pub(super) fn happens(&mut self, line: &str) -> Result<String, Trouble> {
        self.tell(&format!("  * {line}"));
        let said = self.machine.run(line, &[]).map_err(Trouble::failed(line))?;
        ended(line, said, 0)
    }

    /// The place in the log behind all that has come.
    pub(super) fn mark(&self) -> Mark {
        self.machine.log().mark()
    }

    /// Waits for a line of the service, or about it, that has all these parts.
    pub(super) fn logs(&mut self, mark: Mark, parts: &[&str]) -> Result<Line, Trouble> {
        let has =
            |line: &Line| line.unit == UNIT && parts.iter().all(|part| line.text.contains(part));
        match self.machine.log().wait(mark, PATIENCE, has) {
            Some(line) => {
                self.tell(&format!("    {}: {}", line.from, line.text));
                Ok(line)
            }
            None => Err(Trouble::Found(format!("the log does not say {parts:?}"))),
        }
    }

    /// The log of the service behind a mark must not have such a line.
    pub(super) fn does_not_log(&mut self, mark: Mark, part: &str) -> Result<(), Trouble> {
        match self.machine.log().since(mark).iter().find(|line| line.text.contains(part)) {
            None => Ok(()),
            Some(line) => Err(Trouble::Found(format!("the log says: {}", line.text))),
        }
    }

    /// Writes a file of the machine, whose folder is there.
    pub(super) fn writes(&mut self, path: &str, text: &str) -> Result<(), Trouble> {
        self.tell(&format!("  * {path} is written"));
        fs::write(self.file(path), text).map_err(Trouble::failed(path))
    }

    /// A file of the machine as this side sees it.
    pub(super) fn file(&self, path: &str) -> PathBuf {
        match path.strip_prefix(STATE) {
            Some(below) => self.disk.mount().join(below.trim_start_matches('/')),
            None => self.machine.root().join(path.trim_start_matches('/')),
        }
    }

    /// Both acquirers send until they are told to end.
    pub(super) fn load(&mut self) {
        self.load_of(RATE);
    }

    /// The same, with so many requests a second of each.
    pub(super) fn load_of(&mut self, rate: u64) {
        let begins = |(place, party)| Merchant::steady(party, acquirer(place), rate);
        self.merchants.extend(ACQUIRERS.iter().enumerate().map(begins));
    }

    /// The acquirers end, wait for their answers, and must have got nothing wrong. Nothing is open
    /// then, neither a request nor a message to an issuer.
    pub(super) fn load_ends(&mut self) -> Result<u64, Trouble> {
        let answered = self.merchants_end()?;
        self.settles().map(|()| answered)
    }

    /// Nothing is open, neither a request nor a message to an issuer.
    pub(super) fn settles(&self) -> Result<(), Trouble> {
        let mut open = None;
        let settled = clock::until(SETTLES, || {
            let said = self.machine.run("sekisho status -o json", &[]);
            open = said.ok().and_then(|said| programs::open_of(said.text.as_bytes()));
            if open != Some(0) {
                clock::pause(ASKED_EVERY);
            }
            open == Some(0)
        });
        if settled {
            return Ok(());
        }
        Err(Trouble::Found(format!("of requests and stored messages {open:?} are open still")))
    }

    /// The acquirers end and must have got nothing wrong; how many answers they got.
    pub(super) fn merchants_end(&mut self) -> Result<u64, Trouble> {
        self.merchants.iter().for_each(Merchant::is_to_end);
        let mut answered = 0;
        for merchant in std::mem::take(&mut self.merchants) {
            if !clock::until(PATIENCE, || merchant.has_ended()) {
                merchant.is_to_end();
            }
            self.judge.hear_acquirer(&merchant.take());
            let Some(report) = merchant.reports()? else { continue };
            if !report.wrong.is_empty() {
                let wrong = report.wrong;
                return Err(Trouble::Found(format!("an acquirer got wrong answers: {wrong:?}")));
            }
            answered += report.answered;
        }
        Ok(answered)
    }

    /// All issuers have all their connections.
    pub(super) fn linked(&self) -> Result<(), Trouble> {
        let has_all = |bank: &Option<Bank>| bank.as_ref().is_some_and(|bank| bank.links() >= LINKS);
        if clock::until(PATIENCE, || self.banks.iter().all(has_all)) {
            return Ok(());
        }
        Err(Trouble::found("sekishod does not connect to its issuers"))
    }

    /// An issuer goes away; what it wrote down stays.
    pub(super) fn bank_leaves(&mut self, place: usize) {
        if let Some(bank) = self.banks[place].take() {
            let pages = bank.closes();
            self.judge.hear_issuer(ISSUERS[place].name, &pages);
        }
    }

    /// What the centres wrote down and what the journal says must agree; the switch has ended.
    pub(super) fn judge(&mut self) -> Result<Books, Trouble> {
        for (party, bank) in ISSUERS.iter().zip(&self.banks) {
            if let Some(bank) = bank {
                self.judge.hear_issuer(party.name, &bank.take());
            }
        }
        let journal = self.file("/var/lib/sekisho/journal");
        let key = self.file("/etc/sekisho/journal.key");
        let (judge, sum) = (&mut self.judge, &mut self.sum);
        let from = judge.position() + 1;
        records::read(&journal, &key, from, sum, |position, record| judge.read(position, record))?;
        judge.judge();
        let books = judge.close();
        if books.open > 0 || judge.findings().count() > 0 || judge.unfinished() > 0 {
            let (open, unfinished, findings) = (books.open, judge.unfinished(), judge.findings());
            return Err(Trouble::Found(format!(
                "{unfinished} requests have no outcome, {open} messages wait for issuers:\n{findings}"
            )));
        }
        Ok(books)
    }

    /// What stands in the runbook and was not typed or seen.
    pub(super) fn unproven(&mut self) -> Vec<String> {
        let log = self.machine.log().since(Mark::default());
        self.seen.extend(log.into_iter().map(|line| format!("{}: {}", line.from, line.text)));
        self.runbook.unproven(&self.typed, &self.seen)
    }

    /// Commands and lines of the runbook.
    pub(super) fn runbook_counts(&self) -> (usize, usize) {
        self.runbook.counts()
    }

    /// The end of the log, for whoever looks into what went wrong.
    pub(super) fn last_words(&mut self) {
        let log = self.machine.log().since(Mark::default());
        for line in log.iter().skip(log.len().saturating_sub(30)) {
            let text = format!("    | {}: {}", line.from, line.text);
            self.tell(&text);
        }
    }
}

fn ended(line: &str, said: Said, code: i32) -> Result<String, Trouble> {
    if said.code == Some(code) {
        return Ok(said.text);
    }
    let Said { code: with, text } = said;
    Err(Trouble::Found(format!("`{line}` ended with {with:?} and not with {code}:\n{text}")))
}

/// Where the switch listens for an acquirer.
pub(super) fn acquirer(place: usize) -> SocketAddr {
    here(7001, place)
}

/// Where an issuer listens.
pub(super) fn issuer(place: usize) -> SocketAddr {
    here(8001, place)
}

/// The machine has a network of its own, so nobody else has these ports.
fn here(first: u16, place: usize) -> SocketAddr {
    let port = first + u16::try_from(place).unwrap_or_default();
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// The configuration of the node: as an operator would write it, with segments that a small disk has
/// room for, and these lines for each issuer.
pub(super) fn configuration(of_issuers: &str) -> String {
    format!(
        "[node]\nname = \"{NAME}\"\ninstitution = \"49000000001\"\nstate = \"{STATE}\"\nworkers = 2\n\n\
         [journal]\nsegment = \"1MiB\"\nkey = \"credential:journal-key\"\n\n\
         [control]\nsocket = \"/run/sekisho/control.sock\"\n\
         operators = [\"hana\", \"ren\"]\nadministrators = [\"mei\"]\n\n\
         [limits]\ndrain = \"5s\"\n\n{}",
        stations([acquirer(0), acquirer(1)], [issuer(0), issuer(1)], format_args!("{of_issuers}"))
    )
}
