//! What is known of rot in a journal, as people read it: in a line, and as problems. Pure functions of what the
//! daemon said.

use daemon::status::ScrubStatus;

use crate::journal::second;
use crate::output::duration;

/// How far the reading through is, and what came of it.
pub(crate) fn line(scrub: &ScrubStatus) -> String {
    if scrub.every_s == 0 {
        return "not begun".to_owned();
    }
    let last =
        scrub.whole_utc.map_or("not yet".to_owned(), |utc| format!("last at {}", second(utc)));
    let every = format!("all of it every {}, {last}", duration(scrub.every_s));
    let done = scrub.pass_read.min(scrub.pass_bytes).saturating_mul(100);
    let far = done.checked_div(scrub.pass_bytes);
    let far = far.map(|percent| format!(", {percent} % of this time")).unwrap_or_default();
    let ScrubStatus { found, mended, waiting, .. } = scrub;
    let rot = if *found > 0 || *waiting > 0 {
        format!("; {found} files rotten, {mended} mended, {waiting} waiting")
    } else {
        String::new()
    };
    format!("{every}{far}{rot}")
}

/// What is not whole, a line each.
pub(crate) fn problems(scrub: &ScrubStatus, found: &mut Vec<String>) {
    for rotten in &scrub.rotten {
        let why = if rotten.why.is_empty() { "it is being fetched" } else { &rotten.why };
        found.push(format!("{} of the journal has rotted ({}): {why}", rotten.file, rotten.found));
    }
    let told = u64::try_from(scrub.rotten.len()).unwrap_or(u64::MAX);
    if scrub.waiting > told {
        found.push(format!("and {} more files of the journal have rotted", scrub.waiting - told));
    }
    if scrub.unpacked > 0 {
        found.push(format!(
            "{} segments are not packed before that is whole, and no checkpoint is made: the disk fills up",
            scrub.unpacked
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use daemon::status::RottenStatus;

    #[test]
    fn what_has_rotted_is_said_with_what_is_done_about_it() {
        let idle = ScrubStatus { every_s: 86_400, ..ScrubStatus::default() };
        assert_eq!(line(&ScrubStatus::default()), "not begun");
        assert_eq!(line(&idle), "all of it every 1d 0h, not yet");
        let rotten = |file: &str, why: &str| RottenStatus {
            file: file.into(),
            found: "the batch's checksum does not agree".into(),
            why: why.into(),
        };
        let scrub = ScrubStatus {
            whole_utc: Some(1_700_000_000),
            pass_bytes: 200,
            pass_read: 50,
            found: 5,
            mended: 2,
            waiting: 3,
            unpacked: 4,
            rotten: vec![
                rotten("0000000000000007.archive", ""),
                rotten("0000000000000009.segment", "the other node lacks batch 7 of it too"),
            ],
            ..idle
        };
        assert_eq!(
            line(&scrub),
            format!(
                "all of it every 1d 0h, last at {}, 25 % of this time; 5 files rotten, 2 mended, 3 waiting",
                second(1_700_000_000)
            )
        );
        let mut found = Vec::new();
        problems(&scrub, &mut found);
        assert_eq!(
            found,
            [
                "0000000000000007.archive of the journal has rotted (the batch's checksum does not agree): \
                 it is being fetched",
                "0000000000000009.segment of the journal has rotted (the batch's checksum does not agree): \
                 the other node lacks batch 7 of it too",
                "and 1 more files of the journal have rotted",
                "4 segments are not packed before that is whole, and no checkpoint is made: the disk fills up",
            ]
        );
    }
}
