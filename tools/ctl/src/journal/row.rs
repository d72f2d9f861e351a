//! A record as anybody may see it: card data masked, stations by name. Must not know where the
//! record comes from, nor how a table looks.

use std::collections::BTreeMap;

use daemon::control::Role;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use switch_core::counters::Counter;
use switch_core::ids::{Stan, StationNumber};
use switch_core::records::{Delivery, Deltas, ItemState, Passed, Record, TakesBack};

use super::names::Names;
use super::times;
use crate::message;

/// Where a record stands.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    pub(crate) position: u64,
    pub(crate) batch: u64,
    pub(crate) epoch: u32,
    /// When its batch was framed: nanoseconds since 1970.
    pub(crate) written_ns: u64,
}

/// What is shown of a record, in the order of the fields. What a kind does not have is left out.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Row {
    pub(crate) position: u64,
    pub(crate) batch: u64,
    pub(crate) epoch: u32,
    pub(crate) written: String,
    pub(crate) kind: &'static str,
    /// When it happened, as the record itself says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) acquirer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) issuer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) station: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mti: Option<String>,
    /// Ours towards the issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stan: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) action: Option<String>,
    /// DE 37 of the frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rrn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fields: Option<Shown>,
    /// Why the frame is not shown, where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unread: Option<String>,
    /// What only this kind of record has.
    #[serde(flatten)]
    pub(crate) more: BTreeMap<&'static str, Value>,
}

/// The fields of a frame by number, card data masked.
#[derive(Debug)]
pub(crate) struct Shown(pub(crate) Vec<(u8, String)>);

/// What is shown of a record.
pub(crate) fn row(place: Place, bytes: &[u8], names: &Names) -> Row {
    let mut row = Row {
        position: place.position,
        batch: place.batch,
        epoch: place.epoch,
        written: times::instant(place.written_ns),
        ..Row::default()
    };
    match Record::read(bytes) {
        Ok(record) => {
            row.kind = record.name();
            row.fill(&record, names);
        }
        Err(error) => {
            row.kind = "unreadable";
            row.unread = Some(format!("{error}; {} bytes", bytes.len()));
        }
    }
    row
}

impl Row {
    fn fill(&mut self, record: &Record<'_>, names: &Names) {
        match *record {
            Record::Decision {
                acquirer,
                link,
                issuer,
                mti,
                route,
                stan,
                utc,
                configuration,
                present,
                inputs,
                ..
            } => {
                self.acquirer = Some(names.station(acquirer));
                self.transaction(issuer, stan, utc, names);
                self.mti = Some(mti.to_string());
                self.frame(acquirer, inputs, names);
                if let Some(Shown(written)) = &self.fields {
                    let all = present.iter();
                    let left_out: Vec<u8> =
                        all.filter(|n| written.iter().all(|(of, _)| of != n)).collect();
                    self.more.insert("not_written", json!(left_out));
                }
                self.more.insert("link", json!(link.0));
                self.more.insert("route", json!(route.0));
                self.more.insert("configuration", json!(configuration));
            }
            Record::Settlement { issuer, stan, action, utc, answer, .. } => {
                self.transaction(issuer, stan, utc, names);
                self.action = Some(digits(action));
                self.frame(issuer, answer, names);
            }
            Record::Undelivered { issuer, stan, action, utc, .. } => {
                self.transaction(issuer, stan, utc, names);
                self.action = Some(digits(action));
            }
            Record::Expiry { issuer, stan, utc, .. }
            | Record::Unsent { issuer, stan, utc, .. }
            | Record::Closed { issuer, stan, utc } => self.transaction(issuer, stan, utc, names),
            Record::Station { .. }
            | Record::Links { .. }
            | Record::SignOn { .. }
            | Record::Configuration { .. }
            | Record::Start { .. }
            | Record::HashKey { .. }
            | Record::Promotion { .. }
            | Record::Handover { .. }
            | Record::Orphan { .. }
            | Record::Pulse
            | Record::Command { .. }
            | Record::Counts { .. } => self.fill_rare(record, names),
            Record::Queued { .. }
            | Record::Acknowledged { .. }
            | Record::Item { .. }
            | Record::Advice { .. }
            | Record::Delivery { .. } => self.fill_kept(record, names),
        }
    }

    /// What is kept for issuers, and what has to do with it.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller has the list")]
    fn fill_kept(&mut self, record: &Record<'_>, names: &Names) {
        match *record {
            Record::Queued {
                issuer, stan, acquirer, mti, original, reason, utc, frame, ..
            } => {
                self.acquirer = Some(names.station(acquirer));
                self.transaction(issuer, stan, utc, names);
                self.mti = Some(mti.to_string());
                self.frame(issuer, frame, names);
                self.about(original, reason);
            }
            Record::Acknowledged { issuer, stan, action, utc } => {
                self.transaction(issuer, stan, utc, names);
                self.action = Some(digits(action));
            }
            Record::Item { issuer, stan, state, by, utc } => {
                self.transaction(issuer, stan, utc, names);
                let state = match state {
                    ItemState::Parked => "parked",
                    ItemState::Held => "held",
                    ItemState::Released => "released",
                    ItemState::Purged => "purged",
                };
                self.more.insert("state", json!(state));
                self.more.insert("by", json!(by));
            }
            Record::Advice {
                acquirer,
                link,
                mti,
                action,
                issuer,
                stan,
                utc,
                takes_back,
                passed,
                inputs,
                ..
            } => {
                self.acquirer = Some(names.station(acquirer));
                if stan.0 > 0 {
                    self.transaction(issuer, stan, utc, names);
                } else {
                    self.at = Some(times::second(utc));
                }
                self.mti = Some(mti.to_string());
                self.action = Some(digits(action));
                self.frame(acquirer, inputs, names);
                self.more.insert("link", json!(link.0));
                if takes_back == TakesBack::Unseen {
                    self.more.insert("original", json!("unknown"));
                }
                if let Some(Passed { original, reason, frame, .. }) = passed {
                    self.about(original, reason);
                    let dialect = names.dialect(issuer).1;
                    let shown = dialect.and_then(|it| message::masked_fields(it, frame));
                    if let Some((_, fields)) = shown {
                        self.more.insert("passed", json!(Shown(fields)));
                    }
                }
            }
            Record::Delivery { issuer, stan, how, utc } => {
                self.transaction(issuer, stan, utc, names);
                let how = match how {
                    Delivery::None => "none",
                    Delivery::Unknown => "unknown",
                };
                self.more.insert("delivered", json!(how));
            }
            _ => unreachable!("it is kept for nobody"),
        }
    }

    /// What is of the switch itself, not of a transaction.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller has the list")]
    fn fill_rare(&mut self, record: &Record<'_>, names: &Names) {
        let mut say = |key, value| drop(self.more.insert(key, value));
        match *record {
            Record::Station { number, name, dialect } => {
                say("number", json!(number.0));
                say("dialect", json!(dialect));
                self.station = Some(name.into());
            }
            Record::Links { station, from, count } => {
                say("from", json!(from.0));
                say("count", json!(count));
                self.station = Some(names.station(station));
            }
            Record::SignOn { station, on, utc, .. } => {
                say("on", json!(on));
                self.station = Some(names.station(station));
                self.at = Some(times::second(utc));
            }
            Record::Configuration { number, digest, utc } => {
                say("number", json!(number));
                say("digest", json!(message::hex(&digest)));
                self.at = Some(times::second(utc));
            }
            Record::Start { utc, build, .. } => {
                say("build", json!(build));
                self.at = Some(times::second(utc));
            }
            Record::Counts { deltas } => say("counters", counters(deltas)),
            Record::Command { uid, role, utc, who, what, outcome } => {
                say("uid", json!(uid));
                say("role", json!(Role::of(role).map_or("none", Role::word)));
                say("who", json!(who));
                say("what", json!(what));
                say("outcome", json!(outcome));
                self.at = Some(times::second(utc));
            }
            Record::Promotion { utc, lossy, until, .. } => {
                say("lossy", json!(lossy));
                if until > 0 {
                    say("until", json!(times::second(until)));
                }
                self.at = Some(times::second(utc));
            }
            Record::Handover { utc, .. } => self.at = Some(times::second(utc)),
            Record::Orphan { acquirer, mti, stan, utc, rrn, .. } => {
                say("acquirer_stan", json!(format!("{:06}", stan.0)));
                self.acquirer = Some(names.station(acquirer));
                self.mti = Some(mti.to_string());
                self.rrn = (!rrn.is_empty()).then(|| rrn.to_owned());
                self.at = Some(times::second(utc));
            }
            // A key is not for anybody's eyes, and a pulse says nothing.
            Record::HashKey { .. } | Record::Pulse => {}
            _ => unreachable!("a step of a transaction"),
        }
    }

    fn transaction(&mut self, issuer: StationNumber, stan: Stan, utc: u64, names: &Names) {
        self.issuer = Some(names.station(issuer));
        self.stan = Some(format!("{:06}", stan.0));
        self.at = Some(times::second(utc));
    }

    /// What something that is kept for an issuer is about, and why.
    fn about(&mut self, original: Stan, reason: u16) {
        if original.0 > 0 {
            self.more.insert("original", json!(format!("{:06}", original.0)));
        }
        self.more.insert("reason", json!(format!("{reason:04x}")));
    }

    /// The frame of a record, in the dialect of that station.
    fn frame(&mut self, of: StationNumber, frame: &[u8], names: &Names) {
        let size = frame.len();
        let (name, dialect) = names.dialect(of);
        match (name, dialect.map(|dialect| message::masked_fields(dialect, frame))) {
            (_, Some(Some((_, fields)))) => {
                let rrn = fields.iter().find(|(n, _)| *n == 37);
                self.rrn = rrn.map(|(_, value)| value.clone());
                self.fields = Some(Shown(fields));
            }
            (Some(name), Some(None)) => {
                self.unread = Some(format!("{size} bytes that are no message of {name}"));
            }
            (Some(name), None) => {
                self.unread = Some(format!(
                    "{size} bytes in {name}, which is not built in; name its file by --config"
                ));
            }
            (None, _) => {
                self.unread = Some(format!("{size} bytes of a station that no record names"));
            }
        }
    }
}

/// Three packed digits.
fn digits(action: u16) -> String {
    format!("{action:03x}")
}

fn counters(deltas: Deltas<'_>) -> Value {
    let named = deltas.iter().map(|(number, by)| {
        let counter = Counter::numbered(number);
        let name = counter.map_or_else(|| format!("counter {number}"), |c| c.name().to_owned());
        (name, json!(by))
    });
    Value::Object(named.collect())
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(n, value)| (n.to_string(), value)))
    }
}

#[cfg(test)]
mod tests;
