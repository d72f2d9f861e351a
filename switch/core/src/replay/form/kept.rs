//! What is kept for issuers, and what was noted beside, as bytes for a checkpoint. Decides nothing.

use super::{In, Out, Unreadable};
use crate::ids::Stan;
use crate::records::ItemState;
use crate::replay::{Item, Position, Recent, State, Tombstone};

impl State {
    /// Takes in what was kept for an issuer and written.
    pub(super) fn keep_again(&mut self, item: Item) -> Option<()> {
        let &Item { position, issuer, stan, .. } = &item;
        self.stations.find(item.acquirer)?;
        let traces = &mut self.stations.find_mut(issuer)?.traces;
        (position.0 > 0).then_some(())?;
        let block = self.open.room(position, traces, (issuer, stan), &self.items).ok()?;
        block.keep(position, stan);
        self.items.take_in(item);
        Some(())
    }
}

impl Out<'_> {
    pub(super) fn item(&mut self, item: &Item) {
        self.long(item.position.0);
        self.put(item.issuer.0.to_le_bytes());
        self.put(item.stan.0.to_le_bytes());
        self.put(item.acquirer.0.to_le_bytes());
        self.put(item.mti.bcd().to_le_bytes());
        self.put(item.original.0.to_le_bytes());
        self.long(item.original_at);
        self.put(item.reason.to_le_bytes());
        self.long(item.utc);
        self.put([match item.state {
            None => 0,
            Some(ItemState::Parked) => 1,
            Some(ItemState::Held) => 2,
            Some(ItemState::Released) => 3,
            Some(ItemState::Purged) => unreachable!("what is purged is kept no more"),
        }]);
        self.text(&item.by);
        self.frame(&item.frame);
    }

    pub(super) fn beside(&mut self, state: &State) {
        self.list(state.tombstones.len());
        for Tombstone { acquirer, reference, utc } in &state.tombstones {
            self.put(acquirer.0.to_le_bytes());
            self.long(*reference);
            self.long(*utc);
        }
        self.list(state.recent.len());
        for Recent { issuer, stan, utc } in &state.recent {
            self.put(issuer.0.to_le_bytes());
            self.put(stan.0.to_le_bytes());
            self.long(*utc);
        }
    }
}

impl In<'_> {
    pub(super) fn item(&mut self) -> Result<Item, Unreadable> {
        Ok(Item {
            position: Position(self.long()?),
            issuer: self.station_number()?,
            stan: Stan(self.word()?),
            acquirer: self.station_number()?,
            mti: self.mti()?,
            original: Stan(self.word()?),
            original_at: self.long()?,
            reason: self.short()?,
            utc: self.long()?,
            state: match self.take()? {
                [0] => None,
                [1] => Some(ItemState::Parked),
                [2] => Some(ItemState::Held),
                [3] => Some(ItemState::Released),
                _ => return Err(Unreadable::Part("items")),
            },
            by: self.text("items")?,
            frame: self.frame()?.into(),
        })
    }

    pub(super) fn beside(&mut self, state: &mut State) -> Result<(), Unreadable> {
        for _ in 0..self.word()? {
            let (acquirer, reference) = (self.station_number()?, self.long()?);
            state.tombstones.push_back(Tombstone { acquirer, reference, utc: self.long()? });
        }
        for _ in 0..self.word()? {
            let (issuer, stan) = (self.station_number()?, Stan(self.word()?));
            state.recent.push_back(Recent { issuer, stan, utc: self.long()? });
        }
        Ok(())
    }
}
