//! Two sites with one key, the line between them, the centres around them, and the judge who holds what those
//! wrote down against the journal at the end. Must not know what happens in between.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bench::issuer::ActionCode;
use bench::ledger::{Acquirer, Answered, Reference};
use bench::load::Report;
use ctl::judge::{Books, Judge};
use ctl::parties::{ACQUIRERS, ISSUERS, stations};
use journal::archive;
use journal::checkpoint;
use journal::disk::SystemDisk;
use journal::format::Position;
use journal::raw;
use journal::reader::Reader;
use journal::seal::{Key, Keys};
use serde_json::Value;

use crate::centres::{Bank, Merchant};
use crate::certificates;
use crate::front::Front;
use crate::logs;
use crate::patience::until;
use crate::place::{Directory, own_port};
use crate::site::Site;
use crate::store::Store;

/// How long an issuer takes.
const ANSWERS_AFTER: Duration = Duration::from_millis(2);

/// Which site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    Tokyo,
    Osaka,
}

pub(crate) use Which::{Osaka, Tokyo};

/// How the two are told to work together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) sync: &'static str,
    pub(crate) when_lost: &'static str,
    /// Requests of each acquirer a second.
    pub(crate) rate: u64,
    /// In how long all that is sealed is read through.
    pub(crate) scrub: &'static str,
}

impl Terms {
    pub(crate) const DURABLE: Self =
        Self { sync: "durable", when_lost: "solo", rate: 100, scrub: "1d" };
}

/// Two sites and everybody around them.
pub(crate) struct Pair {
    sites: [Site; 2],
    fronts: [Front; 2],
    banks: [Bank; 2],
    merchants: Vec<Merchant>,
    judge: Judge,
    /// Answers that acquirers have.
    answered: Vec<Answered>,
    /// Requests that acquirers asked once more.
    asked_again: Vec<Reference>,
    /// The last record of the journal that the judge has read.
    read: u64,
    line: SocketAddr,
    key: [u8; 32],
    certificates: Directory,
    /// Where a witness would be.
    witness: SocketAddr,
    store: Option<Store>,
}

impl Pair {
    /// Two sites whose journals are empty and that do not run.
    pub(crate) fn new(terms: Terms) -> Self {
        let certificates = Directory::new();
        let witness = own_port();
        let of_witness = witness.ip().to_string();
        let names = [("tokyo", "tokyo"), ("osaka", "osaka"), ("etcd", of_witness.as_str())];
        certificates::write(certificates.path(), names);
        let pair = Self {
            sites: [Site::new("tokyo"), Site::new("osaka")],
            fronts: [Front::opens(), Front::opens()],
            banks: ISSUERS.each_ref().map(|party| Bank::opens(party, ANSWERS_AFTER)),
            merchants: Vec::new(),
            read: 0,
            judge: Judge::default(),
            answered: Vec::new(),
            asked_again: Vec::new(),
            line: own_port(),
            key: [7; 32],
            certificates,
            witness,
            store: None,
        };
        for which in [Tokyo, Osaka] {
            let site = pair.site(which);
            std::fs::write(site.path().join("journal.key"), pair.key).unwrap();
            site.is_configured(&pair.text(which, terms));
        }
        pair
    }

    /// The same, and tokyo is promoted by hand and serves alone; acquirers send.
    pub(crate) fn alone(terms: Terms) -> Self {
        let mut pair = Self::new(terms);
        pair.serves_alone(terms);
        pair
    }

    pub(crate) fn serves_alone(&mut self, terms: Terms) {
        self.begins(Tokyo);
        self.leads(Tokyo);
        self.merchants_begin(terms.rate);
    }

    /// The same, and osaka joins and follows before acquirers send.
    pub(crate) fn serving(terms: Terms) -> Self {
        let mut pair = Self::new(terms);
        pair.serves_two(terms);
        pair
    }

    /// The same, with a witness between them.
    pub(crate) fn watched(terms: Terms) -> Self {
        let mut pair = Self::new(terms);
        pair.gets_a_witness(terms);
        pair.serves_two(terms);
        pair
    }

    /// Both are to have a witness from their next start on.
    pub(crate) fn gets_a_witness(&mut self, terms: Terms) {
        let certificates = self.certificates.path();
        self.store = Some(Store::opens(self.witness, own_port(), certificates));
        for which in [Tokyo, Osaka] {
            self.site(which).is_configured(&self.text(which, terms));
        }
    }

    /// Something else stands in the configurations of both, from their next start on.
    pub(crate) fn is_amended(&self, terms: Terms, amend: impl Fn(&Site, &str) -> String) {
        for which in [Tokyo, Osaka] {
            let site = self.site(which);
            site.is_configured(&amend(site, &self.text(which, terms)));
        }
    }

    /// An issuer is gone.
    pub(crate) fn loses_issuer(&mut self, place: usize) {
        let written = self.banks[place].is_away();
        self.judge.hear_issuer(ISSUERS[place].name, &written);
    }

    /// It is back.
    pub(crate) fn has_issuer_again(&mut self, place: usize) {
        self.banks[place].is_back(&ISSUERS[place], ANSWERS_AFTER);
    }

    pub(crate) fn serves_two(&mut self, terms: Terms) {
        self.begins(Tokyo);
        self.starts(Osaka);
        self.site(Osaka).does("node join");
        self.is_followed(Tokyo, terms);
        self.leads(Tokyo);
        self.merchants_begin(terms.rate);
    }

    /// Its witness.
    pub(crate) fn store(&mut self) -> &mut Store {
        self.store.as_mut().expect("it is watched")
    }

    pub(crate) fn site(&self, which: Which) -> &Site {
        match which {
            Tokyo => &self.sites[0],
            Osaka => &self.sites[1],
        }
    }

    pub(crate) fn site_mut(&mut self, which: Which) -> &mut Site {
        match which {
            Tokyo => &mut self.sites[0],
            Osaka => &mut self.sites[1],
        }
    }

    /// Its daemon runs, and answers operators.
    pub(crate) fn starts(&mut self, which: Which) {
        let site = self.site_mut(which);
        site.starts();
        until(&format!("{} to answer", site.name), || {
            site.still_runs();
            site.stands()
        });
    }

    /// It runs, and is the first primary of all.
    pub(crate) fn begins(&mut self, which: Which) {
        self.starts(which);
        self.site(which).does("node promote --first");
        self.serves(which);
    }

    /// It is the primary, and its ports are open.
    pub(crate) fn serves(&self, which: Which) -> Value {
        self.site(which).comes_to("serve", |stands| stands["role"] == "primary")
    }

    /// What the two are called when all is well.
    pub(crate) fn state_of(terms: Terms) -> &'static str {
        if terms.sync == "async" { "async" } else { "sync" }
    }

    /// Its standby has all that it must have.
    pub(crate) fn is_followed(&self, which: Which, terms: Terms) -> Value {
        let state = Self::state_of(terms);
        self.site(which).comes_to(state, |stands| {
            stands["sync"] == state && stands["peer"]["role"] == "standby"
        })
    }

    /// Acquirers are led there.
    pub(crate) fn leads(&self, which: Which) {
        for (front, to) in self.fronts.iter().zip(self.site(which).listens) {
            front.leads(to);
        }
    }

    /// They are led nowhere.
    pub(crate) fn is_cut(&self) {
        self.fronts.iter().for_each(Front::is_cut);
    }

    fn merchants_begin(&mut self, rate: u64) {
        let begin = |(party, front): (_, &Front)| Merchant::begins(party, front.address(), rate);
        self.merchants = ACQUIRERS.iter().zip(&self.fronts).map(begin).collect();
        self.answer_more(200);
    }

    /// The acquirers get so many more answers, each.
    pub(crate) fn answer_more(&self, more: u64) {
        for (party, merchant) in ACQUIRERS.iter().zip(&self.merchants) {
            let enough = merchant.answers() + more;
            until(&format!("{more} more answers for {}", party.name), || {
                (merchant.answers() >= enough).then_some(())
            });
        }
    }

    /// The acquirers end and have an answer to everything, but for what the switch says that it dropped as a
    /// second had passed: on a machine that has much to do that happens. None of their answers was wrong.
    pub(crate) fn merchants_end(&mut self, primary: Which) {
        let unanswered: u64 = self.merchants_part().iter().map(|report| report.unanswered).sum();
        let late = self.counted(primary, "late_dropped");
        assert!(unanswered <= late, "{unanswered} requests without an answer, {late} were late");
    }

    /// The same where answers were held back for longer than the second after which they are dropped: they may
    /// lack some.
    pub(crate) fn merchants_part(&mut self) -> [Report; 2] {
        let reports: Vec<Report> = std::mem::take(&mut self.merchants)
            .into_iter()
            .map(|merchant| {
                let (report, written) = merchant.ends();
                self.judge.hear_acquirer(&written);
                for entry in &written {
                    match entry {
                        Acquirer::Answered(answered) => self.answered.push(*answered),
                        Acquirer::Repeated(sent) => self.asked_again.push(sent.reference),
                        Acquirer::Sent(_)
                        | Acquirer::AnsweredAgain(_)
                        | Acquirer::Reversed(_)
                        | Acquirer::Acknowledged(_) => {}
                    }
                }
                assert!(report.wrong.is_empty(), "{report:?}");
                report
            })
            .collect();
        reports.try_into().expect("two of them")
    }

    /// Everybody ends in order, with that site as the primary: nothing is owed any more, both logs are equal,
    /// and what acquirers, issuers and the journal say agrees: nothing that was released is gone.
    pub(crate) fn ends(mut self, primary: Which, terms: Terms) -> Books {
        if !self.merchants.is_empty() {
            self.merchants_end(primary);
        }
        self.both_end(primary, terms);
        let books = self.judged(primary);
        self.finds_nothing(&books);
        books
    }

    /// What acquirers, issuers and the journal say agrees, and nothing is owed.
    pub(crate) fn finds_nothing(&self, books: &Books) {
        let findings = self.judge.findings();
        assert_eq!((findings.count(), books.open), (0, 0), "{findings}");
    }

    /// Both sites end in order when nothing is owed any more, the primary first, and have equal logs.
    pub(crate) fn both_end(&mut self, primary: Which, terms: Terms) {
        self.nothing_is_open(primary);
        self.is_followed(primary, terms);
        self.site_mut(primary).stops();
        self.site_mut(primary.other()).stops();
        logs::are_equal(&self.sites[0], &self.sites[1]);
    }

    /// References of approvals that an acquirer has and that are in no journal.
    pub(crate) fn lost(&self) -> Vec<String> {
        let approved = |known: &&Answered| known.action.is_some_and(ActionCode::approves);
        let missing = |known: &&Answered| self.judge.known(known.reference).is_none();
        let all = self.answered.iter().filter(approved).filter(missing);
        all.map(|known| known.reference.to_string()).collect()
    }

    /// A counter of the switch that serves there.
    pub(crate) fn counted(&self, which: Which, counter: &str) -> u64 {
        let status: Value = serde_json::from_str(&self.site(which).does("status -o json")).unwrap();
        status["counters"][counter].as_u64().unwrap_or_else(|| panic!("{counter}: {status}"))
    }

    /// Requests that were accepted when they came, and had to be asked again nevertheless.
    pub(crate) fn left_without_an_answer(&self) -> Vec<String> {
        let accepted = |reference: &&Reference| {
            let decision = self.judge.decision(**reference);
            decision.is_some_and(|decision| !decision.of_repeat)
        };
        self.asked_again.iter().filter(accepted).map(ToString::to_string).collect()
    }

    /// The longest time in which an acquirer had no answer at all.
    pub(crate) fn longest_silence(&self) -> Duration {
        let mut times: Vec<u64> = self.answered.iter().map(|answered| answered.at_ns).collect();
        times.sort_unstable();
        let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
        Duration::from_nanos(gaps.max().unwrap_or(0))
    }

    /// Waits until no request is without an answer and no message for an issuer without its acknowledgement.
    pub(crate) fn nothing_is_open(&self, primary: Which) {
        let site = self.site(primary);
        until("nothing to be open", || {
            let status: Value = serde_json::from_str(&site.does("status -o json")).unwrap();
            let sum = |list: &str, figure: &str| -> u64 {
                status[list]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|one| one[figure].as_u64().unwrap())
                    .sum()
            };
            (sum("stations", "in_flight") + sum("workers", "stored") == 0).then_some(())
        });
    }

    /// Holds what everybody wrote down against the journal of that site, and closes the books.
    pub(crate) fn judged(&mut self, which: Which) -> Books {
        for (party, bank) in ISSUERS.iter().zip(&self.banks) {
            self.judge.hear_issuer(party.name, &bank.wrote());
        }
        self.reads(which);
        self.judge.judge();
        self.judge.close()
    }

    /// The judge reads what is new in the journal of that site.
    fn reads(&mut self, which: Which) {
        let disk = SystemDisk::open(&self.site(which).journal(), false).unwrap();
        let keys = Keys::only(Key::parse(&self.key).unwrap());
        let mut reader = Reader::open(&disk, Some(&keys), Position(self.read + 1)).unwrap();
        while let Some(batch) = reader.next_batch().unwrap() {
            for (position, record) in batch.records().into_iter().flatten() {
                self.judge.read(position.0, record);
                self.read = position.0;
            }
        }
    }

    /// That site lets go of archives, as it would after `journal.retain`, until its log begins behind that
    /// record; the judge has read them.
    pub(crate) fn lets_go(&mut self, which: Which, behind: u64) {
        let disk = SystemDisk::open(&self.site(which).journal(), false).unwrap();
        until("archives that can be let go of", || {
            let [older, .., _] = checkpoint::positions(&disk).unwrap()[..] else { return None };
            self.reads(which);
            archive::retire(&disk, u64::MAX, 0, older).unwrap();
            let first = raw::first_available(&disk).unwrap().unwrap();
            (first.position.0 > behind).then_some(())
        });
    }

    /// Both logs are equal in every batch from the first on, whether it is in a segment or was packed.
    pub(crate) fn have_equal_logs(&self) {
        let keys = Arc::new(Keys::only(Key::parse(&self.key).unwrap()));
        let [ours, theirs] = [0, 1].map(|site: usize| logs::all(&self.sites[site], &keys));
        let differs = ours.iter().zip(&theirs).position(|(ours, theirs)| ours != theirs);
        assert_eq!((differs, ours.len()), (None, theirs.len()));
    }

    /// What stands in its configuration.
    pub(crate) fn text(&self, which: Which, terms: Terms) -> String {
        let (name, place, peer) = match which {
            Tokyo => ("tokyo", "listen", "osaka"),
            Osaka => ("osaka", "connect", "tokyo"),
        };
        let Terms { sync, when_lost, scrub, .. } = terms;
        let line = self.line;
        let certificates = self.certificates.path();
        let watched = self.store.as_ref().map(|store| store.table(name, certificates));
        let (watched, certificates) = (watched.unwrap_or_default(), certificates.display());
        let stations = stations(
            self.site(which).listens,
            [self.banks[0].address(), self.banks[1].address()],
            format_args!(
                "links = 2\ntimeout = \"2s\"\nsaf_retry = \"1s\"\nsaf_gap = \"0s\"\nsaf_window = 64\n\
                 saf_rate = 1000\nreconnect_min = \"50ms\"\nreconnect_max = \"100ms\""
            ),
        );
        format!(
            "[node]\nname = \"{name}\"\ninstitution = \"49000000001\"\nstate = \"state\"\nworkers = 1\n\n\
             [journal]\nsegment = \"1MiB\"\nkey = \"journal.key\"\nsync = \"{sync}\"\nscrub = \"{scrub}\"\n\n\
             [control]\nsocket = \"control.sock\"\n\n[limits]\ndrain = \"5s\"\n\n\
             [peer]\nname = \"{peer}\"\n{place} = [\"{line}\"]\nwhen_standby_lost = \"{when_lost}\"\n\
             certificate = \"{certificates}/{name}.crt\"\nkey = \"{certificates}/{name}.key\"\n\
             authority = \"{certificates}/authority.crt\"\n\n{watched}{stations}"
        )
    }
}

impl Which {
    pub(crate) fn other(self) -> Self {
        match self {
            Tokyo => Osaka,
            Osaka => Tokyo,
        }
    }
}
