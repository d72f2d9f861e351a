//! What must hold when issuers answered late, twice or never: what was approved and not passed on is
//! taken back, and both ends' books are equal. A pure function of what was found; knows no process.

use crate::judge::Book;
use bench::issuer::Summary;

use super::{Check, Facts, check, codes};
use crate::demo::reckoning::Reckoning;

pub(super) fn checks(facts: &Facts) -> Vec<Check> {
    let mut all = vec![late(facts), followed(facts)];
    match facts.reckoned() {
        Err(why) => all.push(not_compared(&why)),
        Ok(reckoning) => {
            all.extend([taken_back(reckoning), nothing_open(reckoning), equal(reckoning)]);
        }
    }
    all
}

/// Something was late at all, and its requests got 911.
fn late(facts: &Facts) -> Check {
    let sum = |of: fn(&Summary) -> u64| facts.issuers.iter().map(|i| of(&i.now)).sum::<u64>();
    let [late, dropped, doubled] = [sum(|s| s.late), sum(|s| s.dropped), sum(|s| s.doubled)];
    let others = facts.acquirers.iter().flat_map(|report| report.actions.keys());
    let strange = others.filter(|code| !["000", "911"].contains(&code.as_str())).count();
    let text = format!(
        "the issuers answered {late} requests too late, {dropped} never and {doubled} twice; their \
         acquirers were told: {}",
        codes(facts)
    );
    check(late > 0 && dropped > 0 && doubled > 0 && strange == 0, text)
}

/// Repeats got their requests' answers, reversals were accepted; wrong answers were looked for before.
fn followed(facts: &Facts) -> Check {
    let [repeats, told] = [facts.sum(|r| r.repeats), facts.sum(|r| r.repeats_answered)];
    let [reversals, accepted] = [facts.sum(|r| r.reversals), facts.sum(|r| r.reversals_answered)];
    let text = format!(
        "repeats got the answers of their requests: {told} of {repeats}; reversals by acquirers were \
         accepted: {accepted} of {reversals}"
    );
    check(repeats > 0 && reversals > 0 && (told, accepted) == (repeats, reversals), text)
}

fn taken_back(reckoning: &Reckoning) -> Check {
    let books = &reckoning.books;
    let text = format!(
        "{} approvals that came too late, or that acquirers reversed, were taken back; {} requests \
         were reversed in all",
        books.taken_back, books.reversed
    );
    check(books.taken_back > 0 && books.reversed >= books.taken_back, text)
}

/// Nothing is owed to anybody any more.
pub(in crate::demo) fn nothing_open(reckoning: &Reckoning) -> Check {
    let books = &reckoning.books;
    let text = format!(
        "no obligation is open: of {} messages kept for the issuers {} were acknowledged, {} are open",
        books.kept, books.acknowledged, books.open
    );
    check(books.open == 0 && books.kept == books.acknowledged, text)
}

/// Both ends have the same approvals, and the journal tells the same story.
pub(in crate::demo) fn equal(reckoning: &Reckoning) -> Check {
    let books = &reckoning.books;
    let said = |Book { approvals, amount }| format!("{approvals} approvals of {amount} yen");
    let is_equal = books.acquirers == books.issuers && books.undelivered == 0;
    let ends = if is_equal {
        format!("the ledgers are equal: {} at both ends", said(books.acquirers))
    } else {
        format!(
            "the ledgers DIFFER: acquirers {}, issuers {}, {} answers that nobody has asked for again",
            said(books.acquirers),
            said(books.issuers),
            books.undelivered
        )
    };
    let text = match reckoning.found {
        0 => format!("{ends}, as {} records of the journal have it", reckoning.counts.records),
        found => format!(
            "{ends}; {found} differences between ledgers and journal:\n{}",
            reckoning.findings
        ),
    };
    check(is_equal && reckoning.found == 0, text.trim_end())
}

pub(in crate::demo) fn not_compared(why: &str) -> Check {
    check(false, format!("ledgers and journal can not be compared: {why}"))
}
