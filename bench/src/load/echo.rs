//! The echo test of an acquirer's centre: 1804 with DE 24 831, or 0800 with DE 70 301. Must not know when
//! it is due.

use codec::{Dialect, Fields, Framing, Mti, Version, WriteError, Writer};

use super::reversal::FRAME_MAX;
use super::sale::SaleError;
use crate::{calendar, figures};

/// Longest message, with room to spare.
const MESSAGE_MAX: usize = 128;

/// DE 11 runs from 1 to here.
const STANS: u32 = 999_999;

/// Echoes, one after the other.
pub(super) struct Echo {
    dialect: &'static Dialect,
    framing: Framing,
    acquirer: String,
    stan: u32,
}

impl Echo {
    pub(super) fn new(
        dialect: &'static Dialect,
        framing: Framing,
        acquirer: &str,
    ) -> Result<Self, SaleError> {
        let echo = Self { dialect, framing, acquirer: acquirer.to_owned(), stan: 0 };
        // What it can not say it could not say later either.
        echo.write(0, &mut [0; MESSAGE_MAX]).map_err(SaleError::Write)?;
        Ok(echo)
    }

    /// The frame of the next one, in that second since 1970, at the front of `out`.
    pub(super) fn frame(&mut self, second: u64, out: &mut [u8; FRAME_MAX]) -> Option<usize> {
        self.stan = self.stan % STANS + 1;
        let mut message = [0; MESSAGE_MAX];
        let length = self.write(second, &mut message).ok()?;
        let begin = self.framing.open(length, out).ok()?;
        let end = begin + length;
        out.get_mut(begin..end)?.copy_from_slice(&message[..length]);
        Some(end + self.framing.close(length, &mut out[end..]).ok()?)
    }

    fn write(&self, second: u64, out: &mut [u8]) -> Result<usize, WriteError> {
        let old = self.dialect.version() == Version::Iso1987;
        let (mti, fields) = if old {
            (Mti::of(0x0800), Fields::of(&[7, 11, 32, 70]))
        } else {
            (Mti::of(0x1804), Fields::of(&[7, 11, 12, 24, 32]))
        };
        let mut trace = [0; 6];
        figures::write_decimal(&mut trace, u64::from(self.stan));
        let mut writer = Writer::new(self.dialect, out, mti, fields)?;
        writer.put_text(7, &calendar::transmission(second))?;
        writer.put_text(11, &trace)?;
        if !old {
            writer.put_text(12, &calendar::local(second))?;
            writer.put_text(24, b"831")?;
        }
        writer.put_text(32, self.acquirer.as_bytes())?;
        if old {
            writer.put_text(70, b"301")?;
        }
        writer.finish()
    }
}
