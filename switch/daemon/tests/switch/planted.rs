//! Planted card data: requests, advices and reversals with distinctive values in every field that must
//! never be written down go through a journaled switch, and are then looked for wherever anything is
//! kept.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use daemon::control::ask_saf;
use daemon::saf::SafRequest;
use journal::checkpoint;
use journal::disk::SystemDisk;
use journal::format::Position;
use journal::reader::Reader;
use journal::seal::{Key, Keys};
use rustix::process::Signal;

use crate::configuration::{ASCII, ASCII_87, BINARY, BINARY_87, Configuration, Speech};
use crate::hunt::Hunt;
use crate::letter::{CARDS, Letter, name_of, sale_87, sale_of};
use crate::link::{Desk, Link, dialect};
use crate::patience::{lets_pass, until};
use crate::place::Directory;
use crate::sekishod::{Sekishod, patiently, station};

/// Digits that only tracks have here: expiry, service code, discretionary data.
const DISCRETIONARY: &str = "28122019283746556473";
/// The PIN block.
const PIN_BLOCK: [u8; 8] = [0xB1, 0x9E, 0x5A, 0xC3, 0x7D, 0x42, 0xE8, 0x96];
/// The cryptogram (tag 9F26) in the chip data.
const CRYPTOGRAM: [u8; 8] = [0xDE, 0xAD, 0xC0, 0xDE, 0x5E, 0xC2, 0xE7, 0x57];
/// Fields of free text in which an acquirer may say anything.
const FREE: [u8; 13] = [48, 60, 61, 62, 63, 120, 121, 122, 123, 124, 125, 126, 127];
/// After the last answer nothing may be left for longer than this.
const DRAINED: Duration = Duration::from_secs(1);
/// Requests of each kind; enough for several segments of 1 MiB.
const ROUNDS: u32 = 40;

/// What is planted in a field of free text, by whom.
fn free(n: u8, by: &str) -> String {
    format!("{by}-{n:03}-QZXVJKWY-{n:03}-{by}")
}

fn track(card: &str, between: &str) -> String {
    format!("{card}{between}{DISCRETIONARY}")
}

/// Chip data: the cryptogram, and track 2 (tag 57); as text where the dialect has no binary there.
fn chip(speech: Speech, card: &str) -> Vec<u8> {
    let digits: Vec<u8> = track(card, "D").bytes().collect();
    let nibble = |digit: &u8| if *digit == b'D' { 0xD } else { digit & 0xF };
    let pairs = digits.chunks(2);
    let packed = pairs.map(|pair| nibble(&pair[0]) << 4 | pair.get(1).map_or(0xF, nibble));
    let head = [0x57, u8::try_from(digits.len().div_ceil(2)).expect("a track is short")];
    let tags = [0x9F, 0x26, 8].into_iter().chain(CRYPTOGRAM).chain(head).chain(packed);
    if speech.dialect == "iso87-ascii" {
        return tags.flat_map(|byte| format!("{byte:02X}").into_bytes()).collect();
    }
    tags.collect()
}

/// A request with everything that must never be kept.
fn planted(speech: Speech, acquirer: u32, card: &str, stan: u32) -> Letter {
    let sale = if is_87(speech) { sale_87(stan) } else { sale_of(acquirer, stan) };
    let sale = sale
        .with(2, card)
        .with(32, crate::configuration::institution(acquirer))
        .with(35, track(card, "="))
        .with(36, format!("01{}", track(card, "=")))
        .with(45, format!("B{card}^PLANTED/CARDHOLDER^{DISCRETIONARY}"))
        .with(55, chip(speech, card));
    FREE.into_iter().fold(sale, |sale, n| sale.with(n, free(n, "ACQ")))
}

/// An advice of what has happened, with everything that must never be kept.
fn planted_advice(speech: Speech, acquirer: u32, stan: u32) -> Letter {
    let (mti, code) = if is_87(speech) { (0x0220, "00") } else { (0x1220, "000") };
    let said = planted(speech, acquirer, CARDS[0], stan).kind(mti);
    said.with(38, "A1B2C3").with(39, code).with(52, PIN_BLOCK)
}

/// The reversal of a sale with this number, with everything that must never be kept.
fn planted_reversal(speech: Speech, acquirer: u32, stan: u32, sale: u32) -> Letter {
    let said = planted(speech, acquirer, CARDS[0], stan).with(52, PIN_BLOCK);
    let of = planted(speech, acquirer, CARDS[0], sale);
    if is_87(speech) {
        let [stan, time, acquirer] = [11, 7, 32].map(|n| of.text(n));
        return said.kind(0x0420).with(90, format!("0200{stan}{time}{acquirer:0>11}{:0>11}", ""));
    }
    said.kind(0x1420).with(24, "400").with(25, "4000").with(56, name_of(&of))
}

/// What is kept for an issuer and brought to it has nothing of what is planted.
fn is_bare(heard: &Letter) {
    for n in [35, 36, 45, 52, 55].into_iter().chain(FREE) {
        assert_eq!(heard.field(n), None, "DE {n} of {heard:?}");
    }
    assert_eq!(heard.text(2), CARDS[0]);
}

/// An answer with everything that must never be kept.
fn planted_answer(request: &Letter, code: &str) -> Letter {
    FREE.into_iter().fold(request.answered(code), |answer, n| answer.with(n, free(n, "ISS")))
}

/// What an issuer that speaks the binary dialect can be told: in 1987 the chip data of the other one
/// are no bytes.
fn for_binary(speech: Speech, letter: Letter) -> Letter {
    if speech.dialect == "iso87-ascii" { letter.without(55) } else { letter }
}

/// The same the other way round.
fn for_text(speech: Speech, letter: Letter) -> Letter {
    if speech.dialect == "iso87-binary" { letter.without(55) } else { letter }
}

fn is_87(speech: Speech) -> bool {
    speech.dialect.starts_with("iso87")
}

/// A hunt for all that is planted.
fn hunt() -> Hunt {
    let mut hunt = Hunt::new();
    hunt.and_for("track or chip", DISCRETIONARY.as_bytes());
    hunt.and_for("name on the card", b"PLANTED/CARDHOLDER");
    hunt.and_for("PIN block", &PIN_BLOCK);
    hunt.and_for("cryptogram", &CRYPTOGRAM);
    for n in FREE {
        for by in ["ACQ", "ISS"] {
            hunt.and_for(&format!("DE {n} of {by}"), free(n, by).as_bytes());
        }
    }
    hunt
}

/// The card numbers, which may be kept sealed and nowhere in clear.
fn hunt_for_cards() -> Hunt {
    let mut hunt = Hunt::new();
    for card in CARDS {
        hunt.and_for("card number", card.as_bytes());
    }
    hunt
}

/// Everybody who takes part: an issuer that answers, and one that says nothing.
struct Cast {
    configuration: Configuration,
    desks: [Desk; 2],
    switch: Sekishod,
    merchants: [(Speech, Link); 2],
    issuer: Link,
    /// It hears what it is asked, and says nothing.
    _silent: Link,
}

/// Acquirers and issuers of one edition in both of its dialects, on two workers.
fn opens([text, binary]: [Speech; 2], path: &str) -> Cast {
    let desks = [Desk::opens(binary), Desk::opens(text)];
    let [answering, silent] = [&desks[0], &desks[1]].map(Desk::address);
    let configuration = Configuration::new()
        .workers(2)
        .limits("pending_max = 4096")
        .journal(&format!("segment = \"1MiB\"\npath = \"{path}\""))
        .acquirer("merchant-a", text, "")
        .acquirer("merchant-b", binary, "")
        .issuer("issuer-x", binary, answering, "timeout = \"10m\"\necho = \"off\"\npin = \"pass\"")
        .issuer("issuer-y", text, silent, "timeout = \"20ms\"\necho = \"off\"")
        .route("353011", "issuer-x")
        .route("411111", "issuer-y");
    let switch = Sekishod::starts(&configuration);
    Cast::of(switch, configuration, desks, [text, binary])
}

impl Cast {
    fn of(
        switch: Sekishod,
        configuration: Configuration,
        desks: [Desk; 2],
        [text, binary]: [Speech; 2],
    ) -> Self {
        let [issuer, silent] = [&desks[0], &desks[1]].map(Desk::accepts);
        for name in ["issuer-x", "issuer-y"] {
            // A worker may hear a moment later than the other that an issuer is there.
            switch.comes_to("its links", |status| station(status, name).links_ready == 1);
        }
        let merchant = |name, speech| (speech, Link::connects(speech, switch.address_of(name)));
        let merchants = [merchant("merchant-a", text), merchant("merchant-b", binary)];
        Self { configuration, desks, switch, merchants, issuer, _silent: silent }
    }

    /// The same on what a killed one has left.
    fn again(
        configuration: Configuration,
        desks: [Desk; 2],
        speeches: [Speech; 2],
        directory: Directory,
    ) -> Self {
        let switch = Sekishod::starts_in(directory, &configuration);
        Self::of(switch, configuration, desks, speeches)
    }

    /// Requests of every fate from every acquirer, one after the other.
    fn talk(&mut self, first: u32) {
        for acquirer in [0, 1] {
            for round in 0..ROUNDS {
                self.talk_of(acquirer, round, first + round * 4);
            }
        }
    }

    fn talk_of(&mut self, acquirer: u32, round: u32, stan: u32) {
        let Self { merchants, issuer, .. } = self;
        let (speech, merchant) = &mut merchants[usize::from(acquirer > 0)];
        let codes =
            if is_87(*speech) { ["00", "51", "68", "15"] } else { ["000", "116", "911", "908"] };
        let said = |card, number| planted(*speech, acquirer, card, stan + number);
        for (number, code) in (0..).zip(&codes[..2]) {
            let sale = for_binary(*speech, said(CARDS[0], number));
            let sale = if number == 0 { sale.with(52, PIN_BLOCK) } else { sale };
            merchant.sends(&sale);
            let heard = issuer.hears_request();
            assert_eq!(heard.field(48), sale.field(48), "what is planted arrives");
            assert_eq!(heard.field(52), sale.field(52));
            issuer.sends(&planted_answer(&heard, code));
            let answer = merchant.hears();
            assert_eq!((answer.code(), answer.text(63)), (*code, &*free(63, "ISS")));
        }
        if round.is_multiple_of(8) {
            // On a busy machine its time is over before its record is on the disk.
            let sale = for_text(*speech, said(CARDS[3], 2));
            let said = merchant.asks(&sale);
            let unsent = if is_87(*speech) { "91" } else { "907" };
            assert!([codes[2], unsent].contains(&said.code()), "{said:?}");
        }
        assert_eq!(merchant.asks(&said(CARDS[5], 3)).code(), codes[3]);
        if round.is_multiple_of(8) {
            self.tell_of(acquirer, stan);
        }
    }

    /// What has happened is told, and the sale with this number is taken back.
    fn tell_of(&mut self, acquirer: u32, stan: u32) {
        let Self { merchants, issuer, .. } = self;
        let (speech, merchant) = &mut merchants[usize::from(acquirer > 0)];
        let [taken, reversed] = if is_87(*speech) { ["00", "00"] } else { ["900", "400"] };
        for (said, code) in [
            (planted_advice(*speech, acquirer, stan + 200_000), taken),
            (planted_reversal(*speech, acquirer, stan + 300_000, stan), reversed),
        ] {
            let told = merchant.asks(&for_binary(*speech, said.clone()));
            assert_eq!(told.code(), code);
            // What an earlier life of the switch has kept comes between.
            loop {
                let heard = issuer.hears();
                is_bare(&heard);
                issuer.sends(&planted_answer(&heard, code));
                if heard.text(37) == said.text(37) && heard.mti() == said.mti() {
                    break;
                }
            }
        }
    }

    /// Requests that nobody answers any more.
    fn leave_some_open(&mut self) {
        for (acquirer, (speech, merchant)) in (0..).zip(&mut self.merchants) {
            let advice = planted_advice(*speech, acquirer, 899_999);
            merchant.asks(&for_binary(*speech, advice));
            if acquirer == 0 {
                // The other one waits for this one's acknowledgement.
                is_bare(&self.issuer.hears());
            }
            for stan in 900_000..900_010 {
                merchant.sends(&for_binary(*speech, planted(*speech, acquirer, CARDS[0], stan)));
                self.issuer.hears_request();
            }
        }
    }
}

/// What a journal holds when it is opened: all its records, wherever they stand, and what its last
/// checkpoint says.
fn opened(journal: &Path) -> (Vec<u8>, Vec<u8>) {
    let key = std::fs::read(journal.join("insecure-demo.key")).expect("a trial has made one");
    let keys = Keys::only(Key::parse(&key).expect("it is a key"));
    let disk = SystemDisk::open(journal, false).expect("it is there");
    let mut reader = Reader::open(&disk, Some(&keys), Position(1)).expect("it can be read");
    let (mut all, mut cluster) = (Vec::new(), None);
    while let Some(batch) = reader.next_batch().expect("it can be read") {
        cluster = Some(batch.header.cluster);
        batch.records().into_iter().flatten().for_each(|(_, record)| all.extend_from_slice(record));
    }
    let cluster = cluster.expect("there are records");
    let found = checkpoint::latest(&disk, &keys, &cluster).expect("it can be read");
    (all, found.newest.expect("there is one").1)
}

fn names(journal: &Path, end: &str) -> usize {
    let names = std::fs::read_dir(journal).expect("it is there").map_while(Result::ok);
    names.filter(|entry| entry.file_name().to_string_lossy().ends_with(end)).count()
}

/// All that is stored, as operators see it.
fn stored(switch: &Sekishod) -> String {
    let asks =
        |request| patiently(|| ask_saf(&switch.control(), &request)).expect("it answers operators");
    let all = asks(SafRequest::List { issuer: None });
    let each = all.items.iter().map(|item| asks(SafRequest::Show { id: item.id.clone() }));
    let each: Vec<_> = std::iter::once(all.clone()).chain(each).collect();
    serde_json::to_string(&each).expect("it is JSON")
}

/// From the first request to the last file.
fn story(speeches: [Speech; 2], path: &str) {
    let (hunt, cards) = (hunt(), hunt_for_cards());
    let mut cast = opens(speeches, path);
    cast.talk(1);
    lets_pass(DRAINED);
    let (found, looked) = hunt.in_memory(cast.switch.process());
    assert!(looked > 1 << 20, "{looked} bytes of memory are too few to be all");
    assert!(found.is_empty(), "a second after the last answer: {found:#?}");

    cast.leave_some_open();
    let shown = stored(&cast.switch);
    assert!(shown.contains("\"1220\"") || shown.contains("\"0220\""), "{shown}");
    let Cast { configuration, desks, switch, .. } = cast;
    switch.is_sent(Signal::KILL);
    let (killed, directory) = switch.leaves();
    let mut cast = Cast::again(configuration, desks, speeches, directory);
    cast.talk(500_001);
    let journal = cast.switch.journal();
    until("an archive", || (names(&journal, ".archive") > 0).then_some(()));
    cast.switch.is_sent(Signal::TERM);
    let (stopped, directory) = cast.switch.leaves();

    let journal = directory.path().join("state/journal");
    let kinds = [".segment", ".archive", ".checkpoint"].map(|end| names(&journal, end));
    assert!(kinds.iter().all(|count| *count > 0), "{kinds:?}");
    let (records, state) = opened(&journal);
    let mut all = hunt.in_files(directory.path());
    all.extend(hunt.told(shown.as_bytes(), "stored messages as operators see them"));
    // Whole ones: a few digits of one stand in what names an original.
    assert!(CARDS.iter().all(|card| !shown.contains(card)), "{shown}");
    all.extend(cards.in_files(directory.path()));
    all.extend(hunt.told(&records, "records"));
    all.extend(hunt.told(&state, "state in a checkpoint"));
    for log in [&killed.stderr, &killed.stdout, &stopped.stderr, &stopped.stdout] {
        all.extend(hunt.told(log.as_bytes(), "log"));
        all.extend(cards.told(log.as_bytes(), "log"));
    }
    assert!(all.is_empty(), "{all:#?}");

    // The same hunt finds what may be kept, so it would have found the rest.
    let mut kept = Hunt::new();
    kept.and_for("merchant", b"M00000000000001");
    assert_eq!(kept.told(&records, "records").len(), 1);
    assert_eq!(kept.in_files(&journal), [], "sealed");
    assert_eq!(cards.told(&records, "records").len(), 1, "DE 2 is kept, and sealed");
}

#[test]
fn what_is_planted_in_1993_is_kept_nowhere_and_wiped_a_second_after_the_last_answer() {
    story([ASCII, BINARY], "mapped");
}

#[test]
fn what_is_planted_in_1987_is_kept_nowhere_and_wiped_a_second_after_the_last_answer() {
    story([ASCII_87, BINARY_87], "direct");
}

#[test]
fn a_hunt_in_memory_finds_all_that_a_load_has_planted_in_its_own() {
    let speeches = [ASCII, BINARY, ASCII_87, BINARY_87];
    let planted = speeches.map(|speech| {
        let sale = planted(speech, 0, CARDS[0], 1).with(52, PIN_BLOCK);
        let answer = planted_answer(&sale, if is_87(speech) { "00" } else { "000" });
        [sale.write(dialect(speech)), answer.write(dialect(speech))]
    });
    let (found, _) = hunt().in_memory(std::process::id());
    let found: BTreeSet<_> = found.into_iter().map(|found| found.what).collect();
    let secrets = 4 + 2 * FREE.len();
    assert_eq!(found.len(), secrets, "{found:?}");
    assert!(planted.iter().flatten().all(|message| !message.is_empty()));
}
