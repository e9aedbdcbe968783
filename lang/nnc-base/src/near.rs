//! Which name a person may have meant.

/// The name in `names` that a person may have meant, if one is near.
pub fn nearest<'n>(wrong: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    // Of names of a letter or two, every other is near.
    let limit = match wrong.chars().count() {
        0..=2 => 0,
        length => (length / 3).max(1),
    };
    let near = |distance: usize, name: &str| distance <= limit || wrong.eq_ignore_ascii_case(name);
    names
        .into_iter()
        .map(|name| (edit_distance(wrong, name), name))
        .filter(|(distance, name)| near(*distance, name) && *name != wrong)
        .min()
        .map(|(_, name)| name)
}

/// How many letters must be put in, taken out, replaced or swapped; case costs nothing
/// but counts as one in all.
fn edit_distance(left: &str, right: &str) -> usize {
    if left.eq_ignore_ascii_case(right) {
        return usize::from(left != right);
    }
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    if left.len().abs_diff(right.len()) > 4 {
        return usize::MAX;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let mut best = (row[j] + usize::from(a != b)).min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && *a == right[j - 1] && left[i - 1] == *b {
                best = best.min(before[j - 1] + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_is_forgiven_and_another_word_is_not() {
        let names = ["weight", "bias", "running_mean"];
        assert_eq!(nearest("wieght", names), Some("weight"));
        assert_eq!(nearest("Bias", names), Some("bias"));
        assert_eq!(nearest("scale", names), None);
        assert_eq!(nearest("bias", ["bias"]), None);
        assert_eq!(nearest("F", ["B", "D"]), None);
        assert_eq!(nearest("t", ["T"]), Some("T"));
    }
}
