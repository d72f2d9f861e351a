//! Stored messages as operators see them, and what operators can have done about them: the shapes
//! that the control socket carries and that `sekisho saf` shows. Plain data; knows no message.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::not_done::NotDone;

/// The most items of one reply. Of all issuers, each has an equal share of it, and at least one.
pub const LISTED_MAX: usize = 1_000;

/// What an operator wants of stored messages. An id is `ISSUER/STAN`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case", deny_unknown_fields)]
pub enum SafRequest {
    /// What is open, of one issuer or a share of each: what is parked or held first, then the oldest.
    List {
        /// The issuer's name.
        issuer: Option<String>,
    },
    /// What is open of one issuer, the oldest first, [`LISTED_MAX`] at a time: fewer are the last ones.
    Page {
        /// The issuer's name.
        issuer: String,
        /// The last one of the page before: when it was made, and its number; zeros for the first page.
        after: (u64, u32),
    },
    /// One of them with its fields.
    Show {
        /// Which.
        id: String,
    },
    /// Keep one back.
    Hold {
        /// Which.
        id: String,
    },
    /// Send one again that was held or parked.
    Release {
        /// Which.
        id: String,
    },
    /// Give one up: done when two users have said so.
    Purge {
        /// Which.
        id: String,
    },
}

/// Stored messages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SafReply {
    /// By issuer, and of each the oldest first, in a list behind those that are parked or held. Of a
    /// change, the one that was changed.
    pub items: Vec<SafItem>,
    /// How many there are beside these; of a page it is not said.
    pub more: u64,
    /// Why nothing was done yet, and what is to happen before it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// One stored message: what we must bring to an issuer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SafItem {
    /// What it is called, `ISSUER/STAN`: the same until it is done, over restarts too.
    pub id: String,
    /// Whom it is for.
    pub issuer: String,
    /// Its number towards the issuer, six digits.
    pub stan: String,
    /// `waiting`, `sent`, `parked` or `held`; of one that was given up, `purged`.
    pub state: String,
    /// Its type as it was first made.
    pub mti: String,
    /// Why it is sent (DE 25), where it says.
    pub reason: Option<String>,
    /// The number of the request that it concerns towards the issuer, where there was one.
    pub original: Option<String>,
    /// When it was made, as a second since 1970.
    pub made_utc: u64,
    /// How long ago, in seconds.
    pub age_s: u64,
    /// Times that it was sent without an answer that ends it.
    pub failures: u32,
    /// In how many seconds it is sent again at the earliest, where it was sent in vain and waits.
    pub again_s: Option<u64>,
    /// The action code of the last answer to it, if there was one.
    pub last_action: Option<String>,
    /// Who parked, held, released or purged it last: operators, or the code of the issuer.
    pub by: Option<String>,
    /// Its card, masked.
    pub card: Option<String>,
    /// Its fields by number, those that are nobody's secret; only of one that is shown alone.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<u8, String>,
}

/// What is stored for one issuer, in figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SafStatus {
    /// Messages that wait for their turn, or for the next attempt.
    pub waiting: u32,
    /// Messages that were sent and are not answered yet.
    pub sent: u32,
    /// Messages that it refuses with a code that will not heal.
    pub parked: u32,
    /// Messages that an operator keeps back.
    pub held: u32,
    /// Of all these, those that were sent so often without success that there was an alarm.
    pub alarmed: u32,
    /// After how many sends there is one.
    pub alarm_after: u32,
    /// How old the oldest is, in seconds; none when there is none.
    pub oldest_s: Option<u64>,
    /// Whether nothing is sent, because the issuer is signed off or has asked for it.
    pub paused: bool,
}

impl SafStatus {
    /// All of them.
    pub fn open(&self) -> u32 {
        self.waiting + self.sent + self.parked + self.held
    }
}

impl SafRequest {
    /// Which item it is about; none for a list and a page.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::List { .. } | Self::Page { .. } => None,
            Self::Show { id } | Self::Hold { id } | Self::Release { id } | Self::Purge { id } => {
                Some(id)
            }
        }
    }

    /// What programs call it.
    pub fn action(&self) -> &'static str {
        match self {
            Self::List { .. } => "list",
            Self::Page { .. } => "page",
            Self::Show { .. } => "show",
            Self::Hold { .. } => "hold",
            Self::Release { .. } => "release",
            Self::Purge { .. } => "purge",
        }
    }
}

/// The issuer's name and the number of an item, as an id says them.
///
/// # Errors
/// When it is no id.
pub fn parts(id: &str) -> Result<(&str, u32), NotDone> {
    let split = id.rsplit_once('/').filter(|(issuer, _)| !issuer.is_empty());
    let number = |text: &str| {
        let digits = (1..=6).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<u32>().ok().filter(|_| digits)
    };
    split.and_then(|(issuer, stan)| Some((issuer, number(stan)?))).ok_or_else(|| {
        NotDone::NotFound(format!("{id:?} is no id; write ISSUER/STAN, such as issuer-x/004711"))
    })
}

/// What an item is called.
pub fn id(issuer: &str, stan: u32) -> String {
    format!("{issuer}/{stan:06}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_an_issuer_and_a_number() {
        assert_eq!(parts("issuer-x/004711"), Ok(("issuer-x", 4_711)));
        assert_eq!(parts("issuer-x/4711"), Ok(("issuer-x", 4_711)));
        assert_eq!(parts(&id("x", 7)), Ok(("x", 7)));
        for text in ["", "/", "004711", "/004711", "issuer-x/", "x/1234567", "x/-1", "x/a", "x/+1"]
        {
            assert_eq!(parts(text).map_err(|error| error.kind()), Err("not-found"), "{text}");
        }
    }

    #[test]
    fn what_is_wanted_survives_the_wire() {
        let id = || "issuer-x/000001".to_owned();
        for request in [
            SafRequest::List { issuer: None },
            SafRequest::List { issuer: Some("issuer-x".to_owned()) },
            SafRequest::Page { issuer: "issuer-x".to_owned(), after: (1_795_238_430, 7) },
            SafRequest::Show { id: id() },
            SafRequest::Hold { id: id() },
            SafRequest::Release { id: id() },
            SafRequest::Purge { id: id() },
        ] {
            let text = serde_json::to_string(&request).unwrap();
            assert_eq!(serde_json::from_str::<SafRequest>(&text).unwrap(), request, "{text}");
            let action = format!("\"action\":\"{}\"", request.action());
            assert!(text.contains(&action), "{text}");
        }
        let said = serde_json::to_string(&SafRequest::Purge { id: id() }).unwrap();
        assert_eq!(said, r#"{"action":"purge","id":"issuer-x/000001"}"#);
    }
}
