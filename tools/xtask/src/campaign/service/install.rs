//! The package is installed and the service started, by day. Must not know what goes wrong later.

use super::proof::{Proof, configuration};
use crate::campaign::trouble::Trouble;

/// Files of the package, owners and modes: what others may not read or change.
pub(super) const FILES: [(&str, &str); 6] = [
    ("/usr/sbin/sekishod", "root root 755"),
    ("/usr/bin/sekisho", "root root 755"),
    ("/etc/sekisho/sekisho.toml", "root sekisho 640"),
    ("/etc/sekisho/conf.d", "root sekisho 2750"),
    ("/etc/sekisho/journal.key", "root root 400"),
    ("/usr/lib/systemd/system/sekishod.service", "root root 644"),
];

/// `dpkg --install`, and what is there then.
pub(super) fn installs(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    let log = "dpkg --install sekisho_*.deb";
    proof.says(log, 0, &["sekisho: made /etc/sekisho/journal.key", "the switch is not started"])?;
    for (file, is) in FILES {
        proof.says(&format!("stat --format='%U %G %a' {file}"), 0, &[is])?;
    }
    proof.says("id sekisho", 0, &["(sekisho)"])?;
    // A node without a key and stations of its own has nothing to start with.
    proof.says("systemctl is-active sekishod", 3, &["inactive"])?;
    has_people(proof)?;
    proof.done("sha256sum /etc/sekisho/journal.key")?;
    Ok(format!("{} files with their owners, user sekisho, not started", FILES.len()))
}

/// Those who may ask, and one who may not.
pub(super) fn has_people(proof: &mut Proof<'_>) -> Result<(), Trouble> {
    for user in ["hana", "ren", "mei", "kei", "guest"] {
        proof.happens(&format!("useradd --create-home {user}"))?;
    }
    for user in ["hana", "ren", "mei", "kei"] {
        proof.done(&format!("adduser --quiet {user} sekisho"))?;
    }
    Ok(())
}

/// The configuration, the start, and an operator who asks.
pub(super) fn starts(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    proof.writes("/etc/sekisho/sekisho.toml", &configuration(OF_ISSUERS))?;
    let mark = proof.mark();
    proof.done("systemctl enable --now sekishod")?;
    proof.logs(mark, &["serving"])?;
    proof.logs(mark, &["Started sekishod.service"])?;
    proof.says("systemctl is-active sekishod", 0, &["active"])?;
    proof.says(
        "stat --format='%U %G %a' /run/sekisho/control.sock",
        0,
        &["sekisho sekisho 660"],
    )?;
    proof.says("stat --format='%U %G %a' /var/lib/sekisho", 0, &["sekisho sekisho 700"])?;
    proof.says("runuser -u hana -- sekisho status", 0, &["tokyo"])?;
    proof.says("runuser -u guest -- sekisho status", 4, &["Permission denied"])?;
    Ok("active, and its operators may ask it".to_owned())
}

/// Settings of the issuers: what waits is tried sooner than is usual, so that the proof is short.
pub(super) const OF_ISSUERS: &str = "links = 2\ntimeout = \"1s\"\nsaf_retry = \"1s\"\nsaf_gap = \"0s\"\n\
     saf_window = 64\nsaf_rate = 5000\nreconnect_min = \"50ms\"\nreconnect_max = \"200ms\"";
