//! `iso87-ascii` and `iso87-binary`: the fields of jPOS's packagers of those names, in one table.

use super::Dialect;
use crate::spec::{FieldSpec, Form, Side, Version};

/// 1987, everything in ASCII: bitmap in hexadecimal, prefixes in digits.
pub(super) static ASCII: Dialect =
    Dialect::of("iso87-ascii", Version::Iso1987, Form::Chars, Form::Hex, &rows(false))
        .with_standard_subfields();

/// 1987, numbers and prefixes in BCD, bitmap and binary fields raw.
pub(super) static BINARY: Dialect =
    Dialect::of("iso87-binary", Version::Iso1987, FIXED, Form::Raw, &rows(true))
        .with_standard_subfields();

/// BCD of always so many digits: 123 is 01 23.
const FIXED: Form = Form::Packed { zero: Side::Left };
/// BCD behind a length: 123 is 12 30.
const TOLD: Form = Form::Packed { zero: Side::Right };

/// The kinds of field that the two packagers use, each with its most units.
#[derive(Clone, Copy)]
enum Kind {
    /// `IFx_NUMERIC`
    N(u16),
    /// `IFx_LLNUM`
    LlNum(u16),
    /// `IFx_LLNUM` of a track 2: the packagers take its separator too.
    LlTrack(u16),
    /// `IF_CHAR`
    Char(u16),
    /// `IFx_LLCHAR`
    LlChar(u16),
    /// `IFx_LLLCHAR`
    LllChar(u16),
    /// `IFA_LLLCHAR`, and `IFB_LLLBINARY`: text that nothing says how to make of bytes, so that it
    /// is not carried from one to the other.
    Chip(u16),
    /// `IFx_BINARY`
    Bin(u16),
    /// `IFx_AMOUNT`
    Amount(u16),
    /// `IFx_AMOUNT` whose zero nibble would be behind. Its digits are even in number.
    Net(u16),
}
use Kind::{Amount, Bin, Char, Chip, LlChar, LlNum, LlTrack, LllChar, N, Net};

const fn rows(packed: bool) -> [(u8, FieldSpec); KINDS.len()] {
    let mut rows = [(0, FieldSpec::text(1)); KINDS.len()];
    let mut index = 0;
    while index < rows.len() {
        let (field, kind) = KINDS[index];
        rows[index] = (field, spec(kind, packed));
        index += 1;
    }
    rows
}

const fn spec(kind: Kind, packed: bool) -> FieldSpec {
    let (fixed, told) = if packed { (FIXED, TOLD) } else { (Form::Chars, Form::Chars) };
    let (field, prefix_digits) = match kind {
        N(max) => (FieldSpec::digits(fixed, max), 0),
        LlNum(max) => (FieldSpec::digits(told, max), 2),
        LlTrack(max) => (FieldSpec::track(told, max), 2),
        Char(max) => (FieldSpec::text(max), 0),
        LlChar(max) => (FieldSpec::text(max), 2),
        Chip(max) if packed => (FieldSpec::binary(Form::Raw, max), 3),
        LllChar(max) | Chip(max) => (FieldSpec::text(max), 3),
        Bin(max) => (FieldSpec::binary(if packed { Form::Raw } else { Form::Hex }, max), 0),
        Amount(max) => (FieldSpec::amount(fixed, max), 0),
        Net(max) => (FieldSpec::amount(told, max), 0),
    };
    match (prefix_digits, packed) {
        (0, _) => field,
        (digits, true) => field.packed_var(digits),
        (digits, false) => field.var(digits),
    }
}

#[rustfmt::skip]
const KINDS: [(u8, Kind); 127] = [
    (2, LlNum(19)), (3, N(6)), (4, N(12)), (5, N(12)), (6, N(12)),
    (7, N(10)), (8, N(8)), (9, N(8)), (10, N(8)), (11, N(6)),
    (12, N(6)), (13, N(4)), (14, N(4)), (15, N(4)), (16, N(4)),
    (17, N(4)), (18, N(4)), (19, N(3)), (20, N(3)), (21, N(3)),
    (22, N(3)), (23, N(3)), (24, N(3)), (25, N(2)), (26, N(2)),
    (27, N(1)), (28, Amount(9)), (29, Amount(9)), (30, Amount(9)), (31, Amount(9)),
    (32, LlNum(11)), (33, LlNum(11)), (34, LlChar(28)), (35, LlTrack(37)), (36, LllChar(104)),
    (37, Char(12)), (38, Char(6)), (39, Char(2)), (40, Char(3)), (41, Char(8)),
    (42, Char(15)), (43, Char(40)), (44, LlChar(25)), (45, LlChar(76)), (46, LllChar(999)),
    (47, LllChar(999)), (48, LllChar(999)), (49, Char(3)), (50, Char(3)), (51, Char(3)),
    (52, Bin(8)), (53, N(16)), (54, LllChar(120)), (55, Chip(999)), (56, LllChar(999)),
    (57, LllChar(999)), (58, LllChar(999)), (59, LllChar(999)), (60, LllChar(999)), (61, LllChar(999)),
    (62, LllChar(999)), (63, LllChar(999)), (64, Bin(8)), (65, Bin(1)), (66, N(1)),
    (67, N(2)), (68, N(3)), (69, N(3)), (70, N(3)), (71, N(4)),
    (72, N(4)), (73, N(6)), (74, N(10)), (75, N(10)), (76, N(10)),
    (77, N(10)), (78, N(10)), (79, N(10)), (80, N(10)), (81, N(10)),
    (82, N(12)), (83, N(12)), (84, N(12)), (85, N(12)), (86, N(16)),
    (87, N(16)), (88, N(16)), (89, N(16)), (90, N(42)), (91, Char(1)),
    (92, Char(2)), (93, Char(6)), (94, Char(7)), (95, Char(42)), (96, Bin(16)),
    (97, Net(17)), (98, Char(25)), (99, LlNum(11)), (100, LlNum(11)), (101, LlChar(17)),
    (102, LlChar(28)), (103, LlChar(28)), (104, LllChar(100)), (105, LllChar(999)), (106, LllChar(999)),
    (107, LllChar(999)), (108, LllChar(999)), (109, LllChar(999)), (110, LllChar(999)), (111, LllChar(999)),
    (112, LllChar(999)), (113, LllChar(999)), (114, LllChar(999)), (115, LllChar(999)), (116, LllChar(999)),
    (117, LllChar(999)), (118, LllChar(999)), (119, LllChar(999)), (120, LllChar(999)), (121, LllChar(999)),
    (122, LllChar(999)), (123, LllChar(999)), (124, LllChar(999)), (125, LllChar(999)), (126, LllChar(999)),
    (127, LllChar(999)), (128, Bin(8)),
];
