//! The word that was probably meant. Knows words only.

/// `did you mean "X"?`, or which words there are.
pub(crate) fn suggestion(written: &str, words: &[&str]) -> String {
    match nearest(written, words) {
        Some(word) => format!("did you mean \"{word}\"?"),
        None => format!("there is: {}", words.join(", ")),
    }
}

/// The word nearest to what was written, when it is near enough to be worth naming.
fn nearest<'w>(written: &str, words: &[&'w str]) -> Option<&'w str> {
    let written = written.to_lowercase();
    let length = written.chars().count();
    let near = words.iter().map(|word| (distance(&written, word), *word));
    let (steps, word) = near.min_by_key(|near| near.0)?;
    (steps <= (length / 3).max(1)).then_some(word)
}

/// How many letters must be added, removed, changed or swapped with a neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = usize::from(a[i - 1] != b[j - 1]);
            let mut steps =
                (rows[i - 1][j] + 1).min(row[j - 1] + 1).min(rows[i - 1][j - 1] + change);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                steps = steps.min(rows[i - 2][j - 2] + 1);
            }
            row.push(steps);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_suggested_when_it_is_near() {
        let words = ["name", "version", "bitmap"];
        assert_eq!(suggestion("btimap", &words), "did you mean \"bitmap\"?");
        assert_eq!(suggestion("Version", &words), "did you mean \"version\"?");
        assert_eq!(suggestion("zzz", &words), "there is: name, version, bitmap");
        assert_eq!((distance("name", "name"), distance("", "abc")), (0, 3));
    }
}
