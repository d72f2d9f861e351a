//! The message type indicator: four digits, and what they say. Knows no field of a message.

use core::fmt;

/// A message type indicator as four BCD digits: 1100 is `0x1100`.
///
/// Version, class, function, origin, from left to right (ISO 8583:1993, 4.1). Any four digits are
/// an `Mti`; whether anybody speaks that type is not decided here.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mti(u16);

impl Mti {
    /// The MTI of four BCD digits; `None` when a nibble is no digit.
    #[inline]
    pub const fn new(bcd: u16) -> Option<Self> {
        let above_nine = bcd & ((bcd << 1) | (bcd << 2)) & 0x8888;
        if above_nine == 0 { Some(Self(bcd)) } else { None }
    }

    /// The MTI of four BCD digits, for constants.
    ///
    /// # Panics
    /// When a nibble is no digit.
    pub const fn of(bcd: u16) -> Self {
        match Self::new(bcd) {
            Some(mti) => mti,
            None => panic!("an MTI is four decimal digits"),
        }
    }

    /// The four digits, one a nibble.
    #[inline]
    pub const fn bcd(self) -> u16 {
        self.0
    }

    /// First digit: 0 for 1987, 1 for 1993, 2 for 2003.
    #[inline]
    pub const fn version(self) -> u8 {
        self.0.to_be_bytes()[0] >> 4
    }

    /// Second digit: 1 authorization, 2 financial, 4 reversal, 5 reconciliation, 8 network.
    #[inline]
    pub const fn class(self) -> u8 {
        self.0.to_be_bytes()[0] & 0xF
    }

    /// Third digit: 0 request, 1 its response, 2 advice, 3 its response, 4 notification.
    #[inline]
    pub const fn function(self) -> u8 {
        self.0.to_be_bytes()[1] >> 4
    }

    /// Fourth digit: 0 acquirer, 2 issuer, 4 other; each with its repeat one above.
    #[inline]
    pub const fn origin(self) -> u8 {
        self.0.to_be_bytes()[1] & 0xF
    }

    /// Is it a repeat of an earlier message (origin 1, 3 or 5)?
    #[inline]
    pub const fn is_repeat(self) -> bool {
        matches!(self.origin(), 1 | 3 | 5)
    }

    /// The type of the message that a repeat repeats; itself otherwise.
    #[must_use]
    #[inline]
    pub const fn without_repeat(self) -> Self {
        if self.is_repeat() { Self(self.0 - 1) } else { self }
    }

    /// Function 0: somebody waits for the answer.
    #[inline]
    pub const fn is_request(self) -> bool {
        self.function() == 0
    }

    /// Function 2: a thing done, to be acknowledged.
    #[inline]
    pub const fn is_advice(self) -> bool {
        self.function() == 2
    }

    /// Functions 1, 3, 5 and 7: answers and acknowledgements, which nobody answers.
    #[inline]
    pub const fn is_answer(self) -> bool {
        matches!(self.function(), 1 | 3 | 5 | 7)
    }

    /// Function 4: told, never answered.
    #[inline]
    pub const fn is_notification(self) -> bool {
        self.function() == 4
    }

    /// The type of the answer: function one up, never a repeat.
    ///
    /// `None` for what is not answered: answers, notifications and the reserved functions.
    #[inline]
    pub const fn answer(self) -> Option<Self> {
        match self.function() {
            0 | 2 | 6 => Some(Self(self.without_repeat().0 + 0x10)),
            _ => None,
        }
    }
}

impl fmt::Display for Mti {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}", self.0)
    }
}

impl fmt::Debug for Mti {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn four_digits_are_an_mti_and_a_letter_nibble_is_not() {
        assert_eq!(Mti::new(0x1999).map(Mti::bcd), Some(0x1999));
        for bad in [0xA100, 0x1A00, 0x11F0, 0x110A] {
            assert_eq!(Mti::new(bad), None, "{bad:04x}");
        }
    }

    #[test]
    fn every_digit_is_read_from_its_own_place() {
        let mti = Mti::of(0x1234);
        assert_eq!((mti.version(), mti.class(), mti.function(), mti.origin()), (1, 2, 3, 4));
        assert_eq!(format!("{mti} {mti:?}"), "1234 1234");
    }

    #[test]
    fn a_repeat_is_answered_like_the_original() {
        for (mti, answer) in [
            (0x1100, Some(0x1110)),
            (0x1101, Some(0x1110)),
            (0x1421, Some(0x1430)),
            (0x1123, Some(0x1132)),
            (0x1804, Some(0x1814)),
            (0x1110, None),
            (0x1130, None),
            (0x1140, None),
            (0x1150, None),
            (0x1180, None),
        ] {
            assert_eq!(Mti::of(mti).answer(), answer.map(Mti::of), "{mti:04x}");
        }
    }

    #[test]
    fn the_last_digit_tells_a_repeat() {
        assert!(Mti::of(0x1101).is_repeat() && Mti::of(0x1425).is_repeat());
        assert!(!Mti::of(0x1100).is_repeat() && !Mti::of(0x1107).is_repeat());
        assert_eq!(Mti::of(0x1423).without_repeat(), Mti::of(0x1422));
        assert_eq!(Mti::of(0x1422).without_repeat(), Mti::of(0x1422));
    }

    #[test]
    fn functions_tell_requests_advices_answers_and_notifications_apart() {
        let told = |bcd: u16| {
            let mti = Mti::of(bcd);
            (mti.is_request(), mti.is_advice(), mti.is_answer(), mti.is_notification())
        };
        assert_eq!(told(0x1200), (true, false, false, false));
        assert_eq!(told(0x1220), (false, true, false, false));
        assert_eq!(told(0x1230), (false, false, true, false));
        assert_eq!(told(0x1240), (false, false, false, true));
        assert_eq!(told(0x1270), (false, false, true, false));
    }
}
