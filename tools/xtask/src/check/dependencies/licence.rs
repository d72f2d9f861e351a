//! SPDX expressions: is what a package offers allowed? Knows `AND`, `OR`, `WITH`, brackets, and the
//! old `/` for `OR`; an expression that it can not read is not allowed.

/// Whether the licences of an expression can be met by those allowed.
pub(super) fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, allowed };
    let verdict = reader.alternatives();
    verdict == Some(true) && reader.words.is_empty()
}

/// What is left to read. Each method reads one level of the expression; `None` is a broken one.
struct Reader<'a> {
    words: &'a [&'a str],
    allowed: &'a [String],
}

impl<'a> Reader<'a> {
    /// `a OR b`: one of them is enough.
    fn alternatives(&mut self) -> Option<bool> {
        let mut verdict = self.together()?;
        while self.take("OR") {
            verdict |= self.together()?;
        }
        Some(verdict)
    }

    /// `a AND b`: both are needed.
    fn together(&mut self) -> Option<bool> {
        let mut verdict = self.single()?;
        while self.take("AND") {
            verdict &= self.single()?;
        }
        Some(verdict)
    }

    /// A licence, a licence with an exception, or brackets.
    fn single(&mut self) -> Option<bool> {
        if self.take("(") {
            let verdict = self.alternatives()?;
            return self.take(")").then_some(verdict);
        }
        let licence = self.next()?;
        let mut name = licence.to_owned();
        if self.take("WITH") {
            name = format!("{licence} WITH {}", self.next()?);
        }
        Some(self.allowed.contains(&name))
    }

    fn take(&mut self, word: &str) -> bool {
        match self.words.split_first() {
            Some((first, rest)) if *first == word => {
                self.words = rest;
                true
            }
            _ => false,
        }
    }

    fn next(&mut self) -> Option<&'a str> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        (!["(", ")", "AND", "OR", "WITH"].contains(first)).then_some(*first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(expression: &str) -> bool {
        let list = ["MIT", "Apache-2.0", "Unicode-3.0"].map(str::to_owned);
        is_allowed(expression, &list)
    }

    #[test]
    fn of_alternatives_one_is_enough() {
        assert!(allowed("MIT"));
        assert!(allowed("GPL-2.0-only OR MIT"));
        assert!(allowed("Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT"));
        assert!(allowed("MIT/GPL-2.0-only"));
        assert!(!allowed("GPL-2.0-only OR LGPL-2.1-or-later"));
    }

    #[test]
    fn of_licences_together_all_are_needed() {
        assert!(allowed("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(!allowed("MIT AND GPL-2.0-only"));
        assert!(allowed("GPL-2.0-only AND ISC OR MIT"));
    }

    #[test]
    fn an_exception_is_part_of_the_name() {
        assert!(!allowed("Apache-2.0 WITH LLVM-exception"));
    }

    #[test]
    fn what_can_not_be_read_is_not_allowed() {
        for broken in ["", "MIT OR", "(MIT", "MIT)", "MIT MIT", "AND MIT", "MIT WITH", "mit"] {
            assert!(!allowed(broken), "{broken}");
        }
    }
}
