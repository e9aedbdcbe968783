//! Indices in the names of stored tensors.

/// What stands in the braces of a stored name: `i`, `i+1`, `2*i`, `3*i + 2`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StoredIndex<'t> {
    pub name: &'t str,
    pub times: i64,
    pub plus: i64,
}

impl<'t> StoredIndex<'t> {
    /// `None` for what is no index, or has greater numbers than files have.
    pub fn parse(inside: &'t str) -> Option<StoredIndex<'t>> {
        let (product, plus) = match inside.split_once('+') {
            Some((product, plus)) => (product.trim(), number(plus)?),
            None => (inside.trim(), 0),
        };
        let (times, name) = match product.split_once('*') {
            Some((times, name)) => (number(times)?, name.trim()),
            None => (1, product),
        };
        let first = name.chars().next()?;
        let is_name = first.is_ascii_lowercase()
            && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        (is_name && times >= 1).then_some(StoredIndex { name, times, plus })
    }

    /// The number in the name for a number of the index.
    pub fn shown(&self, index: i64) -> Option<i64> {
        index.checked_mul(self.times)?.checked_add(self.plus)
    }

    /// The number of the index for which the name has this number.
    pub fn index(&self, shown: i64) -> Option<i64> {
        let product = shown.checked_sub(self.plus)?;
        (product >= 0 && product % self.times == 0).then(|| product / self.times)
    }
}

fn number(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number < 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::StoredIndex;

    #[test]
    fn an_index_is_moved_and_stretched() {
        for (text, times, plus) in
            [("i", 1, 0), ("i+1", 1, 1), ("2*i", 2, 0), ("3 * i + 12", 3, 12)]
        {
            let index = StoredIndex::parse(text).unwrap();
            assert_eq!((index.name, index.times, index.plus), ("i", times, plus));
            for at in 0..9 {
                assert_eq!(index.index(index.shown(at).unwrap()), Some(at));
            }
        }
        let odd = StoredIndex::parse("2*i+1").unwrap();
        assert_eq!((odd.index(0), odd.index(4), odd.index(7)), (None, None, Some(3)));
    }

    #[test]
    fn what_is_no_index_is_none() {
        for text in
            ["", "I", "i-1", "i*2", "0*i", "i+", "+1", "2", "i+j", "i+1000000", "i+-1", "a b"]
        {
            assert_eq!(StoredIndex::parse(text), None, "{text}");
        }
    }
}
