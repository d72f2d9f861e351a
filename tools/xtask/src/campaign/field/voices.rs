//! What partners heard, and from whom: was there ever more than one voice, and for how long was there none? Must
//! not know how it came about.

use std::fmt;
use std::time::Duration;

/// A message that is no network management arrived from a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Heard {
    /// When, nanoseconds since 1970.
    pub(super) at_ns: u64,
    /// From which of the two.
    pub(super) site: usize,
}

/// A time in which one site alone was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Voice {
    pub(super) site: usize,
    pub(super) first_ns: u64,
    pub(super) last_ns: u64,
    pub(super) messages: u64,
}

impl fmt::Display for Voice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.site == 0 { "tokyo" } else { "osaka" };
        let Self { first_ns, last_ns, messages, .. } = self;
        write!(f, "{name}: {messages} messages from {first_ns} to {last_ns}")
    }
}

/// What was heard since the last time.
#[derive(Debug)]
pub(super) struct Judged {
    /// Who, one behind the other.
    pub(super) voices: Vec<Voice>,
    /// How much of it at each acquirer.
    pub(super) answers: [usize; 2],
    /// Reigns that began.
    pub(super) reigns: usize,
}

impl Judged {
    /// Every acquirer was talked to, and partners heard one site after the other, in as many changes as there
    /// were; else what is wrong.
    pub(super) fn is_one_voice(&self, changes: usize) -> Result<(), String> {
        if self.answers.contains(&0) {
            return Err(format!(
                "acquirers heard {:?} messages: no round is judged by that",
                self.answers
            ));
        }
        if self.voices.len() <= changes + 1 {
            return Ok(());
        }
        let voices: Vec<_> = self.voices.iter().map(ToString::to_string).collect();
        let (reigns, voices) = (self.reigns, voices.join("\n  "));
        Err(format!("{changes} changes, {reigns} reigns, and partners heard:\n  {voices}"))
    }
}

/// Who was heard, one behind the other.
pub(super) fn voices(mut heard: Vec<Heard>) -> Vec<Voice> {
    heard.sort_unstable();
    let mut voices: Vec<Voice> = Vec::new();
    for Heard { at_ns, site } in heard {
        match voices.last_mut().filter(|voice| voice.site == site) {
            Some(voice) => {
                voice.last_ns = at_ns;
                voice.messages += 1;
            }
            None => voices.push(Voice { site, first_ns: at_ns, last_ns: at_ns, messages: 1 }),
        }
    }
    voices
}

/// The longest time between two of these moments, from the last one before `from` on.
pub(super) fn silence(moments_ns: &[u64], from: u64) -> Duration {
    let begin = moments_ns.iter().rposition(|moment| *moment <= from).unwrap_or(0);
    let gaps = moments_ns[begin..].windows(2).map(|pair| pair[1].saturating_sub(pair[0]));
    Duration::from_nanos(gaps.max().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(all: &[(u64, usize)]) -> Vec<Heard> {
        all.iter().map(|&(at_ns, site)| Heard { at_ns, site }).collect()
    }

    #[test]
    fn a_site_that_is_heard_again_after_the_other_one_is_another_voice() {
        let voices = voices(heard(&[(5, 1), (1, 0), (9, 0), (2, 0)]));
        let told: Vec<_> =
            voices.iter().map(|it| (it.site, it.first_ns, it.last_ns, it.messages)).collect();
        assert_eq!(told, [(0, 1, 2, 2), (1, 5, 5, 1), (0, 9, 9, 1)]);
    }

    #[test]
    fn one_voice_is_one_that_was_heard_and_changes_no_more_often_than_the_reign() {
        let judged = |all: &[(u64, usize)], answers| Judged {
            voices: voices(heard(all)),
            answers,
            reigns: 1,
        };
        let there_and_back = [(1, 0), (2, 1), (3, 0)];
        assert_eq!(judged(&there_and_back, [1, 2]).is_one_voice(2), Ok(()));
        judged(&there_and_back, [1, 2]).is_one_voice(1).unwrap_err();
        judged(&[(1, 0)], [1, 0]).is_one_voice(1).unwrap_err();
    }

    #[test]
    fn a_silence_begins_with_the_last_moment_before_it() {
        assert_eq!(silence(&[1, 20, 25, 60, 61], 22), Duration::from_nanos(35));
        assert_eq!(silence(&[1, 20, 25, 60, 61], 61), Duration::ZERO);
        assert_eq!(silence(&[1, 20], 0), Duration::from_nanos(19));
        assert_eq!(silence(&[], 0), Duration::ZERO);
    }
}
