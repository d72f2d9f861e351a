//! The word that was probably meant. Knows words only.

/// The word nearest to what was written, when it is near enough to be worth naming.
pub(super) fn nearest<'w>(
    written: &str,
    words: impl IntoIterator<Item = &'w str>,
) -> Option<&'w str> {
    let length = written.chars().count();
    let (steps, word) =
        words.into_iter().map(|word| (distance(written, word), word)).min_by_key(|near| near.0)?;
    (steps <= (length / 3).max(1)).then_some(word)
}

/// `; did you mean "X"?`, or which words there are.
pub(super) fn suggestion<'w>(
    written: &str,
    words: impl IntoIterator<Item = &'w str> + Clone,
) -> String {
    if let Some(word) = nearest(written, words.clone()) {
        return format!("did you mean \"{word}\"?");
    }
    let words: Vec<&str> = words.into_iter().collect();
    match words.as_slice() {
        [] => "there is none to choose from".into(),
        words => format!("there is: {}", words.join(", ")),
    }
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
    fn a_slip_of_the_finger_is_one_step() {
        assert_eq!(distance("timeout", "timeout"), 0);
        assert_eq!(distance("timout", "timeout"), 1);
        assert_eq!(distance("tiemout", "timeout"), 1);
        assert_eq!(distance("", "abc"), 3);
    }

    #[test]
    fn a_word_too_far_away_is_not_suggested() {
        let words = ["name", "role", "dialect"];
        assert_eq!(nearest("dialcet", words), Some("dialect"));
        assert_eq!(nearest("nam", words), Some("name"));
        assert_eq!(nearest("zzz", words), None);
        assert_eq!(suggestion("zzz", words), "there is: name, role, dialect");
        assert_eq!(suggestion("zzz", []), "there is none to choose from");
    }
}
