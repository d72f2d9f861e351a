//! The members of etcd as one that answers: which is asked, for how long, and as whom. Must not know what is asked.
//!
//! Whoever was asked and did not answer in its time may still do what was asked. So only what can be done twice is
//! asked of the next one; a swap goes on to it only where nothing can have left this node.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use serde::de::DeserializeOwned;
use serde_json::Value;
use switch_core::time::Time;
use ureq::Agent;
use ureq::config::Config;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig, TlsProvider};

use super::gateway::{
    AUTHENTICATE, Authenticated, FAILED_PRECONDITION, INVALID_ARGUMENT, Refused, UNAUTHENTICATED,
    authenticate, header,
};
use crate::clocks;
use crate::config::{Configuration, Password, Witness, WitnessEndpoint, WitnessFiles, credentials};

/// The longest answer that is read.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;
/// A password that was refused is not shown again before: etcd makes it costly, for itself too.
const REFUSED_FOR: Duration = Duration::from_secs(5);
/// What takes less is not begun.
const LEAST: Duration = Duration::from_millis(5);

/// Whether a question may be asked again where it is not known what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// It comes to the same.
    Again,
    Once,
}

/// All members, one of which was asked last.
pub(super) struct Etcd {
    configuration: Arc<Configuration>,
    endpoints: Vec<WitnessEndpoint>,
    user: Option<String>,
    timeout: Duration,
    /// The one that is asked next.
    at: usize,
    /// Its connections; made anew, with what the files say then, when one of them failed.
    agent: Option<(Agent, Option<Password>)>,
    token: Option<String>,
    /// It asks nobody who he is, as it said when we told it.
    is_open: bool,
    /// Until when nobody is asked, and why.
    refused: Option<(Time, String)>,
    /// Whose answers the first one was.
    cluster: Option<u64>,
}

/// Why there is no answer.
enum Failed {
    /// Nothing can have come of it.
    NotAsked(String),
    /// It may have been done, or be done later.
    Perhaps(String),
    /// Our token is not known any more.
    NoToken,
}

impl Etcd {
    /// Of this `[witness]` of a configuration.
    pub(super) fn new(configuration: Arc<Configuration>, witness: &Witness) -> Self {
        Self {
            configuration,
            endpoints: witness.endpoints.clone(),
            user: witness.user.as_ref().map(|user| user.name.clone()),
            timeout: witness.timeout,
            at: 0,
            agent: None,
            token: None,
            is_open: false,
            refused: None,
            cluster: None,
        }
    }

    /// The one that is asked next, or answered last.
    pub(super) fn endpoint(&self) -> String {
        self.endpoints.get(self.at).map(ToString::to_string).unwrap_or_default()
    }

    /// We told it who we are, and it asks nobody.
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// How long one of them may take.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Asks, of one after the other, until one answers or that time has come.
    ///
    /// # Errors
    /// Why there is no answer, in words. Whether it was done is not known then.
    pub(super) fn ask<A: DeserializeOwned>(
        &mut self,
        path: &str,
        body: &Value,
        asked: Asked,
        until: Time,
    ) -> Result<A, String> {
        let mut troubles: Vec<String> = Vec::new();
        // One more, as a token may have to be renewed.
        for _ in 0..=self.endpoints.len() {
            let left = until.since(clocks::boot()).min(self.timeout);
            if left < LEAST {
                troubles.push("no time is left for another one".to_owned());
                break;
            }
            let (trouble, may_go_on) = match self.attempt(path, body, left) {
                Ok(answer) => {
                    return serde_json::from_value(answer).map_err(|error| {
                        format!("{}: it answers otherwise than etcd: {error}", self.endpoint())
                    });
                }
                Err(Failed::NoToken) => {
                    // The next attempt has a new one, of the same member, by the password as it is now.
                    (self.token, self.agent) = (None, None);
                    let trouble = "our token is not valid any more".to_owned();
                    troubles.push(format!("{}: {trouble}", self.endpoint()));
                    if asked == Asked::Again {
                        continue;
                    }
                    break;
                }
                Err(Failed::NotAsked(why)) => (why, true),
                Err(Failed::Perhaps(why)) => (why, asked == Asked::Again),
            };
            troubles.push(format!("{}: {trouble}", self.endpoint()));
            self.agent = None;
            self.at = (self.at + 1) % self.endpoints.len().max(1);
            if !may_go_on {
                break;
            }
        }
        troubles.dedup();
        Err(troubles.join("; "))
    }

    fn attempt(&mut self, path: &str, body: &Value, within: Duration) -> Result<Value, Failed> {
        let began = clocks::boot();
        if let Some((until, why)) = &self.refused
            && began < *until
        {
            return Err(Failed::NotAsked(why.clone()));
        }
        self.refused = None;
        if self.user.is_some() && self.token.is_none() && !self.is_open {
            self.authenticate(within).map_err(Failed::NotAsked)?;
        }
        let left = within.saturating_sub(clocks::boot().since(began));
        let answer = self.exchange(path, body, left)?.map_err(|refused| {
            if refused.code == UNAUTHENTICATED && self.token.is_some() {
                return Failed::NoToken;
            }
            // Who is asked who he is, and was not before.
            self.is_open = false;
            let hint = if self.user.is_none() && refused.message.contains("user name is empty") {
                " (it wants to know who we are: set witness.user and witness.password)"
            } else {
                ""
            };
            Failed::Perhaps(format!("it refuses: {}{hint}", refused.message))
        })?;
        self.is_of_the_same_cluster(&answer).map_err(Failed::Perhaps)?;
        Ok(answer)
    }

    /// Two stores that know nothing of each other would let both nodes win.
    fn is_of_the_same_cluster(&mut self, answer: &Value) -> Result<(), String> {
        let header = header(answer).ok_or("it answers otherwise than etcd: without a header")?;
        let first = *self.cluster.get_or_insert(header.cluster_id);
        if first == header.cluster_id {
            return Ok(());
        }
        Err(format!(
            "it is of another cluster of etcd ({:x}) than the one that answered before ({first:x}): name \
             members of one cluster in witness.endpoints",
            header.cluster_id
        ))
    }

    /// Gets a token; its words are why there is none.
    fn authenticate(&mut self, within: Duration) -> Result<(), String> {
        let failed = |failed| match failed {
            Failed::NotAsked(why) | Failed::Perhaps(why) => why,
            Failed::NoToken => "it knows no token".to_owned(),
        };
        let (_, password) = self.agent().map_err(failed)?;
        let password = password.clone().map(|password| password.0).unwrap_or_default();
        let user = self.user.clone().unwrap_or_default();
        let body = authenticate(&user, &password);
        match self.exchange(AUTHENTICATE, &body, within).map_err(failed)? {
            Ok(answer) => {
                let answer: Authenticated = serde_json::from_value(answer)
                    .map_err(|error| format!("it gives no token: {error}"))?;
                self.token = Some(answer.token);
                Ok(())
            }
            Err(refused) if refused.code == FAILED_PRECONDITION => {
                self.is_open = true;
                Ok(())
            }
            Err(refused) => {
                // Another password may stand in the file then.
                self.agent = None;
                let why = format!("it does not take user {user}: {}", refused.message);
                // A member that only has no leader just now does as soon as it has one.
                if refused.code == INVALID_ARGUMENT {
                    self.refused = Some((clocks::boot() + REFUSED_FOR, why.clone()));
                }
                Err(why)
            }
        }
    }

    /// Sends one question, and takes one answer or refusal.
    fn exchange(
        &mut self,
        path: &str,
        body: &Value,
        within: Duration,
    ) -> Result<Result<Value, Refused>, Failed> {
        let url = format!("{}{path}", self.endpoint());
        let token = self.token.clone();
        let (agent, _) = self.agent()?;
        let mut request = agent.post(&url).content_type("application/json");
        if let Some(token) = token {
            request = request.header("Authorization", token);
        }
        // In what is left of its time then, nothing can have been asked yet.
        let connects = within * 4 / 5;
        let request =
            request.config().timeout_connect(Some(connects)).timeout_global(Some(within)).build();
        let mut response = request.send(body.to_string()).map_err(|error| why(&error))?;
        let status = response.status();
        let bytes = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
        let bytes = bytes.map_err(|error| Failed::Perhaps(why(&error).words()))?;
        if status.is_success() {
            return serde_json::from_slice(&bytes).map(Ok).map_err(|error| {
                Failed::Perhaps(format!("it answers otherwise than etcd: {error}"))
            });
        }
        let refused =
            serde_json::from_slice(&bytes).unwrap_or(Refused { code: 0, message: String::new() });
        let message = if refused.message.is_empty() {
            format!("HTTP status {}", status.as_u16())
        } else {
            refused.message
        };
        Ok(Err(Refused { message, ..refused }))
    }

    /// Its connections, made of what the files say now where there are none.
    fn agent(&mut self) -> Result<&(Agent, Option<Password>), Failed> {
        if self.agent.is_none() {
            let read = self.configuration.witness_files(credentials().as_deref(), clocks::utc());
            let files = read.map_err(|errors| {
                Failed::NotAsked(format!("it can not be asked by these files: {errors}"))
            })?;
            let agent = agent(files.unwrap_or_default());
            self.agent = Some(agent.map_err(|error| Failed::NotAsked(why(&error).words()))?);
        }
        Ok(self.agent.as_ref().expect("it was just made"))
    }
}

impl Failed {
    fn words(self) -> String {
        match self {
            Self::NotAsked(why) | Self::Perhaps(why) => why,
            Self::NoToken => "the token".to_owned(),
        }
    }
}

fn agent(files: WitnessFiles) -> Result<(Agent, Option<Password>), ureq::Error> {
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
    Ok((config.new_agent(), password))
}

/// What became of a question by an error of its way.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "of what is not known, anything may have become"
)]
fn why(error: &ureq::Error) -> Failed {
    match error {
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            Failed::NotAsked(error.to_string())
        }
        ureq::Error::Timeout(ureq::Timeout::Connect) => {
            Failed::NotAsked("there is no connection in time".to_owned())
        }
        ureq::Error::Timeout(_) => Failed::Perhaps("there is no answer in time".to_owned()),
        _ => Failed::Perhaps(error.to_string()),
    }
}
