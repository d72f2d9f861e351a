//! Tells code from comments and literals in Rust text. Knows how each of them begins and ends, no more.

/// Cuts a text into its code and its comments; both keep the lines of the whole.
pub(super) fn cut(text: &str) -> (String, String) {
    let bytes = text.as_bytes();
    let mut code = blank(bytes);
    let mut comments = blank(bytes);
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let (kind, length) = piece(rest, at.checked_sub(1).map(|before| bytes[before]));
        let target = match kind {
            Kind::Code => Some(&mut code),
            Kind::Comment => Some(&mut comments),
            Kind::Literal => None,
        };
        if let Some(target) = target {
            target[at..at + length].copy_from_slice(&rest[..length]);
        }
        at += length;
    }
    (into_text(code), into_text(comments))
}

enum Kind {
    Code,
    Comment,
    Literal,
}

/// What the text begins with, and how many bytes of it; `before` is the byte in front of it.
fn piece(rest: &[u8], before: Option<u8>) -> (Kind, usize) {
    if rest.starts_with(b"//") {
        return (Kind::Comment, rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len()));
    }
    if rest.starts_with(b"/*") {
        return (Kind::Comment, block_comment(rest));
    }
    if !before.is_some_and(is_word)
        && let Some(length) = raw_string(rest)
    {
        return (Kind::Literal, length);
    }
    match rest[0] {
        b'"' => (Kind::Literal, quoted(rest, b'"')),
        b'\'' if is_character(rest) => (Kind::Literal, quoted(rest, b'\'')),
        _ => (Kind::Code, 1),
    }
}

/// The length of a block comment; they nest.
fn block_comment(rest: &[u8]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// The length of a raw string (`r"..."`, `br#"..."#` and so on), if one begins here.
fn raw_string(rest: &[u8]) -> Option<usize> {
    let prefix = [&b"br"[..], b"cr", b"r"].into_iter().find(|prefix| rest.starts_with(prefix))?;
    let after = &rest[prefix.len()..];
    let hashes = after.iter().take_while(|&&b| b == b'#').count();
    if after.get(hashes) != Some(&b'"') {
        return None;
    }
    let mut end = vec![b'"'];
    end.extend_from_slice(&after[..hashes]);
    let body = &after[hashes + 1..];
    let found = body.windows(end.len()).position(|window| window == end);
    let length = found.map_or(body.len(), |position| position + end.len());
    Some(prefix.len() + hashes + 1 + length)
}

/// The length of a literal from its first quote to its last.
fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// Whether a quote begins a character; otherwise it begins the name of a lifetime.
fn is_character(rest: &[u8]) -> bool {
    match rest.get(1) {
        None => false,
        Some(b'\\') => true,
        // A character of two to four bytes is never a lifetime in ASCII sources.
        Some(byte) => !byte.is_ascii() || rest.get(2) == Some(&b'\''),
    }
}

fn is_word(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

/// The lines of a text, empty.
fn blank(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|&byte| if byte == b'\n' { b'\n' } else { b' ' }).collect()
}

fn into_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("pieces begin and end at whole characters")
}
