//! Two machines become a pair: key, certificates, drop-in, configuration, the first promotion and the join. Must
//! not know what happens to them later.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::super::install::{OF_ISSUERS, has_people};
use super::super::proof::{Proof, TOKYO, configuration};
use super::{LINE, OSAKA, STATUS, in_sync};
use crate::campaign::clock;
use crate::campaign::trouble::Trouble;
use crate::machine::namespace;

/// What opens the journal.
const KEY: &str = "/etc/sekisho/journal.key";
/// The journal's part of a configuration of a node alone; the pair's begins with it.
const JOURNAL: &str = "[journal]\nsegment = \"1MiB\"\n";
const OF_KEY: &str = "key = \"credential:journal-key\"\n";

/// The second machine, and all of `Install a pair`.
pub(in super::super) fn is_installed(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    let [tokyo, osaka] = LINE;
    proof.boots_another(OSAKA)?.lay_line("line", [(TOKYO, tokyo), (OSAKA, osaka)])?;
    proof.done("dpkg --install sekisho_*.deb")?;
    has_people(proof)?;
    let ours = proof.at(TOKYO)?.done(&format!("sha256sum {KEY}"))?;
    let [from, to] = [proof.site_of(TOKYO)?.file(KEY), proof.site_of(OSAKA)?.file(KEY)];
    fs::copy(from, to).map_err(Trouble::failed("the key"))?;
    proof.at(OSAKA)?.says(&format!("sha256sum {KEY}"), 0, &[&ours])?;
    proof.says(&format!("stat --format='%U %G %a' {KEY}"), 0, &["root root 400"])?;

    let desk = desk();
    fs::create_dir(&desk).map_err(Trouble::failed("a folder"))?;
    proof.types_elsewhere("openssl req -x509", &desk)?;
    for name in [TOKYO, OSAKA] {
        proof.at(name)?;
        for file in [&format!("{name}.pem"), &format!("{name}.key"), "authority.pem"] {
            proof.site().takes(&desk.join(file))?;
        }
        proof.types_block("install -d -m 700 /etc/sekisho/peer", [TOKYO, name])?;
        let text = of_pair(proof, name, OF_ISSUERS)?;
        proof.writes("/etc/sekisho/sekisho.toml", &text)?;
        let mark = proof.mark();
        proof.done("sekisho config check")?;
        proof.done("systemctl enable --now sekishod")?;
        proof.logs(mark, &["standby: the ports are closed"])?;
    }
    let ports = proof.at(TOKYO)?.says("ss --tcp --listening --numeric", 0, &["10.0.0.1:7400"])?;
    if ports.contains(":7001") {
        return Err(Trouble::Found(format!("the ports of a standby are open:\n{ports}")));
    }
    for name in [TOKYO, OSAKA] {
        let is = format!("{name} is standby");
        proof.at(name)?.comes_to_say(STATUS, &[&is, "no primary is known", "up for"])?;
    }
    let mark = proof.at(TOKYO)?.mark();
    proof.done("sekisho node promote --first")?;
    proof.logs(mark, &["reigns: the ports are open"])?;
    proof.at(OSAKA)?.done("sekisho node join")?;
    in_sync(proof, TOKYO)?;

    proof.linked()?;
    proof.load();
    clock::pause(Duration::from_secs(1));
    let answered = proof.load_ends()?;
    Ok(format!("certificates, drop-ins, first promotion, join; in sync, {answered} answers"))
}

/// Where certificates are made: a folder of this side, which is none of the machines.
pub(in super::super) fn desk() -> PathBuf {
    namespace::place().join("desk")
}

/// The configuration of one of the two: that of a node alone, with what the runbook shows of a pair.
pub(in super::super) fn of_pair(
    proof: &Proof<'_>,
    name: &str,
    of_issuers: &str,
) -> Result<String, Trouble> {
    let [tokyo, _] = LINE;
    let listens = format!("listen = [\"{tokyo}:7400\"]");
    let shown = proof.block("[peer]")?;
    if !shown.contains(&listens) || !shown.contains(OF_KEY) {
        return Err(Trouble::Found(format!(
            "the runbook does not show `{listens}`, or no key:\n{shown}"
        )));
    }
    let shown = if name == TOKYO {
        shown
    } else {
        let connects = listens.replace("listen", "connect");
        shown.replace(&listens, &connects).replace(OSAKA, TOKYO)
    };
    let alone = configuration(of_issuers).replace(TOKYO, name);
    Ok(alone.replace(&format!("{JOURNAL}{OF_KEY}"), &shown.replace("[journal]\n", JOURNAL)))
}
