//! Routes, cards and messages for the worlds of this bench. Knows no core.
//!
//! The cards are made up: a prefix of six digits that counts up in a mixed order, zeros, and a
//! check digit that is wrong, so that no number is anybody's card.

use codec::{Dialect, Fields, Message, Mti, Writer};
use switch_core::ids::StationId;
use switch_core::routing::RouteSettings;

use crate::world::ISSUERS;

/// The most bytes of a message here.
pub(crate) const FRAME_MAX: usize = 256;

/// Mixes the numbers from 0 to 999,999: no two give the same.
fn mixed(number: usize) -> usize {
    number % 1_000_000 * 617_647 % 1_000_000
}

/// Half of the routes are of six digits, half of eight. No two of them share six digits.
pub(crate) fn routes(count: usize) -> Vec<RouteSettings> {
    let route = |number: usize| {
        let prefix = mixed(number);
        let pan = if number.is_multiple_of(2) {
            format!("{prefix:06}")
        } else {
            format!("{prefix:06}00")
        };
        RouteSettings { pan, to: vec![issuer(number)] }
    };
    (0..count).map(route).collect()
}

/// The issuers take turns.
fn issuer(route: usize) -> StationId {
    StationId(u16::try_from(1 + route % ISSUERS).expect("few issuers"))
}

/// The card of a route; beyond the last route, one without.
pub(crate) fn card(route: usize) -> u64 {
    let bare = u64::try_from(mixed(route)).expect("six digits") * 10_u64.pow(10);
    // The check digit that is right makes the sum a multiple of ten.
    let sum: u64 = (0..16)
        .map(|place| (bare / 10_u64.pow(place) % 10) << (place % 2))
        .map(|digit| digit % 10 + digit / 10)
        .sum();
    bare + u64::from(sum.is_multiple_of(10))
}

/// What is particular about a transaction.
#[derive(Clone, Copy)]
pub(crate) struct Sale {
    /// The route of its card.
    pub(crate) route: u32,
    /// Its number, which DE 37 carries.
    pub(crate) number: u64,
}

/// A sale with the fields that an ordinary one has.
pub(crate) fn request(dialect: &Dialect, sale: Sale, out: &mut [u8]) -> usize {
    let fields = Fields::of(&[2, 3, 4, 7, 11, 12, 22, 24, 26, 32, 37, 41, 42, 49]);
    let mut writer = Writer::new(dialect, out, Mti::of(0x1200), fields).expect("room");
    let number = sale.number;
    for field in fields {
        match field {
            2 => writer.put_text(2, format!("{:016}", card(sale.route as usize)).as_bytes()),
            3 => writer.put_number(3, 0),
            4 => writer.put_number(4, number),
            11 => writer.put_number(11, number % 1_000_000),
            37 => writer.put_text(37, reference(number).as_bytes()),
            _ => writer.put_text(field, constant(field)),
        }
        .expect("it fits");
    }
    writer.finish().expect("all fields were put")
}

/// The answer to a sale that went out with this trace number and DE 7; with another reference than
/// the sale had, if it is to be wrong.
pub(crate) fn answer(
    dialect: &Dialect,
    sale: Sale,
    sent: (u64, u64),
    wrong: bool,
    out: &mut [u8],
) -> usize {
    let fields = Fields::of(&[2, 3, 4, 7, 11, 12, 32, 37, 38, 39, 41, 42, 49]);
    let mut writer = Writer::new(dialect, out, Mti::of(0x1210), fields).expect("room");
    for field in fields {
        match field {
            2 => writer.put_text(2, format!("{:016}", card(sale.route as usize)).as_bytes()),
            3 => writer.put_number(3, 0),
            4 => writer.put_number(4, sale.number),
            7 => writer.put_packed(7, sent.1, 10),
            11 => writer.put_packed(11, sent.0, 6),
            37 => writer.put_text(37, reference(sale.number + u64::from(wrong)).as_bytes()),
            _ => writer.put_text(field, constant(field)),
        }
        .expect("it fits");
    }
    writer.finish().expect("all fields were put")
}

/// The number of the sale that a message is of.
pub(crate) fn number(message: &Message<'_>) -> Option<u64> {
    core::str::from_utf8(message.wire(37)?).ok()?.parse().ok()
}

fn reference(number: u64) -> String {
    format!("{number:012}")
}

fn constant(field: u8) -> &'static [u8] {
    match field {
        7 => b"1121052030",
        12 => b"261121142030",
        22 => b"510101513344",
        24 => b"200",
        26 => b"5411",
        32 => b"77334000001",
        38 => b"A00001",
        39 => b"000",
        41 => b"T0000001",
        42 => b"M00000000000001",
        _ => b"392",
    }
}
