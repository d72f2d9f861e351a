//! Each rule of two sites that can be broken on purpose is broken, and its story notices; and comes to its
//! end while all rules are in force. Must not know how a rule works.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use switch_sim::pair::broken::{RULES, Rule, breaking, play};

/// With so many dice a story is told at most, until it notices: what a power cut leaves is chance.
const DICE: u64 = 24;

#[test]
fn every_rule_of_two_sites_that_is_broken_is_noticed() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(rule) = RULES.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match is_noticed(rule) {
                        Ok(by) => println!("{:?} {by}", rule.mutant),
                        Err(why) => wrong.lock().unwrap().push(why),
                    }
                }
            });
        }
    });
    std::panic::set_hook(before);
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// How the story of a rule notices that it is broken.
fn is_noticed(rule: &Rule) -> Result<String, String> {
    let &Rule { mutant, behind, story, dice, verdict } = rule;
    let last = |why: String| why.lines().last().unwrap_or_default().to_owned();
    let plays = |mutants, dice| breaking(mutants, || play(story, dice, false)).map_err(last);
    let noticed = [dice].into_iter().chain(1..=DICE).find_map(|dice| {
        let why = plays([Some(mutant), behind], dice).err()?;
        why.contains(verdict).then_some((dice, why))
    });
    let Some((dice, by)) = noticed else {
        return Err(format!("nobody notices {mutant:?} by {verdict}"));
    };
    plays([None; 2], dice)
        .map_err(|why| format!("with all rules in force, the story of {mutant:?}: {why}"))?;
    if behind.is_some()
        && let Err(why) = plays([None, behind], dice)
        && why.contains(verdict)
    {
        return Err(format!("{behind:?} alone is noticed as {mutant:?} is: {why}"));
    }
    Ok(by)
}

#[test]
fn the_table_says_which_story_notices_what() {
    let page = include_str!("../../README.md");
    let missing: Vec<_> = RULES.iter().map(row).filter(|row| !page.contains(row)).collect();
    assert!(missing.is_empty(), "not in README.md: {missing:#?}");
}

fn row(rule: &Rule) -> String {
    let Rule { mutant, behind, story, verdict, .. } = rule;
    let with = behind.map_or(String::new(), |behind| format!(" with `{behind:?}`"));
    format!("| `{mutant:?}`{with} | {} | {verdict} |", story.text)
}
