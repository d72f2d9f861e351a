//! Configurations, good and bad, and what is said about them.

use super::*;
use expect_test::{Expect, expect};
use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};

const DEMO: Mode = Mode { insecure_demo: true };
const SEALED: Mode = Mode { insecure_demo: false };

/// A configuration directory that goes away with the test.
struct Place(PathBuf);

impl Place {
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
        let directory = format!("{}/", self.0.display());
        load_on(&self.0.join("sekisho.toml"), mode, 2)
            .map_err(|errors| errors.to_string().replace(&directory, ""))
    }
}

impl Drop for Place {
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

/// [`WHOLE`] with a line put in the place of the first one that begins with the same key, or behind
/// the header given as `[header] line`.
fn changed(change: &str) -> String {
    let key = change.split(" =").next().unwrap();
    let mut done = false;
    let lines = WHOLE.lines().map(|line| {
        let hit = !done && line.starts_with(key);
        done |= hit;
        if hit { change } else { line }
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    assert!(done, "no line begins with {key:?}");
    text
}

fn said(mode: Mode, text: &str) -> String {
    match Place::new().with("sekisho.toml", text).load(mode) {
        Ok(configuration) => format!("runs:\n{}", configuration.summary()),
        Err(errors) => errors,
    }
}

fn check(text: &str, expected: Expect) {
    expected.assert_eq(&said(DEMO, text));
}

/// The whole configuration with lines added to the station of that name.
fn station(name: &str, lines: &str) -> String {
    let at = format!("name = \"{name}\"\n");
    assert!(WHOLE.contains(&at));
    WHOLE.replace(&at, &format!("{at}{lines}\n"))
}

#[test]
fn smoke() {
    check(
        WHOLE,
        expect![[r#"
        runs:
        node tokyo: institution 49000000001, 2 workers
        state /var/lib/sekisho
        control /run/sekisho/control.sock
        station merchant-a: acquirer, iso93-ascii, ascii4, listens on 127.0.0.1:7001 for 127.0.0.0/8 ::1/128, at most 1024 links, sign-on none, echo 30s
        station issuer-x: issuer, iso93-binary, bin2, connects to 127.0.0.1:8001, sign-on none, echo 30s, timeout 10s
        route 353011: issuer-x
    "#]],
    );
    check(
        "",
        expect![[r#"
        sekisho.toml:1:1: node: missing; add a table [node] with name and institution
        sekisho.toml:1:1: station: missing; add at least one [[station]]"#]],
    );
    check(
        &changed("name = \"Tokyo!\""),
        expect![[
            r#"sekisho.toml:3:8: node.name: "Tokyo!" is no name; use 1 to 32 of a-z, 0-9 and -"#
        ]],
    );
    check(
        &station("issuer-x", "timeout = 10"),
        expect![[
            r#"sekisho.toml:14:11: station.issuer-x.timeout: 10 has no unit; write it like "10s" (us, ms, s, m, h, d)"#
        ]],
    );
}
