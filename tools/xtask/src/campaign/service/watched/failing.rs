//! The switch of the primary is killed, its machine stands still, its power is cut: the other one takes over by
//! itself. Must not know the rules by which the two agree.

use super::super::pair::{boots, in_sync, loses_power, other, process};
use super::super::proof::Proof;
use super::{A_WHILE, FOLLOWS, REIGNS, STATUS, is_taken_over, said, serves_on, under_load};
use crate::campaign::clock;
use crate::campaign::trouble::Trouble;

/// A kill. systemd has the switch there again before the other one misses it, or the other one has more than what the
/// killed one wrote, and takes over. Then a kill of a service that does not come back: the other one takes over.
pub(in super::super) fn is_killed(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    let primary = under_load(proof)?;
    let mark = proof.at(primary)?.mark();
    let before = process(proof)?;
    proof.happens("systemctl kill --signal=SIGKILL sekishod")?;
    proof.logs(mark, &[FOLLOWS])?;
    if process(proof)? == before {
        return Err(Trouble::found("it is the process that it was"));
    }
    let follows = format!("; sync with {}", other(primary));
    let goes_on = proof.says_first(STATUS, [&format!("{primary} is primary"), &follows])?;
    let (first, who) = if goes_on {
        proof.linked()?;
        (serves_on(proof)?, "it goes on itself")
    } else {
        (is_taken_over(proof, primary)?, "the other one takes over")
    };

    let primary = under_load(proof)?;
    let standby = other(primary);
    let mark = proof.at(standby)?.mark();
    let dies = "systemctl kill --signal=SIGKILL sekishod && systemctl stop sekishod";
    proof.at(primary)?.happens(dies)?;
    proof.at(standby)?.logs(mark, &[REIGNS])?;
    let second = is_taken_over(proof, primary)?;
    proof.at(primary)?.done("systemctl start sekishod")?;
    in_sync(proof, standby)?;
    let (first, second) = (said(first), said(second));
    Ok(format!("started again by systemd, {who}: {first}; not started: {second}"))
}

/// The machine stands still and wakes up when the other one serves: it releases nothing and follows.
pub(in super::super) fn stands_still(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    let primary = under_load(proof)?;
    let standby = other(primary);
    let mark = proof.at(standby)?.mark();
    proof.at(primary)?.happens_to_it("it stands still", |site| site.machine.freeze())?;
    proof.at(standby)?.logs(mark, &[REIGNS])?;
    let heard = is_taken_over(proof, primary)?;
    proof.load();
    clock::pause(A_WHILE);
    let mark = proof.at(primary)?.mark();
    proof.happens_to_it("it goes on", |site| site.machine.thaw())?;
    proof.logs(mark, &[FOLLOWS])?;
    in_sync(proof, standby)?;
    proof.merchants_end()?;
    Ok(format!("{}; awake again, it follows", said(heard)))
}

/// The power of the machine is cut; it boots when the other one serves, and follows.
pub(in super::super) fn loses_its_power(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    let primary = under_load(proof)?;
    let standby = other(primary);
    let mark = proof.at(standby)?.mark();
    loses_power(proof, primary)?;
    proof.at(standby)?.logs(mark, &[REIGNS])?;
    let heard = is_taken_over(proof, primary)?;
    boots(proof, primary)?;
    in_sync(proof, standby)?;
    Ok(format!("{}; booted again, it follows", said(heard)))
}
