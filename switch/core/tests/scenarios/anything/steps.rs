//! What can happen outside the switch, one step at a time.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};

/// One thing that happens. Numbers choose among what is there, whatever they are.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A request: of which acquirer, on which link, with which card, and what else is in it.
    Sale { acquirer: usize, link: u32, card: usize, extra: u8 },
    /// The same, with one byte changed, or cut off there.
    Mutant { acquirer: usize, at: usize, byte: u8, cut: bool },
    /// An answer to one of the requests of an issuer, on any link, right or wrong.
    Answer { issuer: usize, which: usize, link: u32, code: usize, wrong: u8 },
    /// Bytes of any kind on any link.
    Noise { link: u32, bytes: Vec<u8> },
    /// Sign-on, sign-off or echo.
    Network { link: u32, function: usize },
    /// An answer to a network management request of ours.
    NetworkAnswer { link: u32, code: usize },
    /// What happens to a line.
    Line { link: u32, what: Line },
    /// The key provider replies.
    Reply { which: usize, granted: bool },
    /// Lanes fill up or empty themselves.
    Lanes { full: u8 },
    /// Records are committed no more, or again.
    Commits { held: bool },
    /// Time.
    Passes { millis: u64 },
}

/// What can happen on a line.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Line {
    Connects,
    Refuses,
    Closes,
    Stalls { room: usize },
    ReadsOnly { bytes: u64 },
    Reads,
}

impl Step {
    pub(crate) fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            20 => Self::any_sale(),
            3 => Self::any_mutant(),
            16 => Self::any_answer(),
            1 => (link(), vec(any::<u8>(), 0..40))
                .prop_map(|(link, bytes)| Self::Noise { link, bytes }),
            2 => (link(), 0..4_usize).prop_map(|(link, function)| Self::Network { link, function }),
            4 => (link(), 0..4_usize).prop_map(|(link, code)| Self::NetworkAnswer { link, code }),
            13 => (link(), Line::any()).prop_map(|(link, what)| Self::Line { link, what }),
            6 => (any::<usize>(), 0..8_u8)
                .prop_map(|(which, luck)| Self::Reply { which, granted: luck > 0 }),
            1 => (0..6_u8).prop_map(|full| Self::Lanes { full }),
            4 => (0..4_u8).prop_map(|luck| Self::Commits { held: luck == 0 }),
            6 => (0..3_000_u64).prop_map(|millis| Self::Passes { millis }),
            1 => (0..30_000_u64).prop_map(|millis| Self::Passes { millis }),
        ]
    }

    fn any_sale() -> impl Strategy<Value = Self> {
        (0..3_usize, link(), 0..5_usize, any::<u8>())
            .prop_map(|(acquirer, link, card, extra)| Self::Sale { acquirer, link, card, extra })
    }

    fn any_mutant() -> impl Strategy<Value = Self> {
        (0..3_usize, 0..200_usize, any::<u8>(), any::<bool>())
            .prop_map(|(acquirer, at, byte, cut)| Self::Mutant { acquirer, at, byte, cut })
    }

    fn any_answer() -> impl Strategy<Value = Self> {
        (0..4_usize, any::<usize>(), link(), 0..5_usize, any::<u8>()).prop_map(
            |(issuer, which, link, code, wrong)| Self::Answer { issuer, which, link, code, wrong },
        )
    }
}

impl Line {
    fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            6 => Just(Self::Connects),
            1 => Just(Self::Refuses),
            2 => Just(Self::Closes),
            1 => (0..2_000_usize).prop_map(|room| Self::Stalls { room }),
            1 => (0..400_u64).prop_map(|bytes| Self::ReadsOnly { bytes }),
            2 => Just(Self::Reads),
        ]
    }
}

fn link() -> impl Strategy<Value = u32> {
    0..32_u32
}
