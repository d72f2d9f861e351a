//! A second machine, osaka, becomes the standby of the first, and the two change places, lose each other, their
//! power and a disk, as the runbook's part on two sites says. Must not know the rules by which they agree.

mod books;
mod changing;
mod install;
mod losing;
mod restarting;

use std::net::Ipv4Addr;

use super::proof::{Proof, TOKYO};
use crate::campaign::trouble::Trouble;

pub(super) use self::books::closes_the_books;
pub(super) use self::changing::{changes_both, changes_places};
pub(super) use self::install::{desk, is_installed, of_pair};
pub(super) use self::losing::{
    boots, loses_a_disk, loses_power, loses_the_primary, loses_the_standby, shows_what_was_cut,
    stands_still,
};
pub(super) use self::restarting::starts_again;

/// The second node.
pub(super) const OSAKA: &str = "osaka";
/// Where the two are on the line between them, as in the runbook.
pub(super) const LINE: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2)];
/// What an operator asks first, and again.
pub(super) const STATUS: &str = "sekisho node status";

/// One of the two is the primary, and the other one has all that it must have; both say so.
pub(super) fn in_sync(proof: &mut Proof<'_>, primary: &str) -> Result<(), Trouble> {
    let standby = other(primary);
    let follows = format!("{standby} is standby");
    proof.at(standby)?.comes_to_say(STATUS, &[&follows, &format!("sync with {primary}")])?;
    let leads = format!("{primary} is primary");
    proof.at(primary)?.comes_to_say(STATUS, &[&leads, &format!("sync with {standby}")])?;
    Ok(())
}

pub(super) fn other(name: &str) -> &'static str {
    if name == TOKYO { OSAKA } else { TOKYO }
}

/// The process of the service, and how often systemd has started it by itself.
pub(super) fn process(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    proof.happens("systemctl show --property=MainPID,NRestarts sekishod")
}
