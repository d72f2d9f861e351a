//! Both nodes end in order, and the books of all are closed. Must not know what happened before.

use super::super::proof::{Proof, TOKYO};
use super::{OSAKA, in_sync};
use crate::campaign::trouble::Trouble;

/// What both ends wrote down and the journal agree about everything since the pair was made, whoever of the two
/// was the primary. Then both start, and need nobody who promotes one.
pub(in super::super) fn closes_the_books(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    proof.at(TOKYO)?.linked()?;
    proof.settles()?;
    // The standby first: it would take over.
    for name in [OSAKA, TOKYO] {
        proof.at(name)?.done("systemctl stop sekishod")?;
        proof.done("sekisho journal verify --config /etc/sekisho/sekisho.toml")?;
    }
    let books = proof.at(TOKYO)?.judge()?;
    for name in [OSAKA, TOKYO] {
        proof.at(name)?.done("systemctl start sekishod")?;
    }
    in_sync(proof, TOKYO)?;
    Ok(format!("{} reversals, {} acknowledged", books.reversed, books.acknowledged))
}
