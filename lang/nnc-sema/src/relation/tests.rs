//! NeMo's own tests of neural types, one by one, and what is asked of repairs.
//!
//! The cases are those of NVIDIA/NeMo, tests/core/test_neural_types.py (Apache-2.0), each
//! under its name there. A type is written as in a program. What NeMo calls `A.compare(B)`
//! asks whether a value of type B may go where A is wanted, so that its answers read from
//! the other side: its GREATER is our `Less` for B. Where the answers are others, the test
//! says why.

use nnc_hir::{TensorType, Type};
use nnc_shape::Facts;

use super::{Known, Relation, compare, repair};
use crate::tests::check;

const DECLARED: &str = "
elem Signal<R: rate>
elem Acoustic
elem Channel
elem Spectrogram
elem Mel: Spectrogram
elem Mfcc: Spectrogram
elem BoundingBox
elem BadBoundingBox
kind image
dims B: batch, T: time @ 16kHz, S: time @ 8kHz, P: time, D: feat, C: chan, H: row, W: col, X, Y, I: image
";

/// The types of two parameters, and what the analysis knows.
fn with_types<R>(found: &str, wanted: &str, ask: impl FnOnce(Known<'_>, &Type, &Type) -> R) -> R {
    let text = format!("{DECLARED}fn f(found: {found}, wanted: {wanted}) -> f32[] = 0.0\n");
    let (_, analysis) = check(&[("main", &text)]);
    let errors: Vec<&str> = analysis.diagnostics.iter().map(|it| it.message.as_str()).collect();
    assert!(errors.is_empty(), "{found}, {wanted}: {errors:?}");
    let facts = Facts::default();
    let known = Known::new(&analysis.program, &facts).unwrap();
    let function = analysis.program.functions.values().next().unwrap();
    ask(known, &function.params[0].ty, &function.params[1].ty)
}

fn relation(found: &str, wanted: &str) -> Relation {
    with_types(found, wanted, compare)
}

/// What is to be written so that `x` fits.
fn told(found: &str, wanted: &str, operator: bool) -> Vec<String> {
    with_types(found, wanted, |known, found, wanted| {
        let tensor = |ty: &Type| -> TensorType { ty.as_tensor().unwrap().clone() };
        let repair = repair(known, &tensor(found), &tensor(wanted), operator);
        repair.map_or_else(Vec::new, |it| it.texts(known.program, "x"))
    })
}

#[test]
fn test_short_vs_long_version() {
    // There is one way to write an axis; a dim gives it its kind.
    assert_eq!(relation("Acoustic[B, D, P]", "Acoustic[B, D, P]"), Relation::Same);
}

#[test]
fn test_parameterized_type_audio_sampling_frequency() {
    let (wide, narrow) = ("Signal<16kHz>[B, P]", "Signal<8kHz>[B, P]");
    assert_eq!(relation(wide, narrow), Relation::ParametersIncompatible);
    assert_eq!(relation(narrow, wide), Relation::ParametersIncompatible);
    assert_eq!(relation(wide, wide), Relation::Same);
    // The rate belongs to the axis, too, where a stride divides it.
    assert_eq!(relation("f32[B, T]", "f32[B, S]"), Relation::SizeIncompatible { axis: 1 });
}

#[test]
fn test_transpose_same_1() {
    assert_eq!(relation("f32[B, P, C]", "f32[P, B, C]"), Relation::TransposedSame);
    assert_eq!(relation("f32[P, B, C]", "f32[B, P, C]"), Relation::TransposedSame);
    assert_eq!(
        told("f32[B, P, C]", "f32[P, B, C]", false),
        ["a transpose makes them equal: `let y[p, b, c] = x[b, p, c];`"]
    );
}

#[test]
fn test_transpose_same_2() {
    let (as_is, swapped) = ("Signal<16kHz>[B, P]", "Signal<16kHz>[P, B]");
    assert_eq!(relation(as_is, swapped), Relation::TransposedSame);
}

#[test]
fn test_inheritance_spec_augment_example() {
    let (input, mel, mfcc) = ("Spectrogram[B, D, P]", "Mel[B, D, P]", "Mfcc[B, D, P]");
    assert_eq!(relation(mfcc, mel), Relation::MeaningIncompatible);
    assert_eq!(relation(mel, mfcc), Relation::MeaningIncompatible);
    assert_eq!(relation(mel, input), Relation::Less);
    assert_eq!(relation(mfcc, input), Relation::Less);
    assert_eq!(relation(input, mel), Relation::Greater);
    assert_eq!(relation(input, mfcc), Relation::Greater);
}

#[test]
fn test_singletone() {
    assert_eq!(relation("f32[]", "f32[]"), Relation::Same);
}

#[test]
fn test_list_of_lists() {
    // Theirs only asserts that there is an answer, and asks in a comment whether it should
    // not be an incompatibility. A list of tensors is an array here, and no tensor.
    let lists = "[[f32[32, 128, 256]; P]; B]";
    assert_eq!(relation(lists, "f32[B, P, 32, 128, 256]"), Relation::Incompatible);
    assert_eq!(relation(lists, lists), Relation::Same);
    assert_eq!(relation("[f32[32]; 3]", "[f32[32]; 4]"), Relation::LengthIncompatible);
}

#[test]
fn test_void() {
    // VoidType takes every element; plain numbers do here, and forget what it meant, so
    // that the answer is `Less` and no `Same`.
    let (spectrogram, bad) = ("Spectrogram[B, P, C]", "Spectrogram[B, P]");
    assert_eq!(relation(spectrogram, "f32[B, P, C]"), Relation::Less);
    // Theirs is INCOMPATIBLE; ours says that a claim would do.
    assert_eq!(relation("f32[B, P, C]", spectrogram), Relation::Greater);
    assert_eq!(relation(bad, "f32[B, P, C]"), Relation::RankIncompatible);
}

#[test]
fn test_big_void() {
    // A type without axes that takes all axes is `..` here: any leading axes of plain
    // numbers. It is compared when a call binds it, so that a program shows it.
    let text = format!(
        "{DECLARED}fn any(x: f32[..]) -> f32[..] = x
fn f(x: Spectrogram[B, P, C], y: Spectrogram[B, P], z: Channel[B, P, 32, 128, 256]) -> f32[B, P] {{
    let a = any(x);
    let b = any(z);
    any(y)
}}\n"
    );
    let (_, analysis) = check(&[("main", &text)]);
    assert_eq!(analysis.diagnostics.len(), 0);
    // Lists of tensors are no tensors, which theirs takes as well.
    assert_eq!(relation("[[Channel[32]; P]; B]", "f32[B, P, 32]"), Relation::Incompatible);
}

#[test]
fn test_unspecified_dimensions() {
    // A size that is not given is a size that each call chooses: f32[B, P, C] takes 64 by
    // 10 by 128 where it is bound, and is not known to be that itself.
    let given = "Spectrogram[64, 10, 128]";
    assert_eq!(relation("Spectrogram[B, P, C]", given), Relation::SizeIncompatible { axis: 0 });
    let text = format!(
        "{DECLARED}fn any(x: Spectrogram[B, P, C]) -> f32[B, P, C] = x
fn f(x: {given}) -> f32[64, 10, 128] = any(x)\n"
    );
    let (_, analysis) = check(&[("main", &text)]);
    assert_eq!(analysis.diagnostics.len(), 0);
}

#[test]
fn test_any_axis() {
    // An axis of any kind is one without a kind; it matches in both directions, where
    // theirs refuses to give an axis of no kind to one that has one.
    let (void, any, kinds) = ("f32[B, X, Y]", "Spectrogram[B, X, Y]", "Spectrogram[B, P, C]");
    assert_eq!(relation(any, void), Relation::Less);
    // The sizes X and P are two sizes here until a call binds one to the other.
    assert_eq!(relation(kinds, any), Relation::SizeIncompatible { axis: 1 });
    assert_eq!(relation("Spectrogram[B, 7, 8]", any), Relation::SizeIncompatible { axis: 1 });
    let text = format!(
        "{DECLARED}fn void(x: {void}) -> {void} = x
fn any(x: {any}) -> {void} = x
fn kinds(x: {kinds}) -> f32[B, P, C] = x
fn a(x: {any}) -> {void} = void(x)
fn b(x: {kinds}) -> f32[B, P, C] = void(x)
fn c(x: {kinds}) -> f32[B, P, C] = any(x)
fn d(x: {any}) -> f32[B, X, Y] = kinds(x)
fn e(x: {void}) -> f32[B, X, Y] = any(x)\n"
    );
    let (_, analysis) = check(&[("main", &text)]);
    // Only the last is refused, for what it means: theirs refuses `d` as well.
    let said: Vec<&str> = analysis.diagnostics.iter().map(|it| it.code.0).collect();
    assert_eq!(said, ["E0301"]);
}

#[test]
fn test_struct() {
    // Fields of an element are parameters or a struct here; the names alone make two.
    assert_eq!(
        relation("BadBoundingBox[B, I]", "BoundingBox[B, I]"),
        Relation::MeaningIncompatible
    );
}

#[test]
fn repairs_are_the_least_that_fits() {
    let cases = [
        ("f32[B, D]", "f32[D]", true, ""),
        ("f32[D]", "f32[B, D]", true, "broadcast it on purpose: `x[_, d]`"),
        ("f32[B, 1]", "f32[B]", true, "take its only position: `x[b, 0]`"),
        ("f32[B]", "f32[B, 1]", true, "broadcast it on purpose: `x[b, _]`"),
        (
            "f32[B, 1]",
            "f32[B, D]",
            true,
            "take its only position and broadcast on purpose: `x[b, _, 0]`",
        ),
        (
            "f32[D]",
            "f32[B, D]",
            false,
            "repeat it along the axis that it lacks: `let y[b: B, d] = x[d];`",
        ),
        (
            "f32[B, P, D]",
            "f32[B, D]",
            false,
            "reduce what is too much: `let y[b, d] = mean[p] x[b, p, d];`",
        ),
        (
            "f32[B, H, W, C]",
            "f32[B, C, H, W]",
            false,
            "a transpose makes them equal: `let y[b, c, h, w] = x[b, h, w, c];`",
        ),
        (
            "f32[29, H, C]",
            "f32[29, C, H]",
            false,
            "a transpose makes them equal: `let y[i, c, h] = x[i, h, c];`",
        ),
        ("f32[B, 2*H]", "f32[B, H]", false, "crop it: `let y[b, r: H] = x[b, r];`"),
        (
            "f32[B, H]",
            "f32[B, 2*H]",
            false,
            "pad it with zeros: `let y[b, h: 2*H] = if h < H { x[b, h] } else { 0.0 };`",
        ),
        ("PadMask[B, P]", "Mask[B, P]", false, "negate it: `!x`"),
        ("f32[B, P]", "Mask[B, P]", false, "compare it: `x > 0.0`"),
        ("Prob[B, D]", "LogProb[B, D]", false, "take the logarithm: `log(x)`"),
        ("LogProb[B, D]", "Prob[B, D]", false, "undo the logarithm: `exp(x)`"),
        ("f32[B, D]", "f16[B, D]", false, "convert it: `x as f16`"),
        ("f32[B, D]", "Logits[B, D]", false, "if it is that, say so: `x as Logits`"),
        ("Mel[B, D]", "f32[B, D]", false, ""),
        ("int[B]", "Token<7>[B]", false, "if it is that, say so: `x as Token<7>`"),
        // What no repair changes.
        ("f32[B, D]", "f32[B, C]", false, ""),
        ("f32[B]", "Token<7>[B]", false, ""),
        ("f32[B, 2*D]", "f32[B, D]", false, ""),
    ];
    let mut report = String::new();
    for (found, wanted, operator, expected) in cases {
        let told = told(found, wanted, operator).join("; ");
        if told != expected {
            report.push_str(&format!("{found} for {wanted}: `{told}`, not `{expected}`\n"));
        }
    }
    assert!(report.is_empty(), "{report}");
}

#[test]
fn two_things_are_repaired_in_order() {
    assert_eq!(
        told("PadMask[P, B]", "Mask[B, P]", false),
        ["a transpose makes them equal: `let y[b, p] = x[p, b];`", "negate it: `!x`"]
    );
    assert_eq!(
        told("f32[S, B]", "f32[B, T]", false),
        ["resample it to 16kHz", "a transpose makes them equal: `let y[b, t] = x[t, b];`"]
    );
}

/// What a repair tells makes the value fit: each is put in a program, which checks.
#[test]
fn what_is_told_checks() {
    let pairs = [
        ("f32[B, P, C]", "f32[P, B, C]"),
        ("f32[D]", "f32[B, D]"),
        ("f32[B, P, D]", "f32[B, D]"),
        ("f32[B, 1]", "f32[B, D]"),
        ("f32[B, H, W, C]", "f32[B, C, H, W]"),
        ("f32[B, 2*H]", "f32[B, H]"),
        ("f32[B, H]", "f32[B, 2*H]"),
        ("f32[B, W, H]", "f32[B, 2*H, W]"),
        ("f32[1, D]", "f32[D]"),
    ];
    for (found, wanted) in pairs {
        let told = told(found, wanted, false);
        let [text] = told.as_slice() else { panic!("{found} for {wanted}: {told:?}") };
        let code = text.split('`').nth(1).unwrap();
        let (stmt, value) = match code.starts_with("let ") {
            true => (code, "y"),
            false => ("", code),
        };
        let text =
            format!("{DECLARED}fn f(x: {found}, w: {wanted}) -> {wanted} {{ {stmt} {value} }}\n");
        let (sources, analysis) = check(&[("main", &text)]);
        let said: String =
            analysis.diagnostics.iter().map(|it| crate::tests::render(&sources, it)).collect();
        assert_eq!(said, "", "{text}");
    }
}
