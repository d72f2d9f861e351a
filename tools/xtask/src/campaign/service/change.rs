//! The configuration is changed, broken and put right. Must not know what a key means.

use super::install::OF_ISSUERS;
use super::proof::{Proof, configuration};
use crate::campaign::trouble::Trouble;

const FILE: &str = "/etc/sekisho/sekisho.toml";

/// What is broken is refused, and the old one goes on.
pub(super) fn refuses_what_is_broken(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    proof.load();
    let mark = proof.mark();
    let right = configuration(OF_ISSUERS);
    proof.writes(FILE, &right.replace("timeout = ", "timeut = "))?;
    proof.ends("systemctl reload sekishod", 1)?;
    proof.logs(mark, &["sekisho.toml:", "timeut"])?;
    proof.says("systemctl is-active sekishod", 0, &["active"])?;
    let answered = proof.load_ends()?;
    Ok(format!("the place in the log, and {answered} answers as before"))
}

/// A start with it ends with 78, and is not tried again.
pub(super) fn ends_with_78(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    let mark = proof.mark();
    proof.ends("systemctl restart sekishod", 1)?;
    proof.logs(mark, &["status=78"])?;
    proof.logs(mark, &["Failed to start"])?;
    proof.says("systemctl is-failed sekishod", 0, &["failed"])?;
    proof.does_not_log(mark, "Scheduled restart job")?;
    proof.writes(FILE, &configuration(OF_ISSUERS))?;
    let mark = proof.mark();
    proof.done("systemctl start sekishod")?;
    proof.logs(mark, &["Started sekishod.service"])?;
    proof.says("systemctl is-active sekishod", 0, &["active"])?;
    Ok("78, not restarted; right again after `start`".to_owned())
}
