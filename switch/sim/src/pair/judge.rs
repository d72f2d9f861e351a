//! What has to be true of two sites at every instant, whatever went wrong: I1 to I5, I11, I14 and I15
//! of the protocol, from what both disks have and what the outside was told. Must not ask a node.

use std::collections::BTreeMap;

use journal::format::{Epoch, Position};
use journal::mark::Mark;

use super::book::{Book, Entry, count};
use super::line::Site;

/// A reign, as the world saw it begin.
#[derive(Clone, Copy, Debug)]
struct Reign {
    site: Site,
    life: u64,
    /// How many had begun before it, whatever their epochs.
    begun: usize,
    /// Whether an operator forced another one when it had begun. It may have the later epoch: who is
    /// forced knows of no reign that only a lost disk or a node out of reach could tell of, and by force
    /// it ends all the same.
    given_up: bool,
    /// A later reign of the other site had begun when this one did.
    overtaken: bool,
}

/// What was seen so far.
#[derive(Debug, Default)]
pub(crate) struct Judge {
    /// What each site's log has.
    pub(crate) books: [Book; 2],
    /// What the outside was told of: the batches from the first one on.
    pub(crate) released: Vec<Entry>,
    reigns: BTreeMap<Epoch, Reign>,
    /// What the witness says of reigns before this one is of a branch that an operator has given up.
    given_up: Epoch,
    promised: [Epoch; 2],
    /// How many reigns had begun when that of the other site began which a site has promised last.
    heard: [Option<usize>; 2],
    /// What a site was about to write when something happened to it.
    offered: [Option<Mark>; 2],
    /// What a site's log was before a start found it damaged: what lies behind the damage is found again
    /// as soon as that is mended, be it that the site is stopped before it has noticed.
    before_damage: [Vec<Entry>; 2],
    record: Epoch,
    /// What a site had when it was about to hand its reign over.
    drained: [Position; 2],
    /// What a checkpoint that a site is offered says that its log was, up to where the log goes on.
    offers: [Vec<Entry>; 2],
    /// Sites whose disk is lost, until they have everything again; and those whose disk has rotted.
    gone: [bool; 2],
    rotten: [bool; 2],
    /// How often the outside was told of something new.
    pub(crate) news: u64,
    /// Records that a forced promotion lost.
    pub(crate) lost: u64,
    /// Records that a branch released after it had been given up.
    pub(crate) stray: u64,
}

impl Judge {
    /// Whether a site's disk can not be expected to hold what it held.
    pub(crate) fn is_marred(&self, site: Site) -> bool {
        self.gone[site.0] || self.rotten[site.0]
    }

    /// Something of a site's disk is not what was written there.
    pub(crate) fn rots(&mut self, site: Site) {
        self.rotten[site.0] = true;
    }

    /// Who lost a disk has everything again, if it has.
    pub(crate) fn looks(&mut self) {
        for site in Site::BOTH {
            if self.gone[site.0] && !self.released.is_empty() {
                self.gone[site.0] = !self.books[site.0].has(&self.released);
            }
        }
    }

    /// A site writes or takes a batch.
    pub(crate) fn frames(&mut self, site: Site, mark: &Mark) {
        self.books[site.0].adds(mark);
    }

    /// A site is about to write a batch.
    pub(crate) fn offers(&mut self, site: Site, mark: &Mark) {
        self.offered[site.0] = Some(*mark);
    }

    /// A site's log is on its platter up to a batch.
    pub(crate) fn is_durable(&mut self, site: Site, mark: &Mark) {
        let batches = count(mark);
        let book = &mut self.books[site.0];
        let entry = batches.checked_sub(1).map(|at| book.entries[at].tag);
        assert_eq!(entry.unwrap_or_default(), mark.tag, "what is durable is what was written");
        book.durable = book.durable.max(batches);
    }

    /// A site begins to reign, and its log is `book`. `lossy`: an operator wanted it whatever is lost.
    pub(crate) fn reigns(&mut self, site: Site, life: u64, epoch: Epoch, lossy: bool) {
        let begun = self.reigns.len();
        let overtaken = self.is_overtaken(site, epoch);
        let reign = Reign { site, life, begun, given_up: false, overtaken };
        let before = self.reigns.insert(epoch, reign);
        assert!(
            before.is_none(),
            "I2: a second reign {}, at site {} and {before:?}",
            epoch.0,
            site.0
        );
        let book = &self.books[site.0];
        if lossy {
            let common = book.common(&self.released);
            let left = common.checked_sub(1).map_or(0, |at| self.released[at].last.0);
            self.lost += self.released.last().map_or(0, |entry| entry.last.0) - left;
            self.released.truncate(common);
            self.given_up = epoch;
            let others = self.reigns.iter_mut().filter(|(other, _)| **other != epoch);
            others.for_each(|(_, reign)| reign.given_up = true);
        } else {
            let common = book.common(&self.released);
            assert!(
                book.has(&self.released) || overtaken,
                "I4: site {} reigns in {} and lacks what was released: it has {common} of {} batches",
                site.0,
                epoch.0,
                self.released.len(),
            );
        }
    }

    /// Whether a later reign of the other site has begun, which nobody gave up. Who begins this one all the same
    /// won the record before that one did, and wrote it down late: nothing at all leaves in it. A site knows its
    /// own later reigns, and begins none before them.
    pub(crate) fn is_overtaken(&self, site: Site, epoch: Epoch) -> bool {
        let mut later = self.reigns.range(Epoch(epoch.0 + 1)..);
        later.any(|(_, later)| later.site != site && !later.given_up)
    }

    /// Nothing comes behind this in the reign of a site, which an operator wants to end.
    pub(crate) fn gives_up(&mut self, site: Site, end: Position) {
        self.drained[site.0] = end;
    }

    /// A site begins the reign that the other one handed over.
    pub(crate) fn is_handed_all(&self, site: Site) {
        let (end, drained) = (self.books[site.0].entries.last(), self.drained[site.other().0]);
        let end = end.map_or(Position(0), |entry| entry.last);
        assert!(
            end >= drained,
            "rule 10: site {} takes over behind record {}, and was to have {}",
            site.0,
            end.0,
            drained.0
        );
    }

    /// A site that reigns tells the outside of everything up to a record. `required`: it
    /// needs the other one to have that on its platter.
    pub(crate) fn releases(&mut self, site: Site, epoch: Epoch, up_to: Position, required: bool) {
        let reign =
            self.reigns.get(&epoch).unwrap_or_else(|| panic!("nobody reigns in {}", epoch.0));
        assert_eq!(
            reign.site, site,
            "I2: site {} releases in the reign {} of another",
            site.0, epoch.0
        );
        assert!(
            !reign.overtaken,
            "I4: record {} is released in {}, which was overtaken when it began",
            up_to.0, epoch.0
        );
        let book = &self.books[site.0];
        let batches = book.up_to(up_to);
        assert!(
            batches <= book.durable,
            "I1: record {} is released, and not durable at site {}",
            up_to.0,
            site.0
        );
        if reign.given_up {
            self.stray += 1;
            return;
        }
        if required {
            let other = &self.books[site.other().0];
            let there = other.has(&book.entries[..batches]) && batches <= other.durable;
            let exempt = self.is_marred(site.other());
            assert!(
                there || exempt,
                "I1: record {} is released, and the other site has it not",
                up_to.0
            );
        }
        let both = batches.min(self.released.len());
        if let Some(last) = both.checked_sub(1) {
            let same = self.released[last].tag == book.entries[last].tag;
            assert!(same, "I3: up to batch {both} something else was released before");
        }
        // By promise 3 there is no such moment, whatever I5 would allow.
        let later = self.reigns.range(Epoch(epoch.0 + 1)..).map(|(_, later)| later);
        for later in later.filter(|later| !later.given_up) {
            let has = self.books[later.site.0].has(&book.entries[..batches]);
            assert!(
                has,
                "I5: record {} is released in {}, and a later reign has it not",
                up_to.0, epoch.0
            );
        }
        if batches > self.released.len() {
            self.news += 1;
            self.released.extend_from_slice(&book.entries[self.released.len()..batches]);
        }
    }

    /// A site keeps only so many batches of its log: what goes was cut, or is what a crash left.
    pub(crate) fn cuts(&mut self, site: Site, mark: &Mark) {
        let (kept, marred) = (count(mark), self.is_marred(site));
        let book = &mut self.books[site.0];
        let common = book.common(&self.released);
        assert!(
            kept >= common || marred,
            "I14: site {} cuts batch {common}, which was released",
            site.0
        );
        book.keeps(kept);
        self.before_damage[site.0].clear();
    }

    /// A site starts, and finds its log to end here.
    pub(crate) fn recovers(&mut self, site: Site, mark: &Mark) {
        let kept = count(mark);
        let marred = self.is_marred(site);
        let book = &mut self.books[site.0];
        if let Some(offered) = self.offered[site.0].filter(|offered| offered == mark)
            && kept == book.entries.len() + 1
        {
            book.adds(&offered);
        }
        let before_damage = &mut self.before_damage[site.0];
        if kept < book.entries.len() && marred {
            before_damage.clone_from(&book.entries);
            let offered =
                self.offered[site.0].filter(|offered| count(offered) == book.entries.len() + 1);
            before_damage.extend(offered.as_ref().map(Entry::of));
        }
        if let Some(found) = before_damage.get(book.entries.len()..kept).filter(|_| marred) {
            book.entries.extend_from_slice(found);
        }
        assert!(
            kept >= book.durable || marred,
            "site {} lost what was durable: {kept} of {} batches",
            site.0,
            book.durable
        );
        assert!(kept <= book.entries.len(), "site {} has batch {kept}, and never wrote it", site.0);
        book.keeps(kept);
        let last = book.entries.last().map_or([0; 16], |entry| entry.tag);
        assert_eq!(last, mark.tag, "what is found at site {} is what was written", site.0);
        book.durable = kept;
    }

    /// A site is offered a checkpoint, behind which its log will begin with this mark.
    pub(crate) fn is_offered(&mut self, site: Site, base: &Mark) {
        let entries = &self.books[site.other().0].entries;
        let last = count(base).checked_sub(1).map_or([0; 16], |at| entries[at].tag);
        assert_eq!(last, base.tag, "a checkpoint's log goes on behind what was written");
        self.offers[site.0] = entries[..count(base)].to_vec();
    }

    /// That checkpoint has taken the place of the log. What behind it was released comes again.
    pub(crate) fn is_restored(&mut self, site: Site) {
        let entries = std::mem::take(&mut self.offers[site.0]);
        self.books[site.0] = Book { durable: entries.len(), entries };
        self.gone[site.0] = true;
    }

    /// A log is not the site's any more.
    pub(crate) fn is_set_aside(&mut self, site: Site) {
        self.books[site.0] = Book::default();
        self.before_damage[site.0].clear();
        self.gone[site.0] = true;
    }

    /// What a site has promised is on its platter.
    pub(crate) fn promises(&mut self, site: Site, epoch: Epoch) {
        assert!(epoch >= self.promised[site.0], "I11: site {} promises {} again", site.0, epoch.0);
        self.promised[site.0] = epoch;
        if let Some(reign) = self.reigns.get(&epoch).filter(|reign| reign.site != site) {
            self.heard[site.0] = Some(reign.begun);
        }
    }

    /// A disk is gone, with all that stood on it.
    pub(crate) fn loses(&mut self, site: Site) {
        self.books[site.0] = Book::default();
        self.before_damage[site.0].clear();
        self.promised[site.0] = Epoch(0);
        self.heard[site.0] = None;
        self.gone[site.0] = true;
    }

    /// What the witness says. `in_sync`: the sites that it names, each with whether that is still the life
    /// in which it was named.
    pub(crate) fn witness(
        &mut self,
        epoch: Epoch,
        primary: Site,
        in_sync: [bool; 2],
        durably: bool,
    ) {
        assert!(epoch >= self.record, "I11: the witness goes back to {}", epoch.0);
        self.record = epoch;
        let standby = primary.other();
        let is_over = self.reigns.get(&epoch).is_some_and(|reign| reign.given_up);
        let is_held = epoch >= self.given_up && !is_over;
        if in_sync[standby.0] && !self.is_marred(standby) && is_held {
            let book = &self.books[standby.0];
            let has = book.has(&self.released) && (!durably || self.released.len() <= book.durable);
            assert!(
                has,
                "I15: site {} is in sync, and has {} of {} batches that were released, {} durable",
                standby.0,
                book.common(&self.released),
                self.released.len(),
                book.durable,
            );
        }
    }

    /// Who reigns in the latest reign, and in which life.
    pub(crate) fn latest(&self) -> Option<(Epoch, Site, u64)> {
        self.reigns.last_key_value().map(|(epoch, reign)| (*epoch, reign.site, reign.life))
    }

    /// The reign that began last, whatever its epoch, and whose it is.
    pub(crate) fn newest(&self) -> Option<(Epoch, Site)> {
        let newest = self.reigns.iter().max_by_key(|(_, reign)| reign.begun);
        newest.map(|(epoch, reign)| (*epoch, reign.site))
    }

    /// Whether a site has heard of the other one's reign that began last, or consented to it.
    pub(crate) fn has_heard_of_the_newest(&self, site: Site) -> bool {
        let newest = self.reigns.iter().max_by_key(|(_, reign)| reign.begun);
        newest.is_some_and(|(epoch, reign)| {
            self.heard[site.0] >= Some(reign.begun) || self.promised[site.0] == *epoch
        })
    }

    /// How many reigns there were.
    pub(crate) fn count(&self) -> usize {
        self.reigns.len()
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use journal::format::BatchNumber;

    use super::*;

    const OSAKA: Site = Site(0);
    const TOKYO: Site = Site(1);

    fn writes(judge: &mut Judge, site: Site, epoch: u32) -> Position {
        let batch = u64::try_from(judge.books[site.0].entries.len()).unwrap() + 1;
        let mut tag = [0; 16];
        tag[..2].copy_from_slice(&[u8::try_from(batch).unwrap(), u8::try_from(epoch).unwrap()]);
        let (batch, position) = (BatchNumber(batch), Position(batch));
        let mark = Mark { epoch: Epoch(epoch), batch, position, tag };
        judge.frames(site, &mark);
        judge.is_durable(site, &mark);
        position
    }

    /// Osaka reigned first; Tokyo was in sync, took over, and has released something since.
    fn taken_over() -> Judge {
        let mut judge = Judge::default();
        judge.reigns(OSAKA, 1, Epoch(2), false);
        let first = writes(&mut judge, OSAKA, 2);
        writes(&mut judge, TOKYO, 2);
        judge.releases(OSAKA, Epoch(2), first, true);
        judge.reigns(TOKYO, 1, Epoch(5), false);
        let second = writes(&mut judge, TOKYO, 5);
        judge.releases(TOKYO, Epoch(5), second, false);
        judge
    }

    fn ends(tells: impl FnOnce()) -> String {
        let why = catch_unwind(AssertUnwindSafe(tells)).expect_err("it is noticed");
        why.downcast_ref::<String>().cloned().unwrap_or_default()
    }

    #[test]
    fn a_reign_that_begins_when_it_is_overtaken_lacks_what_was_released_and_releases_nothing() {
        let mut judge = taken_over();
        judge.reigns(OSAKA, 2, Epoch(4), false);
        // Not even what everybody has.
        let why = ends(|| judge.releases(OSAKA, Epoch(4), Position(1), false));
        assert!(why.starts_with("I4"), "{why}");
        let vain = writes(&mut judge, OSAKA, 4);
        let why = ends(|| judge.releases(OSAKA, Epoch(4), vain, false));
        assert!(why.starts_with("I4"), "{why}");
    }

    #[test]
    fn a_site_that_begins_a_reign_before_its_own_later_one_is_not_excused() {
        let mut judge = taken_over();
        judge.books[TOKYO.0].keeps(1);
        let why = ends(|| judge.reigns(TOKYO, 2, Epoch(3), false));
        assert!(why.starts_with("I4"), "{why}");
    }

    #[test]
    fn a_reign_that_is_overtaken_while_it_lasts_releases_nothing_that_the_later_one_has_not() {
        let mut judge = taken_over();
        let vain = writes(&mut judge, OSAKA, 2);
        let why = ends(|| judge.releases(OSAKA, Epoch(2), vain, false));
        assert!(why.starts_with("I3"), "{why}");
        let next = writes(&mut judge, OSAKA, 2);
        judge.released.truncate(1);
        let why = ends(|| judge.releases(OSAKA, Epoch(2), next, false));
        assert!(why.starts_with("I5"), "{why}");
    }

    #[test]
    fn what_a_reign_releases_that_was_given_up_is_counted_and_belongs_to_nobody() {
        let mut judge = taken_over();
        let released = judge.released.len();
        judge.reigns(OSAKA, 2, Epoch(1_006), true);
        assert_eq!((judge.lost, judge.released.len()), (1, released - 1));
        let news = judge.news;
        let stray = writes(&mut judge, TOKYO, 5);
        judge.releases(TOKYO, Epoch(5), stray, false);
        assert_eq!((judge.stray, judge.news, judge.released.len()), (1, news, released - 1));
        let first = writes(&mut judge, OSAKA, 0);
        judge.releases(OSAKA, Epoch(1_006), first, false);
        assert_eq!((judge.stray, judge.released.len()), (1, released));
    }

    #[test]
    fn a_reign_that_begins_behind_a_forced_one_is_held_to_it_whichever_epoch_is_later() {
        let mut judge = taken_over();
        judge.reigns(TOKYO, 2, Epoch(1_007), true);
        judge.reigns(OSAKA, 2, Epoch(6), false);
        let vain = writes(&mut judge, OSAKA, 6);
        let why = ends(|| judge.releases(OSAKA, Epoch(6), vain, false));
        assert!(why.starts_with("I4"), "{why}");
    }

    #[test]
    fn a_later_reign_has_all_that_was_released() {
        let mut judge = taken_over();
        let why = ends(|| judge.reigns(OSAKA, 2, Epoch(6), false));
        assert!(why.starts_with("I4"), "{why}");
    }

    /// Osaka wrote three batches and was about to write the fourth, of which all but the first can not be read
    /// when it starts; the second is mended. Gives the ends of all.
    fn damaged() -> (Judge, [Mark; 4]) {
        let mut judge = Judge::default();
        judge.reigns(OSAKA, 1, Epoch(2), false);
        let ends = [1, 2, 3, 4].map(|batch| {
            let (position, tag) = (Position(batch), [u8::try_from(batch).unwrap(); 16]);
            Mark { epoch: Epoch(2), batch: BatchNumber(batch), position, tag }
        });
        ends[..3].iter().for_each(|end| judge.frames(OSAKA, end));
        judge.offers(OSAKA, &ends[3]);
        judge.rots(OSAKA);
        judge.recovers(OSAKA, &ends[0]);
        judge.frames(OSAKA, &ends[1]);
        (judge, ends)
    }

    #[test]
    fn a_log_whose_damage_is_mended_has_what_lay_behind_it() {
        let (mut judge, marks) = damaged();
        judge.recovers(OSAKA, &marks[3]);
        assert_eq!(judge.books[OSAKA.0].durable, 4);
    }

    #[test]
    fn a_log_whose_damage_is_mended_has_nothing_that_was_never_there() {
        let (mut judge, marks) = damaged();
        let why = ends(|| judge.recovers(OSAKA, &Mark { tag: [9; 16], ..marks[2] }));
        assert!(why.contains("is what was written"), "{why}");
        let (mut judge, marks) = damaged();
        let fifth = Mark { batch: BatchNumber(5), position: Position(5), ..marks[3] };
        let why = ends(|| judge.recovers(OSAKA, &fifth));
        assert!(why.contains("never wrote it"), "{why}");
    }
}
