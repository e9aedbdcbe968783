//! Which name a person may have meant.

/// A name that is so much longer or shorter is another one.
const MOST_MORE: usize = 4;

/// The name in `names` that a person may have meant, if one is near.
pub fn nearest<'n>(wrong: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    // Of names of a letter or two, every other is near.
    let limit = match wrong.chars().count() {
        0..=2 => 0,
        length => (length / 3).max(1),
    };
    let wrong_chars: Vec<char> = wrong.chars().collect();
    names
        .into_iter()
        .filter(|name| *name != wrong)
        .filter_map(|name| Some((distance_within(limit, wrong, &wrong_chars, name)?, name)))
        .min()
        .map(|(_, name)| name)
}

/// How far a name is, if not further than `limit`; one that differs in case only is always
/// as near as one letter.
fn distance_within(limit: usize, wrong: &str, wrong_chars: &[char], name: &str) -> Option<usize> {
    if wrong.eq_ignore_ascii_case(name) {
        return Some(1);
    }
    // A letter has at most four bytes, so that most names are out without being read.
    if wrong_chars.len() > name.len() + limit || wrong_chars.len() + limit < name.len() / 4 {
        return None;
    }
    let name: Vec<char> = name.chars().collect();
    let (mut left, mut right) = (wrong_chars, name.as_slice());
    if left.len().abs_diff(right.len()) > limit.min(MOST_MORE) {
        return None;
    }
    // What both begin and end with costs nothing.
    while let ([a, left_rest @ ..], [b, right_rest @ ..]) = (left, right)
        && a == b
    {
        (left, right) = (left_rest, right_rest);
    }
    while let ([left_rest @ .., a], [right_rest @ .., b]) = (left, right)
        && a == b
    {
        (left, right) = (left_rest, right_rest);
    }
    edit_distance(left, right, limit)
}

/// How many letters must be put in, taken out, replaced or swapped, if not more than `limit`.
fn edit_distance(left: &[char], right: &[char], limit: usize) -> Option<usize> {
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
        // A swap looks two rows back, and costs one.
        if next.iter().chain(&row).all(|it| *it > limit) {
            return None;
        }
        before = std::mem::replace(&mut row, next);
    }
    Some(row[right.len()]).filter(|it| *it <= limit)
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
