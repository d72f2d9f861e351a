//! How two sites look while they run: lines of text. Decides nothing.

use daemon::node_requests::{NodeRole, NodeStatus, SyncState, WitnessRecord};

use super::super::process::SITES;
use super::super::stage::Stage;
use super::super::view;
use super::stage::Site;
use crate::parties::ISSUERS;

/// Of a terminal: one for the demo, one for each site, the witness and each party.
pub(super) const LINES: usize = 8;

/// Time, and what the acquirers have.
pub(super) fn head(stage: &Stage, elapsed: u64, seconds: u64) -> String {
    let tps: u64 = stage.acquirers.iter().map(|acquirer| acquirer.answers).sum();
    let progress = stage.acquirers.iter().map(|acquirer| acquirer.progress);
    let (approved, declined, open) = progress.fold((0, 0, 0), |(approved, declined, open), now| {
        (approved + now.approved, declined + now.declined, open + now.open)
    });
    format!(
        "{elapsed} s of {seconds} s: {tps} answers a second; {approved} approved, {declined} declined, \
         {open} open"
    )
}

/// Both sites and the witness, in a few words each.
pub(super) fn sites(stage: &Stage) -> String {
    let words = SITES.iter().enumerate().map(|(place, name)| {
        let stands = stage.sites().all[place].stands.as_ref();
        format!("{name} {}", stands.map_or_else(|| "is down".to_owned(), part))
    });
    words.collect::<Vec<_>>().join(", ")
}

/// A line for each site, the witness, each acquirer and each issuer.
pub(super) fn parties(stage: &Stage) -> impl Iterator<Item = String> {
    let sites = SITES.iter().enumerate().map(|(place, name)| {
        let stands = stage.sites().all[place].stands.as_ref();
        match stands {
            None => format!("{name:10} is down"),
            Some(stands) => {
                let (log, of) = (stands.log, part(stands));
                format!(
                    "{name:10} {of:24} records {:8}  on its disk {:8}",
                    log.position, log.durable
                )
            }
        }
    });
    // What the last primary said of the issuers is over with it.
    let is_served = stage.sites().all.iter().any(Site::is_primary);
    let issuers = view::of_issuers(stage).filter(move |_| is_served);
    let waiting = ISSUERS.iter().filter(move |_| !is_served);
    let waiting = waiting.map(|party| format!("{:10} waits for a primary", party.name));
    let witness = std::iter::once(witness(stage));
    sites.chain(witness).chain(view::acquirers(stage)).chain(issuers).chain(waiting)
}

/// "primary SYNC".
fn part(stands: &NodeStatus) -> String {
    let role = match stands.role {
        NodeRole::Alone => "alone",
        NodeRole::Standby => "standby",
        NodeRole::Promoting => "takes over",
        NodeRole::Primary => "primary",
        NodeRole::HandingOver => "hands over",
    };
    let sync = match stands.sync {
        SyncState::NoPrimary => "without a primary",
        SyncState::Local => "",
        SyncState::Sync => "SYNC",
        SyncState::Solo => "SOLO",
        SyncState::Async => "async",
        SyncState::Stopped => "STOPPED",
    };
    format!("{role} {sync}").trim_end().to_owned()
}

/// What the record says, as a site has read it last.
fn witness(stage: &Stage) -> String {
    let known = stage.sites().all.iter().filter_map(|site| site.stands.as_ref()?.witness.as_ref());
    let record = known.filter_map(|witness| witness.record.as_ref()).max_by_key(|one| one.revision);
    let said = record.map_or_else(
        || "has no record".to_owned(),
        |record| {
            let WitnessRecord { epoch, primary, in_sync, .. } = record;
            let who = in_sync.clone().unwrap_or_else(|| "nobody".to_owned());
            format!("{primary} reigns by epoch {epoch}, {who} may take over")
        },
    );
    format!("{:10} {said}", "etcd")
}
