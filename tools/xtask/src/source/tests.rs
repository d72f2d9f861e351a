//! Code, comments, literals and test modules are told apart.

use super::*;

fn words(text: &str) -> Vec<String> {
    Rust::new(text).words().map(|word| word.text.to_owned()).collect()
}

#[test]
fn words_in_comments_and_literals_are_not_code() {
    assert_eq!(
        words("let a = 1; // unsafe\n/* unsafe /* x */ unsafe */ b"),
        ["let", "a", "1", "b"]
    );
    assert_eq!(
        words(r#"a("unsafe \" unsafe", 'u', '\'', b"unsafe", c"unsafe") b"#),
        ["a", "b", "c", "b"]
    );
    assert_eq!(words(r###"a(r"\", br#"unsafe " unsafe"#, r##"x"# "##) b"###), ["a", "b"]);
}

#[test]
fn a_lifetime_does_not_open_a_character() {
    assert_eq!(
        words("fn a<'a>(b: &'a str) { unsafe {} }"),
        ["fn", "a", "a", "b", "a", "str", "unsafe"]
    );
}

#[test]
fn a_word_that_ends_in_r_does_not_open_a_raw_string() {
    assert_eq!(words(r#"for"x" b; r#type"#), ["for", "b", "r", "type"]);
}

#[test]
fn a_literal_that_never_ends_takes_the_rest() {
    for text in ["a \"b", "a r#\"b", "a /* b", "a 'b", "a \"b\\", "a '"] {
        assert_eq!(words(text).first().map(String::as_str), Some("a"), "{text}");
    }
}

#[test]
fn comments_are_kept_with_their_lines() {
    let rust = Rust::new("let a = \"// no\";\nlet b; // yes\n");
    let lines: Vec<&str> = rust.comments.lines().map(str::trim).collect();
    assert_eq!(lines, ["", "// yes"]);
}

#[test]
fn words_know_their_line_and_what_stands_around_them() {
    let rust = Rust::new("a\n  fn b(c)");
    let word = rust.words().find(|word| word.text == "b").unwrap();
    assert_eq!(word, Word { line: 2, text: "b", before: "  fn ", after: "(c)" });
}

#[test]
fn test_modules_are_found_by_their_braces() {
    let text =
        "fn a() {}\n\n#[cfg(test)]\n#[expect(x)]\nmod tests {\n    fn b() {}\n}\n\nfn c() {}\n";
    let rust = Rust::new(text);
    let tests: Vec<usize> = (1..=9).filter(|&line| rust.is_test_line(line)).collect();
    assert_eq!(tests, [3, 4, 5, 6, 7]);
}

#[test]
fn test_modules_under_other_conditions_count_too() {
    assert!(Rust::new("#[cfg(all(test, loom))]\nmod models {\n}\n").is_test_line(2));
    assert!(!Rust::new("#[cfg(not(test))]\nmod real {\n}\n").is_test_line(2));
    assert!(!Rust::new("#[cfg(test)]\nmod tests;\n\nmod next {\n}\n").is_test_line(4));
    assert!(!Rust::new("#[cfg(test)]\nuse a::B;\n\nmod next {\n}\n").is_test_line(4));
}
