//! The log and the status hold no card data, whatever comes in.

use rustix::process::Signal;

use crate::configuration::{ASCII, BINARY, Configuration, Speech};
use crate::letter::{CARDS, Letter, sale_of};
use crate::link::{Desk, Link};
use crate::patience::until;
use crate::sekishod::{Sekishod, count};

/// The PIN block (DE 52) of every sale here.
const PIN_BLOCK: [u8; 8] = [0xB1, 0x9E, 0x5A, 0xC3, 0x7D, 0x42, 0xE8, 0x96];
/// The cryptogram (tag 9F26) in the chip data (DE 55).
const CHIP: [u8; 11] = [0x9F, 0x26, 0x08, 0xDE, 0xAD, 0xC0, 0xDE, 0x5E, 0xC2, 0xE7, 0x57];
/// Digits that only tracks have here: expiry, service code, discretionary data.
const DISCRETIONARY: &str = "281220198765432";

/// Chip data: the cryptogram, and track 2 (tag 57) behind it.
fn chip(card: &str) -> Vec<u8> {
    let track: Vec<u8> = format!("{card}D{DISCRETIONARY}").bytes().collect();
    let nibble = |digit: &u8| if *digit == b'D' { 0xD } else { digit & 0xF };
    let pairs = track.chunks(2);
    let packed = pairs.map(|pair| nibble(&pair[0]) << 4 | pair.get(1).map_or(0xF, nibble));
    let head = [0x57, u8::try_from(track.len().div_ceil(2)).expect("a track is short")];
    CHIP.into_iter().chain(head).chain(packed).collect()
}

/// A sale with everything that must never be seen.
fn sensitive(acquirer: u32, card: &str, stan: u32) -> Letter {
    sale_of(acquirer, stan)
        .with(2, card)
        .with(35, format!("{card}={DISCRETIONARY}"))
        .with(52, PIN_BLOCK)
        .with(55, chip(card))
        .with(59, format!("PAN {card}"))
}

/// Every way that eight bytes in a row of something could show in a text: themselves, as
/// hexadecimal digits, as a list of numbers.
fn traces(secret: &[u8]) -> Vec<String> {
    let join = |numbers: Vec<String>, between: &str| numbers.join(between);
    let parts = secret.windows(secret.len().min(8));
    // Eight zeros in a row tell nothing, and stand elsewhere too.
    let telling = parts.filter(|part| part.iter().any(|byte| *byte != part[0]));
    let traces = telling.flat_map(|part| {
        let each = |show: &dyn Fn(&u8) -> String| part.iter().map(show).collect::<Vec<_>>();
        let bytes = std::str::from_utf8(part).ok().map(str::to_owned);
        let shown = [
            join(each(&|byte| format!("{byte:02x}")), ""),
            join(each(&|byte| format!("{byte:02X}")), ""),
            join(each(&|byte| format!("{byte:02X}")), " "),
            join(each(&|byte| byte.to_string()), ", "),
            join(each(&|byte| format!("0x{byte:02X}")), ", "),
            format!("{}", part.escape_ascii()),
        ];
        shown.into_iter().chain(bytes)
    });
    traces.collect()
}

fn packed(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().as_chunks::<2>().0;
    pairs.iter().map(|[high, low]| (high & 0xF) << 4 | low & 0xF).collect()
}

/// Bytes that can not be read, or not all of them, made from a message that can. Few enough that
/// the log shows a line for each.
fn damaged(whole: &[u8], card: &str) -> Vec<Vec<u8>> {
    let at = whole.len() / 3;
    let stained = |place: usize| {
        let mut stained = whole.to_vec();
        stained[place] = 0x9E;
        stained
    };
    vec![
        whole[..whole.len() - 1].to_vec(),
        whole[..at].to_vec(),
        whole[..at + 7].to_vec(),
        stained(whole.len() / 6),
        stained(at),
        stained(whole.len() - 30),
        [whole, card.as_bytes()].concat(),
        card.as_bytes().to_vec(),
        packed(card),
    ]
}

/// What one acquirer says; gives the number of frames in it.
fn speaks(switch: &Sekishod, acquirer: u32, card: &str, speech: Speech) -> u64 {
    let name = format!("merchant-{acquirer}");
    let mut merchant = Link::connects(speech, switch.address_of(&name));
    let whole = sensitive(acquirer, card, 1);
    let refused = if CARDS[..3].contains(&card) { "921" } else { "908" };
    let mut frames = 0;
    // The other worker may not have heard yet that the issuer is there.
    until("a refusal for its PIN block", || {
        frames += 1;
        (merchant.asks(&whole).code() == refused).then_some(())
    });
    assert_eq!(merchant.asks(&whole.clone().without(32)).code(), "904");
    let damaged = damaged(&merchant.written(&whole), card);
    for message in &damaged {
        merchant.sends_message(message);
    }
    frames += 1 + damaged.len();
    // Then bytes that are no frame.
    let no_frame = [&[0x2F, 0xFF, 0xFF, 0xFF], card.as_bytes()].concat();
    merchant.sends_bytes(&no_frame).expect("the other side takes it");
    switch.says_of(&name, "no frame: link closed");
    frames.try_into().expect("a few")
}

/// What an issuer says that nobody asked it for; gives the number of frames.
fn raves(issuer: &mut Link) -> u64 {
    let answers = CARDS[..3].iter().map(|card| sensitive(0, card, 3).answered("000"));
    for answer in answers {
        issuer.sends(&answer.with(35, format!("{}={DISCRETIONARY}", CARDS[0])).with(59, CARDS[0]));
    }
    let whole = issuer.written(&sensitive(0, CARDS[0], 4));
    let damaged = damaged(&whole, CARDS[0]);
    for message in &damaged {
        issuer.sends_message(message);
    }
    3 + u64::try_from(damaged.len()).expect("a few")
}

#[test]
fn no_card_data_reaches_the_log_or_the_status() {
    let (desk, prompt_desk) = (Desk::opens(BINARY), Desk::opens(ASCII));
    let speech_of = |place: usize| if place.is_multiple_of(2) { ASCII } else { BINARY };
    let mut configuration = Configuration::new()
        .workers(2)
        .issuer("issuer-x", BINARY, desk.address(), "timeout = \"1s\"")
        .issuer("issuer-y", ASCII, prompt_desk.address(), "")
        .route("353011", "issuer-x")
        .route("3530112", "issuer-y");
    for place in 0..CARDS.len() {
        configuration = configuration.acquirer(&format!("merchant-{place}"), speech_of(place), "");
    }
    let switch = Sekishod::starts(&configuration);
    let mut issuer = desk.accepts();
    let mut prompt = prompt_desk.accepts();
    switch.says_of("issuer-x", "link open");
    switch.says_of("issuer-y", "link open");
    let mut frames = 0;
    for (place, card) in CARDS.into_iter().enumerate() {
        let acquirer = u32::try_from(place).expect("a few");
        frames += speaks(&switch, acquirer, card, speech_of(place));
    }

    // Two that are answered with other data and then too late, and one that is approved.
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-0"));
    for (stan, card) in [(8, CARDS[0]), (9, CARDS[1])] {
        merchant.sends(&sensitive(0, card, stan).without(52));
        let heard = issuer.hears();
        issuer.sends(&heard.answered("000").with(37, "353011133330"));
        assert_eq!(merchant.hears().code(), "911");
        issuer.sends(&heard.answered("000").with(35, format!("{card}={DISCRETIONARY}")));
        frames += 3;
    }
    merchant.sends(&sensitive(0, CARDS[2], 10).without(52));
    let heard = prompt.hears();
    prompt.sends(&heard.answered("000"));
    assert_eq!(merchant.hears().code(), "000");
    frames += 2 + raves(&mut issuer);
    let status = switch.comes_to("every frame", |status| count(status, "frames") == frames);
    let status = serde_json::to_string(&status).expect("a status is JSON");

    switch.is_sent(Signal::TERM);
    let ended = switch.ends();
    for said in
        ["malformed message", "field missing or impossible", "answer too late: not passed on"]
    {
        assert!(ended.stderr.contains(said), "{said}: {}", ended.stderr);
    }
    let secrets = CARDS.iter().flat_map(|card| [card.as_bytes().to_vec(), packed(card)]);
    let others = [DISCRETIONARY.as_bytes().to_vec(), PIN_BLOCK.to_vec(), CHIP.to_vec()];
    for trace in secrets.chain(others).flat_map(|secret| traces(&secret)) {
        assert!(!ended.stderr.contains(&trace), "the log has {trace}:\n{}", ended.stderr);
        assert!(!ended.stdout.contains(&trace) && !status.contains(&trace), "{trace}: {status}");
    }
}
