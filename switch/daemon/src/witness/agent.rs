//! How a member of etcd is reached: its connections, made of what the files say, and what an error on their way
//! means. No name is ever looked up, and no thread started. Must not know what is asked.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use ureq::Agent;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig, TlsProvider};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use super::words::brief;
use crate::config::{Password, WitnessFiles};

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Failed {
    /// Nothing can have come of it.
    NotAsked(String),
    /// It may have been done, or be done later.
    Perhaps(String),
    /// Our token is not known any more.
    NoToken,
}

impl Failed {
    pub(super) fn words(self) -> String {
        match self {
            Self::NotAsked(why) | Self::Perhaps(why) => why,
            Self::NoToken => "it knows our token no more".to_owned(),
        }
    }
}

/// An endpoint is an address, and that is all there is to resolve: what looks names up by itself starts a thread
/// for each question, and ends the process where there is none to be had.
#[derive(Debug)]
struct AsWritten;

impl Resolver for AsWritten {
    fn resolve(
        &self,
        uri: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let address = uri.authority().and_then(|written| written.as_str().parse().ok());
        let address: SocketAddr = address.ok_or(ureq::Error::HostNotFound)?;
        let mut addresses = self.empty();
        addresses.push(address);
        Ok(addresses)
    }
}

/// Connections by these files, and the password that stands in them.
pub(super) fn agent(files: WitnessFiles) -> Result<(Agent, Option<Password>), ureq::Error> {
    let WitnessFiles { roots, ours, password, .. } = files;
    let own = |der: &[u8]| Certificate::from_der(der).to_owned();
    let roots: Vec<_> = roots.iter().map(|root| own(root)).collect();
    let ours = ours.map(|(chain, key)| {
        let chain: Vec<_> = chain.iter().map(|one| own(one)).collect();
        // It takes a key of PEM only.
        let what = match &key {
            PrivateKeyDer::Pkcs1(_) => "RSA PRIVATE KEY",
            PrivateKeyDer::Sec1(_) => "EC PRIVATE KEY",
            PrivateKeyDer::Pkcs8(_) | _ => "PRIVATE KEY",
        };
        let coded = STANDARD.encode(key.secret_der());
        let pem = format!("-----BEGIN {what}-----\n{coded}\n-----END {what}-----\n");
        Ok::<_, ureq::Error>(ClientCert::new_with_certs(
            &chain,
            PrivateKey::from_pem(pem.as_bytes())?,
        ))
    });
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
        .root_certs(RootCerts::Specific(Arc::new(roots)))
        .client_cert(ours.transpose()?)
        .build();
    let config = Config::builder()
        .tls_config(tls)
        // Not what the environment says, and nowhere else than where we asked.
        .proxy(None)
        .max_redirects(0)
        .http_status_as_error(false)
        .build();
    let agent = Agent::with_parts(config, DefaultConnector::new(), AsWritten);
    Ok((agent, password))
}

/// What became of a question by an error of its way.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "of what is not known, anything may have become"
)]
pub(super) fn why(error: &ureq::Error) -> Failed {
    match error {
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            Failed::NotAsked(brief(&error.to_string()))
        }
        ureq::Error::Timeout(ureq::Timeout::Connect) => {
            Failed::NotAsked("there is no connection in time".to_owned())
        }
        ureq::Error::Timeout(_) => Failed::Perhaps("there is no answer in time".to_owned()),
        _ => Failed::Perhaps(brief(&error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_looked_up() {
        let (agent, _) = agent(WitnessFiles::default()).unwrap();
        let asks = |place: &str| agent.post(&format!("http://{place}/")).send_empty().unwrap_err();
        // Every system knows this one, and nobody listens there.
        assert!(matches!(asks("localhost:1"), ureq::Error::HostNotFound));
        for place in ["127.0.0.1:1", "[::1]:1"] {
            assert!(!matches!(asks(place), ureq::Error::HostNotFound), "{place}");
        }
    }
}
