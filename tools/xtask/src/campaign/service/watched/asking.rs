//! An operator isolates the primary, and drills what was lost before: the other one takes over by itself. Must not know
//! how a node plays dead.

use super::super::pair::{OSAKA, in_sync, other};
use super::super::proof::{Proof, TOKYO};
use super::{A_WHILE, FOLLOWS, REIGNS, STATUS, is_taken_over, said, under_load};
use crate::campaign::clock;
use crate::campaign::trouble::Trouble;

/// The primary is isolated, which a start does not end, and follows when somebody ends it.
pub(in super::super) fn is_isolated(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    let primary = under_load(proof)?;
    let standby = other(primary);
    let mark = proof.at(standby)?.mark();
    proof.at(primary)?.done("sekisho node isolate --reason disk")?;
    proof.at(standby)?.logs(mark, &[REIGNS])?;
    let heard = is_taken_over(proof, primary)?;
    let isolated = ["ISOLATED by an operator", "sekisho node isolate --end"];
    proof.at(primary)?.comes_to_say(STATUS, &isolated)?;
    proof.happens("systemctl restart sekishod")?;
    proof.comes_to_say(STATUS, &isolated)?;
    let mark = proof.mark();
    proof.done("sekisho node isolate --end")?;
    proof.logs(mark, &[FOLLOWS])?;
    in_sync(proof, standby)?;
    Ok(format!("{}; isolated also after a start, then it follows", said(heard)))
}

/// Each drill of the runbook, under load, with the way back; what each says of the time and of what was lost.
pub(in super::super) fn is_drilled(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    // The other one, whose disk is large enough for an hour alone, is the standby.
    if under_load(proof)? == OSAKA {
        proof.at(OSAKA)?.done("sekisho node switchover")?;
        in_sync(proof, TOKYO)?;
    }
    let mut found = Vec::new();
    proof.at(TOKYO)?.comes_to_say("sekisho drill failover --dry-run", &["witness there"])?;
    for drill in DRILLS {
        let text = proof.at(TOKYO)?.comes_to_end(drill, 0)?;
        let what = drill.split_whitespace().nth(2).unwrap_or_default();
        found.push(format!("{what}: {}", verdict(&text)?));
        in_sync(proof, TOKYO)?;
    }
    proof.at(TOKYO)?;
    proof.says("cat drill.txt", 0, &["DRILL FAILOVER: all is as it is to be"])?;
    clock::pause(A_WHILE);
    proof.merchants_end()?;
    Ok(found.join("; "))
}

/// Those of the runbook.
const DRILLS: [&str; 3] = [
    "sekisho drill failover --yes --back --report ./drill.txt",
    "sekisho drill sick-primary --yes --back",
    "sekisho drill link-loss --yes",
];

/// What its table says of the time and of records that are missing.
fn verdict(text: &str) -> Result<String, Trouble> {
    let row = |name: &str| {
        let found = text.lines().find_map(|line| line.strip_prefix(name));
        let found = found.ok_or_else(|| Trouble::Found(format!("no row {name}in:\n{text}")))?;
        let found = found.split([',', ';']).next().unwrap_or_default().trim();
        Ok(format!("{}{found}", name.trim_end().to_owned() + " "))
    };
    Ok(format!("{}, {}", row("RTO ")?, row("RPO ")?))
}
