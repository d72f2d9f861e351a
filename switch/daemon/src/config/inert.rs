//! What is configured and does nothing, or not what it seems to: worth a look before it is relied on.
//! Refuses nothing.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;

use switch_core::plan::Issuing;

use super::Configuration;

impl Configuration {
    /// One line each: the key, what is the matter, and what to do. Keys that are not active yet are
    /// among [`Configuration::inactive`] instead.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        self.unreached(&mut warnings);
        self.retries(&mut warnings);
        self.hooks(&mut warnings);
        self.roles(&mut warnings);
        warnings
    }

    /// Stations and routes that no request comes to.
    fn unreached(&self, warnings: &mut Vec<String>) {
        let (stations, routes) = (&self.settings.stations, &self.settings.routes);
        let reached: BTreeSet<usize> =
            routes.iter().flat_map(|route| &route.to).map(|id| id.index()).collect();
        for (place, station) in stations.iter().enumerate() {
            if station.role.issues() && !reached.contains(&place) {
                let name = &station.name;
                warnings.push(format!(
                    "station.{name}: no route leads to it, so no request does; add a [[route]], or \
                     remove it"
                ));
            }
        }
        if !stations.iter().any(|station| station.role.acquires()) {
            warnings.push(
                "station: none is an acquirer, so no request comes; add one with role = \"acquirer\""
                    .into(),
            );
        } else if routes.is_empty() {
            warnings.push("route: there is none, so every request is refused with 908".into());
        }
    }

    /// Commands that can not be run as it is.
    fn hooks(&self, warnings: &mut Vec<String>) {
        let Some(peer) = &self.peer else { return };
        for (key, command) in [("on_promote", &peer.on_promote), ("on_demote", &peer.on_demote)] {
            let Some(program) = command.first() else { continue };
            let why = match std::fs::metadata(program) {
                Ok(file) if file.is_file() && file.permissions().mode() & 0o111 != 0 => continue,
                Ok(_) => "it is no program; chmod +x".to_owned(),
                Err(error) => error.to_string(),
            };
            warnings.push(format!("peer.{key}: {program}: {why}"));
        }
    }

    fn retries(&self, warnings: &mut Vec<String>) {
        for station in self.settings.stations.iter().filter(|station| station.role.issues()) {
            let retry = station.issuing.saf_retry;
            if retry != Issuing::default().saf_retry && retry < station.timeout {
                warnings.push(format!(
                    "station.{}.saf_retry: is shorter than timeout, which a stored message is waited \
                     for in any case; lengthen it, or shorten timeout",
                    station.name
                ));
            }
        }
    }

    /// Names that a list gives no more than another does.
    fn roles(&self, warnings: &mut Vec<String>) {
        let roles = &self.control_roles;
        let viewers = roles.viewers.as_deref().unwrap_or_default();
        if roles.viewers.as_ref().is_some_and(Vec::is_empty) {
            warnings.push(
                "control.viewers: is an empty list, so nobody may look but operators and \
                 administrators; remove it to let all look who reach the socket"
                    .into(),
            );
        }
        let above = [
            ("viewers", viewers, "operators", &roles.operators),
            ("viewers", viewers, "administrators", &roles.administrators),
            ("operators", &roles.operators, "administrators", &roles.administrators),
        ];
        for (list, names, higher, those) in above {
            for name in names.iter().filter(|name| those.contains(name)) {
                warnings.push(format!(
                    "control.{list}: \"{name}\" is among {higher}, who may do this too; remove it here"
                ));
            }
        }
    }
}
