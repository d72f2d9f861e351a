//! Records about one transaction, as a reader found them: in order, as they were written down. Must not
//! know where they were found, nor what they say.

use crate::records::{Record, Unreadable};
use crate::wiped::Wiped;

/// The records; none when nothing is known.
///
/// ```text
/// length (2) record | length (2) record | ...
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Found(Wiped);

impl Found {
    /// Adds a record behind the others.
    ///
    /// # Panics
    /// When it is longer than a record can be.
    pub fn push(&mut self, record: &[u8]) {
        let length = u16::try_from(record.len()).expect("a record is shorter");
        self.0.extend(&length.to_le_bytes());
        self.0.extend(record);
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The records in order.
    pub fn records(&self) -> impl Iterator<Item = Result<Record<'_>, Unreadable>> {
        let mut rest = &self.0[..];
        core::iter::from_fn(move || {
            let (length, behind) = rest.split_first_chunk()?;
            let (record, behind) = behind.split_at(usize::from(u16::from_le_bytes(*length)));
            rest = behind;
            Some(Record::read(record))
        })
    }
}

/// What is in them is nobody's business.
impl core::fmt::Debug for Found {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Found({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Stan, StationNumber};

    #[test]
    fn records_are_given_in_the_order_in_which_they_were_found() {
        let mut found = Found::default();
        assert!(found.is_empty() && found.records().next().is_none());
        let closed = |stan| Record::Closed { issuer: StationNumber(3), stan: Stan(stan), utc: 9 };
        for stan in [7, 8] {
            let mut room = [0; 100];
            let length = closed(stan).write(&mut room).unwrap();
            found.push(&room[..length]);
        }
        found.push(&[0xFF]);
        let mut records = found.records();
        assert_eq!(records.next(), Some(Ok(closed(7))));
        assert_eq!(records.next(), Some(Ok(closed(8))));
        assert_eq!(records.next(), Some(Err(Unreadable::Version(0xFF))));
        assert!(records.next().is_none() && !found.is_empty());
    }
}
