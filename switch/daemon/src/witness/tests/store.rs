//! A real etcd of a story: its members, each with a directory and an address of its own; and what its operators do.
//! Must not know what the story is about.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustix::event::{Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::clocks;

/// The longest wait for anything that should come soon, on a machine that has much to do.
const PATIENCE: Duration = Duration::from_mins(1);

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Looks again and again until something is there.
pub(super) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = clocks::boot();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(clocks::boot().since(begun) < PATIENCE, "waited {PATIENCE:?} in vain for {what}");
        let between = Timespec::try_from(Duration::from_millis(20)).unwrap();
        // Nothing is waited for, so that nothing ends it early but a signal.
        poll(&mut [], Some(&between)).unwrap();
    }
}

/// A directory that goes away with its story.
pub(super) struct Directory(PathBuf);

impl Directory {
    pub(super) fn new() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir();
        let path = path.join(format!("sekisho-witness-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What is left of it does no harm.
        drop(fs::remove_dir_all(&self.0));
    }
}

/// A free port of an address of loopback that nobody else uses, and no connection comes from, so that it
/// stays free: etcd must be told where it is found before it is there.
pub(super) fn own_port() -> SocketAddr {
    let [.., high, low] = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let network = u8::try_from(std::process::id() % 100).unwrap() + 30;
    let here = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, network, high, low)), 0);
    TcpListener::bind(here).unwrap().local_addr().unwrap()
}

/// A member of etcd.
struct Member {
    child: Option<Child>,
    arguments: Vec<String>,
    address: SocketAddr,
    directory: Directory,
}

/// All of them.
pub(super) struct Store {
    members: Vec<Member>,
    scheme: &'static str,
}

/// An authority, and what it signed: for etcd, and for who asks it.
pub(super) struct Certificates {
    place: Directory,
}

impl Certificates {
    /// For an etcd that is found at this address.
    pub(super) fn new(address: IpAddr) -> Self {
        let place = Directory::new();
        let key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let path = |name: &str| place.path().join(name);
        fs::write(path("authority.crt"), authority.self_signed(&key).unwrap().pem()).unwrap();
        let authority = Issuer::new(authority, key);
        for (name, of) in [("etcd", address.to_string()), ("tokyo", "tokyo".to_owned())] {
            let key = KeyPair::generate().unwrap();
            let certificate = CertificateParams::new(vec![of]).unwrap();
            let certificate = certificate.signed_by(&key, &authority).unwrap();
            fs::write(path(&format!("{name}.crt")), certificate.pem()).unwrap();
            fs::write(path(&format!("{name}.key")), key.serialize_pem()).unwrap();
        }
        Self { place }
    }

    pub(super) fn path(&self, name: &str) -> String {
        self.place.path().join(name).display().to_string()
    }
}

impl Store {
    /// One member, and no encryption.
    pub(super) fn starts() -> Self {
        Self::of(1, &[], "http", &[own_port()])
    }

    pub(super) fn of_three() -> Self {
        Self::of(3, &[], "http", &[own_port(), own_port(), own_port()])
    }

    /// One that shows a certificate, and wants one.
    pub(super) fn encrypted() -> (Self, Certificates) {
        let address = own_port();
        let certificates = Certificates::new(address.ip());
        let [cert, key, authority] =
            ["etcd.crt", "etcd.key", "authority.crt"].map(|name| certificates.path(name));
        let more = [
            format!("--cert-file={cert}"),
            format!("--key-file={key}"),
            format!("--trusted-ca-file={authority}"),
            "--client-cert-auth".to_owned(),
        ];
        let store = Self::of(1, &more, "https", &[address]);
        (store, certificates)
    }

    /// One whose tokens are signed, and know of which rights they are.
    pub(super) fn of_signed_tokens() -> (Self, Directory) {
        let place = Directory::new();
        let key = place.path().join("key");
        fs::write(&key, "a secret of etcd").unwrap();
        let signed = format!("--auth-token=jwt,priv-key={},sign-method=HS256", key.display());
        (Self::of(1, &[signed], "http", &[own_port()]), place)
    }

    fn of(count: usize, more: &[String], scheme: &'static str, clients: &[SocketAddr]) -> Self {
        let peers: Vec<_> = (0..count).map(|_| own_port()).collect();
        let name = |number: usize| format!("m{number}");
        let cluster = peers.iter().enumerate();
        let cluster: Vec<_> =
            cluster.map(|(place, peer)| format!("{}=http://{peer}", name(place))).collect();
        // What two of them have alike makes them one: so each has a token of its own.
        let token = format!("--initial-cluster-token={}", clients[0]);
        let members = peers.iter().zip(clients).enumerate().map(|(place, (peer, client))| {
            let directory = Directory::new();
            let data = directory.path().join("data");
            let mut arguments = vec![
                format!("--name={}", name(place)),
                format!("--data-dir={}", data.display()),
                format!("--listen-client-urls={scheme}://{client}"),
                format!("--advertise-client-urls={scheme}://{client}"),
                format!("--listen-peer-urls=http://{peer}"),
                format!("--initial-advertise-peer-urls=http://{peer}"),
                format!("--initial-cluster={}", cluster.join(",")),
                token.clone(),
            ];
            arguments.extend_from_slice(more);
            Member { child: None, arguments, address: *client, directory }
        });
        let mut store = Self { members: members.collect(), scheme };
        (0..count).for_each(|member| store.begins(member));
        (0..count).for_each(|member| store.is_there(member));
        store
    }

    fn begins(&mut self, member: usize) {
        let Member { child, arguments, directory, .. } = &mut self.members[member];
        let log = File::create(directory.path().join("log")).unwrap();
        let mut etcd = Command::new("etcd");
        etcd.args(&*arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let begun = etcd.spawn().unwrap_or_else(|error| match error.kind() {
            ErrorKind::NotFound => panic!("there is no etcd: tools/setup installs etcd-server"),
            _ => panic!("etcd: {error}"),
        });
        *child = Some(begun);
    }

    /// Waits until it listens, and has a leader where that can be asked in the plain.
    fn is_there(&self, member: usize) {
        let Member { address, directory, .. } = &self.members[member];
        until("etcd to listen", || std::net::TcpStream::connect(address).ok());
        if self.scheme == "http" {
            until("etcd to answer", || {
                self.asked(member, "/v3/kv/range", &json!({ "key": "AA==" }), None).ok()
            });
        } else {
            until("etcd to be ready", || {
                let log = fs::read_to_string(directory.path().join("log")).unwrap();
                log.contains("ready to serve client requests").then_some(())
            });
        }
    }

    /// Where its members are, as `witness.endpoints` lists them.
    pub(super) fn endpoints(&self) -> Vec<String> {
        let url = |member: &Member| format!("{}://{}", self.scheme, member.address);
        self.members.iter().map(url).collect()
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.members[0].address
    }

    /// SIGSTOP and SIGCONT.
    pub(super) fn is_sent(&self, signal: Signal) {
        let child = self.members[0].child.as_ref().expect("it runs");
        let id = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        kill_process(id, signal).unwrap();
    }

    pub(super) fn is_killed(&mut self, member: usize) {
        let mut child = self.members[member].child.take().expect("it runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// An operator of etcd asks its first member.
    pub(super) fn does(&self, path: &str, body: &Value) -> Value {
        self.asked(0, path, body, None).unwrap_or_else(|why| panic!("{path} {body}: {why}"))
    }

    /// From now on it asks everybody who he is; `sekisho` may read and write below `/sekisho`.
    pub(super) fn asks_who_it_is(&self) {
        let named = |name: &str| json!({ "name": name, "password": "secret" });
        let range = [b"/sekisho/", b"/sekisho0"].map(|key| STANDARD.encode(key));
        let permission = json!({ "permType": "READWRITE", "key": range[0], "range_end": range[1] });
        for (path, body) in [
            ("user/add", named("root")),
            ("role/add", json!({ "name": "root" })),
            ("user/grant", json!({ "user": "root", "role": "root" })),
            ("user/add", named("sekisho")),
            ("role/add", json!({ "name": "sekisho" })),
            ("role/grant", json!({ "name": "sekisho", "perm": permission })),
            ("user/grant", json!({ "user": "sekisho", "role": "sekisho" })),
            ("auth/enable", json!({})),
        ] {
            let path = path.strip_prefix("auth/").unwrap_or(path);
            self.does(&format!("/v3/auth/{path}"), &body);
        }
    }

    /// From now on it asks nobody any more.
    pub(super) fn asks_nobody(&self) {
        self.asked(0, "/v3/auth/disable", &json!({}), Some(&self.token_of_root())).unwrap();
    }

    /// Rights are changed: tokens that say of which rights they are, are worth nothing.
    pub(super) fn changes_rights(&self) {
        let body = json!({ "name": "nobody" });
        self.asked(0, "/v3/auth/role/add", &body, Some(&self.token_of_root())).unwrap();
    }

    fn token_of_root(&self) -> String {
        let root = json!({ "name": "root", "password": "secret" });
        self.does("/v3/auth/authenticate", &root)["token"].as_str().unwrap().to_owned()
    }

    /// The password of `sekisho` is this one from now on, and its tokens are worth nothing.
    pub(super) fn changes_the_password(&self, password: &str) {
        let body = json!({ "name": "sekisho", "password": password });
        self.asked(0, "/v3/auth/user/changepw", &body, Some(&self.token_of_root())).unwrap();
    }

    fn asked(
        &self,
        member: usize,
        path: &str,
        body: &Value,
        token: Option<&str>,
    ) -> Result<Value, String> {
        let url = format!("{}://{}{path}", self.scheme, self.members[member].address);
        let mut request = ureq::post(&url).config().proxy(None).build();
        if let Some(token) = token {
            request = request.header("Authorization", token);
        }
        let mut response = request.send(body.to_string()).map_err(|error| error.to_string())?;
        let text = response.body_mut().read_to_string().map_err(|error| error.to_string())?;
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        for member in &mut self.members {
            if let Some(mut child) = member.child.take() {
                // An error says that it has ended already.
                drop(child.kill());
                drop(child.wait());
            }
        }
    }
}
