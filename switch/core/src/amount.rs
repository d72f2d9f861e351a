//! What a message says of its amount. Knows no rule about it.

use codec::Message;

/// The digits of an amount (DE 4), packed, and how many they are.
#[inline]
pub(crate) fn amount_of(message: &Message<'_>) -> Option<(u64, u8)> {
    let amount = message.value(4)?;
    Some((amount.packed()?, u8::try_from(amount.units()).ok()?))
}

/// The currency of an amount (DE 49); zeros where none is said.
#[inline]
pub(crate) fn currency_of(message: &Message<'_>) -> [u8; 3] {
    let Some(currency) = message.value(49) else { return [0; 3] };
    if let Ok(plain) = currency.bytes().try_into() {
        return plain;
    }
    let mut room = [0; 3];
    let said = currency.write_text(&mut room);
    if said.is_some_and(|said| said.len() == 3) { room } else { [0; 3] }
}
