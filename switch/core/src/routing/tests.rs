//! Routes are found by the longest prefix.

use super::*;
use alloc::string::ToString;
use alloc::vec;

fn table(routes: &[(&str, u16)]) -> Routes {
    let settings: Vec<RouteSettings> = routes
        .iter()
        .map(|(pan, to)| RouteSettings { pan: (*pan).to_string(), to: vec![StationId(*to)] })
        .collect();
    Routes::new(&settings).unwrap()
}

fn to(routes: &Routes, pan: &str) -> Option<u16> {
    let route = routes.find(padded(pan.parse().unwrap(), pan.len()).unwrap(), pan.len())?;
    Some(routes.issuers(route)[0].0)
}

#[test]
fn the_longest_prefix_wins_whatever_the_order() {
    let routes = table(&[("3", 1), ("353011133330001", 4), ("353011", 2), ("3530111", 3)]);
    assert_eq!(to(&routes, "3530111333300018"), Some(4));
    assert_eq!(to(&routes, "3530111333300000"), Some(3));
    assert_eq!(to(&routes, "3530112000000006"), Some(2));
    assert_eq!(to(&routes, "378282246310005"), Some(1));
    assert_eq!(to(&routes, "4111111111111111"), None);
}

#[test]
fn a_range_holds_from_its_first_card_to_its_last() {
    let routes = table(&[("353011-353099", 1), ("3530501", 2)]);
    assert_eq!(to(&routes, "3530109999999999"), None);
    assert_eq!(to(&routes, "3530110000000000"), Some(1));
    assert_eq!(to(&routes, "3530500999999999"), Some(1));
    assert_eq!(to(&routes, "3530501000000000"), Some(2));
    assert_eq!(to(&routes, "3530510000000000"), Some(1));
    assert_eq!(to(&routes, "3530999999999999999"), Some(1));
    assert_eq!(to(&routes, "3531000000000000"), None);
}

#[test]
fn the_first_and_the_last_card_of_all_have_routes() {
    let routes = table(&[("0", 1), ("9", 2), ("9999999999999999999", 3)]);
    assert_eq!(to(&routes, "0"), Some(1));
    assert_eq!(to(&routes, "9999999999999999998"), Some(2));
    assert_eq!(to(&routes, "9999999999999999999"), Some(3));
    assert_eq!(to(&routes, "5555555555554444"), None);
}

#[test]
fn a_card_shorter_than_a_prefix_does_not_have_it() {
    let routes = table(&[("353010", 1), ("4", 2)]);
    assert_eq!(to(&routes, "35301"), None);
    assert_eq!(to(&routes, "353010"), Some(1));
    assert_eq!(to(&routes, "4"), Some(2));
}

#[test]
fn an_empty_table_leads_nowhere() {
    assert_eq!(to(&table(&[]), "4111111111111111"), None);
}

#[test]
fn a_hundred_thousand_routes_answer_as_a_plain_search_would() {
    // Every third eight-digit prefix from 35301100 on, under a wide one.
    let names: Vec<(String, u16)> = (0..100_000_u32)
        .map(|place| ((35_301_100 + place * 3).to_string(), u16::try_from(place % 500).unwrap()))
        .collect();
    let mut routes: Vec<(&str, u16)> = names.iter().map(|(pan, to)| (pan.as_str(), *to)).collect();
    routes.push(("35", 999));
    let routes = table(&routes);
    for step in 0..30_000_u32 {
        let prefix = 35_301_000 + step * 11;
        let listed = prefix >= 35_301_100 && (prefix - 35_301_100) % 3 == 0;
        let place = prefix.wrapping_sub(35_301_100) / 3;
        let expected =
            if listed && place < 100_000 { u16::try_from(place % 500).unwrap() } else { 999 };
        let expected = (prefix / 1_000_000 == 35).then_some(expected);
        assert_eq!(to(&routes, &alloc::format!("{prefix}00000000")), expected, "{prefix}");
    }
}

#[test]
fn mistakes_are_refused_by_their_place() {
    let route = |pan: &str| RouteSettings { pan: pan.to_string(), to: vec![StationId(0)] };
    let error = |routes: &[RouteSettings]| Routes::new(routes).unwrap_err();
    for wrong in ["", "35x", "353099-353011", "35-353", "12345678901234567890", "3-", "-"] {
        assert_eq!(error(&[route("4"), route(wrong)]), RoutingError::Prefix(1), "{wrong}");
    }
    assert_eq!(error(&[route("35"), route("4"), route("35")]), RoutingError::Overlap(0, 2));
    assert_eq!(error(&[route("35-37"), route("36")]), RoutingError::Overlap(0, 1));
    let to = vec![StationId(0); ISSUERS_MAX];
    assert!(Routes::new(&[RouteSettings { pan: "4".to_string(), to: to.clone() }]).is_ok());
    let many = [to, vec![StationId(0)]].concat();
    assert_eq!(
        error(&[RouteSettings { pan: "4".to_string(), to: many }]),
        RoutingError::Issuers(0)
    );
    assert_eq!(
        error(&[RouteSettings { pan: "4".to_string(), to: vec![] }]),
        RoutingError::Issuers(0)
    );
}

#[test]
fn all_overlaps_are_found_at_once_and_what_is_left_has_none() {
    let route = |pan: &str| RouteSettings { pan: pan.to_string(), to: vec![StationId(0)] };
    let mut routes =
        ["35-37", "36", "37-38", "38", "4", "39", "4", "30-39", "353011"].map(route).to_vec();
    let overlaps = overlaps(&routes).unwrap();
    // 30-39 goes first; 36 and 37-38 run into 35-37, after which 38 is free.
    assert_eq!(overlaps, [(4, 6), (0, 7), (0, 1), (0, 2)]);
    let mut gone: Vec<usize> = overlaps.iter().map(|overlap| overlap.1).collect();
    gone.sort_unstable();
    for place in gone.into_iter().rev() {
        routes.remove(place);
    }
    assert!(Routes::new(&routes).is_ok());
}
