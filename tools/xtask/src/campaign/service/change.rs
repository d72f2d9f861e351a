//! The configuration is changed, broken and put right. Must not know what a key means.

use super::install::OF_ISSUERS;
use super::proof::{Proof, configuration};
use crate::campaign::trouble::Trouble;

const FILE: &str = "/etc/sekisho/sekisho.toml";

/// Another station, ready to be put at the end of the configuration.
const MEMBER: &str = "\n[[station]]\nname = \"merchant-c\"\nrole = \"acquirer\"\n\
     institution = \"77334000003\"\ndialect = \"iso93-ascii\"\nframing = \"ascii4\"\n\
     listen = [\"127.0.0.1:7003\"]\npeers = [\"127.0.0.0/8\"]\n";

/// A file that somebody with a strict umask adds: the check says that the service can not read it, and
/// its group is right by itself.
pub(super) fn warns_of_a_closed_file(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    proof.happens("umask 077; echo '# ours' >/etc/sekisho/conf.d/ours.toml")?;
    proof.says("sekisho config check", 0, &["conf.d/ours.toml: the group of"])?;
    proof.happens("chmod 640 /etc/sekisho/conf.d/ours.toml")?;
    let ours = "stat --format='%U %G %a' /etc/sekisho/conf.d/ours.toml";
    proof.says(ours, 0, &["root sekisho 640"])?;
    let said = proof.done("sekisho config check")?;
    if said.contains("ours.toml") {
        return Err(Trouble::Found(format!("it still warns of a file that is right:\n{said}")));
    }
    proof.happens("rm /etc/sekisho/conf.d/ours.toml")?;
    Ok("a warning under umask 077, none when the mode is right".to_owned())
}

/// A longer timeout by SIGHUP, a new member by `apply`, and back, all under load.
pub(super) fn reloads(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    proof.load();
    let mark = proof.mark();
    let slower = configuration(&OF_ISSUERS.replace("timeout = \"1s\"", "timeout = \"2s\""));
    proof.writes(FILE, &slower)?;
    proof.done("sekisho config check")?;
    proof.says("sekisho config plan", 0, &["timeout", "2 changes"])?;
    proof.done("systemctl reload sekishod")?;
    proof.logs(mark, &["change: ", "timeout"])?;
    proof.logs(mark, &["configuration adopted number=2"])?;

    let mark = proof.mark();
    proof.writes(FILE, &format!("{slower}{MEMBER}"))?;
    proof.says("sekisho config apply --yes", 0, &["merchant-c", "version 3 runs"])?;
    proof.logs(mark, &["configuration adopted number=3"])?;
    proof.says("ss --tcp --listening --numeric", 0, &["127.0.0.1:7003"])?;
    proof.says("sekisho config history", 0, &["HOW"])?;
    proof.says("sekisho config rollback --yes", 0, &["version 4 runs"])?;
    proof.says("sekisho config progress", 0, &["version 4 runs"])?;

    let mark = proof.mark();
    proof.writes(FILE, &slower.replace("workers = 2", "workers = 1"))?;
    proof.says("sekisho config plan", 5, &["need a restart"])?;
    proof.done("systemctl reload sekishod")?;
    proof.logs(mark, &["configuration refused: "])?;
    proof.writes(FILE, &configuration(OF_ISSUERS))?;
    proof.done("sekisho config apply --yes")?;
    let answered = proof.load_ends()?;
    Ok(format!("five versions, one refused, {answered} answers across them, all right"))
}

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
