//! The one card number of a request: read from wherever it stands, and refused when two places do
//! not agree.

use std::sync::Arc;

use codec::{Dialect, Key, Name, Subfields};
use expect_test::{Expect, expect};
use switch_core::counters::Counter;
use switch_core::plan::StationSettings;

use crate::world::{
    Setup, Text, World, acquirer, ascii, ascii_87, issuer, packed, packed_87, sale, sale_87,
};

const JCB: &str = "3530111333300000";
const VISA: &str = "4111111111111111";

/// A sale whose card number is not in DE 2.
fn without_card() -> Text {
    sale(2500).without(2)
}

/// An acquirer that speaks this dialect; JCB goes to X and Visa to Y.
fn world_in(dialect: Arc<Dialect>) -> World {
    world_between(dialect, &ascii())
}

fn world_between(dialect: Arc<Dialect>, issuers: &Arc<Dialect>) -> World {
    let a = StationSettings { dialect, ..acquirer("A") };
    let issuers = ["X", "Y"].map(|x| StationSettings { dialect: Arc::clone(issuers), ..issuer(x) });
    let setup = Setup::of([a].into_iter().chain(issuers));
    setup.route("353011", &["X"]).route("4111", &["Y"]).up()
}

/// What an edition has: a world, a sale without its card number, the places where that may stand,
/// and the code for two that differ. In 1987 nothing says what DE 55 holds.
fn editions() -> Vec<(World, Text, usize, &'static str)> {
    let of_1993 = [ascii(), packed()].map(|dialect| (world_in(dialect), without_card(), 5, "904"));
    let of_1987 = [ascii_87(), packed_87()]
        .map(|dialect| (world_between(dialect, &ascii_87()), sale_87(2500).without(2), 3, "30"));
    of_1993.into_iter().chain(of_1987).collect()
}

fn packed_digits(digits: &str) -> Vec<u8> {
    let nibble = |digit: char| u8::try_from(digit.to_digit(16).unwrap()).unwrap();
    let nibbles: Vec<u8> = digits.chars().map(nibble).collect();
    nibbles.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).unwrap_or(&0xF)).collect()
}

fn element(tag: u8, value: &[u8]) -> Vec<u8> {
    [&[tag, u8::try_from(value.len()).unwrap()][..], value].concat()
}

/// Wherever a card number may stand: name, field, value. What a terminal adds stands around it.
fn places(card: &str) -> [(&'static str, u8, Vec<u8>); 5] {
    let amount = [0x9F, 0x02, 6, 0, 0, 0, 0, 0x25, 0];
    let chip = |element: Vec<u8>| [&amount[..], &element, &[0x9C, 1, 0]].concat();
    [
        ("DE 2", 2, card.into()),
        ("DE 35", 35, format!("{card}=29121010000000000000").into()),
        ("DE 45", 45, format!("%B{card}^KAERU/TARO^2912101000000?").into()),
        ("DE 55 tag 5A", 55, chip(element(0x5A, &packed_digits(card)))),
        ("DE 55 tag 57", 55, chip(element(0x57, &packed_digits(&format!("{card}D29121010001"))))),
    ]
}

#[test]
fn a_request_is_routed_by_any_place_of_its_card_number_alone() {
    for (mut world, bare, count, _) in editions() {
        let places = places(VISA).into_iter().zip(places(JCB)).take(count);
        for ((name, field, value), (_, _, other)) in places {
            world.acquirer("A").sends(bare.clone().with(field, &value));
            assert_eq!(world.issuer("Y").takes().fields[&field], value, "{name}");
            world.acquirer("A").sends(bare.clone().with(field, &other));
            assert_eq!(world.issuer("X").takes().fields[&field], other, "{name}");
        }
        assert_eq!(world.count(Counter::Forwarded), 2 * u64::try_from(count).unwrap());
    }
}

#[test]
fn a_sale_by_track_2_alone_is_answered_like_any_other() {
    let mut world = world_in(packed());
    let (_, field, track) = places(JCB)[1].clone();
    world.acquirer("A").sends(without_card().with(field, track));
    world.issuer("X").answers("000");
    expect![[r#"
        1210 3=000000 4=000000002500 7=1121052030 11=000101 12=261121142030 32=77334000001 37=632514000101 38=A1B2C3 39=000 41=T0000001 42=M00000000000001 49=392
    "#]].assert_eq(&format!("{}\n", world.acquirer("A").heard()));
}

#[test]
fn a_request_in_which_two_places_agree_goes_to_the_issuer_of_their_card() {
    let mut world = world_in(ascii());
    let places = places(VISA);
    for (at, (_, field, value)) in places.iter().enumerate() {
        for (_, second, other) in places[at + 1..].iter().filter(|(_, second, _)| second != field) {
            world.acquirer("A").sends(without_card().with(*field, value).with(*second, other));
            world.issuer("Y").takes();
        }
    }
    assert_eq!(world.count(Counter::Forwarded), 9);
}

#[test]
fn a_request_in_which_two_places_differ_is_904_whichever_they_are() {
    for (mut world, bare, count, code) in editions() {
        let (jcb, visa) = (places(JCB), places(VISA));
        let mut pairs = 0;
        for (at, (_, field, value)) in jcb[..count].iter().enumerate() {
            for (_, second, other) in &visa[at + 1..count] {
                let request = if field == second {
                    bare.clone().with(*field, [&value[..], other].concat())
                } else {
                    bare.clone().with(*field, value).with(*second, other)
                };
                world.acquirer("A").sends(request);
                assert_eq!(world.acquirer("A").heard().of(39), code);
                pairs += 1;
            }
        }
        assert_eq!(pairs, if count == 5 { 10 } else { 3 });
        assert_eq!(world.count(Counter::RefusedPanDisagrees), pairs);
        assert_eq!((world.count(Counter::Forwarded), world.records()), (0, 0));
        assert_eq!(world.occupancy(), (0, 0, 0), "nothing is left behind");
    }
}

fn told(request: Text, expected: Expect) {
    let mut world = world_in(ascii());
    world.acquirer("A").sends(request);
    world.check(expected);
}

#[test]
fn the_notice_names_the_two_places_and_no_digit() {
    let (_, field, track) = places(VISA)[4].clone();
    told(
        sale(2500).with(field, track),
        expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     ! A.0 sent 1200 with other card numbers in DE 2 and DE 55 tag 57
        00.000 A.0 < 1210 11=000101 39=904
        counted: frames 1, requests 1, refused_pan_disagrees 1
    "#]],
    );
}

#[test]
fn a_track_that_holds_no_card_number_is_904() {
    told(
        sale(2500).with(35, format!("{JCB}291210100000")),
        expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     ! A.0 sent 1200 with a bad or missing DE 35
        00.000 A.0 < 1210 11=000101 39=904
        counted: frames 1, requests 1, refused_format 1
    "#]],
    );
}

#[test]
fn chip_data_that_can_not_be_read_is_904_even_beside_a_card_number() {
    told(
        sale(2500).with(55, [0x9F, 0x26, 0x08, 0x00, 0xFF]),
        expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     ! A.0 sent 1200 with a bad or missing DE 55
        00.000 A.0 < 1210 11=000101 39=904
        counted: frames 1, requests 1, refused_format 1
    "#]],
    );
}

#[test]
fn chip_data_of_a_partner_that_says_it_is_something_else_is_not_looked_at() {
    let dialect = Arc::new(Dialect::clone(&ascii()).without_subfields(55));
    let mut world = world_in(dialect);
    world.acquirer("A").sends(sale(2500).with(55, [0x9F, 0x26, 0x08, 0x00, 0xFF]));
    assert_eq!(world.issuer("X").takes().fields[&55], [0x9F, 0x26, 0x08, 0x00, 0xFF]);
}

#[test]
fn a_request_is_routed_by_the_subfield_that_the_dialect_names() {
    let card = Key::Name(Name::new(b"02").unwrap());
    let tagged = Subfields::Tagged { tag: 2, length: 2 };
    let dialect = Dialect::clone(&ascii()).with_subfields(48, tagged).unwrap();
    let mut world = world_in(Arc::new(dialect.with_pan_in(48, card).unwrap()));
    let private = format!("0103abc0216{VISA}");
    world.acquirer("A").sends(without_card().with(48, &private));
    assert_eq!(world.issuer("Y").takes().of(48), private);
    world.acquirer("A").sends(sale(2500).with(48, &private));
    assert_eq!(world.acquirer("A").heard().of(39), "904");
    assert_eq!(world.count(Counter::RefusedPanDisagrees), 1);
}
