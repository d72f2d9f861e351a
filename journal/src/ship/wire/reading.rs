//! From the bytes of a message to what it says. Must not know how they were cut from the line; what
//! it is given has the length that its kind has.

use super::{EPOCH_START, ITEMS, Kind, MODES, Nonsense, ROLES, STANDINGS, WHEN_LOST, value_of};
use crate::format::{BLOCK, BatchNumber, Epoch, Position, SegmentNumber};
use crate::roles::name::NodeName;
use crate::roles::objection::Objection;
use crate::roles::witness::Incarnation;
use crate::ship::message::{
    BUILD_MAX, Bytes, Digests, EpochStart, Flags, Heartbeat, Hello, ItemKind, LINE_VERSION, Mark,
    Message, Piece,
};

/// Reads a message of a kind that allows for so many bytes.
pub(super) fn read(
    kind: Kind,
    reign: Epoch,
    fixed: &[u8],
    payload: Bytes,
) -> Result<Message, Nonsense> {
    let mut from = Fixed { kind, bytes: fixed };
    let message = match kind {
        Kind::Hello => Message::Hello(from.hello(reign)?),
        Kind::Heartbeat => Message::Heartbeat(from.heartbeat(reign)?),
        Kind::Follow => from.follow(reign)?,
        Kind::Ready => Message::Ready { reign, end: from.mark() },
        Kind::Segment => Message::Segment { reign, block: payload },
        Kind::Batch => Message::Batch { reign, bytes: payload },
        Kind::Ack => Message::Ack { reign, received: from.mark(), durable: from.mark() },
        Kind::Nack => Message::Nack { reign },
        Kind::Snapshot => Message::Snapshot(from.piece(reign, payload)),
        Kind::Ask => Message::Ask { reign, end: from.mark(), epochs: from.epochs()? },
        Kind::Grant => Message::Grant { reign },
        Kind::HandOver => Message::HandOver { reign, end: from.mark() },
        Kind::Taken => Message::Taken { reign },
        Kind::Fetch => {
            let (from, until) = (from.batch(), from.batch());
            Message::Fetch { reign, from, until }
        }
        Kind::Fetched => from.fetched(reign, payload)?,
        Kind::NotHere => Message::NotHere { reign, from: from.batch() },
        Kind::Refuse => Message::Refuse { reign, objection: from.objection()? },
        Kind::Tell => Message::Tell { reign, text: from.text()? },
    };
    contradiction(&message).map_or(Ok(message), |what| Err(Nonsense::Contradiction(what)))
}

/// What of a message can not be, whoever says it.
fn contradiction(message: &Message) -> Option<&'static str> {
    if let Message::Ack { received, durable, .. } = message
        && durable.batch > received.batch
    {
        return Some("more is durable than was received");
    }
    if let Message::Fetch { from, until, .. } = message
        && (from > until || from.0 == 0)
    {
        return Some("it asks for no batches");
    }
    if let Message::Fetched { item: ItemKind::Segment, bytes, .. } = message
        && bytes.len() != BLOCK
    {
        return Some("a header of a segment is one block");
    }
    if let Message::Snapshot(piece) = message
        && piece.end().is_none_or(|end| end > piece.total)
    {
        return Some("a piece goes on behind the end of its file");
    }
    None
}

struct Fixed<'a> {
    kind: Kind,
    bytes: &'a [u8],
}

impl Fixed<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (value, rest) = self.bytes.split_first_chunk().expect("its kind has so many bytes");
        self.bytes = rest;
        *value
    }

    fn half(&mut self) -> u64 {
        u16::from_le_bytes(self.take()).into()
    }

    fn short(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    fn long(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }

    fn batch(&mut self) -> BatchNumber {
        BatchNumber(self.long())
    }

    fn value<T: Copy>(&self, all: &[T], field: &'static str, found: u64) -> Result<T, Nonsense> {
        let kind = self.kind.number();
        value_of(all, found).ok_or(Nonsense::Value { kind, field, found })
    }

    /// Bytes that mean nothing yet are zeros.
    fn zero(&mut self) -> Result<(), Nonsense> {
        match self.short() {
            0 => Ok(()),
            found => {
                let (kind, found) = (self.kind.number(), found.into());
                Err(Nonsense::Value { kind, field: "what must be zero", found })
            }
        }
    }

    fn mark(&mut self) -> Mark {
        let (batch, position) = (self.batch(), Position(self.long()));
        Mark { batch, position, tag: self.take(), epoch: Epoch(self.short()) }
    }

    fn digests(&mut self) -> Digests {
        let (configuration, dialects) = (self.take(), self.take());
        let (negative, keys) = (self.take(), self.take());
        Digests { configuration, dialects, negative, keys, witness: self.take() }
    }

    fn name(&mut self) -> Result<NodeName, Nonsense> {
        NodeName::of(self.take()).ok_or(Nonsense::Name { field: "name" })
    }

    fn build(&mut self) -> Result<String, Nonsense> {
        let all: [u8; BUILD_MAX] = self.take();
        let length = all.iter().position(|&byte| byte == 0).unwrap_or(BUILD_MAX);
        let (build, rest) = all.split_at(length);
        let is_printable = build.iter().all(|byte| matches!(byte, 0x20..=0x7E));
        if length == 0 || !is_printable || rest.iter().any(|&byte| byte != 0) {
            return Err(Nonsense::Name { field: "build" });
        }
        Ok(build.iter().map(|&byte| char::from(byte)).collect())
    }

    /// All that is left.
    fn text(&mut self) -> Result<String, Nonsense> {
        let text = std::str::from_utf8(self.bytes).map_err(|_| Nonsense::Name { field: "text" })?;
        Ok(text.to_owned())
    }

    fn objection(&mut self) -> Result<Objection, Nonsense> {
        let (kind, code) = (self.kind.number(), self.short());
        let objection = u8::try_from(code).ok().and_then(Objection::of);
        objection.ok_or(Nonsense::Value { kind, field: "objection", found: code.into() })
    }

    /// All that is left, which its kind allows for.
    fn epochs(&mut self) -> Result<Vec<EpochStart>, Nonsense> {
        let mut epochs: Vec<EpochStart> = Vec::with_capacity(self.bytes.len() / EPOCH_START);
        while !self.bytes.is_empty() {
            let start = EpochStart { epoch: Epoch(self.short()), first_batch: self.batch() };
            let is_later = |last: &EpochStart| {
                last.epoch < start.epoch && last.first_batch <= start.first_batch
            };
            if !epochs.last().is_none_or(is_later) || start.epoch.0 == 0 || start.first_batch.0 == 0
            {
                return Err(Nonsense::Epochs);
            }
            epochs.push(start);
        }
        Ok(epochs)
    }

    fn hello(&mut self, reign: Epoch) -> Result<Hello, Nonsense> {
        let version = u16::from_le_bytes(self.take());
        if version != LINE_VERSION {
            return Err(Nonsense::Version(version));
        }
        let [role, mode, when_lost] = [self.half(), self.half(), self.half()];
        let role = self.value(&ROLES, "role", role)?;
        let mode = self.value(&MODES, "mode", mode)?;
        let when_lost = self.value(&WHEN_LOST, "when_lost", when_lost)?;
        let flags = self.flags()?;
        self.zero()?;
        Ok(Hello {
            reign,
            version,
            role,
            mode,
            when_lost,
            flags,
            cluster: self.take(),
            incarnation: Incarnation(self.long()),
            segment_bytes: self.long(),
            utc_ns: self.long(),
            end: self.mark(),
            digests: self.digests(),
            name: self.name()?,
            build: self.build()?,
            epochs: self.epochs()?,
        })
    }

    fn flags(&mut self) -> Result<Flags, Nonsense> {
        let all = self.short();
        if all >= 1 << 4 {
            let (kind, found) = (self.kind.number(), all.into());
            return Err(Nonsense::Value { kind, field: "flags", found });
        }
        let has = |bit: u32| all & (1 << bit) != 0;
        Ok(Flags { empty: has(0), joining: has(1), replace: has(2), repairing: has(3) })
    }

    fn heartbeat(&mut self, reign: Epoch) -> Result<Heartbeat, Nonsense> {
        let [role, standing] = [self.half(), self.half()];
        let role = self.value(&ROLES, "role", role)?;
        let standing = self.value(&STANDINGS, "standing", standing)?;
        self.zero()?;
        Ok(Heartbeat {
            reign,
            role,
            standing,
            released: Position(self.long()),
            sent_ns: self.long(),
            heard_ns: self.long(),
            utc_ns: self.long(),
            end: self.mark(),
            digests: self.digests(),
            build: self.build()?,
        })
    }

    fn follow(&mut self, reign: Epoch) -> Result<Message, Nonsense> {
        let from = self.mark();
        let (has, position) = (self.short(), self.long());
        let snapshot = match (has, position) {
            (0, 0) => None,
            (1, position) => Some(Position(position)),
            (found, _) => {
                let (kind, found) = (self.kind.number(), found.into());
                return Err(Nonsense::Value { kind, field: "snapshot", found });
            }
        };
        Ok(Message::Follow { reign, from, snapshot })
    }

    fn piece(&mut self, reign: Epoch, bytes: Bytes) -> Piece {
        let (about, offset) = (Position(self.long()), self.long());
        Piece { reign, about, offset, total: self.long(), bytes }
    }

    fn fetched(&mut self, reign: Epoch, bytes: Bytes) -> Result<Message, Nonsense> {
        let (segment, item) = (SegmentNumber(self.long()), self.long());
        let item = self.value(&ITEMS, "item", item)?;
        Ok(Message::Fetched { reign, segment, item, bytes })
    }
}
