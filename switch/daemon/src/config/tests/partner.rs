//! What was agreed with a station about repeats, reversals and stored messages.

use switch_core::plan::{Acquiring, InFlight, Issuing, SecondReversal, UnknownOriginal};

use super::*;

#[test]
fn what_is_not_said_is_the_default_of_the_core() {
    let loaded = loaded(WHOLE);
    for station in &loaded.settings.stations {
        assert_eq!(station.acquiring, Acquiring::default());
        assert_eq!(station.issuing, Issuing::default());
    }
}

#[test]
fn what_was_agreed_with_an_acquirer_reaches_the_core() {
    let lines = "repeat_in_flight = \"923\"\nunknown_original = \"914\"\n\
                 second_reversal = \"480\"\ngives_up = \"15s\"";
    let agreed = Acquiring {
        repeat_in_flight: InFlight::Refuse,
        unknown_original: UnknownOriginal::Untraced,
        second_reversal: SecondReversal::Repeated,
        gives_up: Duration::from_secs(15),
    };
    assert_eq!(loaded(&acquirer(lines)).settings.stations[0].acquiring, agreed);
}

#[test]
fn what_was_agreed_with_an_issuer_reaches_the_core() {
    let lines = "matches_on_rrn = true\nsaf_window = 4\nsaf_retry = \"30s\"\nsaf_gap = \"0s\"\n\
                 saf_alarm_after = 2\nsaf_rate = 7";
    let agreed = Issuing {
        matches_on_rrn: true,
        saf_window: 4,
        saf_retry: Duration::from_secs(30),
        saf_gap: Duration::ZERO,
        saf_alarm_after: 2,
        saf_rate: 7,
    };
    assert_eq!(loaded(&issuer(lines)).settings.stations[1].issuing, agreed);
}

#[test]
fn an_agreement_is_one_that_there_is() {
    check_each(
        &[
            acquirer("repeat_in_flight = \"wait\""),
            acquirer("unknown_original = 400"),
            acquirer("unknown_original = \"480\""),
            acquirer("second_reversal = \"914\""),
            acquirer("gives_up = \"11m\""),
            issuer("matches_on_rrn = \"yes\""),
            issuer("saf_window = 0"),
            issuer("saf_window = 1001"),
            issuer("saf_retry = \"99ms\""),
            issuer("saf_gap = \"61s\""),
            issuer("saf_alarm_after = 0"),
            issuer("saf_rate = 10001"),
        ],
        &expect![[r#"
            sekisho.toml:7:20: station.merchant-a.repeat_in_flight: "wait" is not known here; there is: hold, 923
            sekisho.toml:7:20: station.merchant-a.unknown_original: is a number and must be one of 400, 914, in quotes
            sekisho.toml:7:20: station.merchant-a.unknown_original: "480" is not known here; did you mean "400"?
            sekisho.toml:7:19: station.merchant-a.second_reversal: "914" is not known here; there is: 400, 480
            sekisho.toml:7:12: station.merchant-a.gives_up: "11m" is outside of "10ms" to "10m"; choose one inside
            sekisho.toml:14:18: station.issuer-x.matches_on_rrn: is a text and must be true or false, without quotes
            sekisho.toml:14:14: station.issuer-x.saf_window: 0 is outside of 1 to 1000; choose one inside
            sekisho.toml:14:14: station.issuer-x.saf_window: 1001 is outside of 1 to 1000; choose one inside
            sekisho.toml:14:13: station.issuer-x.saf_retry: "99ms" is outside of "100ms" to "1h"; choose one inside
            sekisho.toml:14:11: station.issuer-x.saf_gap: "61s" is outside of "0s" to "1m"; choose one inside
            sekisho.toml:14:19: station.issuer-x.saf_alarm_after: 0 is outside of 1 to 1000; choose one inside
            sekisho.toml:14:12: station.issuer-x.saf_rate: 10001 is outside of 1 to 10000; choose one inside
        "#]],
    );
}

#[test]
fn an_agreement_with_the_other_side_is_reported_as_without_effect() {
    let said = |text: String| Directory::new().with("sekisho.toml", text).said(DEMO);
    let wrong_side = said(acquirer("saf_window = 2\nmatches_on_rrn = true"))
        + &said(issuer("gives_up = \"15s\"\nsecond_reversal = \"480\""));
    let without_effect: Vec<&str> =
        wrong_side.lines().filter(|line| line.contains("no effect")).collect();
    expect![[r#"
        sekisho.toml:7:1: station.merchant-a.saf_window: no effect on an acquirer
        sekisho.toml:8:1: station.merchant-a.matches_on_rrn: no effect on an acquirer
        sekisho.toml:14:1: station.issuer-x.gives_up: no effect on an issuer
        sekisho.toml:15:1: station.issuer-x.second_reversal: no effect on an issuer"#]]
    .assert_eq(&without_effect.join("\n"));
}
