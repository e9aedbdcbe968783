//! The pages of `nnc explain` for what no transformer computes.

/// The page of a message's code: what it means, an example, the repair.
pub fn explain(code: &str) -> Option<&'static str> {
    PAGES.iter().find(|(it, _)| *it == code).map(|(_, page)| *page)
}

/// All codes that have a page, in order.
pub fn codes() -> impl Iterator<Item = &'static str> {
    PAGES.iter().map(|(code, _)| *code)
}

const PAGES: &[(&str, &str)] = &[
    (
        "E0730",
        r#"# E0730: this is no select-aggregate program

`nnc build --as-transformer` makes the weights of a transformer out of a function of the
form that RASP has: functions of single values, selectors that compare what stands at two
positions, and reductions over the selected positions. Each reduction becomes an attention
head and each function part of an MLP. Something here is none of these.

```nn
dims T: time, V: vocab

pub fn smoothed(tok: Token<V>[T]) -> f32[T] {
    let x[k] = tok[k] as f32;
    let y[q: T, k] = softmax[k] x[k];       # the weights of a head are not themselves a value
    let z[q] = sum[k] y[q, k] * x[k];
    z
}
```

Repair: write it with `count`, `sum`, `mean`, `any`, `all`, `pick`, `max` and `min` under a
guard. The function takes the tokens alone: numbers such as the brackets of `dyck1` are given
by a function around it, `fn f(tok: Token<4>[T]) -> int[T] = dyck1(tok, 0, 1)`."#,
    ),
    (
        "E0731",
        r#"# E0731: this reduction is no aggregate

One attention head selects keys by comparing them with the query, and takes what stands at the
selected keys. What is taken cannot depend on the query as well.

```nn
dims T: time, V: vocab

pub fn distances(tok: Token<V>[T]) -> int[T] {
    let d[q] = sum[k | tok[k] == tok[q]] (if k < q { q - k } else { k - q });
    d
}
```

Repair: move what concerns both positions into the guard, or combine the aggregates with the
query's value afterwards: the sum of `q - k` over selected keys is `n * q` less the sum of `k`."#,
    ),
    (
        "E0732",
        r#"# E0732: too many values

Every value that an operation may have is a direction of the transformer's residual stream,
and a function of several operations has a hidden unit for each combination of their values
that makes a difference. The message names the operations and how many values each has for the
greatest length.

```nn
dims T: time, V: vocab

pub fn mixed(tok: Token<V>[T]) -> int[T] {
    let s[q] = sum[k | k <= q] (tok[k] * 1000);       # thousands of sums
    let p[q] = sum[k | k >= q] (tok[k] * k);
    let out[q] = s[q] * p[q];                         # and all their products
    out
}
```

Repair: compile for a smaller length or vocabulary (`--size T=8`), or reduce values to classes
(a comparison, a `min`) before they are combined."#,
    ),
    (
        "E0733",
        r#"# E0733: a value that no weight can hold

An operation may be infinite or no number for some input: mostly a mean over a selector that
selects nothing, which divides 0 by 0.

```nn
dims T: time, V: vocab

pub fn before(tok: Token<V>[T]) -> f32[T] {
    let y[q: T] = mean[k | k < q] (tok[k] as f32);    # position 0 selects nothing
    y
}
```

Repair: say what stands there. A selector that every query satisfies itself, such as `k <= q`,
is seen to select something; otherwise count first:
`let y[q] = if n[q] == 0 { 0.0 } else { total[q] / (n[q] as f32) };`"#,
    ),
    (
        "E0734",
        r#"# E0734: this sum of floats depends on their order

Floats such as 0.1 are rounded at every addition, so that their sum depends on the order in
which they come, and no transformer gives exactly the function's value.

```nn
dims T: time, V: vocab

pub fn tenths(tok: Token<V>[T]) -> f32[T] {
    let y[q: T] = sum[k | k <= q] (if tok[k] == 0 { 0.1 } else { 0.2 });
    y
}
```

Repair: sum integers, or multiples of a power of two, and scale afterwards:
`let n[q: T] = sum[k | k <= q] (if tok[k] == 0 { 1 } else { 2 });` and `0.1 * (n[q] as f32)`."#,
    ),
    (
        "E0735",
        r#"# E0735: attention scores would be too large

A head that takes the first selected position, or the one with the greatest value, gives each
position and each value its own score. Scores are integers that f32 holds exactly, so less
than 2^24.

Repair: compile for a smaller length (`--size T=16`), or compare values of which there are
fewer."#,
    ),
];

#[cfg(test)]
mod tests {
    use super::{codes, explain};

    #[test]
    fn every_code_has_one_page_that_names_it() {
        for code in codes() {
            let page = explain(code).unwrap_or_default();
            assert!(page.starts_with(&format!("# {code}: ")), "{code}: {page}");
        }
        assert!(explain("E9999").is_none());
    }
}
