//! Who may do what, shown on messages that wait for a silent issuer. Must not know how somebody is
//! recognised.

use ctl::parties::ISSUERS;

use super::install::OF_ISSUERS;
use super::proof::{Proof, configuration};
use super::site::issuer;
use crate::campaign::centres::Bank;
use crate::campaign::dice::Dice;
use crate::campaign::trouble::Trouble;

/// A viewer looks, operators see to stored messages, two of them purge one, an administrator changes the
/// configuration; each command is in the log.
pub(super) fn knows_its_operators(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    proof.bank_leaves(0);
    proof.site_mut().banks[0] = Some(Bank::silent(&ISSUERS[0], issuer(0))?);
    proof.linked()?;
    proof.load();
    let mark = proof.mark();
    proof.logs(mark, &["no answer in time: declined with 911, and reversed", "issuer-x"])?;
    proof.merchants_end()?;
    let list = proof.says("runuser -u kei -- sekisho saf list", 0, &["issuer-x/"])?;
    let id = list.split_whitespace().find(|word| word.starts_with("issuer-x/"));
    let id = id.unwrap_or_default().to_owned();

    let mark = proof.mark();
    proof.says_of(&id, "runuser -u kei -- sekisho saf hold $ID", 4, "takes the role operator")?;
    proof.says_of(&id, "runuser -u hana -- sekisho saf show $ID", 0, &id)?;
    proof.says_of(&id, "runuser -u hana -- sekisho saf hold $ID", 0, &id)?;
    proof.says_of(&id, "runuser -u hana -- sekisho saf release $ID", 0, &id)?;
    proof.says_of(&id, "runuser -u hana -- sekisho saf purge $ID", 0, "is not purged yet")?;
    proof.says_of(&id, "runuser -u hana -- sekisho saf purge $ID", 0, "is not purged yet")?;
    proof.says_of(&id, "runuser -u ren -- sekisho saf purge $ID", 0, &id)?;
    proof.bank_leaves(0);
    proof.site_mut().banks[0] = Some(Bank::at(&ISSUERS[0], issuer(0), &mut Dice::new(1))?);

    let slower = OF_ISSUERS.replace("timeout = \"1s\"", "timeout = \"1500ms\"");
    proof.writes("/etc/sekisho/sekisho.toml", &configuration(&slower))?;
    let apply = "takes the role administrator";
    proof.says("runuser -u hana -- sekisho config apply --yes", 4, &[apply])?;
    proof.says("runuser -u mei -- sekisho config apply --yes", 0, &["runs"])?;
    proof.logs(mark, &["command", "user=\"ren\" role=\"operator\"", "saf purge"])?;
    proof.logs(mark, &["command", "user=\"kei\" role=\"viewer\"", "not-permitted"])?;

    proof.settles()?;
    Ok("a viewer, two operators who purge together, an administrator".to_owned())
}
