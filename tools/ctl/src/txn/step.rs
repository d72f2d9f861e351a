//! A step of a transaction in words: what came from whom, and what it permitted to be sent to whom. Must
//! not know other steps.

use serde::Serialize;
use switch_core::ids::Stan;
use switch_core::records::{Delivery, ItemState, Passed, Record, TakesBack};

use crate::journal::row::Row;

/// A step.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    /// Its record.
    pub(super) position: u64,
    /// When that was written.
    pub(super) written: String,
    /// When it happened, as the record says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) at: Option<String>,
    pub(super) kind: &'static str,
    /// What came from whom, or what happened.
    pub(super) what: String,
    /// What could leave then, and to whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sent: Option<String>,
    /// The fields of the record's message, card data masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fields: Option<serde_json::Value>,
}

/// The step that a record is; none for one that is no step of a transaction.
pub(super) fn step(row: &Row, bytes: &[u8], asked: Option<&str>) -> Option<Step> {
    let record = Record::read(bytes).ok()?;
    let names = Names {
        acquirer: row.acquirer.as_deref().or(asked).unwrap_or("the acquirer"),
        issuer: row.issuer.as_deref().unwrap_or("the issuer"),
        stan: row.stan.as_deref().unwrap_or("-"),
        own: own_stan(row),
    };
    let (what, sent) = names.of_a_request(&record).or_else(|| names.of_what_is_kept(&record))?;
    let fields = row.fields.as_ref().map(|fields| serde_json::json!(fields));
    let (written, at) = (row.written.clone(), row.at.clone());
    Some(Step { position: row.position, written, at, kind: row.kind, what, sent, fields })
}

/// DE 11 of the record's message.
fn own_stan(row: &Row) -> &str {
    let fields = row.fields.as_ref();
    let value = fields.and_then(|all| all.0.iter().find(|(of, _)| *of == 11));
    value.map_or("-", |(_, value)| value.as_str())
}

/// Who takes part in a step.
struct Names<'a> {
    acquirer: &'a str,
    issuer: &'a str,
    /// Ours towards the issuer, and the acquirer's.
    stan: &'a str,
    own: &'a str,
}

/// What something that is kept is about.
fn about(original: Stan) -> String {
    match original.0 {
        0 => String::new(),
        original => format!(" about STAN {original:06}"),
    }
}

/// What happened, and what could leave then.
type Words = (String, Option<String>);

impl Names<'_> {
    fn of_a_request(&self, record: &Record<'_>) -> Option<Words> {
        let Self { acquirer, issuer, stan, own } = self;
        Some(match record {
            Record::Decision { mti, sent_at, .. } => (
                format!("{mti} STAN {own} from {acquirer}"),
                Some(format!("{mti} STAN {stan} DE 7 {sent_at:010x} to {issuer}")),
            ),
            Record::Settlement { action, .. } => (
                format!("answer {action:03x} to STAN {stan} from {issuer}"),
                Some(format!("the answer {action:03x} to {acquirer}")),
            ),
            Record::Expiry { .. } => (
                format!("no answer to STAN {stan} from {issuer} in time"),
                Some(format!("a decline 911 to {acquirer}")),
            ),
            Record::Unsent { .. } => (
                format!("no byte of STAN {stan} had left to {issuer}"),
                Some(format!("a decline 907 to {acquirer}")),
            ),
            Record::Undelivered { action, .. } => (
                format!(
                    "answer {action:03x} to STAN {stan} from {issuer}, which can not be passed on"
                ),
                Some(format!("a decline 909 to {acquirer}")),
            ),
            Record::Closed { .. } => ("a start found no outcome; a repeat gets 909".into(), None),
            Record::Delivery { how: Delivery::None, .. } => {
                (format!("no byte of the answer reached {acquirer}"), None)
            }
            Record::Delivery { how: Delivery::Unknown, .. } => {
                (format!("whether the answer reached {acquirer} is not known"), None)
            }
            Record::Station { .. }
            | Record::Links { .. }
            | Record::SignOn { .. }
            | Record::Configuration { .. }
            | Record::Start { .. }
            | Record::Counts { .. }
            | Record::HashKey { .. }
            | Record::Promotion { .. }
            | Record::Handover { .. }
            | Record::Orphan { .. }
            | Record::Pulse
            | Record::Command { .. }
            | Record::Queued { .. }
            | Record::Acknowledged { .. }
            | Record::Item { .. }
            | Record::Advice { .. } => return None,
        })
    }

    fn of_what_is_kept(&self, record: &Record<'_>) -> Option<Words> {
        let Self { acquirer, issuer, stan, own } = self;
        Some(match record {
            &Record::Queued { mti, original, reason, .. } => (
                format!("{mti}{} kept for {issuer}, reason {reason:04x}", about(original)),
                Some(format!("{mti} STAN {stan} to {issuer}, until it is acknowledged")),
            ),
            Record::Acknowledged { action, .. } => {
                (format!("STAN {stan} acknowledged by {issuer} with {action:03x}"), None)
            }
            Record::Item { state, by, .. } => {
                let state = match state {
                    ItemState::Parked => "parked",
                    ItemState::Held => "held",
                    ItemState::Released => "released",
                    ItemState::Purged => "purged",
                };
                (format!("STAN {stan} for {issuer} {state} by {by}"), None)
            }
            &Record::Advice { mti, action, passed, takes_back, .. } => {
                let mut what = format!("{mti} STAN {own} from {acquirer}");
                let mut sent = format!("the answer {action:03x} to {acquirer}");
                if takes_back == TakesBack::Unseen {
                    what += ", about a request that is not known";
                }
                if let Some(Passed { mti, original, reason, .. }) = passed {
                    let about = about(original);
                    what = format!("{what}; {mti}{about} kept for {issuer}, reason {reason:04x}");
                    sent =
                        format!("{sent}; {mti} STAN {stan} to {issuer}, until it is acknowledged");
                }
                (what, Some(sent))
            }
            Record::Station { .. }
            | Record::Links { .. }
            | Record::SignOn { .. }
            | Record::Configuration { .. }
            | Record::Start { .. }
            | Record::Counts { .. }
            | Record::HashKey { .. }
            | Record::Promotion { .. }
            | Record::Handover { .. }
            | Record::Orphan { .. }
            | Record::Pulse
            | Record::Command { .. }
            | Record::Decision { .. }
            | Record::Settlement { .. }
            | Record::Expiry { .. }
            | Record::Unsent { .. }
            | Record::Undelivered { .. }
            | Record::Closed { .. }
            | Record::Delivery { .. } => return None,
        })
    }
}
