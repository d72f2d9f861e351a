//! What was agreed with a station about repeats, reversals and stored messages. Must not know what
//! becomes of any of them.

use std::time::Duration;

use switch_core::plan::{Acquiring, InFlight, Issuing, SecondReversal, UnknownOriginal};

use super::section::Section;

/// Keys that concern what a station sends as an acquirer.
pub(super) const ACQUIRING: [&str; 4] =
    ["repeat_in_flight", "unknown_original", "second_reversal", "gives_up"];

/// Keys that concern what is brought to a station as an issuer.
pub(super) const ISSUING: [&str; 6] =
    ["matches_on_rrn", "saf_window", "saf_retry", "saf_gap", "saf_alarm_after", "saf_rate"];

/// Reads the keys of [`ACQUIRING`].
pub(super) fn acquiring(section: &mut Section<'_, '_>) -> Acquiring {
    let mut agreed = Acquiring::default();
    let words = [("hold", InFlight::Hold), ("923", InFlight::Refuse)];
    if let Some(found) = section.choice("repeat_in_flight", &words) {
        agreed.repeat_in_flight = found.value;
    }
    let words = [("400", UnknownOriginal::Accepted), ("914", UnknownOriginal::Untraced)];
    if let Some(found) = section.choice("unknown_original", &words) {
        agreed.unknown_original = found.value;
    }
    let words = [("400", SecondReversal::Accepted), ("480", SecondReversal::Repeated)];
    if let Some(found) = section.choice("second_reversal", &words) {
        agreed.second_reversal = found.value;
    }
    let within = Duration::from_millis(10)..=Duration::from_mins(10);
    if let Some(gives_up) = section.duration("gives_up", within) {
        agreed.gives_up = gives_up;
    }
    agreed
}

/// Reads the keys of [`ISSUING`].
pub(super) fn issuing(section: &mut Section<'_, '_>) -> Issuing {
    let mut agreed = Issuing::default();
    if let Some(matches) = section.flag("matches_on_rrn") {
        agreed.matches_on_rrn = matches;
    }
    section.count("saf_window", 1..=1_000, &mut agreed.saf_window);
    let within = Duration::from_millis(100)..=Duration::from_hours(1);
    if let Some(retry) = section.duration("saf_retry", within) {
        agreed.saf_retry = retry;
    }
    if let Some(gap) = section.duration("saf_gap", Duration::ZERO..=Duration::from_mins(1)) {
        agreed.saf_gap = gap;
    }
    section.count("saf_alarm_after", 1..=1_000, &mut agreed.saf_alarm_after);
    section.count("saf_rate", 1..=10_000, &mut agreed.saf_rate);
    agreed
}
