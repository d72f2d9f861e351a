//! What holds for any text that is taken for a dialect file. Must not know who makes the text up.

use codec_specs::{Spec, parse, write};
use std::path::Path;

/// `text...`: it is a dialect, and written out whole it is the same one; or it has mistakes, each
/// at a place within it.
pub fn dialect_files(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    // A folder that is not there: only built-in dialects can be extended.
    let path = Path::new("/nowhere/at/all/partner.toml");
    match parse(path, text) {
        Ok(spec) => {
            let written = write(&spec);
            let again = parse(path, &written);
            let again = again.unwrap_or_else(|mistakes| panic!("{mistakes}\nin\n{written}"));
            assert_same(&spec, &again);
        }
        Err(mistakes) => {
            assert!(!mistakes.as_slice().is_empty(), "a refusal has a reason");
            let lines = text.lines().count() + 1;
            for mistake in mistakes.as_slice() {
                let own = mistake.file.ends_with("partner.toml");
                assert!(!own || (1..=lines).contains(&mistake.line), "{mistake}");
                assert!(mistake.column >= 1 && !mistake.message.is_empty(), "{mistake}");
            }
        }
    }
}

fn assert_same(one: &Spec, two: &Spec) {
    let (a, b) = (&one.dialect, &two.dialect);
    assert_eq!((a.name(), a.version()), (b.name(), b.version()));
    assert_eq!((a.fingerprint(), a.fields()), (b.fingerprint(), b.fields()));
    assert_eq!(a.pan_in(), b.pan_in());
    for n in a.fields() {
        assert_eq!(a.field(n), b.field(n), "DE {n}");
        assert_eq!(a.subfields(n), b.subfields(n), "DE {n}");
        assert_eq!(one.name_of(n), two.name_of(n), "DE {n}");
    }
}
