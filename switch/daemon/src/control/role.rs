//! What somebody may do: one of three roles, by the lists of the configuration. A pure function of the
//! lists and of who it is.

use std::fmt;

use super::Peer;
use crate::config::ControlRoles;

/// What somebody may do; each may do what those before may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Look.
    Viewer = 1,
    /// See to stored messages.
    Operator = 2,
    /// Change the configuration.
    Administrator = 3,
}

impl Role {
    /// Of a number in a record; 0 is none.
    pub fn of(number: u8) -> Option<Self> {
        [Self::Viewer, Self::Operator, Self::Administrator]
            .into_iter()
            .find(|&role| Self::number(Some(role)) == number)
    }

    /// As it stands in a record.
    pub fn number(role: Option<Self>) -> u8 {
        match role {
            None => 0,
            Some(Self::Viewer) => 1,
            Some(Self::Operator) => 2,
            Some(Self::Administrator) => 3,
        }
    }

    /// As people read it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Administrator => "administrator",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What a peer may do; none: nothing at all. Root and the daemon's own user may do everything, but be one of the two who purge. Whoever
/// else can reach the socket may look, unless there is a list of those who may.
pub(crate) fn role_of(peer: &Peer, lists: &ControlRoles, own_uid: u32) -> Option<Role> {
    let among = |names: &[String]| names.iter().any(|name| is_among(peer, name));
    if peer.uid == 0 || peer.uid == own_uid || among(&lists.administrators) {
        Some(Role::Administrator)
    } else if among(&lists.operators) {
        Some(Role::Operator)
    } else {
        lists.viewers.as_deref().is_none_or(among).then_some(Role::Viewer)
    }
}

/// Whether this name of a list, a user's or `@` and a group's, means the peer.
fn is_among(peer: &Peer, name: &str) -> bool {
    match name.strip_prefix('@') {
        Some(group) => peer.groups.iter().any(|one| one == group),
        None => peer.name == name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(uid: u32, name: &str, groups: &[&str]) -> Peer {
        let groups = groups.iter().map(|&group| group.to_owned()).collect();
        Peer { uid, name: name.to_owned(), groups }
    }

    fn lists(
        viewers: Option<&[&str]>,
        operators: &[&str],
        administrators: &[&str],
    ) -> ControlRoles {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        ControlRoles {
            viewers: viewers.map(owned),
            operators: owned(operators),
            administrators: owned(administrators),
        }
    }

    #[test]
    fn root_and_the_daemons_own_user_may_do_everything_whatever_the_lists_say() {
        let closed = lists(Some(&[]), &[], &[]);
        assert_eq!(role_of(&peer(0, "root", &[]), &closed, 900), Some(Role::Administrator));
        assert_eq!(role_of(&peer(900, "sekisho", &[]), &closed, 900), Some(Role::Administrator));
        assert_eq!(role_of(&peer(901, "hana", &["sekisho"]), &closed, 900), None);
    }

    #[test]
    fn the_highest_list_counts_that_names_the_user_or_a_group_of_it() {
        let lists = lists(None, &["@ops", "ren"], &["hana"]);
        let role = |name, groups: &[&str]| role_of(&peer(1_000, name, groups), &lists, 900);
        assert_eq!(role("hana", &["ops"]), Some(Role::Administrator));
        assert_eq!(role("ren", &[]), Some(Role::Operator));
        assert_eq!(role("mei", &["users", "ops"]), Some(Role::Operator));
        assert_eq!(role("ops", &["hana"]), Some(Role::Viewer), "no user for a group, nor a group");
    }

    #[test]
    fn whoever_reaches_the_socket_may_look_unless_a_list_says_who_may() {
        let mei = peer(1_000, "mei", &["users"]);
        assert_eq!(role_of(&mei, &lists(None, &[], &[]), 900), Some(Role::Viewer));
        assert_eq!(role_of(&mei, &lists(Some(&["mei"]), &[], &[]), 900), Some(Role::Viewer));
        assert_eq!(role_of(&mei, &lists(Some(&["@users"]), &[], &[]), 900), Some(Role::Viewer));
        assert_eq!(role_of(&mei, &lists(Some(&["hana"]), &[], &[]), 900), None);
        assert_eq!(
            role_of(&mei, &lists(Some(&["hana"]), &["mei"], &[]), 900),
            Some(Role::Operator)
        );
    }

    #[test]
    fn a_role_has_one_number_in_records() {
        for role in [Role::Viewer, Role::Operator, Role::Administrator] {
            assert_eq!(Role::of(Role::number(Some(role))), Some(role));
        }
        assert_eq!((Role::of(0), Role::of(4)), (None, None));
        assert!(Role::Viewer < Role::Operator && Role::Operator < Role::Administrator);
    }
}
