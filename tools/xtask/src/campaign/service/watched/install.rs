//! The witness is set up as the runbook says, and a pair that ran without one gets it. Must not know what happens to
//! them later.

use super::super::field;
use super::super::install::OF_ISSUERS;
use super::super::pair::{OSAKA, STATUS, desk, in_sync, of_pair};
use super::super::proof::{FIELD, Proof, TOKYO};
use super::{AT, FOLLOWS, NODES, REIGNS, WITNESS, lines_of};
use crate::campaign::clock;
use crate::campaign::trouble::Trouble;

/// What the pair reads of the witness, and what etcd reads.
const OF_NODES: &str = "[witness]";
const OF_ETCD: &str = "ETCD_NAME=";

/// All of `Set up the witness`; the centres are outside of both sites from here on.
pub(in super::super) fn gets_a_witness(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    // Not until its machine stands still for longer than the watchdog has patience.
    proof.at(OSAKA)?.does_not_log(Proof::since_boot(), "Watchdog timeout")?;
    is_set_up(proof)?;
    proof.opens_field()?;
    for (place, name) in [TOKYO, OSAKA].into_iter().enumerate() {
        let [_, to_witness, to_field] = lines_of(name);
        proof.lay_line(to_witness, [(name, NODES[place]), (WITNESS, AT)])?;
        proof.lay_line(to_field, [(name, field::NODES[place]), (FIELD, field::PLACE)])?;
        let desk = desk();
        for file in [&format!("{name}.pem"), &format!("{name}.key"), "authority.pem"] {
            proof.at(name)?.site().takes(&desk.join(file))?;
        }
        proof.site().takes(&desk.join("sekisho.password"))?;
        proof.types_block("install -d -m 700 /etc/sekisho/witness", [TOKYO, name])?;
        let text = of_watched(proof, name)?;
        proof.writes("/etc/sekisho/sekisho.toml", &text)?;
    }
    proof.at(OSAKA)?.done("systemctl stop sekishod")?;
    let mark = proof.at(TOKYO)?.mark();
    proof.done("systemctl restart sekishod")?;
    proof.logs(mark, &[FOLLOWS])?;
    proof.comes_to_end("sekisho node promote --peer-is-fenced osaka --peer-not-since", 0)?;
    proof.logs(mark, &[REIGNS])?;
    proof.at(OSAKA)?.done("systemctl start sekishod")?;
    in_sync(proof, TOKYO)?;
    let record = ["tokyo reigns by epoch", "osaka may take over"];
    for name in [OSAKA, TOKYO] {
        proof.at(name)?.comes_to_say(STATUS, &record)?;
    }
    proof.linked()?;
    proof.load();
    clock::pause(super::A_WHILE);
    let answered = proof.load_ends()?;
    Ok(format!("etcd by the runbook, its record in both; {answered} answers"))
}

/// A machine with etcd, its certificate and its users.
fn is_set_up(proof: &mut Proof<'_>) -> Result<(), Trouble> {
    let desk = desk();
    proof.types_elsewhere("-keyout witness.key", &desk)?;
    proof.boots_other(WITNESS, "/var/lib/etcd")?;
    for file in ["witness.pem", "witness.key", "authority.pem", "root.password", "sekisho.password"]
    {
        proof.site().takes(&desk.join(file))?;
    }
    // An address that it has, whatever line is laid later.
    proof.happens(&format!("ip address add {AT}/32 dev lo"))?;
    proof.types_block("systemctl mask etcd", [TOKYO, TOKYO])?;
    let settings = proof.block(OF_ETCD)?;
    proof.writes("/etc/default/etcd", &settings)?;
    proof.types_block("systemctl unmask etcd", [TOKYO, TOKYO])?;
    proof.says("systemctl is-active etcd", 0, &["active"])?;
    proof.types_block("etcdctl auth enable", [TOKYO, TOKYO])
}

/// The configuration of one of the two, with what the runbook shows of a witness, and stations that are in the field.
fn of_watched(proof: &Proof<'_>, name: &str) -> Result<String, Trouble> {
    let place = usize::from(name == OSAKA);
    let text = of_pair(proof, name, OF_ISSUERS)?;
    let text = text.replace("127.0.0.1:70", &format!("{}:70", field::NODES[place]));
    let text = text.replace("127.0.0.1:80", &format!("{}:80", field::PLACE));
    let text = text.replace("127.0.0.0/8", "10.4.0.0/24");
    Ok(format!("{text}\n{}", proof.block(OF_NODES)?))
}
