//! The witness: a real etcd with one member or three, by TLS, in a network of its own. Must not know what
//! stands in it.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::map::{Place, address};
use crate::campaign::clock;
use crate::campaign::trouble::Trouble;
use crate::machine::network::Network;

/// Where the first member hears nodes, hears us in clear on its loopback, and hears the other members.
const PORTS: [u16; 3] = [2379, 2479, 2579];
/// How long members may take until they agree on a leader.
const AGREES: Duration = Duration::from_secs(20);
/// How long one may take to say how it stands.
const ANSWERS: Duration = Duration::from_secs(1);

/// All its members.
#[derive(Debug)]
pub(super) struct Witness {
    network: Network,
    members: Vec<Member>,
}

#[derive(Debug)]
struct Member {
    command: Command,
    /// None: it was killed.
    child: Option<Child>,
}

impl Witness {
    /// With so many members, which have a leader; certificates and data are in this folder.
    pub(super) fn opens(network: &Network, folder: &Path, members: u16) -> Result<Self, Trouble> {
        let members = (0..members).map(|number| {
            let mut command = command(network, folder, number, members);
            let child = spawn(&mut command)?;
            Ok(Member { command, child: Some(child) })
        });
        let members = members.collect::<io::Result<_>>().map_err(Trouble::failed("etcd"))?;
        let witness = Self { network: network.clone(), members };
        match witness.leader() {
            Some(_) => Ok(witness),
            None => Err(Trouble::Failed("the members of etcd do not agree on a leader".into())),
        }
    }

    /// What a node says of it.
    pub(super) fn table(&self, node: Place, folder: &Path) -> String {
        let here = address(Place::Witness, node);
        let endpoint = |number: usize| format!("\"https://{here}:{}\"", port(0, number));
        let endpoints: Vec<_> = (0..self.members.len()).map(endpoint).collect();
        let folder = folder.display();
        format!(
            "[witness]\nendpoints = [{}]\nauthority = \"{folder}/authority.crt\"\n\
             certificate = \"{folder}/{node}.crt\"\nkey = \"{folder}/{node}.key\"\n\n",
            endpoints.join(", ")
        )
    }

    /// The member that leads the others is killed.
    pub(super) fn loses_its_leader(&mut self) -> Result<(), Trouble> {
        let leader = self.leader();
        let leader = leader.ok_or_else(|| Trouble::Failed("etcd has no leader".into()))?;
        if let Some(mut child) = self.members[leader].child.take() {
            child.kill().and_then(|()| child.wait()).map_err(Trouble::failed("etcd's leader"))?;
        }
        Ok(())
    }

    /// Whoever was killed starts again.
    pub(super) fn is_whole_again(&mut self) -> Result<(), Trouble> {
        for member in self.members.iter_mut().filter(|member| member.child.is_none()) {
            let child = spawn(&mut member.command).map_err(Trouble::failed("etcd"))?;
            member.child = Some(child);
        }
        Ok(())
    }

    /// Which member leads, as soon as one does.
    fn leader(&self) -> Option<usize> {
        let ask = || -> Option<usize> {
            // A network is entered by a thread, and for good.
            self.network.enter().ok()?;
            let mut leader = None;
            clock::until(AGREES, || {
                leader = (0..self.members.len()).find(|number| leads(*number));
                clock::pause(Duration::from_millis(20));
                leader.is_some()
            });
            leader
        };
        thread::scope(|scope| scope.spawn(ask).join()).ok()?
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        for child in self.members.iter_mut().filter_map(|member| member.child.as_mut()) {
            // An error says that it has ended already.
            drop(child.kill());
            drop(child.wait());
        }
    }
}

fn port(purpose: usize, number: usize) -> u16 {
    PORTS[purpose] + u16::try_from(number).expect("a few")
}

fn spawn(command: &mut Command) -> io::Result<Child> {
    command.spawn().map_err(|error| {
        let hint =
            if error.kind() == io::ErrorKind::NotFound { "; tools/setup installs it" } else { "" };
        io::Error::new(error.kind(), format!("{error}{hint}"))
    })
}

/// How a member is started, and started again.
fn command(network: &Network, folder: &Path, number: u16, members: u16) -> Command {
    let [client, ours, peer] = PORTS.map(|port| port + number);
    let file = |name: &str| folder.join(name).display().to_string();
    let peers = |number: u16| format!("w{number}=http://127.0.0.1:{}", PORTS[2] + number);
    let peers: Vec<_> = (0..members).map(peers).collect();
    let mut etcd = network.command("etcd");
    etcd.arg(format!("--name=w{number}"))
        .arg(format!("--data-dir={}", file(&format!("w{number}"))));
    etcd.arg(format!("--listen-client-urls=https://0.0.0.0:{client},http://127.0.0.1:{ours}"));
    etcd.arg(format!("--advertise-client-urls=https://127.0.0.1:{client}"));
    etcd.arg(format!("--listen-peer-urls=http://127.0.0.1:{peer}"));
    etcd.arg(format!("--initial-advertise-peer-urls=http://127.0.0.1:{peer}"));
    etcd.arg(format!("--initial-cluster={}", peers.join(",")));
    etcd.arg(format!("--cert-file={}", file("etcd.crt")));
    etcd.arg(format!("--key-file={}", file("etcd.key")));
    etcd.arg(format!("--trusted-ca-file={}", file("authority.crt"))).arg("--client-cert-auth");
    let log = File::options().create(true).append(true).open(folder.join(format!("w{number}.log")));
    etcd.stdout(Stdio::null()).stderr(log.map_or_else(|_| Stdio::null(), Stdio::from));
    etcd
}

/// Whether this member says that it leads; whoever asks is in its network.
fn leads(number: usize) -> bool {
    let said = asked(port(1, number)).ok();
    let said: Value = said.and_then(|said| serde_json::from_str(&said).ok()).unwrap_or_default();
    said["leader"].is_string() && said["leader"] == said["header"]["member_id"]
}

/// What it says of itself, as its gateway writes it.
fn asked(port: u16) -> io::Result<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, ANSWERS)?;
    stream.set_read_timeout(Some(ANSWERS))?;
    let question = "POST /v3/maintenance/status HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}";
    stream.write_all(question.as_bytes())?;
    let mut said = String::new();
    stream.read_to_string(&mut said)?;
    let body = said.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    body.ok_or_else(|| io::ErrorKind::InvalidData.into())
}
