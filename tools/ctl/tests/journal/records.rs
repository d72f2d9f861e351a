//! `journal dump` and `journal tail`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use expect_test::expect;

use crate::author::{BEGINNING, Folder, KEY, sold};
use crate::{says, sekisho};

/// Both stations in a dialect of a file.
const CONFIGURATION: &str = r#"
    [node]
    name = "tokyo"
    institution = "49000000001"
    state = "."
    [control]
    socket = "control.sock"
    [[station]]
    name = "merchant-a"
    role = "acquirer"
    institution = "77334000001"
    dialect = "acme.toml"
    framing = "bin2"
    listen = ["127.0.0.1:7001"]
    [[station]]
    name = "issuer-x"
    role = "issuer"
    institution = "49711000001"
    dialect = "acme.toml"
    framing = "bin2"
    connect = ["127.0.0.1:8001"]
    [[route]]
    pan = "353011"
    to = ["issuer-x"]
    "#;

/// A program that ends with the test, whichever way that ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn records_are_shown_in_order_with_cards_masked_and_stations_by_name() {
    let folder = sold();
    let (code, said) = says(&folder, &["journal", "dump", "--dir", "journal"]);
    assert_eq!(code, Some(0));
    expect![[r#"
        POSITION    WRITTEN                      KIND           STATIONS                  MTI   STAN    CODE  RRN           FIELDS
        1           2026-11-21T05:20:30.000000Z  start          -                         -     -       -     -             build=0.1.0
        2           2026-11-21T05:20:30.000000Z  configuration  -                         -     -       -     -             digest=A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5 number=1
        3           2026-11-21T05:20:30.000000Z  station        merchant-a                -     -       -     -             dialect=iso93-ascii number=0
        4           2026-11-21T05:20:30.000000Z  links          merchant-a                -     -       -     -             count=1 from=0
        5           2026-11-21T05:20:30.000000Z  station        issuer-x                  -     -       -     -             dialect=acme number=1
        6           2026-11-21T05:20:31.000000Z  decision       merchant-a > issuer-x     1100  000001  -     000000000001  2=353011******0000 4=000000002500 11=000101 37=000000000001 41=T0000001
        7           2026-11-21T05:20:32.000000Z  settlement     issuer-x                  -     000001  000   -             (40 bytes in acme, which is not built in; name its file by --config)
    "#]].assert_eq(&said);
    let (code, said) = says(&folder, &["journal", "dump", "--dir", "journal", "-o", "json"]);
    assert_eq!(code, Some(0));
    expect![[r#"
        {"position":1,"batch":1,"epoch":1,"written":"2026-11-21T05:20:30.000000Z","kind":"start","at":"2026-11-21T05:20:30Z","build":"0.1.0"}
        {"position":2,"batch":1,"epoch":1,"written":"2026-11-21T05:20:30.000000Z","kind":"configuration","at":"2026-11-21T05:20:30Z","digest":"A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5","number":1}
        {"position":3,"batch":1,"epoch":1,"written":"2026-11-21T05:20:30.000000Z","kind":"station","station":"merchant-a","dialect":"iso93-ascii","number":0}
        {"position":4,"batch":1,"epoch":1,"written":"2026-11-21T05:20:30.000000Z","kind":"links","station":"merchant-a","count":1,"from":0}
        {"position":5,"batch":1,"epoch":1,"written":"2026-11-21T05:20:30.000000Z","kind":"station","station":"issuer-x","dialect":"acme","number":1}
        {"position":6,"batch":2,"epoch":1,"written":"2026-11-21T05:20:31.000000Z","kind":"decision","at":"2026-11-21T05:20:31Z","acquirer":"merchant-a","issuer":"issuer-x","mti":"1100","stan":"000001","rrn":"000000000001","fields":{"2":"353011******0000","4":"000000002500","11":"000101","37":"000000000001","41":"T0000001"},"configuration":1,"link":0,"not_written":[35,52],"route":0}
        {"position":7,"batch":3,"epoch":1,"written":"2026-11-21T05:20:32.000000Z","kind":"settlement","at":"2026-11-21T05:20:32Z","issuer":"issuer-x","stan":"000001","action":"000","unread":"40 bytes in acme, which is not built in; name its file by --config"}
    "#]].assert_eq(&said);
}

#[test]
fn a_range_and_a_limit_are_kept_and_names_are_known_all_the_same() {
    let folder = sold();
    let shown = |arguments: &[&str]| {
        let arguments =
            [&["journal", "dump", "--dir", "journal", "-o", "json"], arguments].concat();
        let (code, said) = says(&folder, &arguments);
        assert_eq!(code, Some(0), "{said}");
        let positions = said.lines().map(|line| {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            (row["position"].as_u64().unwrap(), row["issuer"].as_str().unwrap_or("-").to_owned())
        });
        positions.collect::<Vec<_>>()
    };
    let row = |position, issuer: &str| (position, issuer.to_owned());
    assert_eq!(shown(&["--from", "6"]), [row(6, "issuer-x"), row(7, "issuer-x")]);
    assert_eq!(shown(&["--from", "5", "--to", "6"]), [row(5, "-"), row(6, "issuer-x")]);
    assert_eq!(shown(&["--to", "3", "--limit", "2"]), [row(1, "-"), row(2, "-")]);
    assert_eq!(shown(&["--to", "2"]), [row(1, "-"), row(2, "-")], "within a batch");
    assert_eq!(shown(&["--from", "8"]), []);
    let (code, said) =
        says(&folder, &["journal", "dump", "--dir", "journal", "--from", "5", "--to", "4"]);
    assert_eq!((code, said.contains("--to is before --from")), (Some(2), true), "{said}");
}

#[test]
fn names_are_known_from_a_checkpoint_when_the_records_that_said_them_are_gone() {
    let folder = Folder::new();
    let mut author = folder.start(BEGINNING);
    author.introduces();
    author.folds();
    author.fills_a_segment();
    fs::remove_file(folder.journal().join("0000000000000001.segment")).unwrap();
    let arguments = ["journal", "dump", "--dir", "journal", "--from", "1", "--limit", "1"];
    let (code, said) = says(&folder, &arguments);
    assert_eq!(code, Some(0));
    expect![[r#"
        POSITION    WRITTEN                      KIND           STATIONS                  MTI   STAN    CODE  RRN           FIELDS
        5006        2026-11-21T05:21:21.000000Z  decision       merchant-a > issuer-x     1100  005001  -     000000005001  2=353011******0000 4=000000002500 11=005101 37=000000005001 41=T0000001
        sekisho: records before 5006 are gone: older than `journal.retain`
    "#]].assert_eq(&said);
}

#[test]
fn a_dialect_of_a_file_is_found_by_the_configuration() {
    let folder = sold();
    fs::write(folder.path().join("acme.toml"), "extends = \"iso87-ascii\"\n").unwrap();
    fs::write(folder.path().join("sekisho.toml"), CONFIGURATION).unwrap();
    let (code, said) = says(
        &folder,
        &["journal", "dump", "--config", "sekisho.toml", "--from", "7", "-o", "json"],
    );
    assert_eq!(code, Some(0));
    expect![[r#"
        {"position":7,"batch":3,"epoch":1,"written":"2026-11-21T05:20:32.000000Z","kind":"settlement","at":"2026-11-21T05:20:32Z","issuer":"issuer-x","stan":"000001","action":"000","rrn":"000000000001","fields":{"37":"000000000001","38":"A1B2C3","39":"00"}}
    "#]].assert_eq(&said);
}

#[test]
fn the_end_is_shown_while_a_daemon_writes_and_nothing_is_changed() {
    let folder = Folder::new();
    let mut author = folder.start(BEGINNING);
    author.introduces();
    for _ in 0..10 {
        author.sells();
    }
    let files = || {
        let mut files: Vec<_> = fs::read_dir(folder.journal())
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let (name, bytes) = (entry.file_name(), fs::read(entry.path()).unwrap());
                (name, bytes, entry.metadata().unwrap().modified().unwrap())
            })
            .collect();
        files.sort();
        files
    };
    let before = files();
    let (code, said) = says(&folder, &["journal", "tail", "--dir", "journal", "-n", "2"]);
    assert_eq!(code, Some(0));
    expect![[r#"
        POSITION    WRITTEN                      KIND           STATIONS                  MTI   STAN    CODE  RRN           FIELDS
        24          2026-11-21T05:20:49.000000Z  decision       merchant-a > issuer-x     1100  000010  -     000000000010  2=353011******0000 4=000000002500 11=000110 37=000000000010 41=T0000001
        25          2026-11-21T05:20:50.000000Z  settlement     issuer-x                  -     000010  000   -             (40 bytes in acme, which is not built in; name its file by --config)
    "#]].assert_eq(&said);
    assert!(files() == before, "a reader changed the journal");
}

#[test]
fn a_follower_goes_on_with_what_is_added_in_the_next_segment_and_by_the_next_daemon() {
    let folder = Folder::new();
    let mut author = folder.start(BEGINNING);
    author.introduces();
    let arguments = ["journal", "tail", "--dir", "journal", "-n", "1", "--follow", "-o", "json"];
    let mut child = Running(sekisho(&folder, &arguments).stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
    let mut until = |position: u64| {
        let mut last = 0;
        while last < position {
            let row: serde_json::Value =
                serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
            let next = row["position"].as_u64().unwrap();
            assert!(last == 0 || next == last + 1, "{next} after {last}");
            last = next;
        }
        last
    };
    assert_eq!(until(5), 5);
    author.sells();
    assert_eq!(until(7), 7);
    author.fills_a_segment();
    let last = author.next_position().0 - 1;
    assert_eq!(until(last), last);
    let utc = author.utc;
    drop(author);
    let mut author = folder.start(utc);
    author.sells();
    assert_eq!(until(last + 2), last + 2);
}

#[test]
fn without_the_right_key_it_is_said_which_one_is_wanted() {
    let folder = sold();
    let dump = ["journal", "dump", "--dir", "journal"];
    fs::remove_file(folder.journal().join("insecure-demo.key")).unwrap();
    let (code, said) = says(&folder, &dump);
    assert_eq!(code, Some(3));
    expect![[r#"
        sekisho: the records in journal are sealed, and there is no key: name its file by --key FILE, or the daemon's configuration by --config FILE; `journal verify` needs none
    "#]].assert_eq(&said);
    fs::write(folder.path().join("other"), KEY.replace("4b", "5c")).unwrap();
    let (code, said) = says(&folder, &[&dump[..], &["--key", "other"]].concat());
    assert_eq!(code, Some(4));
    expect![[r#"
        sekisho: no key opens 0000000000000001.segment: it has check value 5d6e065e31ab48e4
        name the file of the key that sealed it by --key FILE, former keys too
    "#]]
    .assert_eq(&said);
    fs::write(folder.path().join("right"), KEY).unwrap();
    let both = [&dump[..], &["--key", "other", "--key", "right"]].concat();
    assert_eq!(says(&folder, &both).0, Some(0));
    fs::write(folder.path().join("short"), "4b4b").unwrap();
    let (code, said) = says(&folder, &[&dump[..], &["--key", "short"]].concat());
    assert_eq!(code, Some(1));
    expect![[r#"
        sekisho: short has 4 bytes and is no key: 32 bytes, or 64 hexadecimal digits
    "#]]
    .assert_eq(&said);
}

#[test]
fn the_keys_are_those_of_the_configuration_former_ones_too() {
    let folder = sold();
    fs::rename(folder.journal().join("insecure-demo.key"), folder.path().join("old")).unwrap();
    fs::write(folder.path().join("new"), KEY.replace("4b", "5c")).unwrap();
    let with = |keys: &str| {
        let text = CONFIGURATION.replace("[control]", &format!("[journal]\n{keys}\n[control]"));
        fs::write(folder.path().join("sekisho.toml"), text).unwrap();
        fs::write(folder.path().join("acme.toml"), "extends = \"iso87-ascii\"\n").unwrap();
        says(&folder, &["journal", "tail", "--config", "sekisho.toml", "-n", "1", "-o", "json"])
    };
    let (code, said) = with("key = \"new\"\nformer_keys = [\"old\"]");
    assert_eq!((code, said.lines().count()), (Some(0), 1), "{said}");
    let (code, said) = with("key = \"new\"");
    assert!(code == Some(4) && said.contains("no key opens"), "{said}");
    let (code, said) = with("key = \"credential:journal-key\"");
    assert!(code == Some(4) && said.contains("by --key FILE"), "{said}");
}

#[test]
fn where_no_journal_is_it_is_said_where_one_may_be() {
    let folder = sold();
    for (arguments, code, words) in [
        (&["--dir", "nowhere"][..], 3, "no journal in nowhere: "),
        (&["--dir", "."], 3, "no journal in .; is it --dir ./journal?"),
        (&["--config", "none.toml"], 3, "there is no configuration none.toml"),
        (&[], 3, "there is no configuration /etc/sekisho/sekisho.toml; say where"),
    ] {
        let (exit, said) = says(&folder, &[&["journal", "dump"], arguments].concat());
        assert!(exit == Some(code) && said.contains(words), "{exit:?}: {said}");
    }
}

#[test]
fn a_damaged_journal_is_shown_up_to_the_damage() {
    let folder = sold();
    folder.turns_a_bit(2);
    let (code, said) = says(&folder, &["journal", "dump", "--dir", "journal", "-o", "json"]);
    assert_eq!(code, Some(7));
    expect![[r#"
        {"position":1,"batch":1,"epoch":1,"written":"2026-11-21T05:20:30.000000Z","kind":"start","at":"2026-11-21T05:20:30Z","build":"0.1.0"}
        {"position":2,"batch":1,"epoch":1,"written":"2026-11-21T05:20:30.000000Z","kind":"configuration","at":"2026-11-21T05:20:30Z","digest":"A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5","number":1}
        {"position":3,"batch":1,"epoch":1,"written":"2026-11-21T05:20:30.000000Z","kind":"station","station":"merchant-a","dialect":"iso93-ascii","number":0}
        {"position":4,"batch":1,"epoch":1,"written":"2026-11-21T05:20:30.000000Z","kind":"links","station":"merchant-a","count":1,"from":0}
        {"position":5,"batch":1,"epoch":1,"written":"2026-11-21T05:20:30.000000Z","kind":"station","station":"issuer-x","dialect":"acme","number":1}
        sekisho: 0000000000000001.segment, byte 8192: batch 2 from record 6: the batch's checksum does not agree, and the log goes on behind it
        what was acknowledged is lost or altered: `sekisho journal verify` says where, `sekisho journal salvage --out DIR` saves what is whole
    "#]].assert_eq(&said);
}

#[test]
fn what_was_cut_from_a_journal_is_read_like_one_with_the_key_beside_that() {
    let folder = sold();
    let diverged = folder.journal().join("diverged/1-1.wal");
    fs::create_dir_all(&diverged).unwrap();
    let name = "0000000000000001.segment";
    fs::copy(folder.journal().join(name), diverged.join(name)).unwrap();
    let place = ["--dir", "journal/diverged/1-1.wal"];
    let (code, verified) = says(&folder, &[&["journal", "verify"][..], &place].concat());
    assert_eq!(code, Some(0), "{verified}");
    assert!(verified.starts_with("GOOD: 7 records (1 to 7) in 4 batches"), "{verified}");
    let (code, cut) = says(&folder, &[&["journal", "dump"][..], &place].concat());
    let (_, ours) = says(&folder, &["journal", "dump", "--dir", "journal"]);
    assert_eq!((code, cut), (Some(0), ours));
}
