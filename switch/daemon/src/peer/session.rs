//! What lies between the bytes of a socket and those of a message: nothing, or TLS 1.3 by which both
//! ends prove who they are. Must not know what is said, nor open a socket.
//!
//! Certificates are read again for each connection ([`Trust::read`]), so that a new one is shown at the
//! next. Nothing of an earlier connection is taken up again: each is looked at anew.

use std::fmt;
use std::io::{self, BufRead, IoSlice, Read, Write};
use std::sync::Arc;

use mio::net::TcpStream;
use rustls::client::{Resumption, verify_server_name};
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::server::{NoServerSessionStorage, ParsedCertificate, WebPkiClientVerifier};
use rustls::sign::SingleCertAndKey;
use rustls::version::TLS13;
use rustls::{ClientConfig, ClientConnection, Connection, ServerConfig, ServerConnection};

use crate::config::{Certificates, Configuration, credentials, runs_out};

/// Bytes that are read of a socket at once.
const SCRATCH_BYTES: usize = 64 * 1024;

/// What a connection needs to prove who we are, and to ask who the peer is.
pub(super) enum Trust {
    /// Nothing: `--insecure-demo`, on loopback.
    Plain,
    /// Certificates, and the name that the peer's must have.
    Tls(Box<Certificates>, ServerName<'static>),
}

impl Trust {
    /// As the files say now.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(super) fn read(configuration: &Configuration, utc: u64) -> Result<Self, String> {
        let read = configuration.certificates(credentials().as_deref(), utc);
        let certificates = read.map_err(|errors| errors.to_string())?;
        let (Some(certificates), Some(peer)) = (certificates, &configuration.peer) else {
            return Ok(Self::Plain);
        };
        let name = ServerName::try_from(peer.name.clone()).map_err(|why| why.to_string())?;
        Ok(Self::Tls(Box::new(certificates), name))
    }

    /// When our own certificate runs out.
    pub(super) fn until(&self) -> Option<u64> {
        match self {
            Self::Plain => None,
            Self::Tls(certificates, _) => certificates.until,
        }
    }

    /// For a connection that we open, or that was opened to us.
    ///
    /// # Errors
    /// What the certificates are not good for.
    pub(super) fn session(&self, we_connect: bool) -> Result<Session, String> {
        let Self::Tls(certificates, peer) = self else {
            return Ok(Session::over(Way::Plain(Goes::default())));
        };
        let session =
            if we_connect { client(certificates, peer.clone()) } else { server(certificates) };
        let mut connection = session.map_err(|why| why.to_string())?;
        // A message is put as a whole, and only when nothing waits.
        connection.set_buffer_limit(None);
        Ok(Session::over(Way::Tls(Box::new(connection), peer.clone())))
    }
}

fn client(
    certificates: &Certificates,
    peer: ServerName<'static>,
) -> Result<Connection, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_protocol_versions(&[&TLS13])?;
    let ours = Arc::new(SingleCertAndKey::from((*certificates.ours).clone()));
    let mut config = builder
        .with_root_certificates(Arc::clone(&certificates.roots))
        .with_client_cert_resolver(ours);
    config.resumption = Resumption::disabled();
    Ok(ClientConnection::new(Arc::new(config), peer)?.into())
}

fn server(certificates: &Certificates) -> Result<Connection, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let roots = Arc::clone(&certificates.roots);
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&provider));
    let verifier = verifier.build().map_err(|why| rustls::Error::General(why.to_string()))?;
    let builder =
        ServerConfig::builder_with_provider(provider).with_protocol_versions(&[&TLS13])?;
    let ours = Arc::new(SingleCertAndKey::from((*certificates.ours).clone()));
    let mut config = builder.with_client_cert_verifier(verifier).with_cert_resolver(ours);
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(ServerConnection::new(Arc::new(config))?.into())
}

/// One connection's.
pub(super) struct Session {
    /// Where the socket is read into: so many bytes came, and so many of them were taken.
    scratch: Box<[u8]>,
    came: usize,
    taken: usize,
    /// Something came, encrypted or not, that nobody had room for.
    held: bool,
    /// Nothing more will come.
    ended: bool,
    way: Way,
}

enum Way {
    Plain(Goes),
    /// With the name that the peer must have.
    Tls(Box<Connection>, ServerName<'static>),
}

/// What is to go, and how much of it has gone.
#[derive(Default)]
struct Goes {
    bytes: Vec<u8>,
    gone: usize,
}

/// Why a connection is of no use any more.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The other end closed it, or the system did.
    Closed(String),
    /// It is not whom we want to speak with, or speaks otherwise.
    Untrusted(String),
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(why) | Self::Untrusted(why) => f.write_str(why),
        }
    }
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        Self::Closed(error.to_string())
    }
}

/// Who takes the bytes that came, and says how many it took; 0: it has no room for now.
pub(super) type Take<'a> = dyn FnMut(&[u8]) -> Result<usize, String> + 'a;

/// How far a socket was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum More {
    /// It has nothing more for now.
    Empty,
    /// It may have; look again before the next wait.
    Perhaps,
}

impl Session {
    fn over(way: Way) -> Self {
        let scratch = vec![0; SCRATCH_BYTES].into_boxed_slice();
        Self { scratch, came: 0, taken: 0, held: false, ended: false, way }
    }

    /// Whether both ends have still to prove who they are.
    pub(super) fn is_handshaking(&self) -> bool {
        match &self.way {
            Way::Plain(_) => false,
            Way::Tls(connection, _) => connection.is_handshaking(),
        }
    }

    /// Looks at the peer's certificate once the handshake is over: its chain was looked at in it, and for
    /// a connection that we opened its name too. Gives the second in which it runs out.
    pub(super) fn verify(&self) -> Result<Option<u64>, Ended> {
        let Way::Tls(connection, name) = &self.way else { return Ok(None) };
        let shown = connection.peer_certificates().and_then(|certificates| certificates.first());
        let shown = shown.ok_or_else(|| Ended::Untrusted("it showed no certificate".into()))?;
        let parsed = ParsedCertificate::try_from(shown);
        let named = parsed.and_then(|parsed| verify_server_name(&parsed, name));
        named.map_err(|why| {
            let name = name.to_str();
            Ended::Untrusted(format!("its certificate is not that of \"{name}\": {why}"))
        })?;
        Ok(runs_out(shown))
    }

    /// Reads the socket once, and gives what came to `take`, which says how much of it it took; what it
    /// leaves is shown to it again, and nothing more is read until it took that.
    pub(super) fn read(
        &mut self,
        socket: &mut TcpStream,
        take: &mut Take<'_>,
    ) -> Result<More, Ended> {
        if self.held {
            self.give(socket, take)?;
            return Ok(More::Perhaps);
        }
        match socket.read(&mut self.scratch) {
            Ok(bytes) => {
                (self.came, self.taken) = (bytes, 0);
                self.ended = bytes == 0;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(More::Empty),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
        self.give(socket, take)?;
        Ok(More::Perhaps)
    }

    /// Gives what came before to `take`.
    pub(super) fn give(
        &mut self,
        socket: &mut TcpStream,
        take: &mut Take<'_>,
    ) -> Result<(), Ended> {
        let all = match &mut self.way {
            Way::Plain(_) => loop {
                let rest = &self.scratch[self.taken..self.came];
                if rest.is_empty() {
                    break true;
                }
                match take(rest).map_err(Ended::Untrusted)? {
                    0 => break false,
                    bytes => self.taken += bytes,
                }
            },
            Way::Tls(connection, _) => loop {
                if !give_plaintext(connection, take)? {
                    break false;
                }
                let mut rest = &self.scratch[self.taken..self.came];
                if rest.is_empty() {
                    break true;
                }
                self.taken += connection.read_tls(&mut rest)?;
                connection.process_new_packets().map_err(|why| {
                    // The alert that tells the other end; it is lost where the socket takes nothing.
                    drop(connection.write_tls(socket));
                    Ended::Untrusted(why.to_string())
                })?;
            },
        };
        self.held = !all;
        if all && self.ended { Err(closed()) } else { Ok(()) }
    }

    /// Whether something came that nobody had room for.
    pub(super) fn is_held(&self) -> bool {
        self.held
    }

    /// Whether bytes wait for the socket to take them.
    pub(super) fn is_full(&self) -> bool {
        match &self.way {
            Way::Plain(goes) => goes.bytes.len() > goes.gone,
            Way::Tls(connection, _) => connection.wants_write(),
        }
    }

    /// Takes the parts of a message that are to go, in TLS as one stream of records. The caller bounds them by
    /// looking at [`Session::is_full`] before.
    pub(super) fn put(&mut self, parts: [&[u8]; 2]) -> Result<(), Ended> {
        match &mut self.way {
            Way::Plain(goes) => parts.iter().for_each(|part| goes.bytes.extend_from_slice(part)),
            Way::Tls(connection, _) => {
                // Its buffer has no limit, so it takes all at once.
                let put = connection.writer().write_vectored(&parts.map(IoSlice::new))?;
                debug_assert_eq!(put, parts[0].len() + parts[1].len(), "nothing is left out");
            }
        }
        Ok(())
    }

    /// Sends what waits, as far as the socket takes it.
    pub(super) fn flush(&mut self, socket: &mut TcpStream) -> Result<(), Ended> {
        while self.is_full() {
            let sent = match &mut self.way {
                Way::Plain(goes) => goes.send(socket),
                Way::Tls(connection, _) => connection.write_tls(socket),
            };
            match sent {
                Ok(0) => return Err(closed()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Says that nothing more comes, as far as that is possible without waiting.
    pub(super) fn close(&mut self, socket: &mut TcpStream) {
        if let Way::Tls(connection, _) = &mut self.way {
            connection.send_close_notify();
        }
        // The other end notices all the same.
        drop(self.flush(socket));
    }
}

impl Goes {
    fn send(&mut self, socket: &mut TcpStream) -> io::Result<usize> {
        let sent = socket.write(&self.bytes[self.gone..])?;
        self.gone += sent;
        if self.gone == self.bytes.len() {
            self.bytes.clear();
            self.gone = 0;
        }
        Ok(sent)
    }
}

/// Gives what is decrypted; says whether all of it was taken.
fn give_plaintext(connection: &mut Connection, take: &mut Take<'_>) -> Result<bool, Ended> {
    loop {
        let mut reader = connection.reader();
        let taken = match reader.fill_buf() {
            Ok([]) => return Err(closed()),
            Ok(bytes) => take(bytes).map_err(Ended::Untrusted)?,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
            Err(error) => return Err(error.into()),
        };
        if taken == 0 {
            return Ok(false);
        }
        reader.consume(taken);
    }
}

fn closed() -> Ended {
    Ended::Closed("the other end closed it".into())
}
