//! `[journal]`: where records go before their bytes leave, and what seals them. Opens no journal and
//! reads no key; that is `sealing`'s.

use std::path::PathBuf;
use std::time::Duration;

use journal::format::{BLOCK, PathKind};

use super::document::Table;
use super::section::{At, Section};
use super::units::show_duration;
use super::{Mode, Place};

/// The longest that a batch may wait to fill.
pub const GATHER_MAX: Duration = Duration::from_millis(10);
/// As long as a batch waits if nothing is said.
const GATHER: Duration = Duration::from_micros(250);

const MIB: u64 = 1 << 20;
const DAY: Duration = Duration::from_hours(24);

/// `[journal]`.
#[derive(Clone, Debug)]
pub struct Journal {
    /// What must be so before a record's bytes leave.
    pub sync: Sync,
    /// How segments are written.
    pub path: PathKind,
    /// Bytes of a segment, whole blocks.
    pub segment_bytes: u64,
    /// How long old segments are kept, as archives.
    pub retain: Duration,
    /// How long originals and the answers to them are found by what refers to them; at most
    /// `retain`.
    pub original_keep: Duration,
    /// The longest that a batch waits to fill, at high load.
    pub gather: Duration,
    /// In how long everything that is sealed is read once, to see that it is as it was written.
    pub scrub: Duration,
    /// The key that seals what is written; none only with `--insecure-demo`.
    pub key: Option<KeySource>,
    /// Keys before it, that open what they sealed.
    pub former_keys: Vec<KeySource>,
}

/// What must be so before a record's bytes leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// It is durable on this node's disk.
    Local,
    /// It is durable here and on the peer's disk.
    Durable,
    /// It is durable here, and the peer has it.
    Memory,
    /// As `Local`; the peer follows, and nobody waits for it.
    Async,
    /// Nothing: no record is kept. Only with `--insecure-demo`.
    None,
}

impl Sync {
    /// As it is written in the file.
    pub fn word(self) -> &'static str {
        SYNCS.iter().find(|(_, sync)| *sync == self).map_or("local", |(word, _)| word)
    }
}

/// Where a key stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySource {
    /// In which file.
    pub file: KeyFile,
    /// Where that is said.
    pub place: Place,
    /// By which key, as `journal.key`.
    pub key: &'static str,
}

/// A file that holds a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyFile {
    /// A credential of that name, in the directory that systemd gives us.
    Credential(String),
    /// This file.
    Path(PathBuf),
}

/// The words of `journal.sync`.
const SYNCS: [(&str, Sync); 5] = [
    ("local", Sync::Local),
    ("durable", Sync::Durable),
    ("memory", Sync::Memory),
    ("async", Sync::Async),
    ("none", Sync::None),
];

/// Reads `[journal]`. Without a key to seal it, only `--insecure-demo` runs.
pub(super) fn journal(root: &mut Section<'_, '_>, mode: Mode) -> Option<Journal> {
    let has_peer = root.given("peer").is_some();
    let empty = Table { place: root.place().clone(), entries: Vec::new() };
    let table = root.table("journal").unwrap_or(&empty);
    let mut section = Section::new(table, "journal", root.report);
    let segment_bytes = segment_bytes(&mut section);
    let retain = section.duration("retain", DAY..=DAY * 3_650).unwrap_or(DAY * 35);
    let original_keep = original_keep(&mut section, retain);
    let gather = section.duration("gather", Duration::ZERO..=GATHER_MAX).unwrap_or(GATHER);
    let scrub = section.duration("scrub", Duration::from_secs(1)..=DAY * 365).unwrap_or(DAY);
    let path =
        section.choice("path", &[("mapped", PathKind::Mapped), ("direct", PathKind::Direct)]);
    let key = section.text("key", SOURCE);
    let key = key.and_then(|text| source(&mut section, "journal.key", &text, "key"));
    if section.given("key").is_none() && !mode.insecure_demo {
        let message = "missing: without a key records can not be sealed, and this node does not \
                       run; name one (\"credential:journal-key\"), or add --insecure-demo to try it \
                       out without real cards";
        section.fail("key", &table.place, message);
    }
    let former = section.texts("former_keys", SOURCE);
    let former = former.iter().map(|text| source(&mut section, "journal.former_keys", text, "key"));
    let former_keys: Option<Vec<KeySource>> = former.collect::<Vec<_>>().into_iter().collect();
    let sync = sync(&mut section, has_peer, mode);
    if sync == Some(Sync::None) {
        let why = "no effect: sync = \"none\" keeps no record";
        section.inactive(
            &[
                "segment",
                "retain",
                "original_keep",
                "gather",
                "scrub",
                "path",
                "key",
                "former_keys",
            ],
            why,
        );
    }
    section.finish();
    Some(Journal {
        sync: sync?,
        path: path.map_or(PathKind::Mapped, |path| path.value),
        segment_bytes: segment_bytes?,
        retain,
        original_keep,
        gather,
        scrub,
        key,
        former_keys: former_keys?,
    })
}

/// What a key or a certificate must be, for messages.
pub(super) const SOURCE: &str = "\"credential:NAME\" or the path of a file";

fn segment_bytes(section: &mut Section<'_, '_>) -> Option<u64> {
    let block = u64::try_from(BLOCK).expect("a small number");
    let bytes = section.size("segment", MIB..=1_024 * MIB);
    let Some(given) = section.given("segment") else { return Some(64 * MIB) };
    let bytes = bytes?;
    if !bytes.is_multiple_of(block) {
        section.fail("segment", &given.place, "is no multiple of 4KiB; write \"64MiB\"");
        return None;
    }
    Some(bytes)
}

/// What is gone can not be found, so it is at most as long as segments are kept.
fn original_keep(section: &mut Section<'_, '_>, retain: Duration) -> Duration {
    let given = section.duration("original_keep", DAY..=DAY * 3_650);
    let (Some(keep), Some(node)) = (given, section.given("original_keep")) else {
        return retain.min(DAY * 35);
    };
    if keep > retain {
        let [keep, retain] = [keep, retain].map(show_duration);
        let message = format!(
            "\"{keep}\" is longer than segments are kept (retain, \"{retain}\"); shorten it, or \
             lengthen retain"
        );
        section.fail("original_keep", &node.place, message);
    }
    keep
}

/// Where a key or a certificate stands; `what` of the two, for messages.
pub(super) fn source(
    section: &mut Section<'_, '_>,
    key: &'static str,
    text: &At<&str>,
    what: &str,
) -> Option<KeySource> {
    let file = match text.value.strip_prefix("credential:") {
        Some(name) if name.is_empty() || name.contains('/') || name.starts_with('.') => None,
        Some(name) => Some(KeyFile::Credential(name.to_owned())),
        None if text.value.is_empty() => None,
        None => Some(KeyFile::Path(text.value.into())),
    };
    let Some(file) = file else {
        let message = format!(
            "\"{}\" names no {what}; write \"credential:NAME\", without a slash, or the path of a file",
            text.value
        );
        section.report.fail(&text.place, key, message);
        return None;
    };
    Some(KeySource { file, place: text.place.clone(), key })
}

/// The three that there are with a peer, for messages.
const WITH_PEER: &str = "\"durable\" (the peer has each record on its disk before its bytes leave), \
                         \"memory\" (the peer has it) or \"async\" (nobody waits for the peer)";

fn sync(section: &mut Section<'_, '_>, has_peer: bool, mode: Mode) -> Option<Sync> {
    if section.given("sync").is_none() {
        section.known("sync");
        return Some(if has_peer { Sync::Durable } else { Sync::Local });
    }
    let sync = section.choice("sync", &SYNCS)?;
    let word = sync.value.word();
    let message = match sync.value {
        Sync::Local | Sync::None if has_peer => {
            format!("\"{word}\" sends the peer nothing; write {WITH_PEER}, or remove [peer]")
        }
        Sync::Durable | Sync::Memory | Sync::Async if !has_peer => format!(
            "\"{word}\" needs a second node, and there is no table [peer] that names one; add it, or \
             write \"local\""
        ),
        Sync::None if !mode.insecure_demo => {
            "\"none\" keeps no record and needs --insecure-demo; write \"local\"".to_owned()
        }
        Sync::Local | Sync::Durable | Sync::Memory | Sync::Async | Sync::None => {
            return Some(sync.value);
        }
    };
    section.fail("sync", &sync.place, message);
    None
}
