//! What a configuration would run, for people: the output of `--check`. Decides nothing.

use std::fmt::Write;

use journal::format::PathKind;
use switch_core::plan::{Acquiring, InFlight, Issuing, Limits, Role, SignOn, StationSettings};

use super::units::{show_duration, show_size};
use super::{
    Configuration, ControlRoles, Endpoint, Journal, KeyFile, KeySource, Peer, Sync, Way, WhenLost,
    Witness,
};

impl Configuration {
    /// Lines for stdout: the node, each station, each route, and what is not active.
    pub fn summary(&self) -> String {
        let mut out = String::new();
        self.write(&mut out).expect("a text takes what is written");
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let workers =
            if self.workers == 1 { "1 worker" } else { &format!("{} workers", self.workers) };
        writeln!(out, "node {}: institution {}, {workers}", self.node, self.institution)?;
        writeln!(out, "state {}", self.state.display())?;
        if !self.open_after.is_zero() {
            let after = show_duration(self.open_after);
            writeln!(out, "ports of acquirers wait {after} at most for issuers")?;
        }
        self.write_journal(out)?;
        if let Some(peer) = &self.peer {
            write_peer(out, peer, self.journal.sync)?;
        }
        if let Some(witness) = &self.witness {
            write_witness(out, witness)?;
        }
        self.write_control(out)?;
        self.write_limits(out)?;
        for (station, endpoint) in self.settings.stations.iter().zip(&self.endpoints) {
            write_station(out, station, endpoint)?;
        }
        for route in &self.settings.routes {
            let issuers = route.to.iter().filter_map(|id| self.settings.stations.get(id.index()));
            let issuers = issuers.map(|issuer| issuer.name.as_str()).collect::<Vec<_>>();
            writeln!(out, "route {}: {}", route.pan, issuers.join(", then "))?;
        }
        if self.settings.routes.is_empty() {
            writeln!(out, "no route: every request is refused with 908")?;
        }
        for inactive in &self.inactive {
            writeln!(out, "{}: {inactive}", inactive.place)?;
        }
        Ok(())
    }

    fn write_control(&self, out: &mut String) -> std::fmt::Result {
        write!(out, "control {}", self.control_socket.display())?;
        let ControlRoles { viewers, operators, administrators } = &self.control_roles;
        let viewers = viewers
            .as_ref()
            .map(|viewers| if viewers.is_empty() { "nobody".to_owned() } else { list(viewers) });
        let named = |names: &[String]| (!names.is_empty()).then(|| list(names));
        for (what, names) in [
            ("viewers", viewers),
            ("operators", named(operators)),
            ("administrators", named(administrators)),
        ] {
            if let Some(names) = names {
                write!(out, ", {what} {names}")?;
            }
        }
        writeln!(out, ", log {}", self.log_level.word())
    }

    fn write_limits(&self, out: &mut String) -> std::fmt::Result {
        let Limits { pending_max, held_max, saf_max, duplicates_max, .. } = self.settings.limits;
        writeln!(
            out,
            "each worker: {pending_max} transactions, {held_max} held repeats, {saf_max} messages stored \
             for issuers, repeats of {duplicates_max} known"
        )
    }

    fn write_journal(&self, out: &mut String) -> std::fmt::Result {
        let Journal {
            sync,
            path,
            segment_bytes,
            retain,
            original_keep,
            gather,
            scrub,
            key,
            former_keys,
        } = &self.journal;
        if *sync == Sync::None {
            return writeln!(out, "journal none: no record is kept");
        }
        let (path, segment, retain) =
            (path_word(*path), show_size(*segment_bytes), show_duration(*retain));
        write!(out, "journal {}, {path}, segments of {segment}, kept {retain}, ", sync.word())?;
        write!(out, "originals found for {}, ", show_duration(*original_keep))?;
        write!(out, "batches gathered for {} at most, ", show_duration(*gather))?;
        write!(out, "read through every {}, sealed with ", show_duration(*scrub))?;
        match key {
            Some(source) => write!(out, "{source}")?,
            None => write!(out, "a key made for trial")?,
        }
        if !former_keys.is_empty() {
            write!(out, " and formerly {}", list(former_keys))?;
        }
        writeln!(out)
    }
}

fn write_peer(out: &mut String, peer: &Peer, sync: Sync) -> std::fmt::Result {
    write!(out, "peer {}: ", peer.name)?;
    match &peer.way {
        Way::Connects(addresses) => write!(out, "connects to {}, ", list(addresses))?,
        Way::Listens(addresses) => write!(out, "listens on {}, ", list(addresses))?,
    }
    match &peer.tls {
        Some(tls) => write!(out, "shows {}, trusts {}, ", tls.certificate, tls.authority)?,
        None => write!(out, "without encryption, ")?,
    }
    let lost = match peer.when_standby_lost {
        WhenLost::Solo => "goes on alone",
        WhenLost::Stop => "stops",
    };
    if sync != Sync::Async {
        write!(out, "{lost} after {} without it, ", show_duration(peer.ack_timeout))?;
    }
    let (window, rate) = (show_duration(peer.orphan_window), show_size(peer.catch_up));
    writeln!(
        out,
        "after a loss 909 for {window} and trace numbers {} ahead, catches up at {rate}/s",
        peer.stan_skip
    )?;
    for (when, command) in [("on_promote", &peer.on_promote), ("on_demote", &peer.on_demote)] {
        if !command.is_empty() {
            writeln!(out, "{when} runs {}", list(command))?;
        }
    }
    Ok(())
}

fn write_witness(out: &mut String, witness: &Witness) -> std::fmt::Result {
    write!(out, "witness {}: keys below {}, ", list(&witness.endpoints), witness.prefix)?;
    if let Some(authority) = &witness.authority {
        write!(out, "trusts {authority}, ")?;
    }
    if let Some((certificate, _)) = &witness.ours {
        write!(out, "shows {certificate}, ")?;
    }
    match &witness.user {
        Some(user) => write!(out, "as user {}, ", user.name)?,
        None => write!(out, "as no user, ")?,
    }
    let [timeout, lease] = [witness.timeout, witness.solo_lease].map(show_duration);
    writeln!(out, "{timeout} for an answer, and a primary alone stops after {lease} without one")
}

impl std::fmt::Display for KeySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.file {
            KeyFile::Credential(name) => write!(f, "credential:{name}"),
            KeyFile::Path(path) => write!(f, "{}", path.display()),
        }
    }
}

/// A write path, as it is written in the file.
pub fn path_word(path: PathKind) -> &'static str {
    match path {
        PathKind::Mapped => "mapped",
        PathKind::Direct => "direct",
    }
}

fn write_station(
    out: &mut String,
    station: &StationSettings,
    endpoint: &Endpoint,
) -> std::fmt::Result {
    writeln!(out, "station {}: {}", station.name, station_words(station, endpoint))?;
    if station.role.acquires() {
        write_acquiring(out, &station.acquiring)?;
    }
    if station.role.issues() {
        write_issuing(out, &station.issuing)?;
    }
    Ok(())
}

/// What a station is, in a line.
pub(super) fn station_words(station: &StationSettings, endpoint: &Endpoint) -> String {
    let mut out = String::new();
    write_words(&mut out, station, endpoint).expect("a text takes what is written");
    out
}

fn write_words(
    out: &mut String,
    station: &StationSettings,
    endpoint: &Endpoint,
) -> std::fmt::Result {
    let role = role_word(station.role);
    write!(out, "{role}, {}, {}, ", station.dialect.name(), endpoint.framing_name)?;
    if let Some(tpdu) = &endpoint.framing.tpdu {
        let answers = if tpdu.swaps { "with its addresses swapped" } else { "as it came" };
        write!(out, "TPDU {} and back {answers}, ", tpdu.own)?;
    }
    if station.connects {
        let mut addresses = endpoint.connect.clone();
        addresses.dedup();
        let each = endpoint.connect.len() / addresses.len().max(1);
        write!(out, "connects to {}", list(&addresses))?;
        if each > 1 {
            write!(out, ", {each} links each")?;
        }
    } else {
        let (listen, peers) = (list(&endpoint.listen), list(&endpoint.peers));
        write!(out, "listens on {listen} for {peers}, at most {} links", station.links)?;
    }
    write!(out, ", sign-on {}", sign_on_word(station.sign_on))?;
    match station.echo {
        Some(echo) => write!(out, ", echo {}", show_duration(echo))?,
        None => write!(out, ", echo off")?,
    }
    if station.role.issues() {
        write!(out, ", timeout {}", show_duration(station.timeout))?;
    }
    Ok(())
}

fn write_acquiring(out: &mut String, agreed: &Acquiring) -> std::fmt::Result {
    let Acquiring { repeat_in_flight, unknown_original, second_reversal, gives_up } = agreed;
    let held = match repeat_in_flight {
        InFlight::Hold => "held",
        InFlight::Refuse => "answered 923",
    };
    writeln!(
        out,
        "  repeats in flight {held}, unknown originals answered {:03x}, second reversals {:03x}, \
         gives up after {}",
        unknown_original.action(),
        second_reversal.action(),
        show_duration(*gives_up)
    )
}

fn write_issuing(out: &mut String, agreed: &Issuing) -> std::fmt::Result {
    let Issuing { matches_on_rrn, saf_window, saf_retry, saf_gap, saf_alarm_after, saf_rate } =
        agreed;
    write!(
        out,
        "  stored messages {saf_window} at once, at most {saf_rate}/s, again after {} and then {} \
         apart, alarm after {saf_alarm_after} failures",
        show_duration(*saf_retry),
        show_duration(*saf_gap)
    )?;
    if *matches_on_rrn {
        write!(out, ", reversals of unknown originals forwarded")?;
    }
    writeln!(out)
}

fn list<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// A role, as it is written in the file.
pub fn role_word(role: Role) -> &'static str {
    match role {
        Role::Acquirer => "acquirer",
        Role::Issuer => "issuer",
        Role::Both => "both",
    }
}

/// Who signs on, as it is written in the file.
pub fn sign_on_word(sign_on: SignOn) -> &'static str {
    match sign_on {
        SignOn::None => "none",
        SignOn::Ours => "ours",
        SignOn::Theirs => "theirs",
    }
}
