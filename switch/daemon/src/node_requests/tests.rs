//! What is said of two nodes stays what it is on its way. Must not know what follows from it.

use super::*;
use journal::roles::wish;

#[test]
fn what_is_wanted_survives_the_wire() {
    for (request, said) in [
        (NodeRequest::Status, r#"{"action":"status"}"#),
        (NodeRequest::Promote { confirmed: Vec::new() }, r#"{"action":"promote"}"#),
        (
            NodeRequest::Promote { confirmed: vec![question::PEER_FENCED.into()] },
            r#"{"action":"promote","confirmed":["peer-fenced"]}"#,
        ),
        (NodeRequest::Demote { confirmed: Vec::new() }, r#"{"action":"demote"}"#),
        (NodeRequest::Switchover, r#"{"action":"switchover"}"#),
        (NodeRequest::Join { replace: false }, r#"{"action":"join"}"#),
        (NodeRequest::Join { replace: true }, r#"{"action":"join","replace":true}"#),
        (
            NodeRequest::Isolate {
                confirmed: Vec::new(),
                reason: Some("noise".into()),
                end: false,
            },
            r#"{"action":"isolate","reason":"noise"}"#,
        ),
        (
            NodeRequest::Isolate { confirmed: Vec::new(), reason: None, end: true },
            r#"{"action":"isolate","end":true}"#,
        ),
        (
            NodeRequest::Drill { drill: Drill::LinkLoss, for_ms: 2_000 },
            r#"{"action":"drill","drill":"link-loss","for_ms":2000}"#,
        ),
        (NodeRequest::Evidence { from: 7 }, r#"{"action":"evidence","from":7}"#),
        (NodeRequest::Back, r#"{"action":"back"}"#),
        (NodeRequest::Orphans { file: None }, r#"{"action":"orphans"}"#),
    ] {
        assert_eq!(serde_json::to_string(&request).unwrap(), said);
        assert_eq!(serde_json::from_str::<NodeRequest>(said).unwrap(), request);
        assert!(said.contains(&format!("\"action\":\"{}\"", request.action())), "{said}");
    }
    assert!(serde_json::from_str::<NodeRequest>(r#"{"action":"promote","force":1}"#).is_err());
}

#[test]
fn what_can_be_asked_is_what_the_rules_of_two_nodes_ask() {
    let ids = [
        question::FIRST,
        question::PEER_FENCED,
        question::NOT_SINCE,
        question::MAY_LOSE,
        question::JOINING,
        question::NOT_IN_SYNC,
        question::NO_PRIMARY,
        question::PRIMARY_STOPS,
    ];
    assert_eq!(wish::Question::ALL.map(wish::Question::id), ids);
}

#[test]
fn what_is_said_survives_the_wire() {
    let status = NodeStatus {
        role: NodeRole::HandingOver,
        sync: SyncState::NoPrimary,
        lag: Some(Lag { records: 3, bytes: None, ms: 7 }),
        peer: Some(PeerStatus { clock_ahead_ms: Some(-3), ..PeerStatus::default() }),
        digests: vec![DigestStatus { what: "keys".into(), ..DigestStatus::default() }],
        witness: Some(WitnessStatus {
            record: Some(WitnessRecord { revision: u64::MAX, ..WitnessRecord::default() }),
            ..WitnessStatus::default()
        }),
        catch_up: Some(CatchUp { snapshot: Some((1, 2)), ..CatchUp::default() }),
        reigns: vec![Reign { epoch: 2, first_batch: 9, first_position: None }],
        diverged: vec![Diverged { file: "2-9".into(), ..Diverged::default() }],
        ..NodeStatus::default()
    };
    let approvals = vec![Orphan { stan: "000007".into(), ..Orphan::default() }];
    let reply = NodeReply {
        status: Some(status),
        questions: vec![Question { id: question::MAY_LOSE.into(), ..Question::default() }],
        done: Some("it is".into()),
        orphans: Some(Orphans { approvals, ..Orphans::default() }),
        drilled: Some(Box::new(Drilled {
            drill: Drill::Failover,
            begun_ns: 3,
            ended_ns: Some(4),
            for_ms: 6_000,
            epoch: 2,
            released: Some(9),
        })),
        evidence: Some(Box::new(Evidence { cut: true, ..Evidence::default() })),
    };
    let text = serde_json::to_string(&reply).unwrap();
    assert!(text.contains(r#""role":"handing-over""#), "{text}");
    assert_eq!(serde_json::from_str::<NodeReply>(&text).unwrap(), reply);
}
