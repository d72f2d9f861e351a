//! The runbook's part on two sites against the stories: what it tells an operator to type is typed by one of
//! them, word for word but for places. Must not know what a command does.

const RUNBOOK: &str = include_str!("../../../../systemd/README.md");

/// Where commands are typed.
const STORIES: &[&str] = &[
    include_str!("pair.rs"),
    include_str!("site.rs"),
    include_str!("standby_lost.rs"),
    include_str!("primary_lost.rs"),
    include_str!("switching.rs"),
    include_str!("joining.rs"),
    include_str!("logs.rs"),
    include_str!("reloading.rs"),
    include_str!("scrubbing.rs"),
    include_str!("watched.rs"),
    include_str!("isolated.rs"),
    include_str!("drilled.rs"),
];

/// What needs a machine of its own, or bounds that are those of one: typed by `campaign service`. The stories type the
/// drills with times that hold beside other tests.
const OF_A_MACHINE: &[&str] = &[
    "config check",
    "journal salvage",
    "drill sick-primary --yes --back",
    "drill link-loss --yes",
];

/// The commands of the part without the program's name: those of its blocks, and those that its sentences
/// name.
fn commands() -> [Vec<&'static str>; 2] {
    let (_, part) = RUNBOOK.split_once("\n## Two sites\n").expect("the part");
    let part = part.split_once("\n## ").map_or(part, |(part, _)| part);
    let said = |text: &'static str| text.strip_prefix("sekisho ");
    let of = |from, cut: fn(&'static str) -> Vec<&'static str>| -> Vec<&'static str> {
        let texts = part.split("```").skip(from).step_by(2);
        texts
            .flat_map(cut)
            .filter_map(said)
            .filter(|command| !OF_A_MACHINE.contains(command))
            .collect()
    };
    [
        of(1, |block| block.lines().collect()),
        of(0, |text| text.split('`').skip(1).step_by(2).collect()),
    ]
}

/// Whether a story types it. What it is about differs from story to story: a place, and what a sentence does
/// not say.
fn is_typed(command: &str, whole: bool) -> bool {
    let words: Vec<_> = command.split(' ').take_while(|word| !word.contains('/')).collect();
    let words = words.join(" ");
    let goes_on = !whole || words.len() < command.len();
    let ends = ["\"", " -o json", " "];
    let ends = if goes_on { &ends[..] } else { &ends[..2] };
    ends.iter().any(|end| {
        let typed = format!("\"{words}{end}");
        STORIES.iter().any(|story| story.contains(&typed))
    })
}

#[test]
fn what_the_runbook_says_of_two_sites_is_typed_in_a_story() {
    let [typed, named] = commands();
    assert!(typed.len() > 10 && named.len() > 3, "{typed:?} {named:?}");
    let untyped = typed.into_iter().filter(|command| !is_typed(command, true));
    let unknown = named.into_iter().filter(|command| !is_typed(command, false));
    let none: Vec<_> = untyped.chain(unknown).collect();
    assert!(none.is_empty(), "typed in no story: {none:#?}");
}

#[test]
fn a_command_with_another_option_than_the_stories_type_is_found() {
    assert!(is_typed("node promote --peer-is-fenced tokyo --accept-loss", true));
    assert!(!is_typed("node promote --peer-is-fenced tokyo --accept", true));
    assert!(!is_typed("node promote --peer-is-fenced", true));
    assert!(is_typed("journal dump --dir /var/lib/sekisho/journal --key /etc/key", true));
    assert!(!is_typed("node leave", false));
}
