//! The real files agree; each of them changed in one place is found.

use super::*;
use crate::cargo::Metadata;

const REAL: [(&str, &str); 5] = [
    (UNIT, include_str!("../../../../../systemd/sekishod.service")),
    (USERS, include_str!("../../../../../systemd/sysusers.d/sekisho.conf")),
    (DIRECTORIES, include_str!("../../../../../systemd/tmpfiles.d/sekisho.conf")),
    (EXAMPLE, include_str!("../../../../../systemd/sekisho.toml")),
    (
        "systemd/drop-ins/notify-reload.conf",
        include_str!("../../../../../systemd/drop-ins/notify-reload.conf"),
    ),
];

/// The real files, and in one of them one text in the place of another.
fn with(path: &str, old: &str, new: &str) -> Checkout {
    let file = |(name, text): (&str, &str)| {
        let text = if name == path {
            assert!(text.contains(old), "{path} has no {old}");
            text.replace(old, new)
        } else {
            text.to_owned()
        };
        File::new(name, &text)
    };
    let files = REAL.into_iter().map(file).collect();
    Checkout { root: "/nowhere".into(), files, metadata: Metadata::planted(&[]) }
}

fn real() -> Checkout {
    with(UNIT, "", "")
}

fn found(checkout: &Checkout) -> Vec<String> {
    agreement(checkout).iter().map(Finding::to_string).collect()
}

#[test]
fn the_files_agree_with_each_other_and_with_the_program() {
    assert_eq!(found(&real()), [""; 0]);
}

#[test]
fn each_name_that_differs_is_found_where_it_stands() {
    for (path, old, new, part) in [
        (UNIT, "sekishod --config /etc", "sekishod --config /opt", "names no --config"),
        (UNIT, "--check", "--cheque", "ExecReload= must check first"),
        (UNIT, "=74 78 243", "=78 243", "RestartPreventExitStatus= must have"),
        (UNIT, "=74 78 243", "=74 243", "RestartPreventExitStatus= must have"),
        (UNIT, "StateDirectory=sekisho", "StateDirectory=switch", "StateDirectory= and"),
        (UNIT, "StateDirectoryMode=0700", "StateDirectoryMode=0755", "0755 sekisho sekisho"),
        (UNIT, "RuntimeDirectory=sekisho", "RuntimeDirectory=switch", "RuntimeDirectory= and"),
        (UNIT, "TimeoutStopSec=45s", "TimeoutStopSec=15s", "TimeoutStopSec= must be longer"),
        (UNIT, "LimitRTPRIO", "FileDescriptorStoreMax=1\nLimitRTPRIO", "FileDescriptorStoreMax="),
        (UNIT, "=journal-key:", "=journal:", "LoadCredential= and"),
        (UNIT, "User=sekisho", "User=switch", "must make the user `switch`"),
        (UNIT, "Group=sekisho", "Group=switch", "2750 root switch"),
        (EXAMPLE, "/var/lib/sekisho", "/srv/sekisho", "StateDirectory= and"),
        (EXAMPLE, "/run/sekisho/control", "/run/control", "RuntimeDirectory= and"),
        (EXAMPLE, "\"15s\"", "\"45s\"", "TimeoutStopSec= must be longer"),
        (EXAMPLE, "credential:journal-key", "credential:key", "LoadCredential= and"),
        (DIRECTORIES, "journal.key 0400", "journal.key 0440", "z /etc/sekisho/journal.key 0400"),
        (DIRECTORIES, "0700 sekisho", "0750 sekisho", "d /var/lib/sekisho 0700"),
        (DIRECTORIES, "2750 root", "0750 root", "d /etc/sekisho 2750 root sekisho"),
        (USERS, "u     sekisho", "u     switch", "must make the user `sekisho`"),
    ] {
        let found = found(&with(path, old, new));
        assert!(found.iter().any(|line| line.contains(part)), "{old} -> {new}: {found:?}");
    }
}

#[test]
fn a_socket_unit_is_found() {
    let mut checkout = real();
    checkout.files.push(File::new("systemd/sekishod.socket", "[Socket]\n"));
    assert!(found(&checkout)[0].starts_with("systemd/sekishod.socket:1: a connection would start"));
}

#[test]
fn the_unit_is_sound_and_not_exposed_and_so_it_is_with_its_drop_in() {
    let outcome = run(&real()).unwrap();
    let found: Vec<String> = outcome.findings.iter().map(Finding::to_string).collect();
    assert_eq!(found, [""; 0]);
    assert!(
        outcome.list[0].contains("exposure level for sekishod.service: 1."),
        "{:?}",
        outcome.list
    );
}

#[test]
fn an_open_door_is_found() {
    let open = with(UNIT, "\nCapabilityBoundingSet=\n", "\n");
    let found = run(&open).unwrap().findings;
    assert!(found[0].text.contains("it may be 15 tenths at most"), "{}", found[0]);
}

#[test]
fn what_systemd_does_not_know_is_found_in_the_unit_and_in_a_drop_in() {
    let typo = with(UNIT, "LockPersonality", "LockPersonalty");
    assert!(run(&typo).unwrap().findings[0].text.contains("LockPersonalty"));
    let typo = with("systemd/drop-ins/notify-reload.conf", "ExecReload=\n", "ExecRelod=\n");
    let found = run(&typo).unwrap().findings;
    assert!(found[0].to_string().starts_with("systemd/drop-ins/notify-reload.conf:1: "));
}

#[test]
fn a_line_goes_on_behind_a_backslash_and_a_comment_is_none() {
    let unit = Directives::read("[Service]\n#A=1\nA=2 \\\n   3\nB=4\nA=5\n");
    assert_eq!(unit.all("A").collect::<Vec<_>>(), [(3, "2 3"), (6, "5")]);
    assert_eq!((unit.last("B"), unit.line_of("B"), unit.last("C")), ("4", 5, ""));
    assert_eq!((seconds("45s"), seconds("1min")), (45, 0));
}
