//! What an operator sees of each kind of record.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

use super::super::line;
use super::*;
use codec::{Dialect, Fields, Mti, Writer};
use expect_test::expect;
use switch_core::ids::{LinkNumber, RouteId};
use switch_core::time::Time;

/// A frame with these fields.
fn frame(dialect: &Dialect, mti: u16, values: &[(u8, &[u8])]) -> Vec<u8> {
    let fields = values.iter().fold(Fields::EMPTY, |all, &(n, _)| all.with(n));
    let mut room = vec![0; 500];
    let mut writer = Writer::new(dialect, &mut room, Mti::new(mti).unwrap(), fields).unwrap();
    for (n, value) in values {
        writer.put_text(*n, value).unwrap();
    }
    let length = writer.finish().unwrap();
    room.truncate(length);
    room
}

fn ascii() -> &'static Dialect {
    codec::built_in("iso93-ascii").unwrap()
}

fn sale() -> Vec<u8> {
    let values: [(u8, &[u8]); 6] = [
        (2, b"3530111333300000"),
        (4, b"000000002500"),
        (11, b"000101"),
        (14, b"2912"),
        (37, b"000000000017"),
        (43, b"TOKYO SHOP"),
    ];
    frame(ascii(), 0x1100, &values)
}

fn decision(acquirer: u16, inputs: &[u8]) -> Record<'_> {
    Record::Decision {
        acquirer: StationNumber(acquirer),
        link: LinkNumber(3),
        issuer: StationNumber(1),
        mti: Mti::new(0x1100).unwrap(),
        route: RouteId(0),
        stan: Stan(17),
        sent_at: 0x11_2105_2030,
        arrived: Time(5),
        utc: 1_795_238_430,
        configuration: 1,
        key: 7,
        check: 8,
        reference: 9,
        present: Fields::of(&[2, 4, 11, 14, 35, 37, 43, 52]),
        inputs,
    }
}

/// Two stations, one of them with a dialect that is not built in.
fn names() -> Names {
    let mut names = Names::default();
    names.learn(StationNumber(0), "merchant-a", "iso93-ascii");
    names.learn(StationNumber(1), "issuer-x", "iso93-binary");
    names.learn(StationNumber(2), "issuer-z", "acme");
    names
}

fn shown(record: &Record<'_>) -> Row {
    let mut bytes = [0; 1_000];
    let length = record.write(&mut bytes).unwrap();
    let written_ns = 1_795_238_430_123_456_789;
    let place = Place { position: 12, batch: 3, epoch: 1, written_ns };
    row(place, &bytes[..length], &names())
}

/// All of them as a table.
fn table(records: &[Record<'_>]) -> String {
    let rows: Vec<Row> = records.iter().map(shown).collect();
    line::header() + &rows.iter().map(line::line).collect::<String>()
}

/// All of them as objects.
fn objects(records: &[Record<'_>]) -> String {
    records.iter().map(|record| serde_json::to_string(&shown(record)).unwrap() + "\n").collect()
}

const UTC: u64 = 1_795_238_431;
const AT: Time = Time(9);

#[test]
fn a_transaction_is_shown_with_its_card_masked_and_its_stations_by_name() {
    let answer: [(u8, &[u8]); 3] = [(37, b"000000000017"), (38, b"A1B2C3"), (39, b"000")];
    let answer = frame(codec::built_in("iso93-binary").unwrap(), 0x1110, &answer);
    let inputs = sale();
    let (issuer, stan, utc) = (StationNumber(1), Stan(17), UTC);
    let records = [
        decision(0, &inputs),
        Record::Settlement { issuer, stan, action: 0, at: AT, utc, answer: &answer },
        Record::Expiry { issuer, stan, at: AT, utc },
        Record::Unsent { issuer, stan, at: AT, utc },
        Record::Undelivered { issuer, stan, action: 0x116, at: AT, utc },
        Record::Closed { issuer, stan, utc },
    ];
    expect![[r#"
        POSITION    WRITTEN                      KIND           STATIONS                  MTI   STAN    CODE  RRN           FIELDS
        12          2026-11-21T05:20:30.123456Z  decision       merchant-a > issuer-x     1100  000017  -     000000000017  2=353011******0000 4=000000002500 11=000101 14=(4 digits masked) 37=000000000017 43="TOKYO SHOP"
        12          2026-11-21T05:20:30.123456Z  settlement     issuer-x                  -     000017  000   000000000017  37=000000000017 38=A1B2C3 39=000
        12          2026-11-21T05:20:30.123456Z  expiry         issuer-x                  -     000017  -     -
        12          2026-11-21T05:20:30.123456Z  unsent         issuer-x                  -     000017  -     -
        12          2026-11-21T05:20:30.123456Z  undelivered    issuer-x                  -     000017  116   -
        12          2026-11-21T05:20:30.123456Z  closed         issuer-x                  -     000017  -     -
    "#]].assert_eq(&table(&records));
    expect![[r#"
        {"position":12,"batch":3,"epoch":1,"written":"2026-11-21T05:20:30.123456Z","kind":"decision","at":"2026-11-21T05:20:30Z","acquirer":"merchant-a","issuer":"issuer-x","mti":"1100","stan":"000017","rrn":"000000000017","fields":{"2":"353011******0000","4":"000000002500","11":"000101","14":"(4 digits masked)","37":"000000000017","43":"TOKYO SHOP"},"configuration":1,"link":3,"not_written":[35,52],"route":0}
        {"position":12,"batch":3,"epoch":1,"written":"2026-11-21T05:20:30.123456Z","kind":"settlement","at":"2026-11-21T05:20:31Z","issuer":"issuer-x","stan":"000017","action":"000","rrn":"000000000017","fields":{"37":"000000000017","38":"A1B2C3","39":"000"}}
        {"position":12,"batch":3,"epoch":1,"written":"2026-11-21T05:20:30.123456Z","kind":"expiry","at":"2026-11-21T05:20:31Z","issuer":"issuer-x","stan":"000017"}
        {"position":12,"batch":3,"epoch":1,"written":"2026-11-21T05:20:30.123456Z","kind":"unsent","at":"2026-11-21T05:20:31Z","issuer":"issuer-x","stan":"000017"}
        {"position":12,"batch":3,"epoch":1,"written":"2026-11-21T05:20:30.123456Z","kind":"undelivered","at":"2026-11-21T05:20:31Z","issuer":"issuer-x","stan":"000017","action":"116"}
        {"position":12,"batch":3,"epoch":1,"written":"2026-11-21T05:20:30.123456Z","kind":"closed","at":"2026-11-21T05:20:31Z","issuer":"issuer-x","stan":"000017"}
    "#]].assert_eq(&objects(&records));
}

#[test]
fn what_the_switch_says_of_itself_is_shown_with_names() {
    let station = StationNumber(0);
    let mut room = [0; 100];
    let requests = Counter::Requests.number();
    let counts = [(requests, 5), (60_000, 1)].into_iter();
    let records = [
        Record::Start { epoch: 1, utc: UTC, build: "0.1.0" },
        Record::Configuration { number: 1, digest: [0xA5; 32], utc: UTC },
        Record::Station { number: station, name: "merchant-a", dialect: "iso93-ascii" },
        Record::Links { station, from: LinkNumber(0), count: 1_024 },
        Record::SignOn { station, on: false, at: AT, utc: UTC },
        Record::Counts { deltas: Deltas::write(counts, &mut room).unwrap() },
        Record::Pulse,
        Record::Command {
            uid: 1_000,
            role: 2,
            utc: UTC,
            who: "hana",
            what: "saf hold 000017",
            outcome: "done",
        },
    ];
    expect![[r#"
        POSITION    WRITTEN                      KIND           STATIONS                  MTI   STAN    CODE  RRN           FIELDS
        12          2026-11-21T05:20:30.123456Z  start          -                         -     -       -     -             build=0.1.0
        12          2026-11-21T05:20:30.123456Z  configuration  -                         -     -       -     -             digest=A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5 number=1
        12          2026-11-21T05:20:30.123456Z  station        merchant-a                -     -       -     -             dialect=iso93-ascii number=0
        12          2026-11-21T05:20:30.123456Z  links          merchant-a                -     -       -     -             count=1024 from=0
        12          2026-11-21T05:20:30.123456Z  sign-on        merchant-a                -     -       -     -             on=false
        12          2026-11-21T05:20:30.123456Z  counts         -                         -     -       -     -             counter 60000=1 requests=5
        12          2026-11-21T05:20:30.123456Z  pulse          -                         -     -       -     -
        12          2026-11-21T05:20:30.123456Z  command        -                         -     -       -     -             outcome=done role=operator uid=1000 what="saf hold 000017" who=hana
    "#]].assert_eq(&table(&records));
    expect![[r#"
        {"position":12,"batch":3,"epoch":1,"written":"2026-11-21T05:20:30.123456Z","kind":"start","at":"2026-11-21T05:20:31Z","build":"0.1.0"}
        {"position":12,"batch":3,"epoch":1,"written":"2026-11-21T05:20:30.123456Z","kind":"configuration","at":"2026-11-21T05:20:31Z","digest":"A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5","number":1}
        {"position":12,"batch":3,"epoch":1,"written":"2026-11-21T05:20:30.123456Z","kind":"station","station":"merchant-a","dialect":"iso93-ascii","number":0}
        {"position":12,"batch":3,"epoch":1,"written":"2026-11-21T05:20:30.123456Z","kind":"links","station":"merchant-a","count":1024,"from":0}
        {"position":12,"batch":3,"epoch":1,"written":"2026-11-21T05:20:30.123456Z","kind":"sign-on","at":"2026-11-21T05:20:31Z","station":"merchant-a","on":false}
        {"position":12,"batch":3,"epoch":1,"written":"2026-11-21T05:20:30.123456Z","kind":"counts","counters":{"counter 60000":1,"requests":5}}
        {"position":12,"batch":3,"epoch":1,"written":"2026-11-21T05:20:30.123456Z","kind":"pulse"}
        {"position":12,"batch":3,"epoch":1,"written":"2026-11-21T05:20:30.123456Z","kind":"command","at":"2026-11-21T05:20:31Z","outcome":"done","role":"operator","uid":1000,"what":"saf hold 000017","who":"hana"}
    "#]].assert_eq(&objects(&records));
}

#[test]
fn a_frame_that_can_not_be_read_is_shown_by_its_size_and_the_reason() {
    let inputs = sale();
    let whys = [decision(2, &inputs), decision(9, &inputs), decision(0, &inputs[..30])]
        .map(|record| shown(&record).unread);
    expect![[r#"
        [
            Some(
                "84 bytes in acme, which is not built in; name its file by --config",
            ),
            Some(
                "84 bytes of a station that no record names",
            ),
            Some(
                "30 bytes that are no message of iso93-ascii",
            ),
        ]
    "#]]
    .assert_debug_eq(&whys);
    let unreadable = row(Place::default(), &[9, 1, 0], &names());
    expect![[r#"
        0           1970-01-01T00:00:00.000000Z  unreadable     -                         -     -       -     -             (version 9 of the records; this binary reads 4; 3 bytes)
    "#]].assert_eq(&line::line(&unreadable));
}

#[test]
fn no_row_holds_a_card_number() {
    let shown = shown(&decision(0, &sale()));
    let both = line::line(&shown) + &serde_json::to_string(&shown).unwrap();
    assert!(both.contains("353011******0000") && !both.contains("3530111333300000"), "{both}");
}
