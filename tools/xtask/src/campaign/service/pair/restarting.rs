//! Services of a pair are started again under load, by an operator and by systemd. Must not know the rules by
//! which a node takes up its reign again.

use super::super::proof::{Proof, TOKYO};
use super::{OSAKA, STATUS, in_sync, process};
use crate::campaign::trouble::Trouble;

/// What a node says that may not go on by itself, since the other one has more.
const IS_OLDER: &str = "the log of the node that asks to go on is older";

/// The standby, and then the primary, by `restart` and by a kill: each comes back as what it was.
pub(in super::super) fn starts_again(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    proof.at(TOKYO)?.linked()?;
    proof.load();
    for name in [OSAKA, TOKYO] {
        begins_again(proof, name, "systemctl restart sekishod")?;
        in_sync(proof, TOKYO)?;
    }
    begins_again(proof, TOKYO, "systemctl kill --signal=KILL sekishod")?;
    let is_by_itself = proof.says_first(STATUS, ["tokyo is primary", IS_OLDER])?;
    if !is_by_itself {
        // What it had shipped and not written itself, when it was killed, the other one alone has.
        proof.at(OSAKA)?.comes_to_end("sekisho node promote", 0)?;
        in_sync(proof, OSAKA)?;
        proof.done("sekisho node switchover")?;
    }
    in_sync(proof, TOKYO)?;
    proof.linked()?;
    let answered = proof.merchants_end()?;
    let how = if is_by_itself { "by itself" } else { "by hand" };
    Ok(format!("standby and primary by restart, primary by a kill, {how}; {answered} answers"))
}

/// The service ends and is there again, as another process that is a standby first.
fn begins_again(proof: &mut Proof<'_>, name: &str, how: &str) -> Result<(), Trouble> {
    let before = process(proof.at(name)?)?;
    let mark = proof.mark();
    proof.happens(how)?;
    proof.logs(mark, &["standby: the ports are closed"])?;
    if process(proof)? == before {
        return Err(Trouble::found("it is the process that it was"));
    }
    Ok(())
}
