//! The pages of `nnc explain`, whichever phase tells the message.

use std::collections::BTreeSet;

/// The page of a message's code: what it means, a program that gives it, the repair.
pub fn explain(code: &str) -> Option<&'static str> {
    let own = PAGES.iter().find(|(it, _)| *it == code).map(|(_, page)| *page);
    let of_files = || nnc_weights::explain(code).or_else(|| nnc_transformer::explain(code));
    let of_rasp = || nnc_rasp::explain(code);
    nnc_sema::explain(code).or_else(of_files).or_else(of_rasp).or(own)
}

/// All codes that have a page, in order.
pub fn codes() -> BTreeSet<&'static str> {
    let own = PAGES.iter().map(|(code, _)| *code);
    let of_weights = nnc_weights::codes().chain(nnc_transformer::codes());
    nnc_sema::codes().chain(of_weights).chain(nnc_rasp::codes()).chain(own).collect()
}

const PAGES: &[(&str, &str)] = &[
    (
        "E0601",
        r#"# E0601: not yet on this target

The program is right, and the target has no code for something that it does. Nothing is run
slowly in its place.

Repair: run on the reference evaluator, `--target=evaluator`, or write the part in another
way; the message names the place."#,
    ),
    (
        "E0602",
        r#"# E0602: this cannot be planned

Memory and kernels are laid out before a program runs, for the greatest sizes that its entry
allows. Something here has no greatest size, or depends on a number that is known too late.

```nn
entry best = best with { B <= 8 }      # and `top_k(x, k)` with k an argument
```

Repair: fix the number in the model, or give the size a bound: `with { B <= 8, T <= 512 }`."#,
    ),
    (
        "E0701",
        r#"# E0701: an assertion does not hold

`nnc test` ran a `test` block, and an `assert` in it was false of at least one element.

```nn
test "doubling" {
    let x = [1.0, 2.0];
    assert x + x == [2.0, 5.0];
}
```

Repair: correct the expectation or the code. Floats that are computed in another order differ
in their last digits; compare them within a bound: `assert abs(a - b) < 1e-5`."#,
    ),
];

#[cfg(test)]
mod tests {
    use super::{codes, explain};

    #[test]
    fn every_code_has_one_page_that_names_it() {
        for code in codes() {
            let page = explain(code).unwrap();
            assert!(page.starts_with(&format!("# {code}: ")), "{code}: {page}");
        }
        assert!(explain("E9999").is_none());
    }
}
