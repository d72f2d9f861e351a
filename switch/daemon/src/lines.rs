//! From notes to log lines: what happened, to whom, and what it means, without card data. Runs on
//! the log's own thread; when that stalls, notes are dropped and counted, and no transaction waits.

use std::borrow::Cow;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam::channel::RecvTimeoutError;
use switch_core::ids::{LinkId, StationId};
use switch_core::notices::{Closing, Notice, Unmatched};
use switch_core::plan::Plan;
use switch_core::time::Time;
use switch_net::CloseReason;
use tracing::{error, info, warn};

use crate::clocks;
use crate::logs::{self, Rate, Said};
use crate::notes::{Note, NotesReceiver};
use crate::running::Running;
use crate::saf;
use crate::worker::HALF_FRAME;

/// Lines of one kind in a second; more are counted and summed up.
const EACH_SECOND: u32 = 10;
/// Kinds of lines told apart.
const KINDS_MAX: usize = 4_096;

/// Which lines are counted together: a sort of note of one station.
type Kind = (&'static str, u32);

/// Starts the thread that writes notes as lines. It ends when the last sender of notes is gone.
pub fn start(from: NotesReceiver, running: Arc<Running>) -> std::io::Result<JoinHandle<()>> {
    thread::Builder::new().name("log".into()).spawn(move || write(&from, &running))
}

fn write(from: &NotesReceiver, running: &Running) {
    let mut rate: Rate<Kind> = Rate::new(EACH_SECOND, KINDS_MAX);
    loop {
        let ended = match from.notes.recv_timeout(Duration::from_secs(1)) {
            Ok((worker, note)) => {
                // Behind the note, which may speak of a station that only its worker knows yet.
                let plan = running.newest();
                let kind = kind(&note, &plan);
                if rate.handle_line(&kind, clocks::boot()) == Said::Say {
                    line(worker.0, &note, &plan);
                }
                false
            }
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => true,
        };
        // What was left out is summed up when its second is over, and at the end.
        let now = if ended { Time::NEVER } else { clocks::boot() };
        while let Some((kind, more)) = rate.poll_summary(now) {
            let name = kind.map_or("other", |(name, _)| name);
            warn!(kind = name, more, "and more lines of this kind");
        }
        logs::count_lost(from.take_lost());
        logs::tell_lost();
        if ended {
            return;
        }
    }
}

fn kind(note: &Note, plan: &Plan) -> Kind {
    let of = |link: &LinkId| u32::from(plan.station_of(*link).0);
    match note {
        Note::Core(notice) => core_kind(notice, plan),
        Note::Socket { link, .. } => ("socket", of(link)),
        Note::BadFrame { link, .. } => ("frame", of(link)),
        Note::HalfFrame { link } => ("half a frame", of(link)),
        Note::AcceptFailed { .. } => ("accept", 0),
        Note::PeerCrowded { station, .. } => ("crowded", station.0.into()),
        Note::Stranger { .. } => ("stranger", 0),
        Note::ConnectRefused { link, .. } => ("connect", of(link)),
        Note::Room { .. } => ("room", 0),
        Note::DiskFull { .. } => ("disk", 0),
        Note::NotFolded { .. } => ("fold", 0),
        Note::PastNotRead { .. } => ("past", 0),
    }
}

fn core_kind(notice: &Notice, plan: &Plan) -> Kind {
    let of = |link: &LinkId| u32::from(plan.station_of(*link).0);
    match notice {
        Notice::LinkOpened { link } => ("opened", of(link)),
        Notice::LinkClosed { link, .. } => ("closed", of(link)),
        Notice::Closing { link, .. } => ("closing", of(link)),
        Notice::Noisy { link } => ("noisy", of(link)),
        Notice::LinksExhausted { station } => ("exhausted", station.0.into()),
        Notice::SignedOn { station, .. } => ("signed on", station.0.into()),
        Notice::SignedOff { station, .. } => ("signed off", station.0.into()),
        Notice::NetworkRefused { link, .. } => ("network", of(link)),
        Notice::Malformed { link, .. } => ("malformed", of(link)),
        Notice::Incomplete { link, .. } => ("incomplete", of(link)),
        Notice::PanDisagrees { link, .. } => ("card numbers", of(link)),
        Notice::KeyConflict { link, .. } => ("key conflict", of(link)),
        Notice::WindowShort { .. } | Notice::WindowLong => ("window", 0),
        Notice::OriginalUnknown { link, .. } => ("original unknown", of(link)),
        Notice::TombstoneForgotten { .. } => ("tombstone", 0),
        Notice::Orphan { link, .. } => ("orphan", of(link)),
        Notice::DoubtDropped { issuer, .. } => ("doubt dropped", issuer.0.into()),
        Notice::OriginalDiffers { link, .. } => ("original differs", of(link)),
        Notice::Unmatched { link, .. } => ("unmatched", of(link)),
        Notice::Late { link, .. } => ("late", of(link)),
        Notice::TimedOut { issuer, .. } => ("timed out", issuer.0.into()),
        Notice::Undeliverable { acquirer } => ("undeliverable", acquirer.0.into()),
        Notice::DeliveryUnknown { acquirer, .. } => ("delivery unknown", acquirer.0.into()),
        Notice::Unavailable { station, .. } => ("unavailable", station.0.into()),
        Notice::ItemFails { issuer, .. } => ("item fails", issuer.0.into()),
        Notice::ItemParked { issuer, .. } => ("item parked", issuer.0.into()),
        Notice::Inexpressible { from, .. } => ("inexpressible", from.0.into()),
        Notice::PeerMalformed { from } => ("peer", from.0.into()),
    }
}

fn line(worker: u8, note: &Note, plan: &Plan) {
    let name = |link: &LinkId| plan.station(plan.station_of(*link)).settings.name.as_str();
    match note {
        Note::Core(notice) => core_line(worker, notice, plan),
        Note::Socket { link, peer, why } => {
            let (why, peer) = (why_closed(*why), shown(peer.as_ref()));
            warn!(station = name(link), link = link.0, peer, why = &*why, "connection lost");
        }
        Note::BadFrame { link, error } => {
            let what = error.to_string();
            warn!(station = name(link), link = link.0, error = what, "no frame: link closed");
        }
        Note::HalfFrame { link } => {
            warn!(station = name(link), link = link.0, "half a frame: link closed");
        }
        Note::AcceptFailed { times } => {
            warn!(
                worker,
                times,
                "connections wait: the system gives none, mostly for want of descriptors \
                 (LimitNOFILE=, ulimit -n)"
            );
        }
        Note::PeerCrowded { station, peer } => {
            let (station, peer) = (plan.station(*station).settings.name.as_str(), peer.to_string());
            warn!(station, peer, "connection refused: its address has all of links_per_peer");
        }
        Note::Stranger { peer } => {
            let peer = peer.to_string();
            warn!(peer, "connection refused: no station has this address among its peers");
        }
        Note::ConnectRefused { link, peer, error } => {
            let (peer, error) = (peer.to_string(), error.to_string());
            warn!(station = name(link), link = link.0, peer, error, "could not connect");
        }
        Note::Room { there_is: true } => info!("new requests are taken again: there is room"),
        Note::Room { there_is: false } => {
            error!(
                "new requests are refused with 907: the journal has fewer than two spare segments"
            );
        }
        Note::DiskFull { full, free_bytes, needed_bytes, spares } => {
            disk_line(*full, *free_bytes, *needed_bytes, *spares);
        }
        Note::NotFolded { problem } => warn!("{problem}; it is tried again"),
        Note::PastNotRead { problem: Some(problem) } => warn!(
            "the journal was not read far enough back: {problem}; reversals and advices that may be \
             about something older than memory get 909, until it is; `sekisho journal verify` says \
             what is damaged, and what to do"
        ),
        Note::PastNotRead { problem: None } => {
            info!("the journal is read as far back as it is kept");
        }
    }
}

fn disk_line(full: bool, free_bytes: u64, needed_bytes: u64, spares: usize) {
    if full {
        warn!(
            free_bytes,
            needed_bytes,
            spares,
            "the disk has no room for another segment; make room before the spare ones are used up"
        );
    } else {
        info!(free_bytes, needed_bytes, spares, "the disk has room for segments again");
    }
}

#[expect(clippy::too_many_lines, reason = "an arm a notice")]
#[expect(
    clippy::large_stack_frames,
    reason = "what tracing makes of each arm; on the log's thread"
)]
fn core_line(worker: u8, notice: &Notice, plan: &Plan) {
    let of = |station: StationId| plan.station(station).settings.name.as_str();
    let name = |link: LinkId| of(plan.station_of(link));
    match *notice {
        Notice::LinkOpened { link } => {
            info!(station = name(link), link = link.0, worker, "link open");
        }
        Notice::LinkClosed { link, unsent } => {
            info!(station = name(link), link = link.0, worker, unsent, "link down");
        }
        Notice::Closing { link, why } => {
            let why = why_closing(why);
            warn!(station = name(link), link = link.0, why, "closing a link");
        }
        Notice::Noisy { link } => {
            warn!(
                station = name(link),
                link = link.0,
                "more frames without a transaction than noise_max: they are only counted"
            );
        }
        Notice::LinksExhausted { station } => {
            warn!(station = of(station), "connection refused: all its links are in use");
        }
        Notice::SignedOn { station, link } => {
            info!(station = of(station), link = link.0, "signed on");
        }
        Notice::SignedOff { station, link } => {
            info!(station = of(station), link = link.0, "signed off");
        }
        Notice::NetworkRefused { link, function, action } => {
            let (function, action) = (format!("{function:03x}"), format!("{action:03x}"));
            let (station, link) = (name(link), link.0);
            warn!(station, link, function, action, "our network management was refused");
        }
        Notice::Malformed { link, ref error, len } => {
            let error = error.to_string();
            warn!(station = name(link), link = link.0, len, error, "malformed message");
        }
        Notice::Incomplete { link, mti, field } => {
            let mti = mti.to_string();
            warn!(station = name(link), link = link.0, mti, field, "field missing or impossible");
        }
        Notice::PanDisagrees { link, mti, one, other } => {
            let (station, mti, one, other) =
                (name(link), mti.to_string(), one.to_string(), other.to_string());
            warn!(station, link = link.0, mti, one, other, "card numbers differ: refused with 904");
        }
        Notice::OriginalUnknown { link, mti, stan } => {
            let (station, mti) = (name(link), mti.to_string());
            warn!(
                station,
                link = link.0,
                mti,
                stan = stan.0,
                "nobody knows the original: answered as agreed (unknown_original); should it still \
                 come, it is refused. The acquirer can say which sale it meant"
            );
        }
        Notice::DoubtDropped { issuer, stan } => {
            let issuer = of(issuer);
            error!(
                issuer,
                stan = stan.0,
                alarm = true,
                "an approval that may not have reached its acquirer is listed no more, as there are too \
                 many: ask its acquirer, sekisho txn find --stan STAN"
            );
        }
        Notice::TombstoneForgotten { secs } => {
            error!(
                worker,
                secs,
                alarm = true,
                "a reversal of what nobody knew is forgotten within a week, and its original is not \
                 refused any more: ask the acquirers that send so many, or raise limits.duplicates_max"
            );
        }
        Notice::Orphan { link, mti, stan } => {
            let (station, mti) = (name(link), mti.to_string());
            error!(
                worker,
                station,
                link = link.0,
                mti,
                stan = stan.0,
                alarm = true,
                "a station names what nobody knows since the promotion, which may have lost records: \
                 settle it with the acquirer; sekisho status lists all of them"
            );
        }
        Notice::OriginalDiffers { link, mti, field } => {
            let (station, mti) = (name(link), mti.to_string());
            warn!(
                station,
                link = link.0,
                mti,
                field,
                "it does not agree with its original in this field, and is refused with 904: the \
                 acquirer has to send it right, or nothing is taken back"
            );
        }
        Notice::KeyConflict { link, mti, stan } => {
            let (station, mti) = (name(link), mti.to_string());
            error!(
                station,
                link = link.0,
                mti,
                stan = stan.0,
                alarm = true,
                "another amount or card under the key of a known request: refused with 904; ask the \
                 acquirer, two sales may have one number: sekisho txn find --station STATION --stan STAN"
            );
        }
        Notice::WindowShort { secs } => {
            error!(
                worker,
                secs,
                alarm = true,
                "repeats are known for less than ten minutes, and new requests after that: raise \
                 limits.duplicates_max"
            );
        }
        Notice::WindowLong => info!(worker, "repeats are known for ten minutes again"),
        Notice::Unmatched { link, stan, mti, why, nearest } => {
            let (station, link, stan) = (name(link), link.0, stan.0);
            let (mti, why) = (mti.to_string(), why_unmatched(why));
            let (near, near_stan) = nearest.map(|near| (of(near.issuer), near.stan.0)).unzip();
            let differs = nearest.and_then(|near| near.differs);
            warn!(
                station,
                link,
                stan,
                mti,
                why = &*why,
                nearest = near,
                nearest_stan = near_stan,
                differs,
                "answer dropped"
            );
        }
        Notice::Late { link, stan, action } => {
            let action = format!("{action:03x}");
            warn!(
                station = name(link),
                link = link.0,
                stan = stan.0,
                action,
                "answer too late: not passed on"
            );
        }
        Notice::TimedOut { issuer, stan } => {
            warn!(
                station = of(issuer),
                stan = stan.0,
                "no answer in time: declined with 911, and reversed"
            );
        }
        Notice::DeliveryUnknown { acquirer, issuer, stan } => {
            let (station, issuer) = (of(acquirer), of(issuer));
            error!(
                station,
                issuer,
                stan = stan.0,
                "part of an approval may have reached its acquirer: its repeat or reversal tells; if \
                 none comes, ask it: sekisho txn find --stan STAN"
            );
        }
        Notice::Undeliverable { acquirer } => {
            error!(station = of(acquirer), "an answer could not be delivered: no link took it");
        }
        Notice::Unavailable { station, link } => {
            let station = of(station);
            warn!(
                station,
                link = link.0,
                "not available (803): what is stored for it waits until it signs on (801)"
            );
        }
        Notice::ItemFails { issuer, stan, failures } => {
            let (station, id) = (of(issuer), saf::id(of(issuer), stan.0));
            error!(
                station,
                id,
                failures,
                "a stored message is not acknowledged, and goes on being sent: does the issuer \
                 answer advices? sekisho saf show ID"
            );
        }
        Notice::ItemParked { issuer, stan, action } => {
            let (station, id) = (of(issuer), saf::id(of(issuer), stan.0));
            if action == 0 {
                error!(
                    station,
                    id,
                    "a stored message can not be read in the dialect of its station, and is parked: \
                     settle it with the issuer, then sekisho saf purge ID"
                );
                return;
            }
            let action = format!("{action:03x}");
            error!(
                station,
                id,
                action,
                "a stored message was refused with a code that will not heal, and is parked: settle \
                 it with the issuer, then sekisho saf release ID or saf purge ID"
            );
        }
        Notice::Inexpressible { from, to, field } => {
            let (from, to) = (of(from), of(to));
            warn!(from, to, field, "a message can not be said in the other side's format");
        }
        Notice::PeerMalformed { from } => {
            error!(worker, from = from.0, "a message between workers could not be read");
        }
    }
}

fn shown(peer: Option<&std::net::SocketAddr>) -> String {
    peer.map(ToString::to_string).unwrap_or_default()
}

/// Why a socket is gone, for people.
pub fn why_closed(why: CloseReason) -> Cow<'static, str> {
    match why {
        CloseReason::PeerEnded => "the other side closed it".into(),
        CloseReason::Failed(kind) => format!("it broke: {kind}").into(),
        CloseReason::NotConnected(kind) => format!("could not connect: {kind}").into(),
        CloseReason::FrameTooLong => "a frame was longer than it may be".into(),
        CloseReason::Unwanted => "what came was no frame".into(),
        CloseReason::Asked(1) => why_closing(Closing::EchoMissed).into(),
        CloseReason::Asked(2) => why_closing(Closing::SignOnFailed).into(),
        CloseReason::Asked(3) => why_closing(Closing::NotReading).into(),
        CloseReason::Asked(HALF_FRAME) => "a frame was not finished within frame_timeout".into(),
        CloseReason::Asked(5) => why_closing(Closing::Noise).into(),
        CloseReason::Asked(7) => why_closing(Closing::Retired).into(),
        CloseReason::Asked(8) => why_closing(Closing::Changed).into(),
        CloseReason::Asked(_) => why_closing(Closing::Draining).into(),
    }
}

fn why_closing(why: Closing) -> &'static str {
    match why {
        Closing::EchoMissed => "three echo tests were not answered",
        Closing::SignOnFailed => "our sign-on was refused or not answered",
        Closing::NotReading => "the other side does not read what is sent",
        Closing::Draining => "the node is stopping",
        Closing::Noise => "it sent far more frames without a transaction than noise_max",
        Closing::Retired => "the configuration does not name its station any more",
        Closing::Changed => "the configuration says another address for it",
    }
}

fn why_unmatched(why: Unmatched) -> Cow<'static, str> {
    match why {
        Unmatched::Unknown => "nothing with this STAN waits for an answer".into(),
        Unmatched::Second => "the transaction with this STAN was answered before".into(),
        Unmatched::OtherStation => "another station was asked".into(),
        Unmatched::Differs(field) => format!("DE {field} differs from what was sent").into(),
        Unmatched::NothingToCompare => "none of the fields to compare came back".into(),
        Unmatched::Mti => "the MTI does not answer the request's".into(),
        Unmatched::NoActionCode => "it has no action code (DE 39)".into(),
    }
}
