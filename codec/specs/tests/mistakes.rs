//! One mistake after the other, and what is said about each: where it is, what is wrong, what to do.

use std::fmt::Write as _;
use std::path::Path;

use codec_specs::{OpenError, load, open, parse};
use expect_test::{expect, expect_file};

/// A sound file of two fields, to which a line is added.
const SOUND: &str = "version = 1987\nmti = \"ascii\"\nbitmap = \"hex\"\n[fields]\n3 = \"n6\"\n";

/// A sound file with something else in place of a line.
fn changed(line: &str, other: &str) -> String {
    assert!(SOUND.contains(line), "{line}");
    SOUND.replacen(line, other, 1)
}

fn with(line: &str) -> String {
    format!("{SOUND}{line}\n")
}

fn extending(lines: &str) -> String {
    format!("extends = \"iso87-binary\"\n{lines}\n")
}

/// Whole files.
const HEADS: &[&str] = &[
    "",
    "version = 1987\nmti = \"ascii\"\nbitmap = \"hex\"\n",
    "version = 1987 mti\n",
    "mti = ascii\n",
    "name = 3\n",
];

/// A line of the sound file, and what stands there instead.
const HEAD_LINES: &[(&str, &str)] = &[
    ("version = 1987", "version = \"1987\""),
    ("version = 1987", "version = 1988"),
    ("version = 1987", "version = 1987\nversion = 1987"),
    ("mti = \"ascii\"", "mti = \"hex\""),
    ("mti = \"ascii\"", "mti = \"ebcdic\""),
    ("mti = \"ascii\"", "mti = true"),
    ("bitmap = \"hex\"", "bitmap = \"binary\""),
    ("bitmap = \"hex\"", "bitmap = \"ascii\""),
    ("bitmap = \"hex\"", "btimap = \"hex\"\nbitmap = \"hex\""),
    ("bitmap = \"hex\"", "bitmap = \"hex\"\ndigits = \"bcd\""),
    ("bitmap = \"hex\"", "bitmap = \"hex\"\nlength = \"binary\""),
    ("bitmap = \"hex\"", "bitmap = \"hex\"\nbinary = \"rwa\""),
    ("bitmap = \"hex\"", "bitmap = \"hex\"\ntext = \"ebcdic\""),
    ("bitmap = \"hex\"", "bitmap = \"hex\"\nthird_bitmap = \"hex\""),
    ("bitmap = \"hex\"", "bitmap = \"hex\"\nheader = \"ISO\""),
    ("bitmap = \"hex\"", "bitmap = \"hex\"\n2 = \"n..19\""),
    ("bitmap = \"hex\"", "bitmap = \"hex\"\nname = \"iso93-ascii\""),
    ("bitmap = \"hex\"", "bitmap = \"hex\"\nname = \" \""),
    ("bitmap = \"hex\"", "bitmap = \"hex\"\nsubfields = \"all\""),
    ("bitmap = \"hex\"", "bitmap = \"hex\"\njournal = \"all\""),
    ("bitmap = \"hex\"", "bitmap = \"hex\"\njournal = [3, true]"),
    ("bitmap = \"hex\"", "bitmap = \"hex\"\njournal = [3, 4]"),
    ("bitmap = \"hex\"", "bitmap = \"hex\"\njournal = [3, 129, \"5-4\"]"),
    ("[fields]\n3 = \"n6\"", "fields = \"none\""),
];

/// Fields added to the sound file.
const FIELD_LINES: &[&str] = &[
    "0 = \"n4\"",
    "1 = \"b8\"",
    "02 = \"n..19\"",
    "129 = \"n4\"",
    "200 = \"n4\"",
    "pan = \"n..19\"",
    "20-10 = \"n4\"",
    "2-4 = \"n4\"",
    "3 = \"n6\"",
    "4 = 12",
    "4 = \"\"",
    "4 = \"n\"",
    "4 = \"n 12 amount\"",
    "4 = \"12\"",
    "4 = \"N12\"",
    "4 = \"LLVAR19\"",
    "4 = \"num12\"",
    "4 = \"n0\"",
    "4 = \"n10000\"",
    "4 = \"n..100\"",
    "4 = \"b.64\"",
    "4 = \"n.....12\"",
    "4 = \"x+n..8\"",
    "4 = \"x+n9999\"",
    "4 = \"xn8\"",
    "4 = \"absent\"",
    "4 = {}",
    "4 = { name = \"amount\" }",
    "4 = { as = 12 }",
    "4 = { as = \"n12\", digit = \"ascii\" }",
    "4 = { as = \"n12\", digits = \"packed\" }",
    "4 = { as = \"ans12\", digits = \"bcd-left\" }",
    "4 = { as = \"n12\", binary = \"raw\" }",
    "4 = { as = \"n12\", length = \"bcd\" }",
    "4 = { as = \"n..12\", length = \"ebcdic\" }",
    "4 = { as = \"n12\", name = \"a\\tb\" }",
    "48 = { as = \"ans...999\", subfields = \"tlv\" }",
    "48 = { as = \"ans...999\", subfields = 3 }",
    "48 = { as = \"ans...999\", subfields = [2, \"x\"] }",
    "48 = { as = \"ans...999\", subfields = { tag = 2 } }",
    "48 = { as = \"ans...999\", subfields = { tag = 9, length = 2 } }",
    "48 = { as = \"ans12\", subfields = [2, 2] }",
    "48 = { as = \"n..12\", subfields = \"ber-tlv\" }",
    "48 = { as = \"ans...999\", subfields = { widths = 2, repeated = true } }",
];

/// On top of `iso87-binary`.
const EXTENSIONS: &[&str] = &[
    "version = 1993",
    "[fields]\n200 = \"absent\"",
    "mti = \"ascii\"\n[fields]\n2 = { binary = \"raw\" }",
    "pan = \"48\"",
    "pan = { field = 48 }",
    "pan = { field = 48, tag = \"02\" }",
    "pan = { field = 48, place = 3, tag = \"02\" }",
    "pan = { field = 48, tag = \"02\" }\n[fields]\n48 = { subfields = [2, 3] }",
    "pan = { field = 48, place = 3 }\n[fields]\n48 = { subfields = [2, 3] }",
    "pan = { field = 48, place = 1 }\n[fields]\n48 = \"absent\"",
    "pan = { field = 48, tag = \"\u{e9}\" }\n[fields]\n48 = { subfields = { tag = 2, length = 2 } }",
    "journal = [2, 35, 64]",
    "journal = [\"34-37\", \"126-128\"]",
    "journal = [52, 53, 55, 96]",
    "pan = { field = 48, place = 1 }\njournal = [48]\n[fields]\n48 = { subfields = [2, 3] }",
    "journal = [48]\n[fields]\n48 = \"absent\"",
    "pan = { field = 55, tag = \"9F\" }\n[fields]\n55 = { subfields = \"ber-tlv\" }",
    "pan = { field = 55, tag = \"5A57\" }\n[fields]\n55 = { subfields = \"ber-tlv\" }",
    "pan = { field = 55, tag = \"+5A\" }\n[fields]\n55 = { subfields = \"ber-tlv\" }",
];

/// Extensions of what can not be extended, and more.
const OTHERS: &[&str] = &[
    "extends = \"iso87-acsii\"\n",
    "extends = \"none.toml\"\n",
    "extends = \"a.toml\"\n",
    "extends = \"broken.toml\"\n",
    "# A base with a card number in DE 48.\nextends = \"pan.toml\"\n[fields]\n48 = \"absent\"\n",
    "extends = 87\n",
    "extends = \"iso87-ascii\"\n[fields]\n128 = \"absent\"\n128 = \"b8\"\n",
];

/// Files that are no dialects, by what is wrong with each.
fn bad_files() -> Vec<String> {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let mut all = owned(HEADS);
    all.extend(HEAD_LINES.iter().map(|(line, other)| changed(line, other)));
    all.extend(FIELD_LINES.iter().map(|line| with(line)));
    all.extend(EXTENSIONS.iter().map(|lines| extending(lines)));
    all.extend(owned(OTHERS));
    all
}

/// The line of the file that a mistake is about.
fn line_of(text: &str, line: usize) -> &str {
    text.lines().nth(line - 1).unwrap_or_default()
}

#[test]
fn every_mistake_is_told_with_its_place_and_what_to_do() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad");
    let mut told = String::new();
    let files = bad_files();
    assert!(files.len() > 80, "{}", files.len());
    for text in files {
        let path = folder.join("x.toml");
        let Err(mistakes) = parse(&path, &text) else { panic!("this is a dialect:\n{text}") };
        for mistake in mistakes.as_slice() {
            let file = mistake.file.rsplit('/').next().unwrap_or_default();
            if file == "x.toml" {
                writeln!(told, "  {}", line_of(&text, mistake.line)).unwrap();
            }
            let (line, column, key) = (mistake.line, mistake.column, &mistake.key);
            let colon = if key.is_empty() { "" } else { ": " };
            let message = mistake.message.replace(&format!("{}/", folder.display()), "");
            writeln!(told, "{file}:{line}:{column}: {key}{colon}{message}").unwrap();
        }
    }
    expect_file!["bad/told.txt"].assert_eq(&told);
}

#[test]
fn all_mistakes_of_a_file_are_told_at_once_in_the_order_of_its_lines() {
    let text =
        "version = 1987\nmti = \"acsii\"\nbitmap = \"hex\"\n[fields]\n3 = \"q6\"\n2 = \"n\"\n";
    let mistakes = parse(Path::new("acme.toml"), text).unwrap_err();
    expect![[r#"
        acme.toml:2:7: mti: "acsii" is not known here; did you mean "ascii"?
        acme.toml:5:5: fields.3: "q6" is no format; it begins with a class: n digits, x+n sign and digits, z track, b bytes, a an ans anp as ns s text
        acme.toml:6:5: fields.2: "n" has no length; write n6 for always six, n..19 for up to nineteen behind a length of two digits"#]].assert_eq(&mistakes.to_string());
}

#[test]
fn a_file_that_is_not_there_and_a_name_that_is_none_say_so() {
    let mistakes = load(Path::new("there/is/none.toml")).unwrap_err();
    let found = mistakes.to_string();
    assert!(found.starts_with("there/is/none.toml:1:1: can not be read: "), "{found}");
    let foreign = load(Path::new("packager/iso87ascii.xml")).unwrap_err().to_string();
    let told = "packager/iso87ascii.xml:1:1: specifications of other programs (XML, JSON) can not be \
                read yet; write one in TOML, a line a field";
    assert_eq!(foreign, told);
    let Err(OpenError::Unknown(message)) = open("iso93-asci", Path::new("")) else { panic!() };
    assert_eq!(
        message,
        "\"iso93-asci\" is no dialect; did you mean \"iso93-ascii\"?; a file is named with .toml"
    );
    let Err(OpenError::File(_)) = open("iso93.toml", Path::new("there")) else { panic!() };
    assert_eq!(open("iso93-binary", Path::new("")).unwrap().dialect.name(), "iso93-binary");
}
