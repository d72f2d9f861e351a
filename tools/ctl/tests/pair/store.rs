//! The witness of two sites: a real etcd with one member, by TLS, and what becomes of it. Must not know what a story
//! is about.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::patience::until;
use crate::place::Directory;

/// One etcd.
pub(crate) struct Store {
    address: SocketAddr,
    etcd: Command,
    child: Child,
    directory: Directory,
}

impl Store {
    /// At this address, with `etcd.crt`, `etcd.key` and `authority.crt` of that place; it wants a certificate of
    /// that authority.
    pub(crate) fn opens(address: SocketAddr, peer: SocketAddr, certificates: &Path) -> Self {
        let directory = Directory::new();
        let file = |name: &str| certificates.join(name).display().to_string();
        let mut etcd = Command::new("etcd");
        etcd.arg(format!("--data-dir={}", directory.path().join("data").display()));
        for kind in ["listen", "advertise"] {
            etcd.arg(format!("--{kind}-client-urls=https://{address}"));
        }
        etcd.arg(format!("--listen-peer-urls=http://{peer}"));
        etcd.arg(format!("--initial-advertise-peer-urls=http://{peer}"));
        etcd.arg(format!("--initial-cluster=default=http://{peer}"));
        etcd.arg(format!("--cert-file={}", file("etcd.crt")));
        etcd.arg(format!("--key-file={}", file("etcd.key")));
        etcd.arg(format!("--trusted-ca-file={}", file("authority.crt")));
        etcd.arg("--client-cert-auth").stdin(Stdio::null()).stdout(Stdio::null());
        let child = starts(&mut etcd, &directory);
        Self { address, etcd, child, directory }
    }

    /// It comes back empty.
    pub(crate) fn loses_its_data(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        fs::remove_dir_all(self.directory.path().join("data")).unwrap();
        self.child = starts(&mut self.etcd, &self.directory);
    }

    /// What a site says of it.
    pub(crate) fn table(&self, name: &str, certificates: &Path) -> String {
        let place = certificates.display();
        format!(
            "[witness]\nendpoints = [\"https://{}\"]\nauthority = \"{place}/authority.crt\"\n\
             certificate = \"{place}/{name}.crt\"\nkey = \"{place}/{name}.key\"\n\
             timeout = \"1s\"\nsolo_lease = \"4s\"\n\n",
            self.address
        )
    }

    /// SIGSTOP and SIGCONT.
    pub(crate) fn is_sent(&self, signal: Signal) {
        let id = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(id, signal).unwrap();
    }
}

fn starts(etcd: &mut Command, directory: &Directory) -> Child {
    let log = directory.path().join("log");
    let child = etcd.stderr(File::create(&log).unwrap()).spawn();
    let child = child.unwrap_or_else(|error| {
        let missing = error.kind() == ErrorKind::NotFound;
        let hint = if missing { "tools/setup installs etcd-server" } else { "" };
        panic!("etcd: {error}; {hint}")
    });
    until("etcd to be ready", || {
        let said = fs::read_to_string(&log).unwrap();
        said.contains("ready to serve client requests").then_some(())
    });
    child
}

impl Drop for Store {
    fn drop(&mut self) {
        // An error says that it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
