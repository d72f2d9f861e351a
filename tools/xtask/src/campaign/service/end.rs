//! The service stops, its books are closed, the package is removed. Must not know what happened before.

use std::time::Duration;

use super::install::FILES;
use super::proof::Proof;
use crate::campaign::clock;
use crate::campaign::trouble::Trouble;
use crate::report;

/// How long the acquirers send before something happens.
const A_WHILE: Duration = Duration::from_secs(1);

/// An upgrade leaves the old one running, until somebody restarts it.
pub(super) fn is_upgraded(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    proof.linked()?;
    proof.load();
    let mark = proof.mark();
    proof.says("dpkg --install sekisho_*.deb", 0, &["it was not restarted"])?;
    proof.done("systemctl restart sekishod")?;
    proof.logs(mark, &["Started sekishod.service"])?;
    proof.linked()?;
    let answered = proof.load_ends()?;
    Ok(format!("not restarted by the package, {answered} answers across the restart"))
}

/// It drains: nobody gets a wrong answer.
pub(super) fn stops_under_load(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    proof.linked()?;
    proof.load();
    clock::pause(A_WHILE);
    let mark = proof.mark();
    let (stopped, took) = report::timed(|| proof.done("systemctl stop sekishod"));
    stopped?;
    proof.logs(mark, &["draining"])?;
    proof.logs(mark, &["stopped"])?;
    proof.logs(mark, &["Deactivated successfully"])?;
    proof.merchants_end()?;
    Ok(format!("drained in {}", report::seconds(took)))
}

/// What both ends wrote down and the journal agree about everything since the installation. What a stop
/// under load left to be reversed is reversed after the next start.
pub(super) fn closes_the_books(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    proof.done("systemctl start sekishod")?;
    proof.linked()?;
    proof.settles()?;
    proof.done("systemctl stop sekishod")?;
    let books = proof.judge()?;
    Ok(format!("{} reversals, {} acknowledged", books.reversed, books.acknowledged))
}

/// Packed on one machine and unpacked on another, it goes on where it stopped. The other one is the
/// same after everything was taken away but the key, which no purge takes, and its user has other numbers.
pub(super) fn moves(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    proof.done("systemctl disable --now sekishod")?;
    let pack =
        "(umask 077; tar --create --file=sekisho.tar --directory=/ etc/sekisho var/lib/sekisho)";
    proof.done(pack)?;
    proof.says("stat --format=%a sekisho.tar", 0, &["600"])?;
    proof.happens("rm -r /var/lib/sekisho/* && dpkg --purge sekisho")?;
    proof.happens("rm /etc/sekisho/journal.key && rm -rf /etc/sekisho")?;
    proof.happens("groupmod --gid 4242 sekisho && usermod --uid 4242 sekisho")?;
    proof.done("dpkg --install sekisho_*.deb")?;
    proof.done("tar --extract --file=sekisho.tar --directory=/ --preserve-permissions")?;
    proof.done("systemd-tmpfiles --create sekisho.conf")?;
    for (file, is) in FILES {
        proof.says(&format!("stat --format='%U %G %a' {file}"), 0, &[is])?;
    }
    proof.done("sekisho journal verify --config /etc/sekisho/sekisho.toml")?;
    let mark = proof.mark();
    proof.done("systemctl enable --now sekishod")?;
    proof.logs(mark, &["journal read", "unfinished=0"])?;
    proof.linked()?;
    proof.load();
    clock::pause(A_WHILE);
    let answered = proof.load_ends()?;
    proof.done("systemctl stop sekishod")?;
    proof.judge()?;
    Ok(format!("unpacked elsewhere it goes on with its journal, {answered} answers"))
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
