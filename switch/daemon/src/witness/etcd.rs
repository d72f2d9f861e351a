//! The members of etcd as one that answers: which is asked, for how long, and as whom. Must not know what is asked.
//!
//! Whoever was asked and did not answer in its time may still do what was asked. So only what can be done twice is
//! asked of the next one; a swap goes on to it only where nothing can have left this node.

use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;
use switch_core::time::Time;
use ureq::Agent;

use super::agent::{Failed, agent, why};
use super::gateway::{
    AUTHENTICATE, Authenticated, FAILED_PRECONDITION, INVALID_ARGUMENT, Refused, authenticate,
    header,
};
use super::words::brief;
use crate::clocks;
use crate::config::{Configuration, Password, Witness, WitnessEndpoint, credentials, told_ahead};

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
    /// Whose the last one was, believed or not.
    last_cluster: Option<u64>,
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
            last_cluster: None,
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

    /// Which cluster answers at its endpoints, whether this is the one that answered first or not.
    pub(super) fn answering(&self) -> Option<u64> {
        self.last_cluster
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
                    return serde_json::from_value(answer)
                        .map_err(|error| format!("{}: {}", self.endpoint(), otherwise(&error)));
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
        let left = left(within, clocks::boot().since(began)).map_err(Failed::NotAsked)?;
        let answer = self.exchange(path, body, left)?.map_err(|refused| {
            if self.token.is_some() && refused.is_of_the_token() {
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
        self.last_cluster = Some(header.cluster_id);
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
        let (_, password) = self.agent().map_err(Failed::words)?;
        let password = password.clone().map(|password| password.0).unwrap_or_default();
        let user = self.user.clone().unwrap_or_default();
        let body = authenticate(&user, &password);
        match self.exchange(AUTHENTICATE, &body, within).map_err(Failed::words)? {
            Ok(answer) => {
                let answer: Authenticated = serde_json::from_value(answer)
                    .map_err(|error| format!("it gives no token: {}", brief(&error.to_string())))?;
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

    /// What is to be said of the files that the next connection is made of, as they are now; none: nothing.
    pub(super) fn files_told(&self) -> Option<String> {
        let utc = clocks::utc();
        match self.configuration.witness_files(credentials().as_deref(), utc) {
            Ok(files) => {
                let told = told_ahead(files?.until?, utc)?;
                Some(format!("the witness is shown: {told}"))
            }
            Err(errors) => {
                let why = on_one_line(&errors.to_string());
                Some(format!("the witness can not be asked anew by these files: {why}"))
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
            return serde_json::from_slice(&bytes)
                .map(Ok)
                .map_err(|error| Failed::Perhaps(otherwise(&error)));
        }
        let refused =
            serde_json::from_slice(&bytes).unwrap_or(Refused { code: 0, message: String::new() });
        // What is no JSON may say why all the same: the gateway itself refuses so, and so does a proxy.
        let message = match brief(&refused.message) {
            none if none.is_empty() => {
                let said = brief(&String::from_utf8_lossy(&bytes));
                format!("HTTP status {}: {said}", status.as_u16())
            }
            said => said,
        };
        Ok(Err(Refused { message, ..refused }))
    }

    /// Its connections, made of what the files say now where there are none.
    fn agent(&mut self) -> Result<&(Agent, Option<Password>), Failed> {
        if self.agent.is_none() {
            let read = self.configuration.witness_files(credentials().as_deref(), clocks::utc());
            let files = read.map_err(|errors| {
                let why = on_one_line(&errors.to_string());
                Failed::NotAsked(format!("it can not be asked by these files: {why}"))
            })?;
            let agent = agent(files.unwrap_or_default());
            self.agent = Some(agent.map_err(|error| Failed::NotAsked(why(&error).words()))?);
        }
        Ok(self.agent.as_ref().expect("it was just made"))
    }
}

/// What is left of this time for a question, behind what it took to say who we are.
///
/// # Errors
/// Too little.
fn left(within: Duration, took: Duration) -> Result<Duration, String> {
    let left = within.saturating_sub(took);
    if left >= LEAST {
        return Ok(left);
    }
    Err(format!("no time is left for a question, as the password took {} ms", took.as_millis()))
}

fn otherwise(error: &serde_json::Error) -> String {
    format!("it answers otherwise than etcd: {}", brief(&error.to_string()))
}

fn on_one_line(lines: &str) -> String {
    lines.trim_end().replace('\n', "; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_password_took_is_not_there_for_the_question_and_too_little_is_no_time_at_all() {
        let left = |took| left(Duration::from_millis(250), Duration::from_millis(took));
        assert_eq!(left(80), Ok(Duration::from_millis(170)));
        assert_eq!(left(245), Ok(LEAST));
        let none = Err("no time is left for a question, as the password took 246 ms".to_owned());
        assert_eq!(left(246), none);
        assert!(left(300).is_err());
    }
}
