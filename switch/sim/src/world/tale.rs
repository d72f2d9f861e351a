//! The transcript: what happened, line by line, in the names of the stations. Decides nothing.
//!
//! ```text
//! 00.250 X.0 > 1210 11=000001 39=000      a station to the switch, on its link 0
//! 00.250     + X answered 000001 with 000 a record
//! 00.250 A.0 < 1210 11=000101 39=000      the switch to a station
//! 00.250 A.0 * close EchoMissed           an order of the core, or a reply to one
//! 00.250 A.0 = closed                     what a connection does by itself
//! 00.250     ! A.0 closed, 0 unsent       a notice
//! 00.250     ~ 1 to 0: answer             a word between workers
//! ```

use std::fmt::Write as _;
use std::time::Duration;

use switch_core::ids::{LinkId, StationId};
use switch_core::notices::Notice;
use switch_core::plan::Plan;
use switch_core::records::{Kept, Record};

/// What happened since the last look.
#[derive(Debug, Default)]
pub(crate) struct Tale {
    pub(crate) text: String,
    pub(crate) at: Duration,
}

impl Tale {
    pub(crate) fn line(&mut self, who: &str, sign: char, what: &str) {
        let (seconds, millis) = (self.at.as_secs(), self.at.subsec_millis());
        writeln!(self.text, "{seconds:02}.{millis:03} {who:>3} {sign} {what}").unwrap();
    }

    pub(crate) fn record(&mut self, plan: &Plan, record: Record<'_>) {
        let id = |number| plan.numbered_station(number).unwrap();
        let station = |number| name_of(plan, id(number));
        if let Some(Kept { issuer, stan, mti, original, reason, .. }) = record.kept() {
            let about = if original.0 == 0 { "none".into() } else { format!("{:06}", original.0) };
            let to = station(issuer);
            let kept = format!("{mti} for {to} as {:06}, about {about}, for {reason:04x}", stan.0);
            self.line("", '+', &kept);
        }
        let line = match record {
            Record::Decision { acquirer, link, issuer, mti, stan, .. } => {
                let link = plan.numbered_link(link).unwrap();
                assert_eq!(id(acquirer), plan.station_of(link), "a record names whose link it was");
                let (link, issuer) = (link_name(plan, link), station(issuer));
                format!("{link} {mti} to {issuer} as {:06}", stan.0)
            }
            Record::Settlement { issuer, stan, action, .. } => {
                format!("{} answered {:06} with {action:03x}", station(issuer), stan.0)
            }
            Record::Expiry { issuer, stan, .. } => {
                format!("{} silent on {:06}", station(issuer), stan.0)
            }
            Record::Unsent { issuer, stan, .. } => {
                format!("{} never got {:06}", station(issuer), stan.0)
            }
            Record::Undelivered { issuer, stan, action, .. } => {
                format!("{} answered {:06} with {action:03x} in vain", station(issuer), stan.0)
            }
            Record::SignOn { station: number, on, .. } => {
                format!("{} is signed {}", station(number), if on { "on" } else { "off" })
            }
            // Once a second; the counters are told at the end of each tale. What is kept is told above, and
            // links with their station.
            Record::Counts { .. } | Record::Queued { .. } | Record::Links { .. } => return,
            Record::Pulse => "nothing to say".to_owned(),
            Record::Promotion { epoch, lossy, .. } => {
                format!("a standby reigns, epoch {epoch}{}", if lossy { ", lossy" } else { "" })
            }
            Record::Handover { epoch, .. } => format!("epoch {epoch} is handed over"),
            Record::Orphan { acquirer, mti, stan, .. } => {
                format!("{} names {mti} {:06}, which nobody knows", station(acquirer), stan.0)
            }
            Record::Command { who, what, outcome, .. } => format!("{who}: {what}: {outcome}"),
            Record::Closed { issuer, stan, .. } => {
                format!("{} is not asked for {:06} again", station(issuer), stan.0)
            }
            Record::Acknowledged { issuer, stan, action, .. } => {
                format!("{} acknowledged {:06} with {action:03x}", station(issuer), stan.0)
            }
            Record::Item { issuer, stan, state, by, .. } => {
                format!("{:06} for {} is {state:?} by {by}", stan.0, station(issuer))
            }
            Record::Advice { acquirer, mti, action, stan, .. } => {
                let from = station(acquirer);
                if record.refuses() != [0; 2] {
                    let what = format!("a request of {from} is refused, should it come");
                    self.line("", '+', &what);
                }
                format!("{mti} of {from} taken with {action:03x}, kept as {:06}", stan.0)
            }
            Record::Delivery { issuer, stan, how, .. } => {
                format!("delivery of {:06} of {}: {how:?}", stan.0, station(issuer))
            }
            Record::Station { name, .. } => format!("{name} is a station"),
            Record::Configuration { number, .. } => format!("configuration {number}"),
            Record::HashKey { .. } | Record::Start { .. } => {
                panic!("not of this core: {record:?}")
            }
        };
        self.line("", '+', &line);
    }

    #[expect(clippy::too_many_lines, reason = "one line for each notice")]
    pub(crate) fn notice(&mut self, plan: &Plan, notice: Notice) {
        let link = |id| link_name(plan, id);
        let line = match notice {
            Notice::LinkOpened { link: id } => format!("{} open", link(id)),
            Notice::LinkClosed { link: id, unsent } => {
                format!("{} closed, {unsent} unsent", link(id))
            }
            Notice::Closing { link: id, why } => format!("{} to be closed: {why:?}", link(id)),
            Notice::Noisy { link: id } => format!("{} is noisy", link(id)),
            Notice::LinksExhausted { station } => {
                format!("{} has no link left", name_of(plan, station))
            }
            Notice::SignedOn { station, link: id } => {
                format!("{} signed on by {}", name_of(plan, station), link(id))
            }
            Notice::SignedOff { station, link: id } => {
                format!("{} signed off by {}", name_of(plan, station), link(id))
            }
            Notice::NetworkRefused { link: id, function, action } => {
                format!("{} refused our {function:03x} with {action:03x}", link(id))
            }
            Notice::Malformed { link: id, error, len } => {
                format!("{} sent {len} malformed bytes: {error}", link(id))
            }
            Notice::Incomplete { link: id, mti, field } => {
                format!("{} sent {mti} with a bad or missing DE {field}", link(id))
            }
            Notice::PanDisagrees { link: id, mti, one, other } => {
                format!("{} sent {mti} with other card numbers in {one} and {other}", link(id))
            }
            Notice::KeyConflict { link: id, mti, .. } => {
                format!("alarm: {} sent {mti} under the key of another one", link(id))
            }
            Notice::WindowShort { secs } => format!("alarm: repeats are known for {secs} s"),
            Notice::WindowLong => "repeats are known for long enough again".to_string(),
            Notice::OriginalUnknown { link: id, mti, stan } => {
                format!("{} sent {mti} {:06} about what nobody knows", link(id), stan.0)
            }
            Notice::DoubtDropped { issuer, stan } => {
                format!(
                    "alarm: the answer of {} to {:06} is listed no more",
                    name_of(plan, issuer),
                    stan.0
                )
            }
            Notice::TombstoneForgotten { secs } => {
                format!("alarm: a request is refused no more, {secs} s after its reversal")
            }
            Notice::Orphan { link: id, mti, stan } => {
                format!("alarm: {} sent {mti} about {:06}, which may be lost", link(id), stan.0)
            }
            Notice::OriginalDiffers { link: id, mti, field } => {
                format!("{} sent {mti} whose original has another DE {field}", link(id))
            }
            Notice::Unmatched { link: id, stan, mti, why, nearest } => {
                let near = nearest.map_or_else(String::new, |near| {
                    let differs = near.differs.map_or_else(String::new, |n| format!(" but DE {n}"));
                    format!("; like {} {:06}{differs}", name_of(plan, near.issuer), near.stan.0)
                });
                format!("{} sent {mti} {:06} that matches nothing: {why:?}{near}", link(id), stan.0)
            }
            Notice::Late { link: id, stan, action } => {
                format!("{} answered {:06} too late with {action:03x}", link(id), stan.0)
            }
            Notice::TimedOut { issuer, stan } => {
                format!("{} timed out on {:06}", name_of(plan, issuer), stan.0)
            }
            Notice::DeliveryUnknown { acquirer, issuer, stan } => {
                let (acquirer, issuer) = (name_of(plan, acquirer), name_of(plan, issuer));
                format!(
                    "nobody knows whether {acquirer} got the answer of {issuer} to {:06}",
                    stan.0
                )
            }
            Notice::Undeliverable { acquirer } => {
                format!("no link of {} took its answer", name_of(plan, acquirer))
            }
            Notice::Unavailable { station, link: id } => {
                format!("{} is not available, says {}", name_of(plan, station), link(id))
            }
            Notice::ItemFails { issuer, stan, failures } => {
                format!("{} does not take {:06}: {failures} times", name_of(plan, issuer), stan.0)
            }
            Notice::ItemParked { issuer, stan, action: 0 } => {
                format!("{:06} for {} can not be read", stan.0, name_of(plan, issuer))
            }
            Notice::ItemParked { issuer, stan, action } => {
                format!("{} refuses {:06} with {action:03x}", name_of(plan, issuer), stan.0)
            }
            Notice::Inexpressible { from, to, field } => {
                let (from, to) = (name_of(plan, from), name_of(plan, to));
                format!("DE {field} of {from} can not be said to {to}")
            }
            Notice::PeerMalformed { from } => format!("worker {} speaks badly", from.0),
        };
        self.line("", '!', &line);
    }
}

pub(crate) fn link_name(plan: &Plan, link: LinkId) -> String {
    let station = plan.station(plan.station_of(link));
    format!("{}.{}", station.settings.name, link.0 - station.links_from.0)
}

fn name_of(plan: &Plan, station: StationId) -> &str {
    &plan.station(station).settings.name
}
