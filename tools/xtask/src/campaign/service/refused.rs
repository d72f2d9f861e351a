//! Starts that fail before a port is open: the key is gone, a port is somebody else's. Must not know what
//! a configuration says of them.

use std::net::TcpListener;

use super::proof::Proof;
use super::site::acquirer;
use crate::campaign::trouble::Trouble;

/// Where somebody put the key.
const AWAY: &str = "/var/backups/journal.key";

/// systemd has no key to give: 243, and nothing is tried again until the key is back.
pub(super) fn without_a_key(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    proof.done("systemctl stop sekishod")?;
    proof.happens(&format!("mv /etc/sekisho/journal.key {AWAY}"))?;
    let mark = proof.mark();
    proof.ends("systemctl start sekishod", 1)?;
    proof.logs(mark, &["Main process exited, code=exited, status=243/CREDENTIALS"])?;
    proof.says("systemctl is-failed sekishod", 0, &["failed"])?;
    proof.does_not_log(mark, "Scheduled restart job")?;
    proof.happens(&format!("mv {AWAY} /etc/sekisho/journal.key"))?;
    proof.done("systemctl start sekishod")?;
    proof.says("systemctl is-active sekishod", 0, &["active"])?;
    Ok("243, not restarted; right again after `start`".to_owned())
}

/// Somebody else listens: it is tried until the port is free, and then comes up by itself.
pub(super) fn with_a_port_that_is_taken(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    proof.done("systemctl stop sekishod")?;
    let taken = TcpListener::bind(acquirer(0)).map_err(Trouble::failed("a port to take"))?;
    let mark = proof.mark();
    proof.happens("systemctl start --no-block sekishod")?;
    proof.logs(mark, &["listen on 127.0.0.1:7001: Address already in use"])?;
    proof.logs(mark, &["Main process exited, code=exited, status=1/FAILURE"])?;
    // More starts than the usual limit of five in ten seconds lets through.
    proof.logs(mark, &["Scheduled restart job, restart counter is at 7."])?;
    proof.says("ss --tcp --listening --numeric --processes", 0, &["127.0.0.1:7001"])?;
    proof.done("ip address show")?;
    let mark = proof.mark();
    drop(taken);
    proof.logs(mark, &["Started sekishod.service"])?;
    proof.says("systemctl is-active sekishod", 0, &["active"])?;
    proof.linked()?;
    Ok("tried again and again, there when the port was free".to_owned())
}
