//! Authorizations through the installed switch, and its issuers that go away. Must not know how it is
//! installed.

use ctl::parties::ISSUERS;

use super::proof::Proof;
use super::site::issuer;
use crate::campaign::centres::Bank;
use crate::campaign::clock;
use crate::campaign::dice::Dice;
use crate::campaign::trouble::Trouble;

/// How long the acquirers send.
const A_WHILE: std::time::Duration = std::time::Duration::from_secs(2);

/// Every answer is right.
pub(super) fn authorizes(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    proof.linked()?;
    proof.load();
    clock::pause(A_WHILE);
    let answered = proof.load_ends()?;
    if answered == 0 {
        return Err(Trouble::found("nothing was answered"));
    }
    Ok(format!("{answered} answers, all right"))
}

/// An issuer goes away and comes back.
pub(super) fn loses_an_issuer(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    proof.load();
    let mark = proof.mark();
    proof.bank_leaves(0);
    proof.logs(mark, &["could not connect", "issuer-x"])?;
    proof.done("systemctl status sekishod --no-pager")?;
    proof.says("sekisho status", 0, &["issuer-x has no link that carries requests"])?;
    proof.done("journalctl --unit sekishod --since -15min --no-pager")?;
    let hour = "journalctl --unit sekishod --identifier systemd --since -1h --no-pager";
    proof.says(hour, 0, &["Started sekishod.service"])?;
    proof.done("ss --tcp --numeric state established")?;
    proof.done("ip route show")?;
    let mark = proof.mark();
    let back = Bank::at(&ISSUERS[0], issuer(0), &mut Dice::new(2))?;
    proof.site_mut().banks[0] = Some(back);
    proof.logs(mark, &["link open", "issuer-x"])?;
    let answered = proof.load_ends()?;
    Ok(format!("{answered} answers, those without an issuer declined"))
}

/// An issuer takes everything and says nothing, until it does again.
pub(super) fn has_a_silent_issuer(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    proof.bank_leaves(0);
    proof.site_mut().banks[0] = Some(Bank::silent(&ISSUERS[0], issuer(0))?);
    proof.linked()?;
    proof.load();
    let mark = proof.mark();
    proof.logs(mark, &["no answer in time: declined with 911, and reversed", "issuer-x"])?;
    proof.comes_to_say("sekisho saf list --issuer issuer-x", &["issuer-x/"])?;
    proof.says("sekisho saf list", 0, &["issuer-x/"])?;
    proof.done("sekisho status -o json")?;
    let mark = proof.mark();
    proof.done("systemctl kill --signal=QUIT sekishod")?;
    proof.logs(mark, &["diagnostics: node"])?;
    proof.logs(mark, &["diagnostics: thread", "worker-1"])?;
    proof.bank_leaves(0);
    proof.site_mut().banks[0] = Some(Bank::at(&ISSUERS[0], issuer(0), &mut Dice::new(1))?);
    let answered = proof.load_ends()?;
    proof.says("sekisho saf list --issuer issuer-x", 0, &["No stored message waits"])?;
    Ok(format!("{answered} answers, what it did not answer reversed when it was back"))
}
