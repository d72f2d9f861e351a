//! Dialects through the program itself: shown, looked through, written out, compared, and used.
#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]
#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use expect_test::expect;

/// A folder with dialect files, which goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("sekisho-dialect-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn with(self, file: &str, text: &str) -> Self {
        fs::write(self.0.join(file), text).unwrap();
        self
    }

    /// The exit code, and what the program said in this folder.
    fn says(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = run(&self.0, arguments);
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
    command.args(arguments).env_remove("CLICOLOR_FORCE").current_dir(folder);
    command.output().unwrap()
}

const ACME: &str = "extends = \"iso87-binary\"\nmti = \"ascii\"\nsubfields = \"none\"\n\n[fields]\n\
                    2-38 = \"absent\"\n39 = \"an2 answer\"\n40-128 = \"absent\"\n";

/// As above, with another field, and one that is written in another way.
const OTHER: &str = "extends = \"acme.toml\"\n\n[fields]\n3 = \"n6 processing code\"\n\
                     39 = \"an3 answer\"\n";

fn folder() -> Folder {
    Folder::new().with("acme.toml", ACME).with("other.toml", OTHER)
}

#[test]
fn a_dialect_is_shown_with_the_format_and_the_name_of_each_field() {
    let (code, said) = folder().says(&["dialect", "show", "other.toml"]);
    assert_eq!(code, Some(0));
    expect![[r#"
        other, version 1987, mti ascii, bitmap raw
        DE  FORMAT  WRITTEN   LENGTH  NAME             JOURNAL  INSIDE
        3   n6      bcd-left  -       processing code  yes
        39  an3     ascii     -       answer           yes
    "#]]
    .assert_eq(&said);
    let (code, said) = folder().says(&["dialect", "show", "iso93-binary", "-o", "json"]);
    assert_eq!((code, said.lines().count()), (Some(0), 127));
    expect![[r#"{"field":3,"format":"n6","form":"bcd-right","length":null,"name":"processing code","journal":true,"subfields":"[2, 2, 2]"}"#]].assert_eq(said.lines().nth(1).unwrap());
}

#[test]
fn a_dialect_written_out_extends_nothing_and_is_the_same() {
    let folder = folder();
    let (code, said) = folder.says(&["dialect", "convert", "other.toml"]);
    assert_eq!(code, Some(0));
    expect![[r#"
        name = "other"
        version = 1987
        mti = "ascii"
        bitmap = "raw"
        digits = "bcd-left"
        binary = "hex"
        length = "ascii"
        subfields = "none"

        [fields]
        3 = "n6 processing code"
        39 = "an3 answer"
    "#]]
    .assert_eq(&said);
    let folder = folder.with("whole.toml", &said);
    let same = folder.says(&["dialect", "diff", "whole.toml", "other.toml"]);
    assert_eq!(same, (Some(0), "no difference\n".to_owned()));
    for name in ["iso87-ascii", "iso87-binary", "iso93-ascii", "iso93-binary"] {
        let (_, text) = folder.says(&["dialect", "convert", name]);
        fs::write(folder.0.join("whole.toml"), text).unwrap();
        assert_eq!(folder.says(&["dialect", "diff", name, "whole.toml"]).0, Some(0), "{name}");
    }
}

#[test]
fn what_differs_between_two_is_told_field_by_field_and_the_exit_code_is_seven() {
    let (code, said) = folder().says(&["dialect", "diff", "acme.toml", "other.toml"]);
    assert_eq!(code, Some(7));
    expect![[r#"
        DE  WHAT    acme  other
        3   field   -     n6 bcd-left
        39  format  an2   an3
    "#]]
    .assert_eq(&said);
    let arguments = ["dialect", "diff", "iso93-ascii", "iso93-binary", "-o", "json"];
    let (code, said) = folder().says(&arguments);
    assert_eq!(code, Some(7));
    let first: Vec<&str> = said.lines().take(4).collect();
    expect![[r#"
        {"field":null,"what":"mti","one":"ascii","other":"bcd"}
        {"field":null,"what":"bitmap","one":"hex","other":"raw"}
        {"field":2,"what":"form","one":"ascii","other":"bcd-right"}
        {"field":2,"what":"length","one":"ascii","other":"bcd"}"#]]
    .assert_eq(&first.join("\n"));
}

#[test]
fn mistakes_in_files_are_told_with_their_lines_and_the_exit_code_is_seven() {
    let wrong = ACME.replace("an2 answer", "an.20 answer").replace("mti", "mtii");
    let folder = folder().with("wrong.toml", &wrong);
    let (code, said) = folder.says(&["dialect", "lint", "acme.toml", "wrong.toml", "none.toml"]);
    assert_eq!(code, Some(7));
    expect![[r#"
        acme.toml: acme, version 1987, mti ascii, bitmap raw, 1 field
        wrong.toml:2:1: mtii: unknown key; did you mean "mti"?
        wrong.toml:7:6: fields.39: "an.20": 1 dot is a length of one digit, at most 9; write an..20
        none.toml:1:1: can not be read: No such file or directory (os error 2)
    "#]]
    .assert_eq(&said);
    let (code, said) = folder.says(&["dialect", "lint", "wrong.toml", "-o", "json"]);
    assert_eq!(code, Some(7));
    expect![[r#"
        {"file":"wrong.toml","line":2,"column":1,"key":"mtii","message":"unknown key; did you mean \"mti\"?"}
        {"file":"wrong.toml","line":7,"column":6,"key":"fields.39","message":"\"an.20\": 1 dot is a length of one digit, at most 9; write an..20"}
    "#]].assert_eq(&said);
    assert_eq!(folder.says(&["dialect", "lint", "acme.toml", "other.toml"]).0, Some(0));
}

#[test]
fn what_is_no_dialect_is_not_found_or_told_what_is_wrong() {
    let folder = folder().with("wrong.toml", "version = 1988\n");
    let show = |name| folder.says(&["dialect", "show", name]);
    let (code, said) = show("iso93");
    assert_eq!(code, Some(3));
    expect![[r#"
        sekisho: "iso93" is no dialect; there is: iso87-ascii, iso87-binary, iso93-ascii, iso93-binary; a file is named with .toml
    "#]].assert_eq(&said);
    assert_eq!(show("none.toml"), (Some(3), "sekisho: there is no file none.toml\n".to_owned()));
    let (code, said) = show("wrong.toml");
    assert_eq!(code, Some(7));
    assert!(said.contains("wrong.toml:1:11: version: 1988 is no edition"), "{said}");
}

#[test]
fn the_workbench_reads_and_writes_messages_in_a_dialect_of_a_file() {
    let folder = folder();
    let object = r#"{"mti":"0810","fields":{"39":"00"}}"#;
    let encode = ["message", "encode", "--dialect", "acme.toml", object];
    let (code, hex) = folder.says(&encode);
    assert_eq!((code, hex.as_str()), (Some(0), "3038313000000000020000003030\n"));
    let (code, said) =
        folder.says(&["message", "decode", "--dialect", "acme.toml", hex.trim_end()]);
    assert_eq!(code, Some(0));
    expect![[r#"
        0810 in acme, 14 bytes
        DE  NAME    HOLDS   VALUE
        39  answer  text 2  00

    "#]]
    .assert_eq(&said);
    let (code, said) = folder.says(&["message", "decode", "--dialect", "acme.tml", "00"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("acme.tml:1:1: can not be read"), "{said}");
}
