//! `iso93-ascii` and `iso93-binary`: the fields of jPOS's packagers of those names, in one table.

use super::Dialect;
use crate::spec::{FieldSpec, Form, Side, Version};

/// 1993, everything in ASCII: bitmap in hexadecimal, prefixes in digits, DE 53, 55 and 96 raw.
pub(super) static ASCII: Dialect =
    Dialect::of("iso93-ascii", Version::Iso1993, Form::Chars, Form::Hex, &rows(false))
        .with_standard_subfields();

/// 1993, numbers and prefixes in BCD, bitmap and binary fields raw.
pub(super) static BINARY: Dialect =
    Dialect::of("iso93-binary", Version::Iso1993, PACKED, Form::Raw, &rows(true))
        .with_standard_subfields();

/// BCD as jPOS's 1993 packager has it: 123 is 12 30.
const PACKED: Form = Form::Packed { zero: Side::Right };

/// The kinds of field that the two packagers use, each with its most units.
#[derive(Clone, Copy)]
enum Kind {
    /// `IFx_NUMERIC`
    N(u16),
    /// `IFx_LLNUM`
    LlNum(u16),
    /// `IF_CHAR`
    Char(u16),
    /// `IFx_LLCHAR`
    LlChar(u16),
    /// `IFx_LLLCHAR`
    LllChar(u16),
    /// `IFx_BINARY`
    Bin(u16),
    /// `IFx_LLBINARY`
    LlBin(u16),
    /// `IFx_LLLBINARY`
    LllBin(u16),
    /// `IFx_AMOUNT`
    Amount(u16),
}
use Kind::{Amount, Bin, Char, LlBin, LlChar, LlNum, LllBin, LllChar, N};

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
    let number = if packed { PACKED } else { Form::Chars };
    let (fixed, prefix_digits) = match kind {
        N(max) => (FieldSpec::digits(number, max), 0),
        LlNum(max) => (FieldSpec::digits(number, max), 2),
        Char(max) => (FieldSpec::text(max), 0),
        LlChar(max) => (FieldSpec::text(max), 2),
        LllChar(max) => (FieldSpec::text(max), 3),
        Bin(max) => (FieldSpec::binary(if packed { Form::Raw } else { Form::Hex }, max), 0),
        LlBin(max) => (FieldSpec::binary(Form::Raw, max), 2),
        LllBin(max) => (FieldSpec::binary(Form::Raw, max), 3),
        Amount(max) => (FieldSpec::amount(number, max), 0),
    };
    match (prefix_digits, packed) {
        (0, _) => fixed,
        (digits, true) => fixed.packed_var(digits),
        (digits, false) => fixed.var(digits),
    }
}

#[rustfmt::skip]
const KINDS: [(u8, Kind); 127] = [
    (2, LlNum(19)), (3, N(6)), (4, N(12)), (5, N(12)), (6, N(12)),
    (7, N(10)), (8, N(8)), (9, N(8)), (10, N(8)), (11, N(6)),
    (12, N(12)), (13, N(4)), (14, N(4)), (15, N(6)), (16, N(4)),
    (17, N(4)), (18, N(4)), (19, N(3)), (20, N(3)), (21, N(3)),
    (22, Char(12)), (23, N(3)), (24, N(3)), (25, N(4)), (26, N(4)),
    (27, N(1)), (28, N(6)), (29, N(3)), (30, N(24)), (31, LlChar(99)),
    (32, LlNum(11)), (33, LlNum(11)), (34, LlChar(28)), (35, LlChar(37)), (36, LllChar(104)),
    (37, Char(12)), (38, Char(6)), (39, N(3)), (40, N(3)), (41, Char(8)),
    (42, Char(15)), (43, LlChar(99)), (44, LlChar(99)), (45, LlChar(76)), (46, LllChar(204)),
    (47, LllChar(999)), (48, LllChar(999)), (49, Char(3)), (50, Char(3)), (51, Char(3)),
    (52, Bin(8)), (53, LlBin(48)), (54, LllChar(120)), (55, LllBin(255)), (56, LlNum(35)),
    (57, N(3)), (58, LlNum(11)), (59, LllChar(999)), (60, LllChar(999)), (61, LllChar(999)),
    (62, LllChar(999)), (63, LllChar(999)), (64, Bin(8)), (65, Bin(8)), (66, LllChar(204)),
    (67, N(2)), (68, N(3)), (69, N(3)), (70, N(3)), (71, N(8)),
    (72, LllChar(999)), (73, N(6)), (74, N(10)), (75, N(10)), (76, N(10)),
    (77, N(10)), (78, N(10)), (79, N(10)), (80, N(10)), (81, N(10)),
    (82, N(10)), (83, N(10)), (84, N(10)), (85, N(10)), (86, N(16)),
    (87, N(16)), (88, N(16)), (89, N(16)), (90, N(10)), (91, N(3)),
    (92, N(3)), (93, LlNum(11)), (94, LlNum(11)), (95, LlChar(99)), (96, LllBin(999)),
    (97, Amount(17)), (98, Char(25)), (99, LlChar(11)), (100, LlNum(11)), (101, LlChar(17)),
    (102, LlChar(28)), (103, LlChar(28)), (104, LllChar(100)), (105, N(16)), (106, N(16)),
    (107, N(10)), (108, N(10)), (109, LlChar(84)), (110, LlChar(84)), (111, LllChar(999)),
    (112, LllChar(999)), (113, LllChar(999)), (114, LllChar(999)), (115, LllChar(999)), (116, LllChar(999)),
    (117, LllChar(999)), (118, LllChar(999)), (119, LllChar(999)), (120, LllChar(999)), (121, LllChar(999)),
    (122, LllChar(999)), (123, LllChar(999)), (124, LllChar(999)), (125, LllChar(999)), (126, LllChar(999)),
    (127, LllChar(999)), (128, Bin(8)),
];
