//! A unit file as the lines that count. Must not know what any of them means.

/// The assignments of a unit file, whatever section they stand in, each with its line (counted from 1).
pub(super) struct Directives(Vec<(usize, String, String)>);

impl Directives {
    pub(super) fn read(text: &str) -> Self {
        let mut all = Vec::new();
        let mut lines = text.lines().zip(1_usize..);
        while let Some((line, number)) = lines.next() {
            if line.starts_with(['#', ';']) {
                continue;
            }
            let mut whole = line.to_owned();
            while let Some(begun) = whole.strip_suffix('\\') {
                let next = lines.next().map_or("", |(line, _)| line);
                whole = format!("{} {}", begun.trim_end(), next.trim_start());
            }
            if let Some((key, value)) = whole.split_once('=') {
                all.push((number, key.to_owned(), value.to_owned()));
            }
        }
        Self(all)
    }

    /// All that a key is given, with the lines.
    pub(super) fn all<'d>(&'d self, key: &'d str) -> impl Iterator<Item = (usize, &'d str)> {
        let of_key = self.0.iter().filter(move |(_, found, _)| found == key);
        of_key.map(|(line, _, value)| (*line, value.as_str()))
    }

    /// What a key is given last; empty when nothing.
    pub(super) fn last<'d>(&'d self, key: &'d str) -> &'d str {
        self.all(key).last().map_or("", |(_, value)| value)
    }

    /// Where that stands, or the first line.
    pub(super) fn line_of(&self, key: &str) -> usize {
        self.all(key).last().map_or(1, |(line, _)| line)
    }
}

/// A time in seconds, as `45s`; 0 for anything else.
pub(super) fn seconds(time: &str) -> u32 {
    time.strip_suffix('s').and_then(|digits| digits.parse().ok()).unwrap_or_default()
}
