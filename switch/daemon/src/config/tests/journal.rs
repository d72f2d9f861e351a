//! `[journal]`, and the files that its keys stand in.

use std::os::unix::fs::PermissionsExt;

use super::*;

/// [`WHOLE`] with lines of `[journal]`.
fn journaled(lines: &str) -> String {
    format!("{WHOLE}[journal]\n{lines}\n")
}

#[test]
fn without_a_sealing_key_only_a_demo_runs() {
    check_sealed(
        WHOLE,
        &expect![[r#"
        sekisho.toml:1:1: journal.key: missing: without a key records can not be sealed, and this node does not run; name one ("credential:journal-key"), or add --insecure-demo to try it out without real cards
    "#]],
    );
    check_sealed(
        &journaled("sync = \"local\""),
        &expect![[r#"
        sekisho.toml:22:1: journal.key: missing: without a key records can not be sealed, and this node does not run; name one ("credential:journal-key"), or add --insecure-demo to try it out without real cards
    "#]],
    );
    check_sealed(
        &journaled("key = \"credential:journal-key\""),
        &expect![[r#"
            node tokyo: institution 49000000001, 2 workers
            state /var/lib/sekisho
            journal local, mapped, segments of 64MiB, kept 35d, originals found for 35d, batches gathered for 250us at most, read through every 1d, sealed with credential:journal-key
            control /run/sekisho/control.sock, log info
            each worker: 262144 transactions, 512 held repeats, 65536 messages stored for issuers, repeats of 262144 known
            station merchant-a: acquirer, iso93-ascii, ascii4, listens on 127.0.0.1:7001 for 127.0.0.0/8 ::1/128, at most 1024 links, sign-on none, echo 30s
              repeats in flight held, unknown originals answered 400, second reversals 400, gives up after 1m
            station issuer-x: issuer, iso93-binary, bin2, connects to 127.0.0.1:8001, sign-on none, echo 30s, timeout 10s
              stored messages 1 at once, at most 50/s, again after 1m and then 1s apart, alarm after 6 failures
            route 353011: issuer-x
        "#]],
    );
}

#[test]
fn a_key_is_named_or_it_is_said_how() {
    let keys = ["\"\"", "7", "\"credential:\"", "\"credential:../key\"", "\"credential:.key\""];
    check_each(
        &keys.map(|key| journaled(&format!("key = {key}"))),
        &expect![[r#"
            sekisho.toml:23:7: journal.key: "" names no key; write "credential:NAME", without a slash, or the path of a file
            sekisho.toml:23:7: journal.key: is a number and must be "credential:NAME" or the path of a file, in quotes
            sekisho.toml:23:7: journal.key: "credential:" names no key; write "credential:NAME", without a slash, or the path of a file
            sekisho.toml:23:7: journal.key: "credential:../key" names no key; write "credential:NAME", without a slash, or the path of a file
            sekisho.toml:23:7: journal.key: "credential:.key" names no key; write "credential:NAME", without a slash, or the path of a file
        "#]],
    );
    let former = ["\"/etc/key\"", "[]", "[7]", "[\"/etc/key\", \"\"]"];
    check_each(
        &former.map(|keys| journaled(&format!("former_keys = {keys}"))),
        &expect![[r#"
            sekisho.toml:23:15: journal.former_keys: is a text and must be a list, [...], of "credential:NAME" or the path of a file
            sekisho.toml:23:15: journal.former_keys: is an empty list; name "credential:NAME" or the path of a file, or remove it
            sekisho.toml:23:16: journal.former_keys: is a number and must be "credential:NAME" or the path of a file, in quotes
            sekisho.toml:23:28: journal.former_keys: "" names no key; write "credential:NAME", without a slash, or the path of a file
        "#]],
    );
}

#[test]
fn every_setting_of_the_journal_has_bounds() {
    check_each(
        &[
            journaled("segment = \"1023KiB\""),
            journaled("segment = \"1MiB\""),
            journaled("segment = 1048577"),
            journaled("segment = \"1GiB\""),
            journaled("segment = \"1025MiB\""),
            journaled("segment = \"64MB\""),
            journaled("segment = true"),
            journaled("segment = -1"),
            journaled("retain = \"35 days\""),
            journaled("retain = \"23h\""),
            journaled("retain = \"3651d\""),
            journaled("path = \"mmap\""),
            journaled("sync = \"lokal\""),
            journaled("sync = \"durable\""),
            journaled("sync = \"memory\""),
        ],
        &expect![[r#"
            sekisho.toml:23:11: journal.segment: "1023KiB" is outside of "1MiB" to "1GiB"; choose one inside
            node tokyo: institution 49000000001, 2 workers
            state /var/lib/sekisho
            journal local, mapped, segments of 1MiB, kept 35d, originals found for 35d, batches gathered for 250us at most, read through every 1d, sealed with a key made for trial
            control /run/sekisho/control.sock, log info
            each worker: 262144 transactions, 512 held repeats, 65536 messages stored for issuers, repeats of 262144 known
            station merchant-a: acquirer, iso93-ascii, ascii4, listens on 127.0.0.1:7001 for 127.0.0.0/8 ::1/128, at most 1024 links, sign-on none, echo 30s
              repeats in flight held, unknown originals answered 400, second reversals 400, gives up after 1m
            station issuer-x: issuer, iso93-binary, bin2, connects to 127.0.0.1:8001, sign-on none, echo 30s, timeout 10s
              stored messages 1 at once, at most 50/s, again after 1m and then 1s apart, alarm after 6 failures
            route 353011: issuer-x
            sekisho.toml:23:11: journal.segment: is no multiple of 4KiB; write "64MiB"
            node tokyo: institution 49000000001, 2 workers
            state /var/lib/sekisho
            journal local, mapped, segments of 1GiB, kept 35d, originals found for 35d, batches gathered for 250us at most, read through every 1d, sealed with a key made for trial
            control /run/sekisho/control.sock, log info
            each worker: 262144 transactions, 512 held repeats, 65536 messages stored for issuers, repeats of 262144 known
            station merchant-a: acquirer, iso93-ascii, ascii4, listens on 127.0.0.1:7001 for 127.0.0.0/8 ::1/128, at most 1024 links, sign-on none, echo 30s
              repeats in flight held, unknown originals answered 400, second reversals 400, gives up after 1m
            station issuer-x: issuer, iso93-binary, bin2, connects to 127.0.0.1:8001, sign-on none, echo 30s, timeout 10s
              stored messages 1 at once, at most 50/s, again after 1m and then 1s apart, alarm after 6 failures
            route 353011: issuer-x
            sekisho.toml:23:11: journal.segment: "1025MiB" is outside of "1MiB" to "1GiB"; choose one inside
            sekisho.toml:23:11: journal.segment: "MB" is no unit here; one of B, KiB, MiB, GiB
            sekisho.toml:23:11: journal.segment: is true or false and must be a size like "64KiB"
            sekisho.toml:23:11: journal.segment: -1 is no size; write it like "64KiB"
            sekisho.toml:23:10: journal.retain: "35 days" is not a whole number with a unit; write it like "10s" (us, ms, s, m, h, d)
            sekisho.toml:23:10: journal.retain: "23h" is outside of "1d" to "3650d"; choose one inside
            sekisho.toml:23:10: journal.retain: "3651d" is outside of "1d" to "3650d"; choose one inside
            sekisho.toml:23:8: journal.path: "mmap" is not known here; there is: mapped, direct
            sekisho.toml:23:8: journal.sync: "lokal" is not known here; did you mean "local"?
            sekisho.toml:23:8: journal.sync: "durable" needs a second node, and there is no table [peer] that names one; add it, or write "local"
            sekisho.toml:23:8: journal.sync: "memory" needs a second node, and there is no table [peer] that names one; add it, or write "local"
        "#]],
    );
}

#[test]
fn a_journal_is_summed_up_in_a_line() {
    let line = |lines: &str| {
        let said = Directory::new().with("sekisho.toml", journaled(lines)).said(DEMO);
        said.lines().filter(|line| line.contains("journal")).collect::<Vec<_>>().join("\n")
    };
    let all = "segment = \"128MiB\"\npath = \"direct\"\nretain = \"90d\"\nkey = \"/etc/key\"\n\
               former_keys = [\"credential:old\", \"older\"]";
    expect![[r#"
        journal local, mapped, segments of 64MiB, kept 35d, originals found for 35d, batches gathered for 250us at most, read through every 1d, sealed with a key made for trial
        journal local, direct, segments of 128MiB, kept 90d, originals found for 35d, batches gathered for 250us at most, read through every 1d, sealed with /etc/key and formerly credential:old older
        journal none: no record is kept
        sekisho.toml:24:1: journal.key: no effect: sync = "none" keeps no record"#]]
        .assert_eq(&[line(""), line(all), line("sync = \"none\"\nkey = \"k\"")].join("\n"));
}

#[test]
fn only_a_demo_may_keep_no_record() {
    let text = journaled("key = \"k\"\nsync = \"none\"");
    assert_eq!(loaded(&text).journal.sync, Sync::None);
    check_sealed(
        &text,
        &expect![[r#"
        sekisho.toml:24:8: journal.sync: "none" keeps no record and needs --insecure-demo; write "local"
    "#]],
    );
}

const DIGITS: &str = "00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff\n";

/// What is said about keys in files of this directory.
fn keys(directory: &Directory, lines: &str) -> Result<Sealing, String> {
    let path = directory.0.display();
    let text = journaled(&lines.replace("HERE", &path.to_string()));
    fs::write(directory.0.join("sekisho.toml"), text).unwrap();
    let journal = directory.load(SEALED).unwrap().journal;
    let credentials = directory.0.join("credentials");
    let read = journal.read_keys(credentials.exists().then_some(&credentials));
    read.map_err(|errors| directory.without_path(&errors.to_string()))
}

fn closed(directory: &Directory, file: &str) {
    let mode = fs::Permissions::from_mode(0o400);
    fs::set_permissions(directory.0.join(file), mode).unwrap();
}

#[test]
fn keys_are_read_from_credentials_and_from_files_as_digits_or_as_bytes() {
    let directory = Directory::new()
        .with("credentials/now", DIGITS)
        .with("then", [7; 32])
        .with("earlier", DIGITS.trim_end());
    for file in ["credentials/now", "then", "earlier"] {
        closed(&directory, file);
    }
    let lines = "key = \"credential:now\"\nformer_keys = [\"HERE/then\", \"HERE/earlier\"]";
    let sealing = keys(&directory, lines).unwrap();
    let check = |key: &::journal::seal::Key| key.check_value();
    let (now, former) = (sealing.current.unwrap(), sealing.former);
    assert_eq!((check(&now), former.len()), (check(&former[1]), 2));
    assert_eq!(check(&former[0]), check(&::journal::seal::Key::of(&[7; 32])));
    assert!(sealing.warnings.is_empty(), "{:?}", sealing.warnings);
}

#[test]
fn a_key_that_can_not_be_had_is_named_with_what_to_do() {
    let directory =
        Directory::new().with("short", DIGITS.trim_end().split_at(63).0).with("long", [7; 5_000]);
    let lines = "key = \"HERE/none\"\nformer_keys = [\n\"HERE/short\",\n\"HERE/long\",\n\
                 \"HERE/.\",\n\"credential:old\"]";
    expect![[r#"
        sekisho.toml:23:7: journal.key: none is not there; make a key with: (umask 077; head -c 32 /dev/urandom > none) and keep a copy where this machine's loss does not reach it
        sekisho.toml:25:1: journal.former_keys: short has 63 bytes, and is no key; a key is 32 bytes, or 64 hexadecimal digits
        sekisho.toml:26:1: journal.former_keys: long has 5000 bytes, and is no key; a key is 32 bytes, or 64 hexadecimal digits
        sekisho.toml:27:1: journal.former_keys: . is a directory; name the file in it that holds the key
        sekisho.toml:28:1: journal.former_keys: credential "old": there are none outside of systemd ($CREDENTIALS_DIRECTORY is not set); set it to a directory with a file old, or name the file itself"#]].assert_eq(&keys(&directory, lines).unwrap_err());
    let directory = directory.with("credentials/other", DIGITS);
    expect![[r#"sekisho.toml:23:7: journal.key: there is no credential "old" (credentials/old); add LoadCredential=old:FILE to the unit, or name the file itself"#]].assert_eq(&keys(&directory, "key = \"credential:old\"").unwrap_err());
}

#[test]
fn a_key_that_everybody_can_read_is_taken_with_a_warning() {
    let directory = Directory::new().with("key", DIGITS);
    let mode = fs::Permissions::from_mode(0o604);
    fs::set_permissions(directory.0.join("key"), mode).unwrap();
    let sealing = keys(&directory, "key = \"HERE/key\"").unwrap();
    expect!["journal.key: everybody on this machine can read key; chmod 0400 it"]
        .assert_eq(&directory.without_path(&sealing.warnings.join("\n")));
    assert!(sealing.current.is_some());
}

#[test]
fn originals_are_found_for_as_long_as_segments_are_kept_at_most() {
    let keep = |lines: &str| loaded(&journaled(lines)).journal.original_keep;
    let day = Duration::from_hours(24);
    assert_eq!(keep(""), day * 35);
    assert_eq!(keep("retain = \"90d\""), day * 35);
    assert_eq!(keep("retain = \"7d\""), day * 7);
    assert_eq!(keep("retain = \"90d\"\noriginal_keep = \"90d\""), day * 90);
    check_each(
        &[journaled("original_keep = \"36d\""), journaled("original_keep = \"23h\"")],
        &expect![[r#"
            sekisho.toml:23:17: journal.original_keep: "36d" is longer than segments are kept (retain, "35d"); shorten it, or lengthen retain
            sekisho.toml:23:17: journal.original_keep: "23h" is outside of "1d" to "3650d"; choose one inside
        "#]],
    );
}
