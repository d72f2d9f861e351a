//! Configurations, good and bad, and what is said about them.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

mod agreement;

mod difference;

mod files;

mod inert;

mod journal;

mod partner;

mod process;

mod routes;

mod stations;

mod transition;

use super::*;
use expect_test::{Expect, expect};
use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};

const DEMO: Mode = Mode { insecure_demo: true };
const SEALED: Mode = Mode { insecure_demo: false };

/// A configuration directory that goes away with the test.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sekisho-config-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn with(self, file: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.0.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn load(&self, mode: Mode) -> Result<Configuration, String> {
        load_on(&self.0.join("sekisho.toml"), mode, 2)
            .map_err(|errors| self.without_path(&errors.to_string()))
    }

    /// What is said about it: every mistake, or what would run.
    fn said(&self, mode: Mode) -> String {
        match self.load(mode) {
            Ok(configuration) => self.without_path(&configuration.summary()),
            Err(errors) => errors + "\n",
        }
    }

    fn without_path(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.0.display()), "")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// A small configuration without a fault.
const WHOLE: &str = r#"
[node]
name = "tokyo"
institution = "49000000001"
[[station]]
name = "merchant-a"
role = "acquirer"
institution = "77334000001"
dialect = "iso93-ascii"
framing = "ascii4"
listen = ["127.0.0.1:7001"]
[[station]]
name = "issuer-x"
role = "issuer"
institution = "49711000001"
dialect = "iso93-binary"
framing = "bin2"
connect = ["127.0.0.1:8001"]
[[route]]
pan = "353011"
to = ["issuer-x"]
"#;

/// [`WHOLE`] with one of its lines changed; an empty text removes the line.
fn changed(line: &str, to: &str) -> String {
    assert!(WHOLE.contains(&format!("\n{line}\n")), "no line {line}");
    WHOLE.replacen(&format!("\n{line}\n"), &format!("\n{to}\n"), 1)
}

/// [`WHOLE`] with lines added behind one of its lines.
fn added(line: &str, more: &str) -> String {
    changed(line, &format!("{line}\n{more}"))
}

fn acquirer(line: &str) -> String {
    added("name = \"merchant-a\"", line)
}

fn issuer(line: &str) -> String {
    added("name = \"issuer-x\"", line)
}

fn loaded(text: &str) -> Configuration {
    Directory::new().with("sekisho.toml", text).load(DEMO).unwrap()
}

#[track_caller]
fn check(text: &str, expected: &Expect) {
    expected.assert_eq(&Directory::new().with("sekisho.toml", text).said(DEMO));
}

/// What is said about each of several configurations, one behind the other.
#[track_caller]
fn check_each(texts: &[String], expected: &Expect) {
    let said = texts.iter().map(|text| Directory::new().with("sekisho.toml", text).said(DEMO));
    expected.assert_eq(&said.collect::<String>());
}

#[track_caller]
fn check_sealed(text: &str, expected: &Expect) {
    expected.assert_eq(&Directory::new().with("sekisho.toml", text).said(SEALED));
}

#[test]
fn a_configuration_without_a_fault_runs() {
    check(
        WHOLE,
        &expect![[r#"
            node tokyo: institution 49000000001, 2 workers
            state /var/lib/sekisho
            journal local, mapped, segments of 64MiB, kept 35d, originals found for 35d, batches gathered for 250us at most, read through every 1d, sealed with a key made for trial
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
fn every_mistake_is_named_in_one_go() {
    let text = r#"
[node]
name = "Tokyo"
workers = 65
[contrl]
[[station]]
name = "merchant-a"
role = "acquiror"
dialect = "iso93-asci"
framing = "ascii5"
listen = ["localhost:7001"]
timeot = "10s"
[[station]]
role = "issuer"
institution = "4971100000X"
dialect = "iso93-binary"
framing = "bin2"
timeout = "0s"
[[route]]
pan = "3530-11"
to = ["issuer-x", "merchant-a"]
"#;
    check(
        text,
        &expect![[r#"
            sekisho.toml:2:1: node.institution: missing; add the switch's own code, institution = "49000000001"
            sekisho.toml:3:8: node.name: "Tokyo" is no name; use 1 to 32 of a-z, 0-9 and -
            sekisho.toml:4:11: node.workers: 65 is outside of 0 to 64; choose one inside
            sekisho.toml:5:2: contrl: unknown key; did you mean "control"?
            sekisho.toml:6:1: station.merchant-a.institution: missing; add institution = "77334000001", its DE 32
            sekisho.toml:8:8: station.merchant-a.role: "acquiror" is not known here; did you mean "acquirer"?
            sekisho.toml:9:11: station.merchant-a.dialect: "iso93-asci" is no dialect; did you mean "iso93-ascii"?
            sekisho.toml:10:11: station.merchant-a.framing: "ascii5" is no framing; did you mean "ascii4"?
            sekisho.toml:11:11: station.merchant-a.listen: "localhost:7001" names a host, and names are not looked up; write its address, like "127.0.0.1:7001"
            sekisho.toml:12:1: station.merchant-a.timeot: unknown key; did you mean "timeout"?
            sekisho.toml:13:1: station[2].name: missing; add a name of its own, name = "issuer-x"
            sekisho.toml:13:1: station[2].connect: missing; add connect = ["address:port"] for a station that we call, or listen = [...] for one that calls us
            sekisho.toml:15:15: station[2].institution: "4971100000X" is not a code of 1 to 11 digits; write its digits alone
            sekisho.toml:18:11: station[2].timeout: "0s" is outside of "10ms" to "10m"; choose one inside
            sekisho.toml:20:7: route.3530-11.pan: "3530-11" has ends of different lengths; write both with the same number of digits
            sekisho.toml:21:7: route.3530-11.to: there is no station "issuer-x"; there is: merchant-a
        "#]],
    );
}
