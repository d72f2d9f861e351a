//! What others say, as it is passed on to a log, a status and a terminal: short, and on one line. Knows no message.

/// So much of it is passed on.
const CHARACTERS_MAX: usize = 200;

/// The begin of a text that somebody else wrote. What would move a cursor, or write backwards, is a space.
pub(super) fn brief(text: &str) -> String {
    let mut left = text.trim().chars();
    let plain = |letter: char| if moves(letter) { ' ' } else { letter };
    let mut brief: String = left.by_ref().take(CHARACTERS_MAX).map(plain).collect();
    if left.next().is_some() {
        brief.push_str("...");
    }
    brief
}

fn moves(letter: char) -> bool {
    let is_mark = matches!(
        letter,
        '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
    );
    is_mark || letter.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_and_one_that_is_just_as_long_is_not() {
        let whole = "x".repeat(CHARACTERS_MAX);
        assert_eq!(brief(&whole), whole);
        assert_eq!(brief(&format!("{whole}y")), format!("{whole}..."));
        assert_eq!(brief(&"\u{e9}".repeat(300)).chars().count(), CHARACTERS_MAX + 3);
    }

    #[test]
    fn what_would_move_a_cursor_is_a_space() {
        assert_eq!(brief(" a\x1b[2Jb\r\nc\u{9b}d\u{202e}e\n"), "a [2Jb  c d e");
    }
}
