//! What subfields of the standard and elements of chip data are called, in a few words of ours.
//! Knows no value.

use codec::{Key, Tag, Version};

/// The name of a subfield that the standard has in DE `n`; nothing for another.
pub(super) fn of_subfield(version: Version, n: u8, key: Key) -> &'static str {
    let Key::Place(place) = key else { return "" };
    let names: &[&str] = match (version, n) {
        (_, 3) => &["transaction type", "account from", "account to"],
        (_, 54) => &["account type", "amount type", "currency", "sign", "amount"],
        (Version::Iso1993, 22) => &POINT_OF_SERVICE,
        (Version::Iso1993, 30) => &["original amount", "original amount, reconciliation"],
        (Version::Iso1993, 56) => {
            &["original MTI", "original STAN", "original local time", "acquirer"]
        }
        (Version::Iso1987, 90) => {
            &["original MTI", "original STAN", "original sent at", "acquirer", "forwarder"]
        }
        (Version::Iso1987, 95) => &["actual amount", "actual amount, settlement", "fee", "fee"],
        _ => &[],
    };
    let place = usize::from(place).checked_sub(1);
    place.and_then(|place| names.get(place)).copied().unwrap_or_default()
}

/// DE 22 of 1993.
const POINT_OF_SERVICE: [&str; 12] = [
    "how it can read cards",
    "how it can check cardholders",
    "can keep cards",
    "where it stands",
    "cardholder there",
    "card there",
    "how the card was read",
    "how the cardholder was checked",
    "by whom",
    "how it can write cards",
    "how it can show",
    "longest PIN",
];

/// The name of an element, and whether its value is harmless to show; nothing of an unknown one.
pub(super) fn of_element(tag: Tag) -> (&'static str, bool) {
    let known = ELEMENTS.iter().find(|(number, _, _)| *number == tag.number());
    known.map_or(("", false), |(_, name, harmless)| (name, *harmless))
}

/// Tag, name, and whether it says nothing of the card or its holder.
const ELEMENTS: [(u32, &str, bool); 49] = [
    (0x4F, "application", true),
    (0x50, "application label", true),
    (0x56, "track 1 equivalent", false),
    (0x57, "track 2 equivalent", false),
    (0x5A, "card number (PAN)", false),
    (0x61, "application template", false),
    (0x70, "record template", false),
    (0x71, "issuer script", true),
    (0x72, "issuer script", true),
    (0x77, "answer template", false),
    (0x82, "application interchange profile", true),
    (0x84, "application", true),
    (0x8A, "answer code", true),
    (0x91, "issuer authentication", true),
    (0x95, "terminal verification results", true),
    (0x9A, "transaction date", true),
    (0x9B, "transaction status", true),
    (0x9C, "transaction type", true),
    (0x5F20, "cardholder", false),
    (0x5F24, "card expiry", false),
    (0x5F25, "card valid from", false),
    (0x5F28, "country of issuer", true),
    (0x5F2A, "currency", true),
    (0x5F30, "service code", false),
    (0x5F34, "card sequence number", true),
    (0x9F02, "amount", true),
    (0x9F03, "amount, other", true),
    (0x9F06, "application", true),
    (0x9F07, "application usage", true),
    (0x9F09, "application version", true),
    (0x9F0B, "cardholder, long name", false),
    (0x9F10, "issuer application data", true),
    (0x9F1A, "country of terminal", true),
    (0x9F1E, "terminal serial number", true),
    (0x9F1F, "track 1 discretionary data", false),
    (0x9F20, "track 2 discretionary data", false),
    (0x9F26, "cryptogram", true),
    (0x9F27, "cryptogram information", true),
    (0x9F33, "terminal capabilities", true),
    (0x9F34, "cardholder check results", true),
    (0x9F35, "terminal type", true),
    (0x9F36, "transaction counter", true),
    (0x9F37, "unpredictable number", true),
    (0x9F40, "terminal capabilities, more", true),
    (0x9F41, "sequence counter", true),
    (0x9F53, "transaction category", true),
    (0x9F5B, "issuer script results", true),
    (0x9F6B, "track 2", false),
    (0x9F6E, "form factor", true),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_hold_card_data_is_never_harmless() {
        for tag in [0x56, 0x57, 0x5A, 0x5F20, 0x5F24, 0x5F30, 0x9F1F, 0x9F20, 0x9F6B, 0xDFDF] {
            assert!(!of_element(Tag::of(tag)).1, "{tag:X}");
        }
    }

    #[test]
    fn each_subfield_of_the_standard_has_a_name() {
        for (version, n, count) in [
            (Version::Iso1993, 3, 3),
            (Version::Iso1993, 22, 12),
            (Version::Iso1993, 30, 2),
            (Version::Iso1993, 54, 5),
            (Version::Iso1993, 56, 4),
            (Version::Iso1987, 90, 5),
            (Version::Iso1987, 95, 4),
        ] {
            let named =
                (1..=99).filter(|&place| !of_subfield(version, n, Key::Place(place)).is_empty());
            assert_eq!(named.count(), count, "DE {n}");
        }
        assert_eq!(of_subfield(Version::Iso1987, 22, Key::Place(1)), "");
        assert_eq!(of_subfield(Version::Iso1993, 3, Key::Place(0)), "");
    }
}
