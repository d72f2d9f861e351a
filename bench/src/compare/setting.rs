//! What the switch under test needs: a configuration in a fresh directory, and a free port. Must
//! not know how it is started.

use std::fs::{self, DirBuilder};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

use super::{LINKS, Options};
use crate::clock;

/// A directory of its own with the configuration in it; gone when this is dropped.
pub(super) struct Setting {
    directory: PathBuf,
    address: SocketAddr,
}

impl Setting {
    pub(super) fn new(options: &Options, issuer: SocketAddr) -> io::Result<Self> {
        // Free now; nobody else is given it within the moment until the switch takes it.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let name = format!("sekisho-compare-{}-{}", std::process::id(), clock::unix());
        let directory = std::env::temp_dir().join(name);
        DirBuilder::new().mode(0o700).create(&directory)?;
        let setting = Self { directory, address };
        fs::write(setting.directory.join("sekisho.toml"), setting.text(options, issuer)?)?;
        Ok(setting)
    }

    /// Where the switch takes the load's connections.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The configuration file.
    pub(super) fn file(&self) -> String {
        self.directory.join("sekisho.toml").display().to_string()
    }

    fn text(&self, options: &Options, issuer: SocketAddr) -> io::Result<String> {
        // A JSON string is a TOML string too.
        let quoted = |name: &str| serde_json::to_string(&self.directory.join(name));
        let (state, socket) = (quoted("state")?, quoted("control.sock")?);
        let dialect = serde_json::to_string(&options.dialect)?;
        let address = self.address;
        // Sealed with the key that the switch makes for a trial.
        let journal = match options.journal {
            Some(path) => format!("path = \"{path}\""),
            None => "sync = \"none\"".to_owned(),
        };
        // Short, so that what is not answered is reversed within the run; and reversals as many at
        // once as there are timeouts.
        let patience = match options.trouble.timeouts_every {
            Some(_) => "timeout = \"1s\"\nsaf_window = 1000\nsaf_rate = 10000\nsaf_gap = \"0s\"",
            None => "",
        };
        // One more than the load has: the one that looks whether anybody is there.
        let connections = options.connections + 1;
        Ok(format!(
            r#"[node]
name = "compare"
institution = "49000000001"
state = {state}
workers = 1

[journal]
{journal}

[control]
socket = {socket}

[[station]]
name = "acquirer"
role = "acquirer"
institution = "77334000001"
dialect = {dialect}
framing = "ascii4"
listen = ["{address}"]
links = {connections}

[[station]]
name = "issuer"
role = "issuer"
institution = "49711000001"
dialect = {dialect}
framing = "ascii4"
connect = ["{issuer}"]
links = {LINKS}
sign_on = "none"
echo = "off"
{patience}

[[route]]
pan = "353011"
to = ["issuer"]
"#
        ))
    }
}

impl Drop for Setting {
    fn drop(&mut self) {
        // What can not be removed is left to the system's cleaner of temporary files.
        drop(fs::remove_dir_all(&self.directory));
    }
}
