//! Answers that we give ourselves: what they echo, and what they add. Knows no reason for them.

use codec::{DecodeError, Dialect, Fields, Message, Mti, Version, WriteError, Writer};

use crate::codes;
use crate::counters::Counter;
use crate::gate::{Purpose, Service, Then};
use crate::ids::{LinkId, SlotId};
use crate::kept::KEPT_FIELDS;
use crate::notices::Notice;
use crate::plan::Institution;
use crate::records::{HEAD_MAX, Record};
use crate::refusal::Refusal;
use crate::turn::Turn;

/// The most bytes of an answer of ours: everything that is kept, at its longest, and our own
/// fields.
pub(crate) const OWN_MAX: usize = 1_280;

/// What we add to what is echoed: our verdict and, where the edition has a field for who decided,
/// our name. DE 58 of 1987 is reserved for national use.
pub(crate) const fn own_fields(version: Version) -> Fields {
    match version {
        Version::Iso1987 => Fields::of(&[39]),
        Version::Iso1993 | Version::Iso2003 => Fields::of(&[39, 58]),
    }
}

/// What an answer of ours repeats, where it is there. Network management of 1987 says in DE 70 what
/// it is about.
pub(crate) const fn echoed(version: Version, class: u8) -> Fields {
    match (version, class) {
        (Version::Iso1987, 8) => KEPT_FIELDS.with(70),
        _ => KEPT_FIELDS,
    }
}

/// Writes an answer of ours that is no longer than `out`: if need be without DE 59, or with nothing
/// but its STAN, what it is about, and our verdict.
fn write_fitting<'e>(
    dialect: &Dialect,
    mti: Mti,
    present: Fields,
    echo: impl Fn(u8) -> Option<&'e [u8]>,
    action: u16,
    decided: Option<Institution>,
    out: &mut [u8],
) -> Result<usize, WriteError> {
    let least = present.intersection(Fields::of(&[11, 70]));
    write_own(dialect, mti, present, &echo, action, decided, out)
        .or_else(|_| write_own(dialect, mti, present.without(59), &echo, action, decided, out))
        .or_else(|_| write_own(dialect, mti, least, &echo, action, decided, out))
}

/// Writes an answer of ours: what `echo` gives of the fields `present`, DE 39, and DE 58 where we
/// decided and the edition has it.
fn write_own<'e>(
    dialect: &Dialect,
    mti: Mti,
    present: Fields,
    echo: impl Fn(u8) -> Option<&'e [u8]>,
    action: u16,
    decided: Option<Institution>,
    out: &mut [u8],
) -> Result<usize, WriteError> {
    let version = dialect.version();
    let own = own_fields(version);
    let added = if decided.is_some() { own } else { own.without(58) };
    let fields = present.union(added);
    let mut writer = Writer::new(dialect, out, mti, fields)?;
    for field in fields {
        match (field, decided) {
            (39, _) if version == Version::Iso1987 => {
                writer.put_text(39, &codes::response_of(action))?;
            }
            (39, _) => writer.put_packed(39, action.into(), 3)?,
            (58, Some(ours)) if added.has(58) => writer.put_packed(58, ours.digits, ours.units)?,
            _ => writer.put_wire(field, echo(field).unwrap_or_default())?,
        }
    }
    writer.finish()
}

impl Turn<'_> {
    /// Refuses a message that has not become a transaction: nothing has changed, so nothing is
    /// recorded. Without a STAN its sender could not tell what the answer is to, so the message is
    /// reported as one that can not be read (1644, DE 24 650), or dropped where the edition has no
    /// such report.
    pub(crate) fn refuse(&mut self, link: LinkId, message: &Message<'_>, refusal: Refusal) {
        if !message.fields().has(11) {
            // The budget of network management was asked before.
            if message.mti().class() != 8 && !self.spends(link) {
                return;
            }
            self.tell(Notice::Incomplete { link, mti: message.mti(), field: 11 });
            return self.report_malformed(link);
        }
        self.count(refusal.counter());
        self.answer_directly(link, message, refusal.action(), Some(self.plan.institution));
    }

    /// Answers a message from what it carries itself, on the link that it came on. Says whether the
    /// answer found room.
    pub(crate) fn answer_directly(
        &mut self,
        link: LinkId,
        message: &Message<'_>,
        action: u16,
        decided: Option<Institution>,
    ) -> bool {
        let Some(mti) = message.mti().answer() else { return false };
        let echoed = echoed(message.dialect().version(), mti.class());
        let present = message.fields().intersection(echoed);
        let service = if mti.class() == 8 { Service::Network } else { Service::Refusal };
        if !self.gate.admits_as(service, OWN_MAX) {
            self.count(Counter::AnswersLost);
            return false;
        }
        let purpose = self.back_to(link, mti);
        let longest = self.own_max(link);
        let entered = self.gate.enter(purpose, None, longest, |out| {
            let echo = |field| message.wire(field);
            write_fitting(message.dialect(), mti, present, echo, action, decided, out)
        });
        let answered = matches!(entered, Some(Ok(())));
        if !answered {
            self.count(Counter::AnswersLost);
        }
        answered
    }

    /// Answers an advice behind the record that it was taken: what it said goes into the record. Without
    /// one, that was entered before. Call only when there is room for both.
    pub(crate) fn answer_recorded(
        &mut self,
        link: LinkId,
        message: &Message<'_>,
        action: u16,
        record: Option<&Record<'_>>,
    ) {
        let mti = message.mti().answer().expect("an advice is answered");
        let echoed = echoed(message.dialect().version(), mti.class());
        let present = message.fields().intersection(echoed);
        let (purpose, longest) = (self.back_to(link, mti), self.own_max(link));
        let extract = self.plan.request_extract(self.plan.station_of(link));
        let ours = Some(self.plan.institution);
        let entered = self.gate.enter_with(
            purpose,
            record.map_or(0, |_| HEAD_MAX + message.bytes().len()),
            longest,
            |out| {
                let Some(record) = record else { return Ok(0) };
                record.write_with(out, |inputs| extract.write(message, inputs))
            },
            |out| {
                let echo = |field| message.wire(field);
                write_fitting(message.dialect(), mti, present, echo, action, ours, out)
            },
        );
        assert!(matches!(entered, Some(Ok(()))), "its room was asked for: {entered:?}");
    }

    /// The most bytes of an answer of ours on this link.
    fn own_max(&self, link: LinkId) -> usize {
        let station = self.plan.station_of(link);
        self.plan.station(station).settings.message_max.min(OWN_MAX)
    }

    /// Whether the gate has room for an answer of ours now. A transaction is only ended when it
    /// has: nobody who was promised an answer goes without one.
    pub(crate) fn can_answer(&self) -> bool {
        self.gate.has_room(HEAD_MAX, OWN_MAX)
    }

    /// Answers a transaction ourselves, from what was kept of its request. Call only when there is
    /// room.
    pub(crate) fn answer_kept(
        &mut self,
        slot: SlotId,
        refusal: Refusal,
        record: Option<&Record<'_>>,
    ) {
        self.count(refusal.counter());
        let plan = self.plan;
        let pending = self.world.table.of(slot).expect("only a pending one is answered");
        let (kept, large) = self.world.table.kept(slot);
        let (acquirer, link) = (pending.acquirer, pending.link);
        let mti = pending.mti.answer().expect("only requests become transactions");
        let purpose = pending.back();
        let dialect = &plan.station(acquirer).settings.dialect;
        let longest = self.own_max(link);
        let entered = self.gate.enter(purpose, record, longest, |out| {
            let (echo, action) = (|field| kept.wire(field, large), refusal.action());
            write_fitting(dialect, mti, kept.fields(), echo, action, Some(plan.institution), out)
        });
        match entered {
            Some(Ok(())) => self.world.stations[acquirer.index()].tally.answers += 1,
            _ => self.count(Counter::AnswersLost),
        }
    }

    /// A message that can not be read. Of a request or advice whose MTI and STAN could be, the
    /// answer is 904 with what was parsed; without a STAN it is reported (1644, DE 24 650; not in
    /// 1987, which has no such message).
    pub(crate) fn on_malformed(&mut self, link: LinkId, message: &Message<'_>, error: DecodeError) {
        // A request with a STAN gets its answer, as any other that is refused; its sender waits.
        let is_request = |mti: Mti| mti.answer().is_some() && mti.class() != 8;
        let waits = error.mti.is_some_and(is_request) && message.fields().has(11);
        if !waits && !self.spends(link) {
            return;
        }
        let len = u32::try_from(message.bytes().len()).unwrap_or(u32::MAX);
        self.tell(Notice::Malformed { link, error, len });
        let Some(mti) = error.mti else { return self.count(Counter::TypeUnreadable) };
        if mti.answer().is_none() {
            self.count(Counter::MalformedDropped);
        } else if message.fields().has(11) {
            self.refuse(link, message, Refusal::Format);
        } else {
            self.report_malformed(link);
        }
    }

    /// Where the answer to a message goes: what concerns the link itself (class 8) on that link or
    /// nowhere, everything else on another one of the station if need be.
    pub(crate) fn back_to(&self, link: LinkId, mti: Mti) -> Purpose {
        let link_generation = self.world.links[link.index()].generation;
        if mti.class() == 8 {
            return Purpose::Network { link, link_generation, tpdu: Some(self.tpdu) };
        }
        let acquirer = self.plan.station_of(link);
        Purpose::Answer { acquirer, link, link_generation, tpdu: self.tpdu, then: Then::Nothing }
    }
}
