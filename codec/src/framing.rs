//! How messages are cut from a byte stream: length prefix, TPDU, header, trailer, all of it data.
//! Knows no message.
//!
//! ```text
//! | prefix | reserved | TPDU | header | message | trailer |
//!                     |<------- length ------->|            what the prefix tells
//! |<---------------- length -------------------->|          the same, where the prefix counts itself
//! ```
//!
//! A length of nothing is a keep-alive: prefix and reserved bytes alone, no TPDU, no header, no
//! trailer.

mod prefix;

mod tpdu;

use crate::digits::{ascii_of_four, number_of_word};
use crate::kernel::strangers_to_digits;
use core::fmt;
use core::ops::Range;

pub use prefix::Prefix;
pub use tpdu::{Tpdu, TpduUse};

/// Up to sixteen fixed bytes in front of or behind each message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Affix {
    bytes: [u8; 16],
    len: u8,
}

/// The framing of a station's links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framing {
    /// How the length is written.
    pub prefix: Prefix,
    /// Does the length count its own prefix (and reserved bytes)?
    pub includes_self: bool,
    /// Zero bytes behind the prefix, not counted by the length (`vml`: 2).
    pub reserved: u8,
    /// A TPDU in front of each message, counted by the length (`nac`).
    pub tpdu: Option<TpduUse>,
    /// Sent in front of each message and counted by the length. On what comes in its length is
    /// taken off and its bytes are not looked at: such headers tell who speaks, and differ by
    /// direction.
    pub header: Affix,
    /// Sent behind each message, not counted by the length, and required on what comes in.
    pub trailer: Affix,
    /// Longest message taken, in bytes, without header and trailer.
    pub max: usize,
}

/// What stands at the front of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    /// A whole frame. An empty message is a keep-alive, or a header without one.
    Frame {
        /// Where the message is.
        message: Range<usize>,
        /// Bytes of the whole frame: the next one begins there.
        total: usize,
    },
    /// More bytes are needed.
    Incomplete {
        /// At least so many from the front of the frame.
        need: usize,
    },
    /// The stream can not be read on.
    Bad(FramingError),
}

/// Why a stream can not be cut, or a frame not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FramingError {
    /// A byte of the length is no digit, or a reserved byte is not zero.
    Prefix {
        /// Which byte of the frame.
        offset: usize,
        /// The byte.
        byte: u8,
    },
    /// The length is less than header and prefix that it should count.
    TooShort {
        /// The length told.
        length: usize,
        /// The least that it can be, other than nothing.
        least: usize,
    },
    /// The message is longer than taken, or than the prefix can tell.
    TooLong {
        /// Bytes of the message.
        message: usize,
        /// The most.
        max: usize,
    },
    /// The bytes behind the message are not the trailer.
    Trailer {
        /// Where in the frame the trailer should stand.
        offset: usize,
    },
    /// The buffer has no room.
    NoSpace,
}

impl Affix {
    /// No bytes.
    pub const NONE: Self = Self { bytes: [0; 16], len: 0 };

    /// These bytes; `None` above sixteen.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let mut affix = Self::NONE;
        affix.bytes.get_mut(..bytes.len())?.copy_from_slice(bytes);
        affix.len = u8::try_from(bytes.len()).ok()?;
        Some(affix)
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or(&self.bytes)
    }

    fn len(&self) -> usize {
        usize::from(self.len)
    }
}

impl Framing {
    /// Longest message of the built-in framings.
    pub const MESSAGE_MAX: usize = 8192;

    /// Prefix and message, nothing else.
    pub const fn of(prefix: Prefix) -> Self {
        Self {
            prefix,
            includes_self: false,
            reserved: 0,
            tpdu: None,
            header: Affix::NONE,
            trailer: Affix::NONE,
            max: Self::MESSAGE_MAX,
        }
    }

    /// Names of the built-in framings.
    pub const NAMES: [&str; 7] = ["bin2", "bin2le", "bin4", "ascii4", "bcd2", "vml", "nac"];

    /// The built-in framing of this name, one of [`Framing::NAMES`].
    pub fn built_in(name: &str) -> Option<Self> {
        let bin2 = Self::of(Prefix::Binary { bytes: 2, little: false });
        Some(match name {
            "bin2" => bin2,
            "bin2le" => Self::of(Prefix::Binary { bytes: 2, little: true }),
            "bin4" => Self::of(Prefix::Binary { bytes: 4, little: false }),
            "ascii4" => Self::of(Prefix::Ascii { digits: 4 }),
            "bcd2" => Self::of(Prefix::Packed { bytes: 2 }),
            "vml" => Self { reserved: 2, ..bin2 },
            "nac" => Self { tpdu: Some(TpduUse::PLAIN), ..bin2 },
            _ => return None,
        })
    }

    /// Bytes that framing adds to a message.
    pub fn overhead(&self) -> usize {
        self.lead() + self.front() + self.trailer.len()
    }

    /// Cuts one frame off the front of `bytes`.
    #[inline]
    pub fn cut(&self, bytes: &[u8]) -> Cut {
        match self.plain_told(bytes) {
            Some((lead, message)) if message <= self.max => {
                let total = lead + message;
                if bytes.len() < total {
                    Cut::Incomplete { need: total }
                } else {
                    Cut::Frame { message: lead..total, total }
                }
            }
            Some(_) | None => self.cut_any(bytes),
        }
    }

    /// Prefix bytes and length told, where the framing is a usual prefix and nothing else.
    #[inline]
    fn plain_told(&self, bytes: &[u8]) -> Option<(usize, usize)> {
        if !self.is_plain() {
            return None;
        }
        match self.prefix {
            Prefix::Ascii { digits: 4 } => {
                let told = u32::from_be_bytes(*bytes.first_chunk()?);
                let sound = strangers_to_digits(u64::from(told) | 0x3030_3030_0000_0000) == 0;
                let length = usize::try_from(number_of_word(u64::from(told))).ok()?;
                sound.then_some((4, length))
            }
            Prefix::Binary { bytes: 2, little: false } => {
                Some((2, u16::from_be_bytes(*bytes.first_chunk()?).into()))
            }
            Prefix::Ascii { .. } | Prefix::Binary { .. } | Prefix::Packed { .. } => None,
        }
    }

    /// Is there nothing beside prefix and message?
    #[inline]
    fn is_plain(&self) -> bool {
        let others = u8::from(self.includes_self) | u8::from(self.tpdu.is_some());
        // In one, so that it is one branch on the way of every frame.
        others | self.reserved | self.header.len | self.trailer.len == 0
    }

    fn cut_any(&self, bytes: &[u8]) -> Cut {
        let lead = self.lead();
        let Some(told) = bytes.get(..self.prefix.size()) else {
            return Cut::Incomplete { need: lead };
        };
        let read = self.prefix.read(told).and_then(|length| {
            self.look_at_reserved(bytes)?;
            self.message_len(length)
        });
        let (from, to, trailer) = match read {
            Err(error) => return Cut::Bad(error),
            Ok(None) => (lead, lead, &[][..]),
            Ok(Some(message)) => {
                let from = lead + self.front();
                (from, from + message, self.trailer.bytes())
            }
        };
        let total = to + trailer.len();
        match bytes.get(..total) {
            None => Cut::Incomplete { need: total },
            Some(frame) if frame.ends_with(trailer) => Cut::Frame { message: from..to, total },
            Some(_) => Cut::Bad(FramingError::Trailer { offset: to }),
        }
    }

    /// Are the reserved bytes zero, as far as they are there? A stream that is out of step shows at
    /// once, not when as many bytes have come as it seems to tell.
    fn look_at_reserved(&self, bytes: &[u8]) -> Result<(), FramingError> {
        let reserved = bytes.iter().enumerate().take(self.lead()).skip(self.prefix.size());
        let stranger = reserved.map(|(offset, &byte)| (offset, byte)).find(|&(_, byte)| byte != 0);
        stranger.map_or(Ok(()), |(offset, byte)| Err(FramingError::Prefix { offset, byte }))
    }

    /// Message bytes of a told length; `None` is a keep-alive.
    fn message_len(&self, length: usize) -> Result<Option<usize>, FramingError> {
        let own = if self.includes_self { self.lead() } else { 0 };
        if length == own {
            return Ok(None);
        }
        let least = own + self.front();
        match length.checked_sub(least) {
            None => Err(FramingError::TooShort { length, least }),
            Some(message) if message > self.max => {
                Err(FramingError::TooLong { message, max: self.max })
            }
            Some(message) => Ok(Some(message)),
        }
    }

    /// What an answer to the message in a frame that was cut carries as its TPDU; zeros where there
    /// is none.
    #[inline]
    pub fn tpdu_back(&self, frame: &[u8]) -> Tpdu {
        let Some(tpdu) = &self.tpdu else { return Tpdu::default() };
        let from = self.lead();
        let came = frame.get(from..).and_then(|rest| rest.first_chunk());
        came.map_or(Tpdu::default(), |came| tpdu.answer_to(Tpdu(*came)))
    }

    /// Writes what stands in front of a message of `message_len` bytes; gives the bytes written.
    ///
    /// Nothing in front of an empty message but its prefix: that frame is a keep-alive.
    pub fn open(&self, message_len: usize, out: &mut [u8]) -> Result<usize, FramingError> {
        self.open_with(None, message_len, out)
    }

    /// [`Framing::open`] with this TPDU, the framing's own without one; no TPDU at all where the
    /// framing has none.
    #[inline]
    pub fn open_with(
        &self,
        tpdu: Option<Tpdu>,
        message_len: usize,
        out: &mut [u8],
    ) -> Result<usize, FramingError> {
        match self.open_plain(message_len, out) {
            Some(written) => Ok(written),
            None => self.open_any(tpdu, message_len, out),
        }
    }

    /// Writes a usual prefix, where the framing is that and nothing else; gives its bytes.
    #[inline]
    fn open_plain(&self, message_len: usize, out: &mut [u8]) -> Option<usize> {
        if !self.is_plain() || message_len > self.max {
            return None;
        }
        let length = u16::try_from(message_len).ok()?;
        match self.prefix {
            Prefix::Ascii { digits: 4 } if length <= 9999 => {
                *out.first_chunk_mut()? = ascii_of_four(length);
                Some(4)
            }
            Prefix::Binary { bytes: 2, little: false } => {
                *out.first_chunk_mut()? = length.to_be_bytes();
                Some(2)
            }
            Prefix::Ascii { .. } | Prefix::Binary { .. } | Prefix::Packed { .. } => None,
        }
    }

    fn open_any(
        &self,
        tpdu: Option<Tpdu>,
        message_len: usize,
        out: &mut [u8],
    ) -> Result<usize, FramingError> {
        let tpdu = self.tpdu.map(|ours| tpdu.unwrap_or(ours.own).0);
        let parts = [tpdu.as_ref().map_or(&[][..], |tpdu| tpdu), self.header.bytes()];
        let parts = if message_len == 0 { &[][..] } else { &parts };
        let front: usize = parts.iter().map(|part| part.len()).sum();
        let own = if self.includes_self { self.lead() } else { 0 };
        let length = message_len + front + own;
        let most = self.max.min(self.prefix.most().saturating_sub(own + front));
        if message_len > most {
            return Err(FramingError::TooLong { message: message_len, max: most });
        }
        let (lead, mut rest) =
            out.split_at_mut_checked(self.lead()).ok_or(FramingError::NoSpace)?;
        let (told, reserved) = lead.split_at_mut(self.prefix.size());
        self.prefix.write(length, told);
        reserved.fill(0);
        for part in parts {
            let (room, behind) =
                rest.split_at_mut_checked(part.len()).ok_or(FramingError::NoSpace)?;
            room.copy_from_slice(part);
            rest = behind;
        }
        Ok(self.lead() + front)
    }

    /// Writes what stands behind a message of `message_len` bytes; gives the bytes written.
    #[inline]
    pub fn close(&self, message_len: usize, out: &mut [u8]) -> Result<usize, FramingError> {
        if self.trailer.len == 0 {
            return Ok(0);
        }
        let trailer = if message_len == 0 { &[] } else { self.trailer.bytes() };
        out.get_mut(..trailer.len()).ok_or(FramingError::NoSpace)?.copy_from_slice(trailer);
        Ok(trailer.len())
    }

    /// TPDU and header.
    fn front(&self) -> usize {
        self.tpdu.map_or(0, |_| Tpdu::LEN) + self.header.len()
    }

    /// Prefix and reserved bytes.
    fn lead(&self) -> usize {
        self.prefix.size() + usize::from(self.reserved)
    }
}

impl fmt::Display for FramingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Prefix { offset, byte } => {
                write!(f, "length prefix: 0x{byte:02X} at byte {offset} of the frame")
            }
            Self::TooShort { length, least } => {
                write!(f, "length {length} where the least is {least}")
            }
            Self::TooLong { message, max } => {
                write!(f, "message of {message} bytes where the most is {max}")
            }
            Self::Trailer { offset } => write!(f, "no trailer at byte {offset} of the frame"),
            Self::NoSpace => f.write_str("no room for the frame"),
        }
    }
}

impl core::error::Error for FramingError {}

#[cfg(test)]
mod tests;
