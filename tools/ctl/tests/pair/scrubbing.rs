//! What rots at one of two sites is found while it runs and comes again from the other one.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::pair::{Osaka, Pair, Terms, Tokyo, Which};
use crate::patience::until;
use crate::site::Site;

const TERMS: Terms = Terms { scrub: "10s", ..Terms::DURABLE };
/// Bytes of a block; the first one of each file is its header.
const BLOCK: u64 = 4_096;
/// Within the header of the first batch, or of an archive's first frame.
const ROT_AT: u64 = BLOCK + 20;

/// A byte of a file turns over, on the disk.
fn rots(path: &Path) {
    let file = fs::File::options().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, ROT_AT).unwrap();
    file.write_all_at(&[!byte[0]], ROT_AT).unwrap();
    file.sync_all().unwrap();
}

/// The files of a journal with this ending, in order.
fn files(site: &Site, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(site.journal()).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|it| it == ending)).collect();
    files.sort();
    files
}

/// Two archives that both have, and that will not go.
fn archives(pair: &Pair) -> [String; 2] {
    until("two archives at both", || {
        let first = |which| {
            let all = files(pair.site(which), "archive").into_iter().take(2);
            all.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
        };
        let [ours, theirs]: [Vec<String>; 2] = [Tokyo, Osaka].map(first);
        ours.clone().try_into().ok().filter(|_| ours == theirs)
    })
}

/// The segment that is written: it will be closed in a moment, and is rotten then.
fn open_segment(pair: &Pair, which: Which) -> PathBuf {
    files(pair.site(which), "segment").pop().expect("there is one")
}

fn scrub(stands: &Value) -> [u64; 3] {
    ["found", "mended", "waiting"].map(|figure| stands["scrub"][figure].as_u64().unwrap())
}

/// Why the first rotten file is not whole.
fn why(stands: &Value) -> &str {
    stands["scrub"]["rotten"][0]["why"].as_str().unwrap_or_default()
}

/// An archive and a segment rot at one site under load, and are whole again in a moment.
fn mends(which: Which) {
    let mut pair = Pair::serving(TERMS);
    let [archive, _] = archives(&pair);
    rots(&pair.site(which).journal().join(&archive));
    let site = pair.site(which);
    site.comes_to("mend an archive", |stands| scrub(stands) == [1, 1, 0]);
    rots(&open_segment(&pair, which));
    site.comes_to("mend a segment", |stands| scrub(stands) == [2, 2, 0]);
    pair.answer_more(200);
    let shown = site.does("node status");
    assert!(shown.contains("2 files rotten, 2 mended, 0 waiting"), "{shown}");
    pair.site(which.other()).comes_to("have read all of it", |stands| {
        stands["scrub"]["passes"].as_u64() > Some(0) && scrub(stands) == [0, 0, 0]
    });
    pair.merchants_part();
    ends(pair);
}

/// Both end in order; all of both logs is whole and equal.
fn ends(mut pair: Pair) {
    pair.both_end(Tokyo, TERMS);
    pair.have_equal_logs();
    let books = pair.judged(Tokyo);
    assert!(books.acquirers.approvals > 200 && books.open == 0, "{books:?}");
}

#[test]
fn what_rots_at_the_standby_comes_again_from_the_primary() {
    mends(Osaka);
}

#[test]
fn what_rots_at_the_primary_comes_again_from_the_standby_and_nobody_waits_for_it() {
    mends(Tokyo);
}

#[test]
fn what_rots_while_the_other_node_is_away_waits_for_it() {
    let mut pair = Pair::serving(TERMS);
    let archives = archives(&pair);
    // Osaka has the beginning of this one, and Tokyo alone what follows: neither has all of it then.
    let shared = open_segment(&pair, Tokyo);
    pair.site_mut(Osaka).stops();
    rots(&shared);
    let site = pair.site(Tokyo);
    site.comes_to("solo", |stands| stands["sync"] == "solo");
    for archive in &archives {
        rots(&site.journal().join(archive));
    }
    site.comes_to("wait with all three", |stands| {
        scrub(stands) == [3, 0, 3] && why(stands).contains("there is no line")
    });
    pair.answer_more(200);
    let shown = site.does("status");
    assert!(shown.contains("waits: there is no line to the other node"), "{shown}");
    pair.starts(Osaka);
    pair.site(Tokyo).comes_to("mend all", |stands| scrub(stands) == [3, 3, 0]);
    pair.is_followed(Tokyo, TERMS);
    pair.merchants_part();
    ends(pair);
}

#[test]
fn what_has_rotted_at_both_is_an_alarm_and_both_go_on() {
    let mut pair = Pair::serving(TERMS);
    let [archive, _] = archives(&pair);
    let both = [Tokyo, Osaka];
    let paths = both.map(|which| pair.site(which).journal().join(&archive));
    for path in &paths {
        rots(path);
    }
    let before = paths.each_ref().map(|path| fs::read(path).unwrap());
    for which in both {
        pair.site(which).comes_to("say that the other one lacks it too", |stands| {
            scrub(stands) == [1, 0, 1] && why(stands).contains("the other node lacks batch")
        });
    }
    let segment = open_segment(&pair, Osaka);
    let name = segment.file_name().unwrap();
    for which in both {
        rots(&pair.site(which).journal().join(name));
    }
    for which in both {
        pair.site(which).comes_to("wait with a segment, and with what is behind it", |stands| {
            scrub(stands) == [2, 0, 2] && stands["scrub"]["unpacked"].as_u64() > Some(0)
        });
    }
    pair.answer_more(300);
    pair.is_followed(Tokyo, TERMS);
    pair.merchants_part();
    pair.nothing_is_open(Tokyo);
    for which in both {
        let shown = pair.site(which).does("node status");
        assert!(shown.contains("of the journal has rotted"), "{shown}");
        assert!(shown.contains("segments are not packed before that is whole"), "{shown}");
        pair.site_mut(which).stops();
    }
    assert!(
        paths.each_ref().map(|path| fs::read(path).unwrap()) == before,
        "they stay as they are"
    );
    for which in both {
        let verified = pair.site(which).is_told("journal verify --dir state/journal");
        assert_eq!(verified.code, Some(7), "{verified:?}");
    }
}
