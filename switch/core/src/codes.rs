//! The verdict of an answer (DE 39) in both editions: the response codes of 1987, two characters,
//! and the action codes of 1993, three digits, in one table. Knows no reason for a verdict.
//!
//! Inside the switch a verdict is its action code, whatever the edition of who gave it: records,
//! notices and counts use nothing else. On the wire between two stations of 1987 an issuer's own
//! code passes unchanged, listed here or not.

use codec::{Message, Version};

/// Response codes of 1987 with the action code that means the same.
///
/// Where several mean the same, the first one is what we say ourselves: 42 (no account, of whatever
/// kind) for 114, 04 for 200, 15 (no such issuer: the card leads nowhere) for 908, 91 for 907, and
/// 96 for 909.
const SAME: [([u8; 2], u16); 65] = [
    (*b"00", 0x000),
    (*b"08", 0x001),
    (*b"10", 0x002),
    (*b"11", 0x003),
    (*b"16", 0x004),
    (*b"05", 0x100),
    (*b"54", 0x101),
    (*b"59", 0x102),
    (*b"60", 0x103),
    (*b"62", 0x104),
    (*b"66", 0x105),
    (*b"75", 0x106),
    (*b"01", 0x107),
    (*b"02", 0x108),
    (*b"03", 0x109),
    (*b"13", 0x110),
    (*b"14", 0x111),
    (*b"23", 0x113),
    (*b"42", 0x114),
    (*b"39", 0x114),
    (*b"44", 0x114),
    (*b"45", 0x114),
    (*b"52", 0x114),
    (*b"53", 0x114),
    (*b"40", 0x115),
    (*b"51", 0x116),
    (*b"55", 0x117),
    (*b"56", 0x118),
    (*b"57", 0x119),
    (*b"58", 0x120),
    (*b"61", 0x121),
    (*b"63", 0x122),
    (*b"65", 0x123),
    (*b"93", 0x124),
    (*b"04", 0x200),
    (*b"67", 0x200),
    (*b"33", 0x201),
    (*b"34", 0x202),
    (*b"35", 0x203),
    (*b"36", 0x204),
    (*b"37", 0x205),
    (*b"38", 0x206),
    (*b"07", 0x207),
    (*b"41", 0x208),
    (*b"43", 0x209),
    (*b"24", 0x301),
    (*b"25", 0x302),
    (*b"27", 0x304),
    (*b"28", 0x305),
    (*b"29", 0x306),
    (*b"26", 0x308),
    (*b"12", 0x902),
    (*b"19", 0x903),
    (*b"30", 0x904),
    (*b"31", 0x905),
    (*b"90", 0x906),
    (*b"91", 0x907),
    (*b"15", 0x908),
    (*b"92", 0x908),
    (*b"96", 0x909),
    (*b"06", 0x909),
    (*b"68", 0x911),
    (*b"94", 0x913),
    (*b"95", 0x915),
    (*b"09", 0x923),
];

/// Action codes that no response code stands for, with the nearest one in meaning.
///
/// 129 (suspected counterfeit) is 59, suspected fraud. 910 and 912 (issuer signed off, unavailable)
/// are 91, as 907 is: it can not be asked now. 914 (the original can not be found) is 25, unable to
/// locate the record. 480 (private: reversed before) is 94, sent before: whoever reverses a second time
/// may stop asking, as after 96 it may not. 916 (the message authentication code is wrong) is 63, a security violation:
/// asking again does not help, as it might after 96. 917 to 921 (keys missing or out of step, the
/// security module fails) are our trouble, and so 96.
const NEAREST: [(u16, [u8; 2]); 16] = [
    (0x129, *b"59"),
    (0x300, *b"00"),
    (0x303, *b"00"),
    (0x307, *b"30"),
    (0x400, *b"00"),
    (0x480, *b"94"),
    (0x500, *b"00"),
    (0x600, *b"00"),
    (0x700, *b"00"),
    (0x800, *b"00"),
    (0x900, *b"00"),
    (0x901, *b"00"),
    (0x910, *b"91"),
    (0x912, *b"91"),
    (0x914, *b"25"),
    (0x916, *b"63"),
];

/// What a response code that is not in the table counts as: a decline without a reason.
const UNLISTED: u16 = 0x100;

/// The same table by response code.
const BY_RESPONSE: [u16; 100] = {
    let mut all = [UNLISTED; 100];
    let mut row = 0;
    while row < SAME.len() {
        let ([tens, ones], action) = SAME[row];
        all[((tens - b'0') * 10 + (ones - b'0')) as usize] = action;
        row += 1;
    }
    all
};

/// The action code (three packed digits) that a response code of 1987 stands for, in an answer of
/// this class of messages. "00" means accepted, which 1993 says in another way for each class: 000
/// to an authorization or sale, 400 to a reversal, 800 to network management. A code that the table
/// has not is 100: whatever it says, it is no approval that we know of.
pub const fn action_of(class: u8, response: [u8; 2]) -> u16 {
    let [tens, ones] = response;
    let action = if tens.is_ascii_digit() && ones.is_ascii_digit() {
        BY_RESPONSE[((tens - b'0') * 10 + (ones - b'0')) as usize]
    } else {
        UNLISTED
    };
    match class {
        3..=8 if action < 0x100 => (class as u16) << 8,
        _ => action,
    }
}

/// What an advice of this class of messages is answered with once it is in the journal: a reversal is
/// accepted (400, its only code), anything else acknowledged without taking on any liability (900),
/// since its issuer has not seen it yet. In 1987 both are 00.
pub const fn acknowledged(class: u8) -> u16 {
    if class == 4 { 0x400 } else { 0x900 }
}

/// Whether an action code says that an advice was taken, with or without liability.
pub const fn is_acknowledged(action: u16) -> bool {
    matches!(action, 0x900 | 0x901)
}

/// The response code of 1987 for any action code (three packed digits).
pub const fn response_of(action: u16) -> [u8; 2] {
    let mut row = 0;
    while row < SAME.len() {
        if SAME[row].1 == action {
            return SAME[row].0;
        }
        row += 1;
    }
    row = 0;
    while row < NEAREST.len() {
        if NEAREST[row].0 == action {
            return NEAREST[row].1;
        }
        row += 1;
    }
    match action >> 8 {
        0 => *b"00",
        1 => *b"05",
        2 => *b"04",
        3 => *b"29",
        5 => *b"95",
        _ => *b"96",
    }
}

/// The verdict of an answer as an action code, three packed digits; none when it has none.
#[inline]
pub fn verdict(answer: &Message<'_>) -> Option<u64> {
    let value = answer.value(39)?;
    if answer.dialect().version() != Version::Iso1987 {
        return value.packed();
    }
    let mut response = [0; 2];
    value.write_text(&mut response)?;
    Some(action_of(answer.mti().class(), response).into())
}

/// Whether a code (DE 39 of 1993, three packed digits) approves: 000 to 099.
#[inline]
pub(crate) const fn approves(action: u16) -> bool {
    action < 0x100
}

#[cfg(test)]
#[expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]
mod tests {
    use super::*;
    use alloc::string::String;
    use core::fmt::Write as _;
    use expect_test::expect;

    /// Every response code of two digits.
    fn responses() -> impl Iterator<Item = [u8; 2]> {
        (0..100_u8).map(|number| [b'0' + number / 10, b'0' + number % 10])
    }

    fn text(response: [u8; 2]) -> String {
        response.map(char::from).iter().collect()
    }

    /// Action codes, packed: 000 to 999.
    fn actions() -> impl Iterator<Item = u16> {
        (0..0xA00).filter(|&code| is_action(code))
    }

    fn is_action(code: u16) -> bool {
        code < 0xA00 && code & 0xF < 10 && code >> 4 & 0xF < 10
    }

    #[test]
    fn a_response_code_stands_in_the_table_once() {
        let mut seen = SAME.map(|(response, _)| response);
        seen.sort_unstable();
        assert!(seen.windows(2).all(|two| two[0] != two[1]));
    }

    #[test]
    fn every_response_code_has_its_action_code_and_all_others_are_100() {
        let mut table = String::new();
        for response in responses() {
            match action_of(2, response) {
                UNLISTED => {}
                action => write!(table, "{} {action:03x}, ", text(response)).unwrap(),
            }
            if response[1] == b'9' {
                table.push_str("...\n");
            }
        }
        expect![[r#"
            00 000, 01 107, 02 108, 03 109, 04 200, 06 909, 07 207, 08 001, 09 923, ...
            10 002, 11 003, 12 902, 13 110, 14 111, 15 908, 16 004, 19 903, ...
            23 113, 24 301, 25 302, 26 308, 27 304, 28 305, 29 306, ...
            30 904, 31 905, 33 201, 34 202, 35 203, 36 204, 37 205, 38 206, 39 114, ...
            40 115, 41 208, 42 114, 43 209, 44 114, 45 114, ...
            51 116, 52 114, 53 114, 54 101, 55 117, 56 118, 57 119, 58 120, 59 102, ...
            60 103, 61 121, 62 104, 63 122, 65 123, 66 105, 67 200, 68 911, ...
            75 106, ...
            ...
            90 906, 91 907, 92 908, 93 124, 94 913, 95 915, 96 909, ...
        "#]]
        .assert_eq(&table);
        for unlisted in [*b"17", *b"77", *b"99", *b"N7", *b"0 ", *b"  ", [0xFF, 0]] {
            assert_eq!(action_of(1, unlisted), 0x100);
        }
        assert_eq!(action_of(2, *b"05"), 0x100);
    }

    #[test]
    fn every_action_code_of_1993_has_a_response_code_and_an_approval_stays_one() {
        for action in actions() {
            let response = response_of(action);
            assert!(response.iter().all(u8::is_ascii_digit), "{action:03x}");
            let (approves, class) = (action < 0x100, action_of(2, response) < 0x100);
            let accepts = matches!(
                action,
                0x300 | 0x303 | 0x400 | 0x500 | 0x600 | 0x700 | 0x800 | 0x900 | 0x901
            );
            assert_eq!(approves || accepts, class, "{action:03x} is {}", text(response));
        }
    }

    #[test]
    fn any_two_bytes_have_an_action_code_and_any_action_code_two_digits() {
        for number in 0..=u16::MAX {
            for class in 0..10 {
                let action = action_of(class, number.to_be_bytes());
                assert!(is_action(action), "{number:04x} {class}");
            }
            assert!(response_of(number).iter().all(u8::is_ascii_digit), "{number:04x}");
        }
    }

    #[test]
    fn what_the_table_lists_goes_back_to_what_it_came_from() {
        for action in SAME.map(|(_, action)| action) {
            assert_eq!(action_of(2, response_of(action)), action);
        }
    }

    #[test]
    fn an_action_code_that_has_no_equal_becomes_the_nearest_one() {
        let unequal = actions().filter(|&action| action_of(2, response_of(action)) != action);
        let mut table = String::new();
        for action in unequal.filter(|action| NEAREST.iter().any(|(near, _)| near == action)) {
            writeln!(table, "{action:03x} {}", text(response_of(action))).unwrap();
        }
        expect![[r#"
            129 59
            300 00
            303 00
            307 30
            400 00
            480 94
            500 00
            600 00
            700 00
            800 00
            900 00
            901 00
            910 91
            912 91
            914 25
            916 63
        "#]]
        .assert_eq(&table);
        for (action, response) in
            [(0x099, "00"), (0x186, "05"), (0x210, "04"), (0x399, "29"), (0x480, "94")]
        {
            assert_eq!(text(response_of(action)), response);
        }
        for (action, response) in [(0x502, "95"), (0x917, "96"), (0x920, "96"), (0x921, "96")] {
            assert_eq!(text(response_of(action)), response);
        }
    }

    #[test]
    fn accepted_is_said_in_the_way_of_each_class() {
        let said = [1, 2, 4, 8].map(|class| action_of(class, *b"00"));
        assert_eq!(said, [0x000, 0x000, 0x400, 0x800]);
        assert_eq!(action_of(4, *b"94"), 0x913);
    }
}
