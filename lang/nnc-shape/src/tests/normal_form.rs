//! What expressions look like after normalisation.

use crate::Dim;
use crate::tests::dim;

/// One line an expression, as it displays; every line must read back.
fn shown(texts: &str) -> String {
    let mut out = String::new();
    for text in texts.lines().map(str::trim).filter(|it| !it.is_empty()) {
        let normal = dim(text);
        assert_eq!(dim(&normal.to_string()), normal, "{normal}");
        out += &format!("{text}  =>  {normal}\n");
    }
    out
}

#[test]
fn expressions_show_in_normal_form() {
    let out = shown(
        "D*4 + 1
         (H - 1)//2 + 1
         (H + 2 - 3)//2 + 1
         (4*x + 3)//4
         (n - 400)//160 + 1
         (x//4 + 3)//2
         (x//a + k)//b
         (H + 2*p - k)//s + 1
         (D*N + N)//N
         (D*N + 3)//N
         (2*D)//(2*N)
         (D//N)*N
         T % 4
         (T + 7) % 4
         3*(T % 4)*D + 1
         D - D//2*2 + H
         T - 1 - T%4
         min(T, 512)
         min(T + 1, min(S, T))
         max(T - 1, 0)
         min(2*T, 6)
         5 - H
         -H
         D*D*D - D^2
         -1 // N
         x//0",
    );
    insta::assert_snapshot!(out, @"
    D*4 + 1  =>  4*D + 1
    (H - 1)//2 + 1  =>  (H + 1)//2
    (H + 2 - 3)//2 + 1  =>  (H + 1)//2
    (4*x + 3)//4  =>  x
    (n - 400)//160 + 1  =>  (n + 80)//160 - 2
    (x//4 + 3)//2  =>  (x + 4)//8 + 1
    (x//a + k)//b  =>  (a*k + x)//(a*b)
    (H + 2*p - k)//s + 1  =>  (H - k + 2*p)//s + 1
    (D*N + N)//N  =>  D + 1
    (D*N + 3)//N  =>  D + 3//N
    (2*D)//(2*N)  =>  D//N
    (D//N)*N  =>  N*(D//N)
    T % 4  =>  T % 4
    (T + 7) % 4  =>  (T + 3) % 4
    3*(T % 4)*D + 1  =>  3*D*(T % 4) + 1
    D - D//2*2 + H  =>  H + D % 2
    T - 1 - T%4  =>  4*(T//4) - 1
    min(T, 512)  =>  min(T, 512)
    min(T + 1, min(S, T))  =>  min(S, T)
    max(T - 1, 0)  =>  max(T, 1) - 1
    min(2*T, 6)  =>  2*min(T, 3)
    5 - H  =>  5 - H
    -H  =>  -H
    D*D*D - D^2  =>  D^3 - D^2
    -1 // N  =>  -1
    x//0  =>  x//0
    ");
}

#[test]
fn numbers_too_large_stay_apart_and_keep_their_value() {
    let most = Dim::constant(i64::MAX);
    let least = Dim::constant(i64::MIN);
    let t = Dim::var("T".into());
    let three = |_| Some(3);
    assert_eq!(least.eval(&three), Some(i64::MIN));
    assert_eq!((&most + 1).eval(&three), None);
    assert_eq!((&most + 1 - 1).eval(&three), Some(i64::MAX));
    assert_eq!((&least * -1 - 1).eval(&three), Some(i64::MAX));
    assert_eq!((&most * &t * 2 - &most * &t - &most * 2).eval(&three), Some(i64::MAX));
    assert_eq!((&t + 1).pow(4_000_000_000).eval(&three), None);
    assert_eq!((&t - 2).pow(4_000_000_000).eval(&three), Some(1));
}

#[test]
fn an_affine_expression_gives_its_parts() {
    let x = "x".into();
    let parts = dim("3*x*n + n//2 - x").affine_in(x);
    assert_eq!(parts, Some((dim("3*n - 1"), dim("n//2"))));
    assert_eq!(dim("x*x + 1").affine_in(x), None);
    assert_eq!(dim("x//2").affine_in(x), None);
    assert_eq!(dim("x*(x//2)").affine_in(x), None);
}

#[test]
fn text_that_is_no_dimension_says_where() {
    let message = |text: &str| Dim::parse(text).unwrap_err().to_string();
    insta::assert_snapshot!(message("H +"), @"not a dimension at byte 3: expected a number, a name or `(`");
    insta::assert_snapshot!(message("(H"), @"not a dimension at byte 2: expected `)`");
    insta::assert_snapshot!(message("H K"), @"not a dimension at byte 2: expected an operator");
    insta::assert_snapshot!(message("99999999999999999999"), @"not a dimension at byte 20: the number is too large");
    insta::assert_snapshot!(message(&"(".repeat(100_000)), @"not a dimension at byte 101: nested too deep");
}
