//! By day: another configuration on both, and the two change places. Must not know what a key means.

use std::time::Duration;

use super::super::install::OF_ISSUERS;
use super::super::proof::{Proof, TOKYO};
use super::install::of_pair;
use super::{OSAKA, STATUS, in_sync, process};
use crate::campaign::clock;
use crate::campaign::trouble::Trouble;
use crate::report;

/// The longest that a switch-over may take here, from the command to open ports, on a machine that has other things to do.
const PLANNED_MAX: Duration = Duration::from_secs(6);
/// How long the acquirers send.
const A_WHILE: Duration = Duration::from_secs(1);

/// A longer timeout on the standby first, then on the primary; nothing is restarted.
pub(in super::super) fn changes_both(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    let slower = OF_ISSUERS.replace("timeout = \"1s\"", "timeout = \"2s\"");
    proof.at(TOKYO)?.load();
    for name in [OSAKA, TOKYO] {
        let text = of_pair(proof, name, &slower)?;
        let before = process(proof.at(name)?)?;
        proof.writes("/etc/sekisho/sekisho.toml", &text)?;
        let mark = proof.mark();
        proof.says("sekisho config plan", 0, &["timeout 1s -> 2s"])?;
        proof.done("systemctl reload sekishod")?;
        proof.logs(mark, &["configuration adopted"])?;
        if process(proof)? != before {
            return Err(Trouble::found("a reload has started it again"));
        }
        if name == OSAKA {
            proof.comes_to_say(STATUS, &["DIFFER"])?;
            proof.at(TOKYO)?.comes_to_say(STATUS, &["DIFFER"])?;
            proof.ends("sekisho node switchover", 5)?;
        }
    }
    for name in [TOKYO, OSAKA] {
        let status = proof.at(name)?.comes_to_say(STATUS, &["the same"])?;
        if status.contains("DIFFER") {
            return Err(Trouble::Found(format!("they differ still:\n{status}")));
        }
    }
    let answered = proof.at(TOKYO)?.merchants_end()?;
    Ok(format!("reloaded standby and primary, {answered} answers across them"))
}

/// They change places and change back under load; each stays the process that it was.
pub(in super::super) fn changes_places(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    let mut longest = Duration::ZERO;
    let mut answered = 0;
    let before = [process(proof.at(TOKYO)?)?, process(proof.at(OSAKA)?)?];
    let marks = [proof.at(TOKYO)?.mark(), proof.at(OSAKA)?.mark()];
    for (from, to) in [(TOKYO, OSAKA), (OSAKA, TOKYO)] {
        proof.at(from)?.linked()?;
        proof.load();
        clock::pause(A_WHILE);
        let says = ["Status: \"serving"];
        proof.says("systemctl status sekishod --no-pager", 0, &says)?;
        let mark = proof.at(to)?.mark();
        let (done, took) = report::timed(|| -> Result<(), Trouble> {
            proof.at(from)?.done("sekisho node switchover")?;
            proof.at(to)?.logs(mark, &["reigns: the ports are open"]).map(drop)
        });
        done?;
        longest = longest.max(took);
        answered += proof.merchants_leave()?;
        in_sync(proof, to)?;
        // What systemd is told first has no more than the part.
        let says = ["Active: active (running)", "Status: \"standby; configuration"];
        proof.at(from)?.comes_to_say("systemctl status sekishod --no-pager", &says)?;
    }
    if longest > PLANNED_MAX {
        return Err(Trouble::Found(format!("{} for one", report::seconds(longest))));
    }
    let after = [process(proof.at(TOKYO)?)?, process(proof.at(OSAKA)?)?];
    if before != after {
        return Err(Trouble::Found(format!("they were {before:?} and are {after:?}")));
    }
    for (name, mark) in [TOKYO, OSAKA].into_iter().zip(marks) {
        proof.at(name)?.does_not_log(mark, "Watchdog timeout")?;
    }
    Ok(format!("there and back, {} at most each, {answered} answers", report::seconds(longest)))
}
