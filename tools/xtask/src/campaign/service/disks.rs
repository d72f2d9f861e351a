//! The disk of the journal is full, and fails. Must not know how a segment is made.

use super::pair::OSAKA;
use super::proof::{PATIENCE, Proof, TOKYO};
use super::watched::{said, serves_on};
use crate::campaign::clock;
use crate::campaign::trouble::Trouble;

/// How long the acquirers send before it fails.
const A_WHILE: std::time::Duration = std::time::Duration::from_secs(1);
/// Requests a second of each acquirer, so that what was prepared of the journal is soon used up.
const MUCH: u64 = 1_000;

/// Takes all that is left of it; what is written already stays.
const FILLS: &str = "dd if=/dev/zero bs=4K status=none >>/var/lib/sekisho/filler || true";

/// Something else fills it under load, and goes on, as what is packed makes a little room at its edge again and
/// again; somebody makes room.
pub(super) fn fills(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    proof.linked()?;
    proof.load_of(MUCH);
    let mark = proof.mark();
    proof.happens(FILLS)?;
    proof.logs(mark, &["the disk has no room for another segment"])?;
    proof.logs(mark, &["new requests are refused with 907"])?;
    let says = "the journal has no room: new requests are refused (907";
    proof.comes_to_say_by((PATIENCE, FILLS), "sekisho status", &[says])?;
    proof.comes_to_say_by((PATIENCE, FILLS), "df --human-readable /var/lib/sekisho", &["100%"])?;
    proof.done("du --human-readable --max-depth=1 /var/lib/sekisho")?;
    let mark = proof.mark();
    proof.happens("rm /var/lib/sekisho/filler")?;
    proof.logs(mark, &["the disk has room for segments again"])?;
    proof.logs(mark, &["new requests are taken again"])?;
    let answered = proof.load_ends()?;
    Ok(format!("907 and an alarm while it was full, {answered} answers, all right"))
}

/// It fails: 74, nothing is started again until somebody does, and the other node serves.
pub(super) fn fails(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    let mark = proof.mark();
    proof.done("systemctl start sekishod")?;
    proof.linked()?;
    proof.load();
    clock::pause(A_WHILE);
    proof.strikes();
    proof.site().disk.fail().map_err(Trouble::failed("the end of the disk"))?;
    proof.logs(mark, &["status=74"])?;
    proof.says("systemctl is-failed sekishod", 0, &["failed"])?;
    proof.does_not_log(mark, "Scheduled restart job")?;
    proof.done("journalctl --dmesg --since -15min --no-pager")?;
    proof.at(OSAKA)?.comes_to_say("sekisho node status", &["osaka is primary", "reigns by"])?;
    proof.linked()?;
    let heard = serves_on(proof)?;
    proof.at(TOKYO)?;
    Ok(format!("74, not restarted, the other one takes over: {}", said(heard)))
}
