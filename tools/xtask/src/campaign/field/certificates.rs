//! An authority, and what it signs for both nodes and the witness, made by openssl as the runbook has it. Must
//! not know who reads them.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use super::map::{Place, address};

/// A key of the kind that all of them have.
const NEW_KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc";

/// Writes `authority.crt`, and `NAME.crt` and `NAME.key` of tokyo, osaka and etcd.
pub(super) fn write(folder: &Path) -> io::Result<()> {
    let authority = format!(
        "req -x509 {NEW_KEY} -days 365 -subj /CN=field -keyout authority.key -out authority.crt"
    );
    openssl(folder, &authority)?;
    let [one, other] =
        [Place::Tokyo, Place::Osaka].map(|node| address(Place::Witness, node).to_string());
    let names = [
        ("tokyo", "DNS:tokyo".to_owned()),
        ("osaka", "DNS:osaka".to_owned()),
        ("etcd", format!("IP:{one},IP:{other}")),
    ];
    for (name, of) in names {
        let extension = format!("subjectAltName={of}\nextendedKeyUsage=serverAuth,clientAuth\n");
        fs::write(folder.join("extension"), extension)?;
        openssl(
            folder,
            &format!("req {NEW_KEY} -subj /CN={name} -keyout {name}.key -out request"),
        )?;
        let sign = "x509 -req -in request -CA authority.crt -CAkey authority.key -days 365 -extfile extension";
        openssl(folder, &format!("{sign} -CAcreateserial -out {name}.crt"))?;
    }
    Ok(())
}

fn openssl(folder: &Path, words: &str) -> io::Result<()> {
    let mut openssl = Command::new("openssl");
    openssl.args(words.split_whitespace()).current_dir(folder).stdin(Stdio::null());
    let output = openssl.output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(io::Error::other(format!("openssl: {}: {}", output.status, said.trim_end())))
}
