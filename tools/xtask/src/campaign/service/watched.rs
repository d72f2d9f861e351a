//! A third machine has an etcd, the witness of the two: they lose each other, their processes, their power, all of
//! their lines and the witness, and nobody types a promotion. Must not know the rules by which they agree.

mod asking;
mod cutting;
mod failing;
mod install;

use std::net::Ipv4Addr;

use super::pair::{OSAKA, STATUS, in_sync, other};
use super::proof::{Heard, Proof, TOKYO};
use crate::campaign::clock;
use crate::campaign::trouble::Trouble;

pub(super) use self::asking::{is_drilled, is_isolated};
pub(super) use self::cutting::{is_cut_off, loses_the_line, loses_the_witness};
pub(super) use self::failing::{is_killed, loses_its_power, stands_still};
pub(super) use self::install::gets_a_witness;

/// The third machine.
const WITNESS: &str = "witness";
/// Where it is, as in the runbook, and the nodes for it.
const AT: Ipv4Addr = Ipv4Addr::new(10, 3, 0, 1);
const NODES: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 3, 0, 11), Ipv4Addr::new(10, 3, 0, 12)];
/// Seconds without an approval that an unplanned failover may cost here: three times what it may cost, as the machine
/// under this proof may have other things to do. The table has the real ones.
const GAP_MAX_S: f64 = 15.0;
/// How long the acquirers send before and after something happens.
const A_WHILE: std::time::Duration = std::time::Duration::from_secs(1);
/// What a node says when it serves.
const REIGNS: &str = "reigns: the ports are open";
/// What it says when it is a standby.
const FOLLOWS: &str = "standby: the ports are closed";

/// The lines of a node: to the other one, to the witness, to the field.
fn lines_of(name: &str) -> [&'static str; 3] {
    if name == TOKYO { ["line", "w-tokyo", "f-tokyo"] } else { ["line", "w-osaka", "f-osaka"] }
}

/// Which of the two reigns; all its issuers are there, and the acquirers send.
fn under_load(proof: &mut Proof<'_>) -> Result<&'static str, Trouble> {
    let is_tokyo = ["tokyo is primary", "tokyo is standby"];
    let primary = if proof.at(TOKYO)?.says_first(STATUS, is_tokyo)? { TOKYO } else { OSAKA };
    in_sync(proof, primary)?;
    proof.at(primary)?.linked()?;
    proof.load();
    clock::pause(A_WHILE);
    proof.strikes();
    Ok(primary)
}

/// The other one serves now, as nobody typed; what the acquirers heard, to whom it answers for a while.
fn is_taken_over(proof: &mut Proof<'_>, primary: &str) -> Result<Heard, Trouble> {
    let standby = other(primary);
    proof.at(standby)?.linked()?;
    let reigns = format!("{standby} reigns by epoch");
    proof.comes_to_say(STATUS, &[&format!("{standby} is primary"), &reigns])?;
    serves_on(proof)
}

/// The acquirers go on for a while. What they heard: each had approvals before anything happened and has them now, and
/// none was without for long.
pub(super) fn serves_on(proof: &mut Proof<'_>) -> Result<Heard, Trouble> {
    let now_ns = clock::unix_ns();
    clock::pause(A_WHILE);
    let heard = proof.merchants_say()?;
    let Heard { gap_s, approved_ns: [first, last], .. } = heard;
    if first > proof.struck_ns() || last < now_ns {
        return Err(Trouble::found("an acquirer has no approvals before, or none any more"));
    }
    if gap_s > GAP_MAX_S {
        return Err(Trouble::Found(format!("{gap_s:.2} s without an approval")));
    }
    Ok(heard)
}

/// For the table.
pub(super) fn said(heard: Heard) -> String {
    let Heard { answered, gap_s, .. } = heard;
    format!("{gap_s:.2} s without an approval, {answered} answers")
}
