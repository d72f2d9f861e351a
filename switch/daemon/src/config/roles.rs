//! `[control] viewers | operators | administrators`: who may do what at the control socket. Checks
//! the form of a name; whether there is such a user or group is asked when somebody connects.

use super::section::Section;

/// The longest name of a user or group (`useradd` of Debian).
const NAME_BYTES_MAX: usize = 32;
/// The most names in a list.
const NAMES_MAX: usize = 1_024;

/// Users by their names and groups as `@NAME`, by what they may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ControlRoles {
    /// May look. Where this is said, nobody beside them and those below may.
    pub viewers: Option<Vec<String>>,
    /// May see to stored messages, too.
    pub operators: Vec<String>,
    /// May change the configuration, too.
    pub administrators: Vec<String>,
}

/// Reads the three lists.
pub(super) fn roles(control: &mut Section<'_, '_>) -> ControlRoles {
    let viewers = names(control, "viewers");
    ControlRoles {
        viewers: control.given("viewers").map(|_| viewers),
        operators: names(control, "operators"),
        administrators: names(control, "administrators"),
    }
}

fn names(control: &mut Section<'_, '_>, key: &'static str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let texts = control.some_texts(key, "names of users, and of groups as \"@ops\"");
    if let Some(node) = control.given(key).filter(|_| texts.len() > NAMES_MAX) {
        let message = format!("has {} names; at most {NAMES_MAX}, or name a group", texts.len());
        control.fail(key, &node.place, message);
    }
    for text in texts {
        if !is_name(text.value) {
            let message = format!(
                "\"{}\" is no name of a user or group; write \"hana\", or \"@ops\" for a group",
                text.value
            );
            control.fail(key, &text.place, message);
        } else if names.iter().any(|name| name == text.value) {
            control.fail(key, &text.place, format!("\"{}\" stands twice; remove one", text.value));
        } else {
            names.push(text.value.to_owned());
        }
    }
    names
}

/// As the system has them: no blanks, no list and no option could be meant.
fn is_name(text: &str) -> bool {
    let name = text.strip_prefix('@').unwrap_or(text);
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(letter)
        && !name.starts_with(['-', '.'])
        && !is_number(text)
}

/// `uid-N` stands in records for users without a name, whoever they are today.
fn is_number(text: &str) -> bool {
    let number = text.strip_prefix("uid-").unwrap_or_default();
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_that_the_system_could_have() {
        for name in ["hana", "@ops", "h.tanaka", "_apt", "x-1", "A", "uid-x", &"a".repeat(32)] {
            assert!(is_name(name), "{name}");
        }
        let long = "a".repeat(33);
        let none = ["", "@", "@@ops", "two words", "-x", ".x", "a:b", &long, "\u{e4}", "uid-1000"];
        for name in none {
            assert!(!is_name(name), "{name}");
        }
    }
}
