//! A message's fields as anybody may see them. Must not know where the message comes from.

use codec::{Dialect, Mti, Slots};

use super::words;

/// Type and fields of a message, card data masked: the card number by its first six and last four
/// digits, what may hold a track, a PIN or more of the card by its length. Nothing when the bytes are
/// no message of this dialect.
pub(crate) fn fields(dialect: &Dialect, bytes: &[u8]) -> Option<(Mti, Vec<(u8, String)>)> {
    let mut slots = Slots::new();
    dialect.decode(bytes, &mut slots).ok()?;
    let message = slots.message(dialect, bytes);
    let fields = message.fields().iter().filter_map(|n| {
        let value = message.value(n)?;
        Some((n, words::masked(dialect, n, value)))
    });
    Some((message.mti(), fields.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use codec::{Fields, Writer};

    #[test]
    fn a_card_shows_its_first_six_and_last_four_and_nothing_more() {
        let dialect = codec::built_in("iso93-binary").unwrap();
        let values: [(u8, &[u8]); 5] = [
            (2, b"3530111333300000"),
            (4, b"000000002500"),
            (14, b"2912"),
            (35, b"3530111333300000=2912"),
            (37, b"000000000017"),
        ];
        let all = values.iter().fold(Fields::EMPTY, |all, &(n, _)| all.with(n));
        let mut room = [0; 200];
        let mut writer = Writer::new(dialect, &mut room, Mti::new(0x1100).unwrap(), all).unwrap();
        for (n, value) in values {
            writer.put_text(n, value).unwrap();
        }
        let length = writer.finish().unwrap();
        let (mti, shown) = fields(dialect, &room[..length]).unwrap();
        let shown: Vec<_> = shown.iter().map(|(n, value)| format!("{n}={value}")).collect();
        assert_eq!(mti.to_string(), "1100");
        assert_eq!(
            shown.join(" "),
            "2=353011******0000 4=000000002500 14=(4 digits masked) \
             35=(21 characters masked) 37=000000000017"
        );
        assert_eq!(fields(dialect, &room[..length - 1]), None);
    }
}
