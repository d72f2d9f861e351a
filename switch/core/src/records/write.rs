//! A record becomes bytes. Knows no reader of them.

use super::{Delivery, ItemState, Passed, Record, TakesBack, VERSION};
use crate::ids::{Stan, StationNumber};
use crate::time::Time;

impl Record<'_> {
    /// Writes the record and gives its length; none when it does not fit `out`, or has a text of
    /// more than 255 bytes or a frame of more than 65,535.
    #[inline]
    pub fn write(&self, out: &mut [u8]) -> Option<usize> {
        let mut to = Cursor { bytes: out, at: 0 };
        to.put([VERSION, self.kind()])?;
        match *self {
            Self::Decision { .. } => self.write_decision(&mut to)?,
            Self::Settlement { issuer, stan, action, at, utc, answer } => {
                to.transaction(issuer, stan)?;
                to.put(action.to_le_bytes())?;
                to.moment(at, utc)?;
                to.frame(answer)?;
            }
            Self::Expiry { issuer, stan, at, utc } | Self::Unsent { issuer, stan, at, utc } => {
                to.transaction(issuer, stan)?;
                to.moment(at, utc)?;
            }
            Self::Undelivered { issuer, stan, action, at, utc } => {
                to.transaction(issuer, stan)?;
                to.put(action.to_le_bytes())?;
                to.moment(at, utc)?;
            }
            Self::Closed { issuer, stan, utc } => {
                to.transaction(issuer, stan)?;
                to.put(utc.to_le_bytes())?;
            }
            Self::Station { number, name, dialect } => {
                to.put(number.0.to_le_bytes())?;
                to.text(name)?;
                to.text(dialect)?;
            }
            Self::Links { station, from, count } => {
                to.put(station.0.to_le_bytes())?;
                to.put(from.0.to_le_bytes())?;
                to.put(count.to_le_bytes())?;
            }
            Self::SignOn { station, on, at, utc } => {
                to.put(station.0.to_le_bytes())?;
                to.put([u8::from(on)])?;
                to.moment(at, utc)?;
            }
            Self::Configuration { number, digest, utc } => {
                to.put(number.to_le_bytes())?;
                to.put(digest)?;
                to.put(utc.to_le_bytes())?;
            }
            Self::Start { epoch, utc, build } => {
                to.put(epoch.to_le_bytes())?;
                to.put(utc.to_le_bytes())?;
                to.text(build)?;
            }
            Self::Counts { deltas } => to.frame(deltas.0)?,
            Self::HashKey { key } => to.put(key.0)?,
            Self::Pulse => {}
            Self::Command { uid, role, utc, who, what, outcome } => {
                to.put(uid.to_le_bytes())?;
                to.put([role])?;
                to.put(utc.to_le_bytes())?;
                to.text(who)?;
                to.text(what)?;
                to.text(outcome)?;
            }
            Self::Promotion { .. } | Self::Handover { .. } | Self::Orphan { .. } => {
                self.write_of_two_sites(&mut to)?;
            }
            Self::Queued { .. }
            | Self::Acknowledged { .. }
            | Self::Item { .. }
            | Self::Advice { .. }
            | Self::Delivery { .. } => self.write_kept(&mut to)?,
        }
        Some(to.at)
    }

    /// What two sites say.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller has the list")]
    fn write_of_two_sites(&self, to: &mut Cursor<'_>) -> Option<()> {
        match *self {
            Self::Promotion { epoch, utc, lossy, until } => {
                to.put(epoch.to_le_bytes())?;
                to.put(utc.to_le_bytes())?;
                to.put([u8::from(lossy)])?;
                to.put(until.to_le_bytes())
            }
            Self::Handover { epoch, utc } => {
                to.put(epoch.to_le_bytes())?;
                to.put(utc.to_le_bytes())
            }
            Self::Orphan { acquirer, mti, stan, key, check, utc, rrn } => {
                to.put(acquirer.0.to_le_bytes())?;
                to.put(mti.bcd().to_le_bytes())?;
                to.put(stan.0.to_le_bytes())?;
                to.put(key.to_le_bytes())?;
                to.put(check.to_le_bytes())?;
                to.put(utc.to_le_bytes())?;
                to.text(rrn)
            }
            _ => unreachable!("nothing else is written here"),
        }
    }

    /// What is kept for an issuer and what has to do with it.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the caller has the list")]
    fn write_kept(&self, to: &mut Cursor<'_>) -> Option<()> {
        match *self {
            Self::Queued { .. } => self.write_queued(to),
            Self::Acknowledged { issuer, stan, action, utc } => {
                to.transaction(issuer, stan)?;
                to.put(action.to_le_bytes())?;
                to.put(utc.to_le_bytes())
            }
            Self::Item { issuer, stan, state, by, utc } => {
                to.transaction(issuer, stan)?;
                to.put([match state {
                    ItemState::Parked => 0,
                    ItemState::Held => 1,
                    ItemState::Released => 2,
                    ItemState::Purged => 3,
                }])?;
                to.put(utc.to_le_bytes())?;
                to.text(by)
            }
            Self::Advice {
                acquirer,
                link,
                mti,
                key,
                check,
                reference,
                original,
                original_key,
                action,
                issuer,
                stan,
                takes_back,
                utc,
                passed,
                inputs,
            } => {
                to.put(acquirer.0.to_le_bytes())?;
                to.put(link.0.to_le_bytes())?;
                to.put(mti.bcd().to_le_bytes())?;
                to.put(key.to_le_bytes())?;
                to.put(check.to_le_bytes())?;
                to.put(reference.to_le_bytes())?;
                to.put(original.to_le_bytes())?;
                to.put(original_key.to_le_bytes())?;
                to.put(action.to_le_bytes())?;
                to.transaction(issuer, stan)?;
                to.takes_back(takes_back)?;
                to.put(utc.to_le_bytes())?;
                assert!(passed.is_some() == (stan != Stan(0)), "what is passed on has a number");
                if let Some(Passed { mti, original, original_at, reason, frame }) = passed {
                    to.put(mti.bcd().to_le_bytes())?;
                    to.put(original.0.to_le_bytes())?;
                    to.put(original_at.to_le_bytes())?;
                    to.put(reason.to_le_bytes())?;
                    to.frame(frame)?;
                }
                to.frame(inputs)
            }
            Self::Delivery { issuer, stan, how, utc } => {
                to.transaction(issuer, stan)?;
                to.put([match how {
                    Delivery::None => 0,
                    Delivery::Unknown => 1,
                }])?;
                to.put(utc.to_le_bytes())
            }
            _ => unreachable!("nothing else is written here"),
        }
    }

    #[inline]
    fn write_decision(&self, to: &mut Cursor<'_>) -> Option<()> {
        let &Self::Decision {
            acquirer,
            link,
            issuer,
            mti,
            route,
            stan,
            sent_at,
            arrived,
            utc,
            configuration,
            key,
            check,
            reference,
            present,
            inputs,
        } = self
        else {
            unreachable!("only decisions are written here")
        };
        to.put(acquirer.0.to_le_bytes())?;
        to.put(link.0.to_le_bytes())?;
        to.put(issuer.0.to_le_bytes())?;
        to.put(mti.bcd().to_le_bytes())?;
        to.put(route.0.to_le_bytes())?;
        to.put(stan.0.to_le_bytes())?;
        to.put(sent_at.to_le_bytes())?;
        to.put(arrived.0.to_le_bytes())?;
        to.put(utc.to_le_bytes())?;
        to.put(configuration.to_le_bytes())?;
        to.put(key.to_le_bytes())?;
        to.put(check.to_le_bytes())?;
        to.put(reference.to_le_bytes())?;
        to.put(present.bits().to_le_bytes())?;
        to.frame(inputs)
    }

    fn write_queued(&self, to: &mut Cursor<'_>) -> Option<()> {
        let &Self::Queued {
            issuer,
            stan,
            acquirer,
            mti,
            original,
            original_at,
            takes_back,
            reason,
            utc,
            frame,
        } = self
        else {
            unreachable!("only what is queued is written here")
        };
        to.transaction(issuer, stan)?;
        to.put(acquirer.0.to_le_bytes())?;
        to.put(mti.bcd().to_le_bytes())?;
        to.put(original.0.to_le_bytes())?;
        to.put(original_at.to_le_bytes())?;
        to.takes_back(takes_back)?;
        to.put(reason.to_le_bytes())?;
        to.put(utc.to_le_bytes())?;
        to.frame(frame)
    }

    /// Writes a record whose frame, which stands last, `fill` writes where it is to stand; the one
    /// in the record itself is passed over. Gives the length of all, or what `fill` fails with.
    ///
    /// # Panics
    /// When there is no room for the record, apart from its frame ([`HEAD_MAX`]), or it has none.
    #[inline]
    pub fn write_with<E>(
        &self,
        out: &mut [u8],
        fill: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Result<usize, E> {
        let has_a_frame = matches!(
            self,
            Self::Decision { .. }
                | Self::Settlement { .. }
                | Self::Queued { .. }
                | Self::Advice { .. }
        );
        assert!(has_a_frame, "it has a frame");
        let at = self.write(out).expect("room for a record is asked for before");
        let len = fill(&mut out[at..])?;
        let digits = u16::try_from(len).expect("a frame is short").to_le_bytes();
        out[at - 2..at].copy_from_slice(&digits);
        Ok(at + len)
    }
}

/// Bytes to be written, and how many are.
pub(super) struct Cursor<'a> {
    pub(super) bytes: &'a mut [u8],
    pub(super) at: usize,
}

impl Cursor<'_> {
    #[inline]
    pub(super) fn put<const N: usize>(&mut self, bytes: [u8; N]) -> Option<()> {
        *self.bytes.get_mut(self.at..)?.first_chunk_mut()? = bytes;
        self.at += N;
        Some(())
    }

    #[inline]
    fn put_all(&mut self, bytes: &[u8]) -> Option<()> {
        self.bytes.get_mut(self.at..self.at + bytes.len())?.copy_from_slice(bytes);
        self.at += bytes.len();
        Some(())
    }

    #[inline]
    fn frame(&mut self, frame: &[u8]) -> Option<()> {
        self.put(u16::try_from(frame.len()).ok()?.to_le_bytes())?;
        self.put_all(frame)
    }

    fn text(&mut self, text: &str) -> Option<()> {
        self.put([u8::try_from(text.len()).ok()?])?;
        self.put_all(text.as_bytes())
    }

    /// As minor units; all ones for the whole, and one less for what was never seen.
    fn takes_back(&mut self, takes_back: TakesBack) -> Option<()> {
        self.put(match takes_back {
            TakesBack::Nothing => 0_u64.to_le_bytes(),
            TakesBack::Part(part) => part.to_le_bytes(),
            TakesBack::Unseen => (u64::MAX - 1).to_le_bytes(),
            TakesBack::Whole => u64::MAX.to_le_bytes(),
        })
    }

    #[inline]
    fn transaction(&mut self, issuer: StationNumber, stan: Stan) -> Option<()> {
        self.put(issuer.0.to_le_bytes())?;
        self.put(stan.0.to_le_bytes())
    }

    #[inline]
    fn moment(&mut self, at: Time, utc: u64) -> Option<()> {
        self.put(at.0.to_le_bytes())?;
        self.put(utc.to_le_bytes())
    }
}
