//! Lines are cut, one or all of a node, and the witness is started again. Must not know the rules by which the two
//! agree.

use super::super::pair::{LINE, OSAKA, in_sync, other};
use super::super::proof::{Proof, TOKYO};
use super::{
    FOLLOWS, REIGNS, STATUS, WITNESS, is_taken_over, lines_of, said, serves_on, under_load,
};
use crate::campaign::trouble::Trouble;
use crate::machine::line::Line;

/// The line between the two is cut in each direction and in both, and the witness hears of it: the primary goes on
/// alone, nobody is promoted, and the two are in sync again by themselves.
pub(in super::super) fn loses_the_line(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    let primary = under_load(proof)?;
    let [tokyo, osaka] = LINE;
    for cut in [Some(tokyo), Some(osaka), None] {
        let mark = proof.at(primary)?.mark();
        match cut {
            Some(end) => {
                proof.line("line", &format!("is cut for what {end} sends"), |l| l.cut_from(end))?;
            }
            None => proof.line("line", "is cut", Line::cut)?,
        }
        proof.logs(mark, &["solo: "])?;
        let alone = [&format!("{primary} is primary") as &str, "SOLO", "nobody may take over"];
        proof.comes_to_say(STATUS, &alone)?;
        let follows = format!("{} is standby", other(primary));
        proof.at(other(primary))?.comes_to_say(STATUS, &[&follows, "no primary is known"])?;
        proof.line("line", "is whole", Line::mend)?;
        in_sync(proof, primary)?;
    }
    let heard = serves_on(proof)?;
    Ok(format!("alone and in sync again, three times; {}", said(heard)))
}

/// The primary is cut off from the other node, the witness and all centres: the other one takes over, and the first
/// follows when its lines are whole.
pub(in super::super) fn is_cut_off(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    let primary = under_load(proof)?;
    let standby = other(primary);
    let mark = proof.at(standby)?.mark();
    for line in lines_of(primary) {
        proof.line(line, "is cut", Line::cut)?;
    }
    proof.logs(mark, &[REIGNS])?;
    let heard = is_taken_over(proof, primary)?;
    let mark = proof.at(primary)?.mark();
    for line in lines_of(primary) {
        proof.line(line, "is whole", Line::mend)?;
    }
    proof.logs(mark, &[FOLLOWS])?;
    in_sync(proof, standby)?;
    Ok(format!("{}; reachable again, it follows", said(heard)))
}

/// etcd is started again under load, which nobody notices; and they change places, so that tokyo reigns.
pub(in super::super) fn loses_the_witness(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    let primary = under_load(proof)?;
    proof.at(WITNESS)?.happens("systemctl stop etcd")?;
    for name in [TOKYO, OSAKA] {
        proof.at(name)?.comes_to_say(STATUS, &["the witness (", "does not answer"])?;
    }
    proof.at(WITNESS)?.happens("systemctl start etcd")?;
    let record = format!("{primary} reigns by epoch");
    for name in [TOKYO, OSAKA] {
        proof.at(name)?.comes_to_say(STATUS, &[&record, "last answer"])?;
    }
    let heard = serves_on(proof)?;
    if primary != TOKYO {
        proof.at(OSAKA)?.done("sekisho node switchover")?;
        in_sync(proof, TOKYO)?;
    }
    Ok(format!("stopped and started; {}", said(heard)))
}
