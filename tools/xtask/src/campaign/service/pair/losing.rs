//! By night: the line between the two is cut, a machine loses its power, a disk is lost. Must not know the rules by
//! which the two agree who goes on.

use std::time::Duration;

use super::super::proof::{Proof, TOKYO};
use super::{LINE, OSAKA, STATUS, in_sync};
use crate::campaign::clock;
use crate::campaign::trouble::Trouble;
use crate::machine::line::Line;

/// How long the acquirers send.
const A_WHILE: Duration = Duration::from_secs(1);
/// How long a node may take that begins with nothing, on a machine that has other things to do.
const CATCHES_UP: Duration = Duration::from_mins(2);
/// What an operator answers who knows that tokyo is off, and gives up what may be missing.
const BY_HAND: &str = "sekisho node promote --peer-is-fenced tokyo --accept-loss";

/// The line is cut in one direction under load, and tokyo goes on alone; it is restarted, and goes on when
/// somebody says so; the line is whole again.
pub(in super::super) fn loses_the_standby(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    let [_, osaka] = LINE;
    proof.at(TOKYO)?.linked()?;
    proof.load();
    clock::pause(A_WHILE);
    let mark = proof.mark();
    proof.line("line", "is cut for what osaka sends", |line| line.cut_from(osaka))?;
    proof.logs(mark, &["solo: "])?;
    proof.comes_to_say(STATUS, &["tokyo is primary", "SOLO", "at one node only"])?;
    proof.ends("sekisho node switchover", 5)?;
    proof.at(OSAKA)?.comes_to_say(STATUS, &["osaka is standby", "no primary is known"])?;
    let mut answered = proof.at(TOKYO)?.merchants_end()?;

    proof.line("line", "is cut", Line::cut)?;
    let mark = proof.mark();
    proof.happens("systemctl restart sekishod")?;
    proof.logs(mark, &["standby: the ports are closed"])?;
    proof.comes_to_end("sekisho node promote --peer-is-fenced osaka --peer-not-since", 0)?;
    proof.logs(mark, &["reigns: the ports are open"])?;
    proof.linked()?;
    proof.load();
    clock::pause(A_WHILE);
    answered += proof.merchants_end()?;
    proof.line("line", "is whole", Line::mend)?;
    in_sync(proof, TOKYO)?;
    Ok(format!("alone under load, again alone after a restart, in sync again; {answered} answers"))
}

/// The power of tokyo is cut under load, and what its disk had not synced is gone; osaka is promoted and serves.
/// Tokyo boots, follows by itself, and is the primary again.
pub(in super::super) fn loses_the_primary(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    proof.at(TOKYO)?.linked()?;
    proof.load();
    clock::pause(A_WHILE);
    proof.ends(&BY_HAND.replace(TOKYO, OSAKA), 5)?;
    let mark = proof.at(OSAKA)?.mark();
    proof.ends(BY_HAND, 5)?;
    loses_power(proof, TOKYO)?;
    proof.at(OSAKA)?.logs(mark, &["no primary is known"])?;
    let mut answered = proof.merchants_leave()?;
    let stood =
        r#"journalctl --unit sekishod --grep "sync: |solo: |no primary is known" --no-pager"#;
    let text = proof.done(stood)?;
    let stood = text.lines().rev().find(|line| !line.contains("no primary is known"));
    if !stood.is_some_and(|line| line.contains("sync: ")) {
        return Err(Trouble::Found(format!("it was in sync, and its log says:\n{text}")));
    }
    let asked = proof.comes_to_end("sekisho node promote", 2)?;
    if !asked.contains("--peer-is-fenced") {
        return Err(Trouble::Found(format!("it does not say what is to be answered:\n{asked}")));
    }
    proof.done(BY_HAND)?;
    proof.logs(mark, &["reigns: the ports are open"])?;
    proof.linked()?;
    proof.load();
    clock::pause(A_WHILE);
    boots(proof, TOKYO)?;
    in_sync(proof, OSAKA)?;
    answered += proof.merchants_end()?;
    proof.done("sekisho node switchover")?;
    in_sync(proof, TOKYO)?;
    Ok(format!("promoted by hand, and back when it booted; {answered} answers"))
}

/// The machine of tokyo stands still under load, osaka is promoted and serves; tokyo wakes up, releases nothing, and
/// follows. It is the primary again.
pub(in super::super) fn stands_still(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    proof.at(TOKYO)?.linked()?;
    proof.load();
    clock::pause(A_WHILE);
    let mark = proof.at(OSAKA)?.mark();
    proof.at(TOKYO)?.happens_to_it("it stands still", |site| site.machine.freeze())?;
    proof.at(OSAKA)?.logs(mark, &["no primary is known"])?;
    proof.comes_to_end(BY_HAND, 0)?;
    proof.logs(mark, &["reigns: the ports are open"])?;
    let (mut answered, mark) = (proof.merchants_leave()?, proof.at(TOKYO)?.mark());
    proof.at(OSAKA)?.linked()?;
    proof.load();
    clock::pause(A_WHILE);
    proof.at(TOKYO)?.happens_to_it("it goes on", |site| site.machine.thaw())?;
    proof.logs(mark, &["standby: the ports are closed"])?;
    in_sync(proof, OSAKA)?;
    answered += proof.merchants_end()?;
    proof.done("sekisho node switchover")?;
    in_sync(proof, TOKYO)?;
    Ok(format!("awake again, it follows; {answered} answers"))
}

/// What tokyo released alone, before its power was cut and osaka was promoted, is listed when it is back.
pub(in super::super) fn shows_what_was_cut(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    proof.at(TOKYO)?.linked()?;
    proof.load();
    let mark = proof.mark();
    proof.line("line", "is cut", Line::cut)?;
    proof.logs(mark, &["solo: "])?;
    clock::pause(A_WHILE);
    loses_power(proof, TOKYO)?;
    proof.merchants_leave()?;
    let mark = proof.at(OSAKA)?.mark();
    proof.comes_to_end(BY_HAND, 0)?;
    proof.logs(mark, &["reigns: the ports are open"])?;
    proof.line("line", "is whole", Line::mend)?;
    boots(proof, TOKYO)?;
    in_sync(proof, OSAKA)?;
    let problem = "approvals of this node are unknown to the other one: sekisho node orphans ";
    let status = proof.at(TOKYO)?.comes_to_say(STATUS, &[problem])?;
    let cut = status.split_once(problem).and_then(|(_, rest)| rest.split_whitespace().next());
    let cut = cut.unwrap_or_default().to_owned();
    let listing = proof.says("sekisho node orphans", 0, &["RELEASED", " yes"])?;
    let dump = "sekisho journal dump --dir /var/lib/sekisho/journal/diverged/$CUT.wal \
                --key /etc/sekisho/journal.key";
    let said = proof.types_with(dump, &[("CUT", &cut)])?;
    if said.code != Some(0) {
        return Err(Trouble::Found(format!("`{dump}` of {cut} ended with {:?}", said.code)));
    }
    proof.at(OSAKA)?.says(
        "sekisho journal dump --dir /var/lib/sekisho/journal --key /etc/sekisho/journal.key | \
         grep 'command '",
        0,
        &["node promote"],
    )?;
    let released = listing.lines().filter(|line| line.trim_end().ends_with(" yes")).count();
    Ok(format!("{released} approvals of {cut} listed"))
}

/// The journal of tokyo is moved away; it joins anew, and is the primary again.
pub(in super::super) fn loses_a_disk(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    proof.at(TOKYO)?.done("systemctl stop sekishod")?;
    proof.done("mv /var/lib/sekisho/journal /var/lib/sekisho/journal-kept")?;
    let mark = proof.mark();
    proof.done("systemctl start sekishod")?;
    proof.logs(mark, &["standby: the ports are closed"])?;
    proof.comes_to_say(STATUS, &["--replace"])?;
    proof.ends("sekisho node join", 5)?;
    proof.done("sekisho node join --replace")?;
    proof.comes_to_say_by((CATCHES_UP, "true"), STATUS, &["sync with osaka"])?;
    in_sync(proof, OSAKA)?;
    proof.done("sekisho node switchover")?;
    in_sync(proof, TOKYO)?;
    Ok("joined anew, in sync, and the primary again".to_owned())
}

/// The power of a machine is cut: its processes are gone, and what was written and not synced.
pub(in super::super) fn loses_power(proof: &mut Proof<'_>, name: &str) -> Result<(), Trouble> {
    proof.at(name)?.sees_the_log();
    proof.happens_to_it("its power is cut", |site| {
        site.disk.fail()?;
        site.machine.loses_power()
    })
}

/// A machine has power again, and its service starts by itself.
pub(in super::super) fn boots(proof: &mut Proof<'_>, name: &str) -> Result<(), Trouble> {
    proof.at(name)?.happens_to_it("it boots", |site| {
        site.disk.returns()?;
        site.machine.boots()
    })?;
    proof.logs(Proof::since_boot(), &["standby: the ports are closed"]).map(drop)
}
