//! What two sites say, as bytes for a checkpoint. Decides nothing.

use super::{In, Out, Unreadable};
use crate::ids::Stan;
use crate::replay::sites::Sites;
use crate::replay::{Orphan, Position, Promotion};

impl Out<'_> {
    pub(super) fn sites(&mut self, Sites { promotion, lossy, orphans }: &Sites) {
        for promotion in [promotion, lossy] {
            self.put([u8::from(promotion.is_some())]);
            if let Some(promotion) = promotion {
                self.long(promotion.position.0);
                self.put(promotion.epoch.to_le_bytes());
                self.long(promotion.utc);
                self.put([u8::from(promotion.lossy)]);
                self.long(promotion.until);
            }
        }
        self.list(orphans.len());
        for orphan in orphans {
            self.put(orphan.acquirer.0.to_le_bytes());
            self.put(orphan.mti.bcd().to_le_bytes());
            self.put(orphan.stan.0.to_le_bytes());
            self.identity(orphan.identity);
            self.long(orphan.utc);
            self.text(&orphan.rrn);
        }
    }
}

impl In<'_> {
    pub(super) fn sites(&mut self) -> Result<Sites, Unreadable> {
        let (promotion, lossy) = (self.promotion()?, self.promotion()?);
        let mut sites = Sites { promotion, lossy, ..Sites::default() };
        for _ in 0..self.word()? {
            sites.add(Orphan {
                acquirer: self.station_number()?,
                mti: self.mti()?,
                stan: Stan(self.word()?),
                identity: self.identity()?,
                utc: self.long()?,
                rrn: self.text("orphans")?,
            });
        }
        Ok(sites)
    }

    fn promotion(&mut self) -> Result<Option<Promotion>, Unreadable> {
        if !self.is_there("promotion")? {
            return Ok(None);
        }
        Ok(Some(Promotion {
            position: Position(self.long()?),
            epoch: self.word()?,
            utc: self.long()?,
            lossy: self.is_there("promotion")?,
            until: self.long()?,
        }))
    }
}
