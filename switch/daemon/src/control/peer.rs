//! Who is at the other end of a connection: the kernel says the user, the system's databases the names.
//! They may be slow (LDAP); operators wait for them and nobody else. Must not know what a peer may do.

use std::io;
use std::os::unix::net::UnixStream;

use rustix::net::sockopt::socket_peercred;

/// The longest name that goes into a record.
const NAME_BYTES_MAX: usize = 32;

/// Whoever connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The number of the user (`SO_PEERCRED`), as which the connection was opened.
    pub uid: u32,
    /// The user's name; `uid-N` where there is none that can stand in a record, or it means another user.
    pub name: String,
    /// The names of the groups that the user is in, when the connection was opened.
    pub groups: Vec<String>,
}

impl Peer {
    /// The other end of this connection.
    ///
    /// # Errors
    /// What the system says when it does not know.
    pub fn of(stream: &UnixStream) -> io::Result<Self> {
        let credentials = socket_peercred(stream)?;
        let (uid, gid) = (credentials.uid.as_raw(), credentials.gid.as_raw());
        let user = own(uzers::get_user_by_uid(uid), uid, |user| {
            uzers::get_user_by_name(user.name()).map(|user| user.uid())
        });
        let name = user.as_ref().and_then(|user| user.name().to_str());
        // Those of the user, and the one that the process has now (newgrp).
        let of_user = user
            .as_ref()
            .and_then(|user| uzers::get_user_groups(user.name(), user.primary_group_id()));
        let groups = of_user.into_iter().flatten().chain(uzers::get_group_by_gid(gid));
        let groups = groups.filter_map(|group| {
            let gid = group.gid();
            own(Some(group), gid, |group| {
                uzers::get_group_by_name(group.name()).map(|group| group.gid())
            })
        });
        let groups = groups.filter_map(|group| group.name().to_str().map(str::to_owned));
        let name = name.filter(|name| is_plain(name)).map(str::to_owned);
        Ok(Self {
            uid,
            name: name.unwrap_or_else(|| format!("uid-{uid}")),
            groups: groups.collect(),
        })
    }
}

/// The entry of a number, if its name leads back to it. A directory may have somebody of the same name as a
/// user of this machine, and the lists mean the one whom the name means here.
fn own<E>(entry: Option<E>, number: u32, named: impl FnOnce(&E) -> Option<u32>) -> Option<E> {
    entry.filter(|entry| named(entry) == Some(number))
}

/// Whether a name can stand in a record beside another one.
fn is_plain(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"._-@".contains(&byte);
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_connects_is_known_by_number_name_and_groups() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let peer = Peer::of(&ours).unwrap();
        assert_eq!(peer.uid, rustix::process::geteuid().as_raw());
        if peer.uid == 0 {
            assert_eq!((&*peer.name, peer.groups.contains(&"root".to_owned())), ("root", true));
        }
    }

    #[test]
    fn somebody_of_a_directory_who_has_the_name_of_a_local_user_has_no_name() {
        // The first of a name is found by it.
        let all = [("hana", 1_000), ("hana", 5_000), ("ren", 5_001)];
        let by_name = |name| all.iter().find(|one| one.0 == name).map(|one| one.1);
        let known = |uid| {
            let entry = all.iter().find(|one| one.1 == uid);
            own(entry, uid, |one| by_name(one.0)).map(|one| one.0)
        };
        assert_eq!([1_000, 5_000, 5_001, 7].map(known), [Some("hana"), None, Some("ren"), None]);
    }

    #[test]
    fn a_name_that_could_not_stand_beside_another_is_not_used() {
        for name in ["hana", "h.tanaka@example", "_apt", &"a".repeat(32)] {
            assert!(is_plain(name), "{name}");
        }
        for name in ["", "a, b", "EXAMPLE\\hana", &"a".repeat(33)] {
            assert!(!is_plain(name), "{name}");
        }
    }
}
