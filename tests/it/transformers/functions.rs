//! What the functions of `tests/transformers/functions.nn` compute, in plain Rust.

/// A function's name there, and its values for a sequence of letters.
pub(super) type Function = (&'static str, fn(&[i64]) -> Vec<f64>);

/// All functions.
pub(super) const FUNCTIONS: &[Function] = &[
    ("long", |t| each(t, |_| t.len() as i64)),
    ("reversed", |t| each(t, |q| t[t.len() - 1 - q])),
    ("balance", |t| {
        let share = |q: usize, letter| count(&t[..=q], |it| it == letter) as f32 / (q + 1) as f32;
        (0..t.len()).map(|q| f64::from(share(q, 0) - share(q, 1))).collect()
    }),
    ("shuffled", |t| {
        let depth = |q: usize, open, close| {
            count(&t[..=q], |it| it == open) - count(&t[..=q], |it| it == close)
        };
        let last = t.len() - 1;
        let balanced = |open, close| {
            (0..=last).all(|q| depth(q, open, close) >= 0) && depth(last, open, close) == 0
        };
        each(t, |_| i64::from(balanced(0, 1) && balanced(2, 3)))
    }),
    ("counted", |t| each(t, |q| count(t, |it| it == t[q]))),
    ("sorted", |t| {
        let mut sorted = t.to_vec();
        sorted.sort_unstable();
        each(t, |q| sorted[q])
    }),
    ("by_frequency", |t| {
        let mut sorted = t.to_vec();
        sorted.sort_by_key(|letter| -count(t, |it| it == *letter));
        each(t, |q| sorted[q])
    }),
    ("share", |t| {
        let share = |q: usize| count(&t[..=q], |it| it == 2) as f32 / (q + 1) as f32;
        (0..t.len()).map(|q| f64::from(share(q))).collect()
    }),
    ("shifted", |t| each(t, |q| if q == 0 { -1 } else { t[q - 1] })),
    ("pattern", |t| each(t, |q| i64::from(t[..=q].ends_with(&[0, 1, 0])))),
    ("rare", |t| {
        let rare = t.iter().filter(|letter| count(t, |it| it == **letter) <= 2).count();
        each(t, |_| rare as i64)
    }),
    ("twos", |t| each(t, |_| count(t, |it| it == 2))),
    ("sorted_unique", |t| {
        let at = |p| t.iter().copied().find(|letter| count(t, |it| it < *letter) == p);
        each(t, |p| at(p as i64).unwrap_or(-1))
    }),
    ("doubly_counted", |t| {
        let often = |letter| count(t, |it| it == letter);
        each(t, |q| (0..4).filter(|it| often(*it) == often(t[q])).count() as i64)
    }),
    ("brackets", |t| {
        let mut depth = Some(0);
        each(t, |q| {
            let step = match t[q] {
                0 => 1,
                1 => -1,
                _ => 0,
            };
            depth = depth.map(|it| it + step).filter(|it| *it >= 0);
            verdict(depth)
        })
    }),
    ("brackets2", |t| {
        let mut open = Some(Vec::new());
        each(t, |q| {
            open = open.take().and_then(|mut open| match t[q] {
                0 | 2 => {
                    open.push(t[q]);
                    Some(open)
                }
                close => (open.pop() == Some(close - 1)).then_some(open),
            });
            verdict(open.as_ref().map(|it| it.len() as i64))
        })
    }),
    ("frequent", |t| {
        let mut letters: Vec<i64> = Vec::new();
        t.iter().for_each(|it| {
            if !letters.contains(it) {
                letters.push(*it);
            }
        });
        letters.sort_by_key(|letter| -count(t, |it| it == *letter));
        each(t, |q| letters.get(q).copied().unwrap_or(-1))
    }),
    ("next_identical", |t| {
        each(t, |q| (q + 1..t.len()).find(|k| t[*k] == t[q]).map_or(-1, |k| k as i64))
    }),
    ("looked_up_twice", |t| {
        let at = |q: usize| Some(t[q] as usize + 1).filter(|it| *it < t.len());
        each(t, |q| at(q).and_then(at).map_or(-1, |k| k as i64))
    }),
    ("defaults_stay_away", |t| {
        let other = |k: usize| t[k] != 0;
        let first = t.iter().position(|it| *it == 0);
        let once = |q: usize| match first {
            Some(first) if t[q] == 0 => other(first),
            _ => true,
        };
        let mean = |q: usize| {
            let selected: Vec<usize> = (0..t.len()).filter(|k| once(*k) || once(q)).collect();
            let some = selected.iter().filter(|k| other(**k)).count();
            if selected.is_empty() { 1.0 } else { some as f32 / selected.len() as f32 }
        };
        (0..t.len()).map(|q| f64::from(mean(q))).collect()
    }),
    ("first_not_less", |t| {
        each(t, |q| (0..t.len()).find(|k| *k != q && t[*k] >= t[q]).map_or(-1, |k| t[k]))
    }),
    ("greatest_before", |t| {
        let least = t.iter().min().unwrap();
        let place = t.iter().position(|it| it == least).unwrap() as i64;
        let most = |q: usize| t[..q].iter().copied().filter(|it| *it != 1).max();
        each(t, |q| most(q).unwrap_or(10 + place))
    }),
    ("signed_sums", |t| each(t, |q| t.iter().filter(|it| **it != t[q]).map(|it| 3 - 2 * it).sum())),
    ("neighbours", |t| {
        let at = |place: Option<usize>| place.and_then(|it| t.get(it)).copied().unwrap_or(0);
        each(t, |q| at(q.checked_sub(1)) + at(Some(q + 2)))
    }),
    ("every_one", |t| each(t, |q| i64::from((1..=q).all(|k| t[k] >= t[q])))),
];

fn each(tokens: &[i64], mut value: impl FnMut(usize) -> i64) -> Vec<f64> {
    (0..tokens.len()).map(|q| value(q) as f64).collect()
}

fn count(tokens: &[i64], is: impl Fn(i64) -> bool) -> i64 {
    tokens.iter().filter(|it| is(**it)).count() as i64
}

/// 0 for no beginning of a balanced sequence, 1 balanced, 2 a beginning.
fn verdict(depth: Option<i64>) -> i64 {
    match depth {
        None => 0,
        Some(0) => 1,
        Some(_) => 2,
    }
}
