//! The service stops, its books are closed, the package is removed. Must not know what happened before.

use super::proof::Proof;
use crate::campaign::trouble::Trouble;
use crate::report;

/// It drains: nobody gets a wrong answer.
pub(super) fn stops_under_load(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    proof.linked()?;
    proof.load();
    let mark = proof.mark();
    let (stopped, took) = report::timed(|| proof.done("systemctl stop sekishod"));
    stopped?;
    proof.logs(mark, &["draining"])?;
    proof.logs(mark, &["stopped"])?;
    proof.logs(mark, &["Deactivated successfully"])?;
    proof.merchants_end()?;
    Ok(format!("drained in {}", report::seconds(took)))
}

/// What both ends wrote down and the journal agree about everything since the installation.
pub(super) fn closes_the_books(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    let books = proof.judge()?;
    Ok(format!("{} reversals, {} acknowledged", books.reversed, books.acknowledged))
}

/// `remove` and `purge` leave the journal, which is the operator's.
pub(super) fn is_removed(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    proof.done("dpkg --remove sekisho")?;
    proof.says("stat --format=%a /usr/sbin/sekishod", 1, &["No such file"])?;
    proof.done("dpkg --purge sekisho")?;
    proof.says("ls /var/lib/sekisho/journal", 0, &["segment"])?;
    Ok("the journal stays".to_owned())
}

/// Each command of it was typed and each line of it seen.
pub(super) fn every_word_of_the_runbook(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    let unproven = proof.unproven();
    if !unproven.is_empty() {
        return Err(Trouble::Found(format!("of the runbook:\n{}", unproven.join("\n"))));
    }
    let (commands, lines) = proof.runbook_counts();
    Ok(format!("{commands} commands typed, {lines} lines seen"))
}
