//! What another configuration may change while the switch runs, and what it may not: the plan that follows
//! another one.

use std::time::Duration;

use expect_test::expect;
use switch_core::identity::HashKey;
use switch_core::ids::{LinkNumber, StationId, StationNumber};
use switch_core::plan::{Numbers, Plan, PlanError, Role, StationSettings};

use crate::world::{Setup, acquirer, ascii, ascii_without, issuer, packed, sale};

fn before() -> Setup {
    Setup::of([acquirer("A"), issuer("X"), issuer("Y")]).route("353011", &["X"])
}

fn with_timeout(seconds: u64) -> Setup {
    let timeout = Duration::from_secs(seconds);
    Setup::of([acquirer("A"), StationSettings { timeout, ..issuer("X") }])
}

#[test]
fn limits_that_size_no_table_hold_from_now_on_and_the_others_need_a_restart() {
    let mut world = with_timeout(10).up();
    let few = StationSettings { in_flight_max: 1, ..issuer("X") };
    world.reloads(Setup::of([acquirer("A"), few]).limits(|limits| limits.saf_max = 16));
    world.acquirer("A").sends(sale(1));
    world.acquirer("A").sends(sale(2));
    assert_eq!(world.acquirer("A").heard().of(39), "907");
    let keys: Vec<_> = [
        with_timeout(10).limits(|limits| limits.pending_max = 999),
        with_timeout(10).limits(|limits| limits.large_max = 9),
        with_timeout(10).limits(|limits| limits.duplicates_max = 9),
        with_timeout(10).limits(|limits| limits.answers_bytes = 9),
        with_timeout(10).limits(|limits| limits.parked_max = 9),
        with_timeout(10).limits(|limits| limits.held_max = 9),
        with_timeout(10).limits(|limits| limits.parked_frame_max += 1),
        with_timeout(10).workers(2),
    ]
    .into_iter()
    .map(|setup| world.succeeds(setup).unwrap_err())
    .map(|error| {
        let PlanError::Fixed { station: None, key } = error else { panic!("{error:?}") };
        key
    })
    .collect();
    expect![[r#"
        limits.pending_max
        limits.large_max
        limits.duplicates_max
        limits.answers_bytes
        limits.parked_max
        limits.held_max
        frame_max
        node.workers"#]]
    .assert_eq(&keys.join("\n"));
    assert!(world.succeeds(with_timeout(10).limits(|limits| limits.parked_frame_max = 9)).is_ok());
}

#[test]
fn what_a_station_is_does_not_change_while_it_runs() {
    let world = before().up();
    let with = |x: StationSettings| Setup::of([issuer("Y"), acquirer("A"), x]);
    let key = |x| {
        let error = world.succeeds(with(x)).unwrap_err();
        let PlanError::Fixed { station: Some(station), key } = error else { panic!("{error:?}") };
        (station.0, key)
    };
    assert_eq!(key(StationSettings { dialect: packed(), ..issuer("X") }), (2, "dialect"));
    assert_eq!(key(StationSettings { links: 2, ..issuer("X") }), (2, "links"));
    let both = StationSettings { role: Role::Both, ..issuer("X") };
    assert_eq!(key(both), (2, "role"));
    // A dialect that was read again and says the same is the same.
    let again = StationSettings { dialect: ascii(), ..issuer("X") };
    assert!(world.succeeds(with(again)).is_ok());
    let fewer = StationSettings { dialect: ascii_without(&[48]), ..issuer("X") };
    assert_eq!(key(fewer), (2, "dialect"));
}

#[test]
fn stations_keep_their_places_and_new_ones_are_dealt_evenly() {
    let names = |names: &[&str]| names.iter().map(|name| acquirer(name)).collect::<Vec<_>>();
    let x = || [issuer("X")];
    let mut world = Setup::of(names(&["A", "B", "C"]).into_iter().chain(x())).workers(2).up();
    let beside = |name: &str, earlier: u16| StationSettings {
        beside: Some(StationId(earlier)),
        ..acquirer(name)
    };
    // A and C are on one worker, B on the other. D shares the listener of B, which comes later.
    let stations = vec![
        issuer("X"),
        acquirer("D"),
        beside("B", 1),
        acquirer("A"),
        acquirer("E"),
        acquirer("F"),
    ];
    let successor = world.succeeds(Setup::of(stations.clone()).workers(2)).unwrap();
    let shown: Vec<_> = successor
        .plan
        .stations
        .iter()
        .zip(&successor.order)
        .map(|(station, place)| {
            let name = &station.settings.name;
            format!("{name} {} {} {:?}", station.worker.0, station.links_from.0, place)
        })
        .collect();
    expect![[r#"
        A 0 0 Some(3)
        B 1 1 Some(2)
        C 0 2 None
        X 0 3 Some(0)
        D 1 4 Some(1)
        E 0 5 Some(4)
        F 0 6 Some(5)"#]]
    .assert_eq(&shown.join("\n"));
    world.reloads(Setup::of(stations).workers(2));
    // Two that are on different workers can not come to share a listener.
    let shared = [acquirer("A"), beside("B", 0), issuer("X")];
    let error = world.succeeds(Setup::of(shared).workers(2)).unwrap_err();
    let station = Some(StationId(1));
    assert_eq!(error, PlanError::Fixed { station, key: "listen" });
}

#[test]
fn a_route_error_names_places_in_the_file_and_nothing_has_changed() {
    let world = before().up();
    let stations = || [issuer("Y"), issuer("X"), acquirer("A")];
    let error = world.succeeds(Setup::of(stations()).route("353011", &["A"])).unwrap_err();
    let station = StationId(2);
    assert_eq!(error, PlanError::NotAnIssuer { route: 0, station });
}

#[test]
fn requests_are_known_by_the_same_hashes_and_records_call_everybody_what_they_did() {
    let plan = before().planned().unwrap().keyed(HashKey([7; 16]));
    let numbers = Numbers {
        stations: [4, 9, 2].map(StationNumber).into(),
        links: [70, 3, 5].map(LinkNumber).into(),
        configuration: 6,
    };
    let plan = plan.numbered(numbers);
    let after = Setup::of([issuer("Z"), issuer("Y"), acquirer("A")]);
    let next = Plan::succeed(&plan, after.settings()).unwrap();
    assert_eq!(next.plan.hash_key(), plan.hash_key());
    assert_eq!(next.plan.numbers().stations, [4, 9, 2, 10].map(StationNumber));
    assert_eq!(next.plan.numbers().links, [70, 3, 5, 71].map(LinkNumber));
    assert_eq!(next.plan.numbers().configuration, 7);
    assert_eq!(next.order, [Some(2), None, Some(1), Some(0)]);
    let retired: Vec<bool> = next.plan.stations.iter().map(|station| station.retired).collect();
    assert_eq!(retired, [false, true, false, false]);
}
