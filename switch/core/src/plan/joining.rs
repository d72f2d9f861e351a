//! Which stations' messages are rewritten for which others, compiled once for each two dialects. Knows no
//! message.

use alloc::sync::Arc;
use alloc::vec::Vec;

use codec::{Dialect, Plan as Forwarding};

use super::{PlanError, Station, id};
use crate::routing::RouteSettings;

/// Rewritings that are there, by the dialects that they join.
#[derive(Default)]
pub(super) struct Compiled(Vec<(*const Dialect, *const Dialect, Arc<Forwarding>)>);

impl Compiled {
    pub(super) fn find(&self, from: &Arc<Dialect>, to: &Arc<Dialect>) -> Option<&Arc<Forwarding>> {
        let key = (Arc::as_ptr(from), Arc::as_ptr(to));
        self.0.iter().find(|(a, b, _)| (*a, *b) == key).map(|(_, _, plan)| plan)
    }

    /// The one of these dialects, compiled where it is not there; none where nothing can pass.
    fn joins(&mut self, from: &Arc<Dialect>, to: &Arc<Dialect>) -> Option<Arc<Forwarding>> {
        if let Some(plan) = self.find(from, to) {
            return Some(Arc::clone(plan));
        }
        let plan = Arc::new(Forwarding::new(from, to).ok()?);
        self.add(from, to, &plan);
        Some(plan)
    }

    pub(super) fn add(&mut self, from: &Arc<Dialect>, to: &Arc<Dialect>, plan: &Arc<Forwarding>) {
        self.0.push((Arc::as_ptr(from), Arc::as_ptr(to), Arc::clone(plan)));
    }
}

/// Compiles the rewriting of requests and answers for each pair that a route can bring together.
pub(super) fn forwardings(
    stations: &[Station],
    routes: &[RouteSettings],
    mut compiled: Compiled,
) -> Result<Vec<Option<Arc<Forwarding>>>, PlanError> {
    let mut issuers: Vec<usize> =
        routes.iter().flat_map(|route| &route.to).map(|to| to.index()).collect();
    issuers.sort_unstable();
    issuers.dedup();
    let mut all = alloc::vec![None; stations.len() * stations.len()];
    for (acquirer, from) in stations.iter().enumerate() {
        if !from.settings.role.acquires() {
            continue;
        }
        for &issuer in &issuers {
            let to = &stations[issuer];
            for (place, from, to) in [
                (acquirer * stations.len() + issuer, from, to),
                (issuer * stations.len() + acquirer, to, from),
            ] {
                all[place] = compiled.joins(&from.settings.dialect, &to.settings.dialect);
                // One that goes still advises, where it can; nobody has to be able to hear it.
                if all[place].is_none() && !stations[acquirer].retired {
                    let (acquirer, issuer) = (id(acquirer), id(issuer));
                    return Err(PlanError::Versions { acquirer, issuer });
                }
            }
        }
    }
    Ok(all)
}
