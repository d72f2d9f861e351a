//! What people read of a node and its peer.

use daemon::node_requests::{
    CatchUp, DigestStatus, Diverged, Lag, LogStatus, NodeReply, NodeRole, NodeStatus, Orphan,
    Orphans, PeerStatus, Reign, SyncState, WitnessRecord, WitnessStatus,
};
use expect_test::expect;

use super::{done, json, table};
use crate::output::Colours;

fn primary() -> NodeStatus {
    NodeStatus {
        name: "tokyo".into(),
        role: NodeRole::Primary,
        epoch: 7,
        sync: SyncState::Sync,
        sync_since_s: Some(192),
        mode: "durable".into(),
        when_standby_lost: Some("solo".into()),
        build: "0.1.0".into(),
        log: LogStatus {
            position: 1_204,
            durable: 1_203,
            acknowledged: Some(1_201),
            released: 1_201,
            replayed: None,
        },
        lag: Some(Lag { records: 3, bytes: Some(8_192), ms: 2 }),
        peer: Some(PeerStatus {
            name: "osaka".into(),
            address: "10.0.0.2:7100".into(),
            line_since_s: Some(200),
            heard_ms: Some(120),
            role: Some(NodeRole::Standby),
            epoch: Some(7),
            build: Some("0.1.0".into()),
            clock_ahead_ms: Some(-3),
            round_trip_us: Some(310),
            certificate_ends_utc: Some(1_800_000_000),
            ..PeerStatus::default()
        }),
        digests: vec![DigestStatus {
            what: "configuration".into(),
            ours: "0123456789abcdef".into(),
            theirs: Some("0123456789abcdef".into()),
            differs: false,
        }],
        certificate_ends_utc: Some(1_800_000_000),
        reigns: vec![Reign { epoch: 7, first_batch: 90, first_position: Some(1_000) }],
        ..NodeStatus::default()
    }
}

#[test]
fn a_primary_in_sync_has_no_problems() {
    expect![[r"
        tokyo is primary, epoch 7; sync with osaka for 3m 12s
        No problems.

        NODE
        part              primary
        state             sync
        why               -
        mode              durable, and without its standby it goes on alone (solo)
        last position     1204
        durable           1203
        acknowledged      1201
        released          1201
        standby lacks     3 records, 8192 bytes, the oldest 2 ms old
        records at risk   0
        certificate ends  2027-01-15T08:00:00Z
        version           0.1.0

        PEER
        name                   osaka
        address                10.0.0.2:7100
        line                   up for 3m 20s
        heard                  120 ms ago
        part                   standby, epoch 7
        there and back         310 us
        its clock is ahead by  -3 ms
        certificate ends       2027-01-15T08:00:00Z
        version                0.1.0

        AGREED ON      HERE      THERE
        configuration  01234567  01234567  the same

        EPOCH  FIRST BATCH  FIRST POSITION
        7               90            1000
    "]]
    .assert_eq(&table::status(&primary(), Colours::NONE));
}

/// A standby that catches up.
fn far(snapshot: Option<(u64, u64)>) -> CatchUp {
    let (from, position, target) = (4, 10, 1_010);
    CatchUp { from, position, target, records_per_s: 50, snapshot, bytes_per_s: 250 }
}

#[test]
fn of_the_witness_it_says_whether_it_answers_and_what_its_record_says() {
    let record = WitnessRecord {
        revision: 41,
        epoch: 7,
        primary: "tokyo".into(),
        in_sync: Some("osaka".into()),
    };
    let witness = WitnessStatus {
        endpoint: "https://10.3.0.1:2379".into(),
        cluster: Some("cdf818194e3a8c32".into()),
        answers: true,
        since_s: 3_600,
        answered_ms: Some(412),
        took_us: Some(1_310),
        record: Some(record),
        lease_ms: Some(230),
        reads: 3_512,
        swapped: 3,
        leases: 1,
        ..WitnessStatus::default()
    };
    let shown = |witness: WitnessStatus, sync| {
        let status = NodeStatus { witness: Some(witness), sync, ..primary() };
        let shown = table::status(&status, Colours::NONE);
        let problems = shown.split("\n\n").next().unwrap_or_default().to_owned();
        let table = shown.split("\n\n").find(|part| part.starts_with("WITNESS"));
        format!("{problems}\n{}\n", table.unwrap_or_default())
    };
    expect![[r"
        tokyo is primary, epoch 7; sync with osaka for 3m 12s
        No problems.
        WITNESS
        member              https://10.3.0.1:2379
        cluster             cdf818194e3a8c32
        answers             for 1h 0m
        last answer         412 ms ago, after 1310 us
        record              tokyo reigns by epoch 7, osaka may take over (version 41)
        lease of the other  not there
        lease of this node  kept alive 230 ms ago
        asked               3512 read, 3 changed, 0 refused, 0 unknown
    "]]
    .assert_eq(&shown(witness.clone(), SyncState::Sync));
    let silent = WitnessStatus {
        answers: false,
        since_s: 4,
        error: Some("https://10.3.0.1:2379: there is no answer in time".into()),
        in_doubt: true,
        asks_nobody: true,
        lease_error: Some("https://10.3.0.1:2379: it refuses: permission denied".into()),
        ..witness
    };
    expect![[r"
        tokyo is primary, epoch 7; SOLO for 3m 12s: what is released is at one node only
        PROBLEMS: 4
          what is released is at one node only
          the lease of this node at the witness is not kept: https://10.3.0.1:2379: it refuses: permission denied
          the witness (https://10.3.0.1:2379) does not answer; alone, this node stops when witness.solo_lease is over: https://10.3.0.1:2379: there is no answer in time
          the witness asks nobody who he is, although witness.user is set: etcdctl auth enable
        WITNESS
        member              https://10.3.0.1:2379
        cluster             cdf818194e3a8c32
        answers             NOT for 4s: https://10.3.0.1:2379: there is no answer in time
        last answer         412 ms ago, after 1310 us
        record              tokyo reigns by epoch 7, osaka may take over (version 41)
        change              asked for, and whether it was made is NOT KNOWN
        lease of the other  not there
        lease of this node  kept alive 230 ms ago
        asked               3512 read, 3 changed, 0 refused, 0 unknown
    "]].assert_eq(&shown(silent, SyncState::Solo));
}

#[test]
fn a_checkpoint_that_comes_first_says_how_much_of_it_is_there() {
    let status = NodeStatus { catch_up: Some(far(Some((4_000, 1_000)))), ..primary() };
    let shown = table::status(&status, Colours::NONE);
    let line =
        "catching up       a checkpoint first: 1000 of 4000 bytes, 250 bytes a second, 12s left";
    assert!(shown.contains(line), "{shown}");
}

#[test]
fn what_is_wrong_stands_first_with_what_to_do() {
    let status = NodeStatus {
        sync: SyncState::Solo,
        why: "osaka has not answered for 1 s".into(),
        records_at_risk: 41,
        certificates: Some("the peer's: the certificate runs out within 7 days".into()),
        peer: Some(PeerStatus {
            name: "osaka".into(),
            address: "10.0.0.2:7100".into(),
            line_error: Some("connection refused".into()),
            clock_ahead_ms: Some(2_500),
            ..PeerStatus::default()
        }),
        digests: vec![DigestStatus {
            what: "dialects".into(),
            ours: "01".into(),
            theirs: Some("02".into()),
            differs: true,
        }],
        diverged: vec![Diverged {
            file: "6-990".into(),
            utc: 1_790_000_000,
            epoch: 6,
            position: 990,
            records: 12,
            released: 3,
            perhaps_released: 1,
        }],
        diverged_bytes: 73_728,
        catch_up: Some(far(None)),
        ..primary()
    };
    expect![[r"
        tokyo is primary, epoch 7; SOLO for 3m 12s: 41 released records are at one node only
        PROBLEMS: 6
          41 released records are at one node only: osaka has not answered for 1 s
          no line to osaka (10.0.0.2:7100): connection refused
          the clock of osaka is 2500 ms ahead: is the time of both kept?
          the peer's: the certificate runs out within 7 days
          the two nodes differ in dialects: a switch-over is refused; put the same on both
          3 approvals of this node are unknown to the other one: sekisho node orphans 6-990

        NODE
        part              primary
        state             solo
        why               osaka has not answered for 1 s
        mode              durable, and without its standby it goes on alone (solo)
        last position     1204
        durable           1203
        acknowledged      1201
        released          1201
        standby lacks     3 records, 8192 bytes, the oldest 2 ms old
        records at risk   41
        catching up       from 4, at 10 of 1010, 50 records a second, 20s left
        kept in diverged  73728 bytes
        certificate ends  2027-01-15T08:00:00Z
        version           0.1.0

        PEER
        name                   osaka
        address                10.0.0.2:7100
        line                   NONE: connection refused
        heard                  never
        part                   -
        its clock is ahead by  2500 ms

        AGREED ON  HERE  THERE
        dialects   01    02     DIFFER

        EPOCH  FIRST BATCH  FIRST POSITION
        7               90            1000

        CUT FROM THE LOG  AT                    RECORDS  APPROVALS RELEASED  PERHAPS
        6-990             2026-09-21T14:13:20Z       12                   3        1
    "]]
    .assert_eq(&table::status(&status, Colours::NONE));
}

#[test]
fn why_there_is_no_line_is_said_once_and_a_peer_that_connects_has_no_address_until_then() {
    let peer = PeerStatus {
        name: "osaka".into(),
        line_error: Some("the other end closed it".into()),
        ..PeerStatus::default()
    };
    let why = "there is no line to the other node; the other end closed it".to_owned();
    let status = NodeStatus { sync: SyncState::Solo, why, peer: Some(peer), ..primary() };
    let told = [
        "what is released is at one node only: there is no line to the other node; the other end closed it",
        "no line to osaka, which is the one that connects",
    ];
    assert_eq!(table::problems(&status), told);
}

#[test]
fn each_state_is_a_line() {
    let states = [
        (NodeRole::Alone, SyncState::Local),
        (NodeRole::Standby, SyncState::NoPrimary),
        (NodeRole::Standby, SyncState::Sync),
        (NodeRole::Promoting, SyncState::Solo),
        (NodeRole::Primary, SyncState::Sync),
        (NodeRole::Primary, SyncState::Solo),
        (NodeRole::Primary, SyncState::Async),
        (NodeRole::Primary, SyncState::Stopped),
        (NodeRole::HandingOver, SyncState::Sync),
    ];
    let lines: Vec<String> =
        states.map(|(role, sync)| table::summary(&NodeStatus { role, sync, ..primary() })).to_vec();
    expect![[r"
        tokyo is alone, epoch 7; it has no peer
        tokyo is standby, epoch 7; no primary is known
        tokyo is standby, epoch 7; sync with osaka for 3m 12s
        tokyo is becoming primary, epoch 7; SOLO for 3m 12s: what is released is at one node only
        tokyo is primary, epoch 7; sync with osaka for 3m 12s
        tokyo is primary, epoch 7; SOLO for 3m 12s: what is released is at one node only
        tokyo is primary, epoch 7; async: nobody waits for osaka, which lacks 3 records
        tokyo is primary, epoch 7; STOPPED for 3m 12s: nothing is released without the standby
        tokyo is handing over, epoch 7; sync with osaka for 3m 12s"]]
    .assert_eq(&lines.join("\n"));
}

#[test]
fn a_listing_names_each_approval_and_no_card() {
    let one = Orphan {
        position: 991,
        station: "merchant-a".into(),
        stan: "000017".into(),
        rrn: Some("632514050017".into()),
        issuer: Some("issuer-x".into()),
        issuer_stan: Some("000123".into()),
        amount: Some("000000002500".into()),
        currency: Some("392".into()),
        utc: 1_790_000_000,
        action: "000".into(),
        released: true,
    };
    let other = Orphan { position: 995, rrn: None, issuer: None, released: false, ..one.clone() };
    let of = Diverged {
        file: "6-990".into(),
        records: 12,
        released: 1,
        perhaps_released: 1,
        ..Diverged::default()
    };
    let listing = Orphans { of, approvals: vec![one, other], more: 4 };
    expect![[r"
        6-990: 12 records were cut; approvals among them: 1 released, 1 perhaps (the log ends before it says)
        POSITION  TIME                  STATION       STAN           RRN  ISSUER    ISSUER'S STAN        AMOUNT  CURRENCY  CODE  RELEASED
        991       2026-09-21T14:13:20Z  merchant-a  000017  632514050017  issuer-x         000123  000000002500       392   000  yes
        995       2026-09-21T14:13:20Z  merchant-a  000017             -  -                000123  000000002500       392   000  perhaps
        and 4 more; the listing in the folder diverged has them
    "]].assert_eq(&table::orphans(&listing));
    let none = table::orphans(&Orphans::default());
    assert!(none.ends_with("No approval was cut.\n"), "{none}");
}

#[test]
fn programs_get_the_thing_itself_and_people_what_was_done() {
    let status = NodeReply { status: Some(primary()), ..NodeReply::default() };
    assert!(json(&status).unwrap().starts_with(r#"{"name":"tokyo","role":"primary","epoch":7,"#));
    let changed = NodeReply { done: Some("tokyo is the primary now".into()), ..status };
    assert!(json(&changed).unwrap().contains(r#""done":"tokyo is the primary now""#));
    let said = done(&changed).unwrap();
    assert_eq!(said.lines().next(), Some("tokyo is the primary now"));
    assert_eq!(said.lines().nth(1), Some(&*table::summary(&primary())));
    assert_eq!(done(&NodeReply::default()), None);
}
