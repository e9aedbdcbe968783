//! A set of sizes as conditions on a variable.

use nnc_base::Name;

use super::{SizeSet, lcm};

/// More sizes than these that are out of line are told by where they end.
const MOST_NAMED: usize = 4;
/// Of more stretches of sizes than these no one reads the list.
const MOST_LISTED: usize = 32;
/// More remainders than these are told by those that are missing, if these are fewer.
const MOST_REMAINDERS: usize = 3;

impl SizeSet {
    /// Conditions that hold, of the sizes `within` another set, for those that are in this one
    /// and for no others, as a `where` clause says them. None if the two have the same sizes
    /// there; `None` if it takes more words than anyone would read.
    pub fn in_words(&self, within: &SizeSet, name: Name) -> Option<Vec<String>> {
        let inside = self.and(within)?;
        let outside = within.without(self)?;
        if outside.is_empty() {
            return Some(Vec::new());
        }
        if inside.is_finite() {
            return Some(vec![listed(&inside, name)?]);
        }
        let rule = Rule::of(&inside, &outside, name)?;
        // Below this size the rule does not hold of all sizes.
        let head = inside.head.len().max(outside.head.len());
        let broken = |at: &usize| {
            (inside.bit(*at) && !rule.has(inside.size(*at)))
                || (outside.bit(*at) && rule.has(inside.size(*at)))
        };
        let broken: Vec<usize> = (0..head).filter(broken).collect();
        let Some(last) = broken.last() else { return Some(rule.words) };
        let missing = broken.iter().all(|at| outside.bit(*at));
        if missing && broken.len() <= MOST_NAMED && inside.first()? < inside.size(broken[0]) {
            let others = broken.iter().map(|at| format!("{name} != {}", inside.size(*at)));
            return Some(others.chain(rule.words).collect());
        }
        // The first size from which the rule holds that is in the set.
        let start = (last + 1..).find(|at| inside.bit(*at))?;
        let below = SizeSet {
            least: inside.least,
            head: inside.head.iter().copied().take(last + 1).collect(),
            cycle: vec![false],
        };
        let mut start_at = inside.size(start);
        // `H >= 5` says more of an image than `H >= 6, H % 2 == 0` if both are right.
        if !(last + 1..start).any(|at| outside.bit(at)) {
            start_at = inside.size(last + 1);
        }
        let from = std::iter::once(format!("{name} >= {start_at}"));
        let above: Vec<String> = from.chain(rule.words).collect();
        if below.is_empty() {
            return Some(above);
        }
        Some(vec![format!("{} || {}", listed(&below, name)?, above.join(" && "))])
    }
}

/// The remainders that a size has, after the first few sizes.
struct Rule {
    divisor: i64,
    wanted: Vec<bool>,
    /// None if all sizes are wanted.
    words: Vec<String>,
}

impl Rule {
    /// For the smallest divisor by whose remainders the two sets can be told apart.
    fn of(inside: &SizeSet, outside: &SizeSet, name: Name) -> Option<Rule> {
        let period = lcm(inside.cycle.len(), outside.cycle.len())?;
        let start = inside.head.len().max(outside.head.len());
        let remainder = |at: usize, divisor: usize| {
            usize::try_from(inside.size(at).rem_euclid(i64::try_from(divisor).ok()?)).ok()
        };
        for divisor in (1..=period).filter(|it| period.is_multiple_of(*it)) {
            let mut wanted: Vec<Option<bool>> = vec![None; divisor];
            let mut apart = true;
            for at in start..start + period {
                let is = match (inside.bit(at), outside.bit(at)) {
                    (false, false) => continue,
                    (is, _) => is,
                };
                let known = &mut wanted[remainder(at, divisor)?];
                apart &= known.is_none_or(|it| it == is);
                *known = Some(is);
            }
            if apart {
                let words = remainders(&wanted, name)?;
                let divisor = i64::try_from(divisor).ok()?;
                let wanted = wanted.into_iter().map(|it| it == Some(true)).collect();
                return Some(Rule { divisor, wanted, words });
            }
        }
        None
    }

    fn has(&self, size: i64) -> bool {
        let at = usize::try_from(size.rem_euclid(self.divisor));
        at.is_ok_and(|at| self.wanted.get(at) == Some(&true))
    }
}

/// `H % 4 == 1 || H % 4 == 2`, or what is shortest. A remainder that is neither wanted nor
/// unwanted does not occur.
fn remainders(wanted: &[Option<bool>], name: Name) -> Option<Vec<String>> {
    let divisor = wanted.len();
    let of = |which: bool| -> Vec<usize> {
        (0..divisor).filter(|it| wanted[*it] == Some(which)).collect()
    };
    let (yes, no) = (of(true), of(false));
    let rest = format!("{name} % {divisor}");
    let (Some(first), Some(last)) = (yes.first(), yes.last()) else { return None };
    Some(match (yes.as_slice(), no.as_slice()) {
        (_, []) => Vec::new(),
        ([only], _) => vec![format!("{rest} == {only}")],
        (_, [only]) => vec![format!("{rest} != {only}")],
        _ if no.iter().all(|it| it > last) => vec![format!("{rest} <= {last}")],
        _ if no.iter().all(|it| it < first) => vec![format!("{rest} >= {first}")],
        _ if yes.len() <= MOST_REMAINDERS || yes.len() <= no.len() => {
            let each: Vec<String> = yes.iter().map(|it| format!("{rest} == {it}")).collect();
            vec![each.join(" || ")]
        }
        _ => no.iter().map(|it| format!("{rest} != {it}")).collect(),
    })
}

/// `H == 8 || H == 9`, of a set without end the sizes of its first stretch.
fn listed(sizes: &SizeSet, name: Name) -> Option<String> {
    let end = sizes.head.len() + sizes.cycle.len();
    let mut runs: Vec<(i64, i64)> = Vec::new();
    for size in (0..end).filter(|it| sizes.bit(*it)).map(|it| sizes.size(it)) {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == size => *last = size,
            _ => runs.push((size, size)),
        }
    }
    let run = |(first, last): &(i64, i64)| match last - first {
        0 => format!("{name} == {first}"),
        1 => format!("{name} == {first} || {name} == {last}"),
        _ => format!("{name} >= {first} && {name} <= {last}"),
    };
    let runs: Vec<String> = runs.iter().map(run).collect();
    (1..=MOST_LISTED).contains(&runs.len()).then(|| runs.join(" || "))
}
