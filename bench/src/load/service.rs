//! For how long there was no service: nothing came although something was asked. Must not know what.

/// The longest times without an answer and without an approval, nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Service {
    answer: Wait,
    approval: Wait,
}

/// One wait, and the longest so far.
#[derive(Clone, Copy, Debug, Default)]
struct Wait {
    since: Option<u64>,
    longest: u64,
}

impl Service {
    /// Something should have been asked at that time, and is.
    pub(super) fn on_asked(&mut self, intended: u64) {
        for wait in [&mut self.answer, &mut self.approval] {
            wait.since.get_or_insert(intended);
        }
    }

    /// An answer came; whether others are still waited for.
    pub(super) fn on_answer(&mut self, now: u64, are_others: bool) {
        self.answer.end(now, are_others);
    }

    /// It was an approval.
    pub(super) fn on_approval(&mut self, now: u64, are_others: bool) {
        self.approval.end(now, are_others);
    }

    /// Nothing more is asked: what will not be answered any more is no wait beyond this.
    pub(super) fn on_end(&mut self, now: u64) {
        for wait in [&mut self.answer, &mut self.approval] {
            let waited = wait.since.map_or(0, |since| now.saturating_sub(since));
            wait.longest = wait.longest.max(waited);
        }
    }

    pub(super) fn without_answer(&self) -> u64 {
        self.answer.longest
    }

    pub(super) fn without_approval(&self) -> u64 {
        self.approval.longest
    }
}

impl Wait {
    fn end(&mut self, now: u64, are_others: bool) {
        let waited = self.since.map_or(0, |since| now.saturating_sub(since));
        self.longest = self.longest.max(waited);
        self.since = are_others.then_some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_begins_when_it_should_have_been_asked_or_with_the_answer_before() {
        let mut service = Service::default();
        service.on_asked(100);
        service.on_asked(110);
        service.on_answer(130, true);
        assert_eq!(service.without_answer(), 30);
        service.on_answer(190, false);
        assert_eq!(service.without_answer(), 60, "from the answer before");
        // Nothing is asked meanwhile: that is no wait.
        service.on_asked(1_000);
        service.on_answer(1_001, false);
        assert_eq!(service.without_answer(), 60);
    }

    #[test]
    fn a_decline_is_an_answer_and_no_approval() {
        let mut service = Service::default();
        service.on_asked(0);
        service.on_answer(10, false);
        service.on_asked(50);
        service.on_answer(55, false);
        service.on_approval(55, false);
        assert_eq!((service.without_answer(), service.without_approval()), (10, 55));
    }

    #[test]
    fn what_is_never_answered_counts_until_nothing_more_is_asked() {
        let mut service = Service::default();
        service.on_asked(100);
        service.on_end(500);
        assert_eq!((service.without_answer(), service.without_approval()), (400, 400));
    }
}
