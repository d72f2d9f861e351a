//! The message workbench through the program itself: vectors in, objects out, and back.
#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]
#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

use std::io::Write;
use std::process::{Command, Output, Stdio};

use expect_test::expect;
use serde_json::Value;

const ASCII: &str = include_str!("../../../codec/tests/vectors/iso93-ascii.jsonl");
const BINARY: &str = include_str!("../../../codec/tests/vectors/iso93-binary.jsonl");

/// A sale with a card, a track, a PIN block and private data.
const SALE: &str = r#"{"mti":"1100","fields":{"2":"3530111333300000","3":"000000","4":"000000002500","11":"000042","35":"3530111333300000=2812201","48":"1234","52":"AA0601020304050F"}}"#;

fn message(arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
    command.arg("message").args(arguments).env_remove("CLICOLOR_FORCE");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // A program that ends early does not read all of it.
    let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn lines(objects: &[Value], key: &str) -> String {
    let lines: Vec<_> = objects.iter().map(|object| object[key].as_str().unwrap()).collect();
    lines.join("\n") + "\n"
}

/// The messages and the truncations of one dialect.
fn vectors(of: &str) -> (Vec<Value>, Vec<Value>) {
    let parsed = of.lines().map(|line| serde_json::from_str(line).unwrap());
    parsed.partition(|vector: &Value| vector.get("fields").is_some())
}

fn encoded(dialect: &str, object: &str) -> String {
    let output = message(&["encode", "--dialect", dialect], object);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    text(&output.stdout).to_owned()
}

#[test]
fn every_vector_decodes_as_it_says_and_its_object_encodes_to_the_same_bytes() {
    for (dialect, of) in [("iso93-ascii", ASCII), ("iso93-binary", BINARY)] {
        let (messages, _) = vectors(of);
        assert_eq!(messages.len(), 40);
        let hex = lines(&messages, "hex");
        let decoded = message(&["decode", "--dialect", dialect, "-o", "json", "-"], &hex);
        assert_eq!((decoded.status.code(), text(&decoded.stderr)), (Some(0), ""), "{dialect}");
        let objects = text(&decoded.stdout);
        assert_eq!(objects.lines().count(), 40);
        for (line, vector) in objects.lines().zip(&messages) {
            let object: Value = serde_json::from_str(line).unwrap();
            assert_eq!(object["mti"], vector["mti"]);
            assert_eq!(object["fields"], vector["fields"], "{}", vector["id"]);
            assert_eq!(object.as_object().unwrap().len(), 2);
        }
        assert_eq!(encoded(dialect, objects), hex);
    }
}

#[test]
fn every_truncation_is_an_object_that_tells_of_its_error_and_the_exit_code_is_seven() {
    for (dialect, of) in [("iso93-ascii", ASCII), ("iso93-binary", BINARY)] {
        let (_, truncations) = vectors(of);
        assert_eq!(truncations.len(), 40);
        let hex = lines(&truncations, "hex");
        let decoded = message(&["decode", "--dialect", dialect, "-o", "json", "-"], &hex);
        assert_eq!(decoded.status.code(), Some(7), "{dialect}");
        assert_eq!(text(&decoded.stdout).lines().count(), 40);
        for (line, vector) in text(&decoded.stdout).lines().zip(&truncations) {
            let object: Value = serde_json::from_str(line).unwrap();
            let error = &object["error"];
            assert!(
                error["field"].is_u64() && error["offset"].is_u64(),
                "{}: {line}",
                vector["id"]
            );
            assert!(error["expected"].is_string() && error["found"].is_string(), "{line}");
            let before = object["fields"].as_object().unwrap();
            let field = error["field"].as_u64().unwrap();
            assert!(before.keys().all(|n| n.parse::<u64>().unwrap() < field), "{line}");
        }
    }
}

#[test]
fn a_line_that_does_not_decode_does_not_stop_the_others() {
    let good = "3138303430303030303130303030303030303030383331";
    let input = format!("{good}\n\n{}\nzz\n{}\n", good.get(..40).unwrap(), good.to_lowercase());
    let decoded = message(&["decode", "--dialect", "iso93-ascii", "-o", "json"], &input);
    assert_eq!(decoded.status.code(), Some(7));
    expect![[r#"
        {"mti":"1804","fields":{"24":"831"}}
        {"error":{"field":24,"offset":20,"expected":"3 bytes","found":"0 bytes"},"fields":{}}
        {"error":{"field":null,"offset":0,"expected":"a hexadecimal digit","found":"'z'"},"fields":{}}
        {"mti":"1804","fields":{"24":"831"}}
    "#]]
    .assert_eq(text(&decoded.stdout));
    expect![[r#"
        sekisho: line 4, column 1: expected a hexadecimal digit, found 'z'; write one message a line, two digits (0-9, A-F, a-f) a byte
    "#]]
    .assert_eq(text(&decoded.stderr));
}

#[test]
fn bytes_left_over_are_an_error_behind_the_last_field() {
    let hex = "3138303430303030303130303030303030303030383331";
    let arguments = ["decode", "--dialect", "iso93-ascii", "-o", "json", &format!("{hex}00")];
    let decoded = message(&arguments, "");
    assert_eq!(decoded.status.code(), Some(7));
    expect![[r#"
        {"error":{"field":null,"offset":23,"expected":"the end of the message","found":"1 byte"},"fields":{"24":"831"}}
    "#]]
    .assert_eq(text(&decoded.stdout));
}

/// A sale by chip: an amount, a card number, a track, a template, a tag that nobody knows.
const CHIP: &str = r#"{"mti":"1200","fields":{"3":"012030","22":"510101513344","48":"0103abc","54":"0001392C000000025000","55":"9F02060000000025005A08353011133330000057113530111333300000D28122010000000000700D5F200A4B414552552F5441524F00DF7F021234"}}"#;

#[test]
fn the_table_shows_what_is_inside_a_field_and_masks_what_may_tell_of_the_card() {
    let hex = encoded("iso93-ascii", CHIP);
    let table = message(&["decode", "--dialect", "iso93-ascii"], &hex);
    assert_eq!(table.status.code(), Some(0));
    expect![[r#"
        1200 in iso93-ascii, 133 bytes
        DE          NAME                            HOLDS         VALUE
        3           processing code                 digits 6      012030
        3.1         transaction type                digits 2      01
        3.2         account from                    digits 2      20
        3.3         account to                      digits 2      30
        22          point of service                text 12       510101513344
        22.1        how it can read cards           text 1        5
        22.2        how it can check cardholders    text 1        1
        22.3        can keep cards                  text 1        0
        22.4        where it stands                 text 1        1
        22.5        cardholder there                text 1        0
        22.6        card there                      text 1        1
        22.7        how the card was read           text 1        5
        22.8        how the cardholder was checked  text 1        1
        22.9        by whom                         text 1        3
        22.10       how it can write cards          text 1        3
        22.11       how it can show                 text 1        4
        22.12       longest PIN                     text 1        4
        48          additional data, private        text to 999   (7 characters masked)
        54          additional amounts              text to 120   0001392C000000025000
        54.1        account type                    text 2        00
        54.2        amount type                     text 2        01
        54.3        currency                        text 3        392
        54.4        sign                            text 1        C
        54.5        amount                          text 12       000000025000
        55          chip data                       bytes to 255  (59 bytes masked)
        55.9F02     amount                          bytes 6       000000002500
        55.5A       card number (PAN)               bytes 8       353011******0000
        55.57       track 2 equivalent              bytes 17      (17 bytes masked)
        55.70       record template                 bytes 13
        55.70.5F20  cardholder                      bytes 10      (10 bytes masked)
        55.DF7F                                     bytes 2       (2 bytes masked)

    "#]]
    .assert_eq(text(&table.stdout));
    let bare = message(&["decode", "--dialect", "iso93-ascii", "--unmasked"], &hex);
    for value in ["3530111333300000", "4B414552552F5441524F", "1234"] {
        assert!(text(&bare.stdout).contains(value), "{value}");
    }
}

#[test]
fn the_table_says_that_two_places_have_two_card_numbers() {
    let two = r#"{"mti":"1200","fields":{"2":"4111111111111111","35":"3530111333300000=2812201"}}"#;
    let table = message(&["decode", "--dialect", "iso93-ascii"], &encoded("iso93-ascii", two));
    assert_eq!(table.status.code(), Some(0), "it decodes");
    expect![[r#"
        1200 in iso93-ascii, 64 bytes
        DE  NAME               HOLDS         VALUE
        2   card number (PAN)  digits to 19  411111******1111
        35  track 2            text to 37    (24 characters masked)
        A SWITCH REFUSES THIS: the card numbers of DE 2 and DE 35 are not the same

    "#]]
    .assert_eq(text(&table.stdout));
}

#[test]
fn the_table_says_where_chip_data_ends_before_its_element() {
    let cut = r#"{"mti":"1210","fields":{"55":"9C01009F2608A1B2"}}"#;
    let table = message(&["decode", "--dialect", "iso93-ascii"], &encoded("iso93-ascii", cut));
    expect![[r#"
        1210 in iso93-ascii, 31 bytes
        DE     NAME              HOLDS         VALUE
        55     chip data         bytes to 255  (8 bytes masked)
        55.9C  transaction type  bytes 1       00
        55.?                                   NOT READ at place 6: expected 8 more

    "#]]
    .assert_eq(text(&table.stdout));
}

#[test]
fn the_table_masks_card_data_unless_it_is_told_not_to() {
    let hex = encoded("iso93-binary", SALE);
    let table = message(&["decode", "--dialect", "iso93-binary"], &hex);
    assert_eq!(table.status.code(), Some(0));
    expect![[r#"
        1100 in iso93-binary, 70 bytes
        DE   NAME                      HOLDS         VALUE
        2    card number (PAN)         digits to 19  353011******0000
        3    processing code           digits 6      000000
        3.1  transaction type          digits 2      00
        3.2  account from              digits 2      00
        3.3  account to                digits 2      00
        4    amount                    digits 12     000000002500
        11   trace number (STAN)       digits 6      000042
        35   track 2                   text to 37    (24 characters masked)
        48   additional data, private  text to 999   (4 characters masked)
        52   PIN block                 bytes 8       (8 bytes masked)

    "#]]
    .assert_eq(text(&table.stdout));
    let bare = message(&["decode", "--dialect", "iso93-binary", "--unmasked"], &hex);
    for value in ["3530111333300000", "1234", "AA0601020304050F"] {
        assert!(text(&bare.stdout).contains(value), "{value}");
    }
}

#[test]
fn a_table_of_a_message_that_does_not_decode_says_why_and_what_came_before() {
    let hex = encoded("iso93-binary", SALE);
    let table = message(&["decode", "--dialect", "iso93-binary", hex.get(..48).unwrap()], "");
    assert_eq!(table.status.code(), Some(7));
    expect![[r#"
        NOT DECODED: DE 4 at byte 22: expected 6 bytes, found 2 bytes
        1100 in iso93-binary, 24 bytes; what came before:
        DE   NAME               HOLDS         VALUE
        2    card number (PAN)  digits to 19  353011******0000
        3    processing code    digits 6      000000
        3.1  transaction type   digits 2      00
        3.2  account from       digits 2      00
        3.3  account to         digits 2      00

    "#]]
    .assert_eq(text(&table.stdout));
}

#[test]
fn an_object_that_is_no_message_is_told_with_its_line_and_never_its_value() {
    let objects = [
        r#"{"mti":"1100","fields":{"3":"12345678"}}"#,
        r#"{"mti":"1100","fields":{"2":"35301113333x0000"}}"#,
        r#"{"mti":"1100","fields":{"2":3530111333300000}}"#,
        r#"{"mti":"1100","fields":"3530111333300000"}"#,
        r#"{"mti":"1100","fields":{"52":"AA0"}}"#,
        r#"{"mti":"1100","fields":{"52":"AA06"}}"#,
        r#"{"mti":"1100","fields":{"3":"000000","3":"000001"}}"#,
        r#"{"mti":"1100","fields":{"129":"1"}}"#,
        r#"{"mti":"11","fields":{}}"#,
        r#"{"mti":"1100"}"#,
        r#"{"mti":"1100","field":{},"fields":{}}"#,
        r#"{"mti":"1100","fields":{"3":"000000""#,
        "[]",
        r#"{"error":{},"fields":{}}"#,
    ];
    let output = message(&["encode", "--dialect", "iso93-ascii"], &objects.join("\n"));
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(7), ""));
    assert!(!text(&output.stderr).contains("35301113"));
    expect![[r#"
        sekisho: line 1, DE 3: expected 6 digits, found more than that
        sekisho: line 2, DE 2: expected at most 19 digits, found a character that it does not take
        sekisho: line 3 has no text as DE 2; write its value in quotes
        sekisho: line 4 lacks "fields", an object of numbers and values
        sekisho: line 5, DE 52: expected 8 bytes in hexadecimal, found a character that it does not take
        sekisho: line 6, DE 52: expected 8 bytes in hexadecimal, found another length
        sekisho: line 7, column 50: it is not JSON as it should be: the key "3" stands twice
        sekisho: line 8 has a field "129"; data elements are 2 to 128
        sekisho: line 9 has an "mti" that is none; write four digits in quotes, "1100"
        sekisho: line 10 lacks "fields", an object of numbers and values
        sekisho: line 11 has a key "field" that means nothing; remove it
        sekisho: line 12, column 36: it is not JSON as it should be: EOF while parsing an object
        sekisho: line 13 is no object; write {"mti":"1100","fields":{"2":"..."}}
        sekisho: line 14 tells of a line that did not decode, so there is no message in it
    "#]]
    .assert_eq(text(&output.stderr));
}

#[test]
fn for_programs_each_line_of_input_has_its_line_of_output() {
    let input = format!("{{\"mti\":\"1804\",\"fields\":{{\"24\":\"8311\"}}}}\n{SALE}\n[]\n");
    let output = message(&["encode", "--dialect", "iso93-ascii", "-o", "json", "-"], &input);
    assert_eq!(output.status.code(), Some(7));
    let lines: Vec<&str> = text(&output.stdout).lines().collect();
    assert_eq!(lines.len(), 3);
    expect![[r#"{"error":{"expected":"3 digits","field":24,"found":"more than that"}}"#]]
        .assert_eq(lines[0]);
    assert_eq!(lines[1], encoded("iso93-ascii", SALE).trim_end());
    assert!(lines[2].starts_with(r#"{"error":"#), "{}", lines[2]);
}

#[test]
fn a_dialect_must_be_named_and_a_wrong_name_is_answered_with_the_right_ones() {
    assert_eq!(message(&["decode", "00"], "").status.code(), Some(2));
    let output = message(&["decode", "--dialect", "iso93-asci", "-"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("did you mean \"iso93-ascii\"?"));
}

#[test]
fn nothing_in_is_nothing_out() {
    for command in ["decode", "encode"] {
        let output = message(&[command, "--dialect", "iso93-ascii"], "\n \n");
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), ""));
    }
}

#[test]
fn the_list_of_dialects_says_what_tells_them_apart() {
    let list = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
        let output = command.args(["dialect", "list"]).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stdout).unwrap()
    };
    expect![[r#"
        NAME          VERSION  FIELDS  MTI         BITMAP       DIGITS      LENGTHS     BINARY
        iso87-ascii      1987     127  characters  hexadecimal  characters  characters  hexadecimal
        iso87-binary     1987     127  packed      raw          packed      packed      raw
        iso93-ascii      1993     127  characters  hexadecimal  characters  characters  hexadecimal
        iso93-binary     1993     127  packed      raw          packed      packed      raw
    "#]]
    .assert_eq(&list(&[]));
    expect![[r#"
        {"name":"iso87-ascii","version":1987,"fields":127,"mti":"characters","bitmap":"hexadecimal","digits":"characters","lengths":"characters","binary":"hexadecimal"}
        {"name":"iso87-binary","version":1987,"fields":127,"mti":"packed","bitmap":"raw","digits":"packed","lengths":"packed","binary":"raw"}
        {"name":"iso93-ascii","version":1993,"fields":127,"mti":"characters","bitmap":"hexadecimal","digits":"characters","lengths":"characters","binary":"hexadecimal"}
        {"name":"iso93-binary","version":1993,"fields":127,"mti":"packed","bitmap":"raw","digits":"packed","lengths":"packed","binary":"raw"}
    "#]].assert_eq(&list(&["-o", "json"]));
}
