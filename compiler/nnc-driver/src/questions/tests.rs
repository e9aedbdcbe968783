mod chains;

use super::fill;
use crate::{Filling, Session, Verdict};
use nnc_base::Name;
use nnc_sema::Bounds;

/// What fits into the hole of a space of this type, where these sizes are even.
fn filled(arrow: &str, even: &str, configs: &[(&str, i64)]) -> Filling {
    let text = format!(
        "dims B: batch, C: chan, K: chan, H: row, W: col, D: feat, F: feat
         space Cell<C, K, D, F>{even} {{
             hole it: {arrow} in {{ }}
         }}"
    );
    let session = Session::from_text("cell", &text);
    let named = configs.iter().map(|(name, most)| (Name::new(name), *most)).collect();
    let mut sources = session.sources().clone();
    let mut fillings =
        fill(&session, &mut sources, Some("it"), &Bounds { most: 1, named }).unwrap();
    assert_eq!(fillings.len(), 1);
    fillings.remove(0)
}

/// `(n + 2*p - d*(k - 1) - 1) // s + 1` where the window fits: what a convolution makes of
/// `n` pixels. Dumoulin and Visin, 2016, relationship 15.
fn convolved(n: i64, [k, s, d, p]: [i64; 4]) -> Option<i64> {
    let room = n + 2 * p - d * (k - 1) - 1;
    (room >= 0).then(|| room / s + 1)
}

/// Wu, Saxena and Jain, 2021: all operations of a hole's type are found, and no others.
#[test]
fn the_convolutions_that_fit_are_those_of_a_sweep() {
    type Wanted = fn(i64) -> i64;
    let holes: [(&str, &str, Wanted, i64); 3] = [
        ("f32[B, C, H, W] -> f32[B, K, H, W]", "", |n| n, 1),
        ("f32[B, C, H, W] -> f32[B, K, H/2, W/2]", " where H % 2 == 0, W % 2 == 0", |n| n / 2, 2),
        ("f32[B, C, H, W] -> f32[B, K, H + 2, W + 2]", "", |n| n + 2, 1),
    ];
    for (arrow, even, wanted, step) in holes {
        let filling = filled(arrow, even, &[("k", 9), ("s", 4), ("d", 4), ("p", 5)]);
        let mut seen = [0; 3];
        let mut wrong = Vec::new();
        for fitting in filling.fittings.iter().filter(|it| it.text.starts_with("Conv2d<C, K>")) {
            let value = |name: &str| {
                let found = fitting.settings.iter().find(|(it, _)| it.as_str() == name);
                found.map(|it| it.1).unwrap()
            };
            let setting = ["k", "s", "d", "p"].map(value);
            let sizes = (1..=192).filter(|n| n % step == 0);
            let fits: Vec<bool> = sizes.map(|n| convolved(n, setting) == Some(wanted(n))).collect();
            // What fits a few sizes only, the smallest, does not fit under a guard.
            let all = fits.iter().all(|it| *it);
            let none = !fits[fits.len() / 2..].contains(&true);
            let right = match fitting.verdict {
                Verdict::Equal => all,
                Verdict::Guarded(_) => !all && !none,
                Verdict::Refuted { .. } => none,
            };
            seen[if all { 0 } else { 1 + usize::from(none) }] += 1;
            if !right {
                wrong.push(format!("{setting:?}: {:?}, all {all}, none {none}", fitting.verdict));
            }
        }
        assert_eq!(seen.iter().sum::<i32>(), 9 * 4 * 4 * 6, "{arrow}");
        assert!(seen[0] > 5, "{arrow}: {seen:?}");
        assert!(wrong.is_empty(), "{arrow}: {} wrong\n{}", wrong.len(), wrong.join("\n"));
    }
}

#[test]
fn layers_and_functions_of_the_library_and_the_program_fit() {
    let filling = filled("f32[B, D] -> f32[B, F]", "", &[]);
    let verdict = |text: &str| &filling.fittings.iter().find(|it| it.text == text).unwrap().verdict;
    assert_eq!(verdict("Linear<D, F>"), &Verdict::Equal);
    assert!(matches!(verdict("RmsNorm<D>"), Verdict::Guarded(it) if it == &["D == F"]));
    assert!(matches!(verdict("gelu"), Verdict::Guarded(it) if it == &["D == F"]));
    let same = filled("f32[B, C, H, W] -> f32[B, C, H, W]", "", &[]);
    let group = same.fittings.iter().find(|it| it.text == "GroupNorm<C>").unwrap();
    assert_eq!(group.verdict, Verdict::Guarded(vec!["C % 32 == 0".to_owned()]));
    let nothing = filled("f32[B, D] -> f32[B, D + 1, 3]", "", &[]);
    assert!(nothing.fittings.iter().all(|it| matches!(it.verdict, Verdict::Refuted { .. })));
}

#[test]
fn a_layer_with_too_many_settings_is_told_and_not_cut_short() {
    let all = ["kh", "kw", "sh", "sw", "dh", "dw", "ph", "pw"].map(|name| (name, 4));
    let filling = filled("f32[B, C, H, W] -> f32[B, K, H, W]", "", &all);
    let count = 4_u64.pow(6) * 5_u64.pow(2);
    assert_eq!(filling.too_many, [(Name::new("RectConv2d"), count)]);
    assert!(!filling.fittings.iter().any(|it| it.text.starts_with("RectConv2d")));
}

#[test]
fn holes_that_are_not_there_are_told() {
    let session = Session::from_text("none", "dims B: batch");
    let mut sources = session.sources().clone();
    let error =
        fill(&session, &mut sources, None, &Bounds { most: 1, named: Vec::new() }).unwrap_err();
    assert_eq!(error.to_string(), "the program has no holes");
}
