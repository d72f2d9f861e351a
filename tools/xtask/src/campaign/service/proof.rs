//! What all steps of the proof have in hand: the machine, what is typed there and seen, the centres
//! around it and their books. Must not know what a step is about.

mod centres;
mod ground;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use ctl::judge::Judge;
use ctl::parties::stations;

use super::super::centres::Merchant;
use super::super::clock;
use super::super::records::Sum;
use super::super::trouble::Trouble;
use super::field::Field;
use super::runbook::Runbook;
use super::site::{PLACE, SMALL, STATE, Site, acquirer, issuer};
use crate::machine::Said;
use crate::machine::line::Line;
use crate::machine::log::{self, Mark};

pub(super) use self::centres::Heard;
pub(super) use self::ground::FIELD;

/// The node that is there from the beginning.
pub(super) const TOKYO: &str = "tokyo";
/// The service.
pub(super) const UNIT: &str = "sekishod.service";
/// How long anything may take that should take a moment, on a machine that has much to do.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// Exit code of what can not be done as things stand.
const REFUSED: i32 = 5;
/// Exit code of what was not done, and may be in a moment.
const AGAIN: i32 = 1;
/// The switch takes no more than twenty commands a second of one user.
const ASKED_EVERY: Duration = Duration::from_millis(200);
/// Lines of each log that are shown when something went wrong.
const LAST_WORDS: usize = 60;
/// Most characters of a line that are shown.
const SHOWN_MAX: usize = 200;

/// What all steps have in hand.
pub(super) struct Proof<'a> {
    sites: Vec<Site>,
    /// Those between them, and from them to the field, by their names.
    lines: BTreeMap<&'static str, Line>,
    /// The centres that reach all nodes; without it each node has centres of its own.
    field: Option<Field>,
    /// Which of them one stands at.
    here: usize,
    base: PathBuf,
    package: PathBuf,
    merchants: Vec<Merchant>,
    judge: Judge,
    sum: Sum,
    runbook: Runbook,
    typed: BTreeSet<String>,
    seen: Vec<String>,
    /// When what happens under load began; nanoseconds since 1970.
    struck_ns: u64,
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
        Ok(Self {
            sites: vec![Site::node(TOKYO, base, package, SMALL)?],
            lines: BTreeMap::new(),
            field: None,
            here: 0,
            base: base.to_owned(),
            package: package.to_owned(),
            merchants: Vec::new(),
            judge: Judge::default(),
            sum: Sum::default(),
            runbook,
            typed: BTreeSet::new(),
            seen: Vec::new(),
            struck_ns: 0,
            out,
        })
    }

    /// Something is about to happen under load.
    pub(super) fn strikes(&mut self) {
        self.struck_ns = clock::unix_ns();
    }

    /// When it did; nanoseconds since 1970.
    pub(super) fn struck_ns(&self) -> u64 {
        self.struck_ns
    }

    /// A step begins.
    pub(super) fn begins(&mut self, step: &str) {
        self.tell(&format!("--- {step}"));
    }

    /// Something happens to the machine that nobody types.
    pub(super) fn happens_to_it(
        &mut self,
        what: &str,
        happens: impl FnOnce(&mut Site) -> io::Result<()>,
    ) -> Result<(), Trouble> {
        self.tell(&format!("  {} * {what}", self.site().name));
        let site = &mut self.sites[self.here];
        happens(site).map_err(Trouble::failed(what))
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
        self.tell(&format!("  {} # {}{line}", self.site().name, words.concat()));
        let said = self.site().machine.run(&format!("cd {PLACE}\n{line}"), variables);
        let said = said.map_err(Trouble::failed(line))?;
        self.typed.insert(line.to_owned());
        self.seen.extend(said.text.lines().map(str::to_owned));
        Ok(said)
    }

    /// A line of which nobody takes notice yet.
    fn runs(&self, line: &str) -> io::Result<Said> {
        self.site().machine.run(&format!("cd {PLACE}\n{line}"), &[])
    }

    /// What was typed last, and what it said.
    fn is_typed(&mut self, line: &str, said: &Said) {
        self.tell(&format!("  {} # {line}", self.site().name));
        self.typed.insert(line.to_owned());
        self.seen.extend(said.text.lines().map(str::to_owned));
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
        self.shows(line, text, parts)
    }

    /// What a line said must have all of these.
    fn shows(&mut self, line: &str, text: String, parts: &[&str]) -> Result<String, Trouble> {
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

    /// Types a block of the runbook that has this in it, all of it, with these words instead of others.
    pub(super) fn types_block(&mut self, part: &str, instead: [&str; 2]) -> Result<(), Trouble> {
        let [word, by] = instead;
        let block = self.block(part)?.replace(word, by);
        let name = self.site().name;
        self.block_is_typed(name, &block);
        let said = self.site().machine.run(&format!("set -e; cd {PLACE}\n{block}"), &[]);
        ended(&block, said.map_err(Trouble::failed(part))?, 0).map(drop)
    }

    fn block_is_typed(&mut self, place: &str, block: &str) {
        for line in block.lines() {
            self.tell(&format!("  {place} # {line}"));
            self.typed.insert(line.trim().to_owned());
        }
    }

    /// Does the same on a machine that is no node, which is this side, in a folder.
    pub(super) fn types_elsewhere(&mut self, part: &str, folder: &Path) -> Result<(), Trouble> {
        let block = self.block(part)?;
        self.block_is_typed("elsewhere", &block);
        let mut shell = Command::new("bash");
        shell.args(["-e", "-c", &block]).current_dir(folder).stdin(Stdio::null());
        let output = shell.output().map_err(Trouble::failed("bash"))?;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        ended(&block, Said { code: output.status.code(), text }, 0).map(drop)
    }

    /// The block of the runbook that has this in it.
    pub(super) fn block(&self, part: &str) -> Result<String, Trouble> {
        let block = self.runbook.block(part).map(str::to_owned);
        block.ok_or_else(|| Trouble::Found(format!("no block of the runbook has \"{part}\"")))
    }

    /// Types a line until it says all of these: what it shows comes a moment after what is logged of it.
    pub(super) fn comes_to_say(&mut self, line: &str, parts: &[&str]) -> Result<String, Trouble> {
        self.comes_to_say_by((PATIENCE, "true"), line, parts)
    }

    /// The same within a time, with something that happens on the machine before each look.
    pub(super) fn comes_to_say_by(
        &mut self,
        (within, happens): (Duration, &str),
        line: &str,
        parts: &[&str],
    ) -> Result<String, Trouble> {
        let mut last = None;
        clock::until(within, || {
            let said = self.site().machine.run(happens, &[]);
            last = said.and_then(|_| self.runs(line)).ok();
            let has_all = |said: &Said| parts.iter().all(|part| said.text.contains(part));
            let says = last.as_ref().is_some_and(|said| said.code == Some(0) && has_all(said));
            if !says {
                clock::pause(ASKED_EVERY);
            }
            says
        });
        let said = last.ok_or_else(|| Trouble::Failed(line.to_owned()))?;
        self.is_typed(line, &said);
        self.shows(line, ended(line, said, 0)?, parts)
    }

    /// Waits until a line says one of two things, and types it then; whether it was the first.
    pub(super) fn says_first(
        &mut self,
        line: &str,
        [one, other]: [&str; 2],
    ) -> Result<bool, Trouble> {
        let mut is_first = None;
        clock::until(PATIENCE, || {
            let text = self.runs(line).map_or(String::new(), |said| said.text);
            is_first = match () {
                () if text.contains(one) => Some(true),
                () if text.contains(other) => Some(false),
                () => None,
            };
            if is_first.is_none() {
                clock::pause(ASKED_EVERY);
            }
            is_first.is_some()
        });
        let part = if is_first == Some(false) { other } else { one };
        self.says(line, 0, &[part]).map(|_| is_first == Some(true))
    }

    /// Types a line until it is not refused (5), and not to be tried again in a moment (1); it must end with that
    /// code.
    pub(super) fn comes_to_end(&mut self, line: &str, code: i32) -> Result<String, Trouble> {
        let mut last = None;
        clock::until(PATIENCE, || {
            last = self.runs(line).ok();
            let ended = last.as_ref().and_then(|said| said.code);
            let is_refused = ended != Some(code) && [Some(REFUSED), Some(AGAIN)].contains(&ended);
            if is_refused {
                clock::pause(ASKED_EVERY);
            }
            !is_refused
        });
        let said = last.ok_or_else(|| Trouble::Failed(line.to_owned()))?;
        self.is_typed(line, &said);
        ended(line, said, code)
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
        self.tell(&format!("  {} * {line}", self.site().name));
        let said = self.site().machine.run(line, &[]).map_err(Trouble::failed(line))?;
        ended(line, said, 0)
    }

    /// The place in the log behind all that has come.
    pub(super) fn mark(&self) -> Mark {
        self.site().machine.log().mark()
    }

    /// The place in the log before all of this boot.
    pub(super) fn since_boot() -> Mark {
        Mark::default()
    }

    /// Waits for a line of the service, or about it, that has all these parts.
    pub(super) fn logs(&mut self, mark: Mark, parts: &[&str]) -> Result<log::Line, Trouble> {
        let has = |line: &log::Line| {
            line.unit == UNIT && parts.iter().all(|part| line.text.contains(part))
        };
        match self.site().machine.log().wait(mark, PATIENCE, has) {
            Some(line) => {
                self.tell(&format!("    {}: {}", line.from, line.text));
                Ok(line)
            }
            None => Err(Trouble::Found(format!("the log does not say {parts:?}"))),
        }
    }

    /// The log of the service behind a mark must not have such a line.
    pub(super) fn does_not_log(&mut self, mark: Mark, part: &str) -> Result<(), Trouble> {
        match self.site().machine.log().since(mark).iter().find(|line| line.text.contains(part)) {
            None => Ok(()),
            Some(line) => Err(Trouble::Found(format!("the log says: {}", line.text))),
        }
    }

    /// Writes a file of the machine, whose folder is there.
    pub(super) fn writes(&mut self, path: &str, text: &str) -> Result<(), Trouble> {
        self.tell(&format!("  {} * {path} is written", self.site().name));
        fs::write(self.site().file(path), text).map_err(Trouble::failed(path))
    }

    /// The log of the machine is looked at: what the runbook shows of it is seen. That of an earlier boot is
    /// not there later.
    pub(super) fn sees_the_log(&mut self) {
        let log = self.site().machine.log().since(Mark::default());
        self.seen.extend(log.into_iter().map(|line| format!("{}: {}", line.from, line.text)));
    }

    /// What stands in the runbook and was not typed or seen.
    pub(super) fn unproven(&mut self) -> Vec<String> {
        for here in 0..self.sites.len() {
            self.here = here;
            self.sees_the_log();
        }
        self.runbook.unproven(&self.typed, &self.seen)
    }

    /// Commands and lines of the runbook.
    pub(super) fn runbook_counts(&self) -> (usize, usize) {
        self.runbook.counts()
    }

    /// The ends of the logs, for whoever looks into what went wrong.
    pub(super) fn last_words(&mut self) {
        let mut words = Vec::new();
        for site in &self.sites {
            let log = site.machine.log().since(Mark::default());
            let last = log.iter().skip(log.len().saturating_sub(LAST_WORDS));
            words.extend(
                last.map(|line| format!("    | {} {}: {}", site.name, line.from, line.text)),
            );
        }
        if self.sites.len() > 1 {
            for site in self.sites.iter().filter(|site| site.is_node()) {
                let said = site.machine.run("sekisho node status", &[]);
                let text = said.map_or_else(|error| error.to_string(), |said| said.text);
                words.extend(text.lines().map(|line| format!("    | {} # {line}", site.name)));
            }
        }
        for line in &words {
            self.tell(line);
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

/// The configuration of a node that is alone: as an operator would write it, with segments that a small disk has
/// room for, and these lines for each issuer.
pub(super) fn configuration(of_issuers: &str) -> String {
    format!(
        "[node]\nname = \"{TOKYO}\"\ninstitution = \"49000000001\"\nstate = \"{STATE}\"\nworkers = 2\n\n\
         [journal]\nsegment = \"1MiB\"\nkey = \"credential:journal-key\"\n\n\
         [control]\nsocket = \"/run/sekisho/control.sock\"\n\
         operators = [\"hana\", \"ren\"]\nadministrators = [\"mei\"]\n\n\
         [limits]\ndrain = \"5s\"\n\n{}",
        stations([acquirer(0), acquirer(1)], [issuer(0), issuer(1)], format_args!("{of_issuers}"))
    )
}
