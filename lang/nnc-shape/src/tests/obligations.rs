//! Questions that checking real programs asks.

use crate::tests::{dim, fact, facts};
use crate::{Answer, Facts};

/// Answers one question a line.
pub(super) fn answers(given: &str, questions: &str) -> String {
    let facts = facts(given);
    let mut out = String::new();
    for question in questions.lines().map(str::trim).filter(|it| !it.is_empty()) {
        out += &format!("{question}: {}\n", shown(&facts.ask(&fact(question))));
    }
    out
}

pub(super) fn shown(answer: &Answer) -> String {
    match answer {
        Answer::Proven => "proven".to_owned(),
        Answer::Refuted(Some(witness)) => format!("refuted, {witness}"),
        Answer::Refuted(None) => "refuted".to_owned(),
        Answer::Unproven { witness, guard } => {
            let mut out = "unproven".to_owned();
            if let Some(witness) = witness {
                out += &format!(", {witness}");
            }
            if let Some(guard) = guard {
                out += &format!(", needs {guard}");
            }
            out
        }
    }
}

fn quotient(facts: &Facts, dividend: &str, divisor: &str) -> String {
    match facts.exact_div(&dim(dividend), &dim(divisor)) {
        Ok(quotient) => quotient.to_string(),
        Err(answer) => shown(&answer),
    }
}

#[test]
fn convolutions() {
    insta::assert_snapshot!(answers("", "
        (H - 1)//2 + 1 == (H + 2 - 3)//2 + 1
        (H - 1)//s + 1 == (H + 2*1 - 3)//s + 1
        (H - 1)//s + 1 == (H - 1)//s + 1
        (H + 2*3 - 7)//1 + 1 == H
        H//2 == (H + 2*1 - 3)//2 + 1
        (H + 2*1 - 4)//2 + 1 == H//2
        16*(H//16) == H
        H % 16 == 0
        2*(H//2) == (H + 1)//2*2
        (H//2)//2 == H//4
        (H + 2*p - k)//s + 1 >= 1
        (H - 3)//2 + 1 >= 1
        "), @"
    (H - 1)//2 + 1 == (H + 2 - 3)//2 + 1: proven
    (H - 1)//s + 1 == (H + 2*1 - 3)//s + 1: proven
    (H - 1)//s + 1 == (H - 1)//s + 1: proven
    (H + 2*3 - 7)//1 + 1 == H: proven
    H//2 == (H + 2*1 - 3)//2 + 1: unproven, H = 1 gives 0 and 1, needs H % 2 == 0
    (H + 2*1 - 4)//2 + 1 == H//2: proven
    16*(H//16) == H: unproven, H = 1 gives 0 and 1, needs H % 16 == 0
    H % 16 == 0: unproven, H = 1 gives 1 and 16, needs H % 16 == 0
    2*(H//2) == (H + 1)//2*2: unproven, H = 1 gives 0 and 2, needs H % 2 == 0
    (H//2)//2 == H//4: proven
    (H + 2*p - k)//s + 1 >= 1: unproven, H = 1, k = 4, p = 1, s = 1 give 0 and 1, needs H + 2*p >= k
    (H - 3)//2 + 1 >= 1: unproven, H = 1 gives 0 and 1, needs H >= 3
    ");
    insta::assert_snapshot!(answers("H % 2 == 0", "
        H//2 == (H + 2*(3//2) - 3)//2 + 1
        H//2 == (H + 2*(5//2) - 5)//2 + 1
        H//2 == (H + 2*(7//2) - 7)//2 + 1
        H//2 == (H - 1)//2 + 1
        2*(H//2) == H
        (H + 1) % 2 == 0
        H % 4 == 0
        H//2 >= 1
        (3*H) % 6 == 0
        "), @"
    H//2 == (H + 2*(3//2) - 3)//2 + 1: proven
    H//2 == (H + 2*(5//2) - 5)//2 + 1: proven
    H//2 == (H + 2*(7//2) - 7)//2 + 1: proven
    H//2 == (H - 1)//2 + 1: proven
    2*(H//2) == H: proven
    (H + 1) % 2 == 0: refuted, H = 2 gives 3 and 2
    H % 4 == 0: unproven, H = 2 gives 2 and 4, needs H % 4 == 0
    H//2 >= 1: proven
    (3*H) % 6 == 0: proven
    ");
    insta::assert_snapshot!(answers("H + 2*p >= k; W + 2*p >= k", "
        (H + 2*p - k)//s + 1 >= 1
        (H + 2*p - k)//2 >= 0
        H + 2*p - k >= 0
        H >= k
        "), @"
    (H + 2*p - k)//s + 1 >= 1: proven
    (H + 2*p - k)//2 >= 0: proven
    H + 2*p - k >= 0: proven
    H >= k: unproven, H = 1, k = 2 give 1 and 2, needs H >= k
    ");
}

#[test]
fn heads() {
    insta::assert_snapshot!(answers("D % N == 0", "
        N*(D//N) == D
        D//N*N == D
        D + 2*(D//N) == N*(D//N) + 2*(D//N)
        (D + 2*(D//N)) % (D//N) == 0
        D % N == 0
        (3*D) % N == 0
        (D + N - 1)//N == D//N
        D >= N
        D//N >= 1
        D % 64 == 0
        N*(F//N) == F
        B*T*N*(D//N) == B*T*D
        "), @"
    N*(D//N) == D: proven
    D//N*N == D: proven
    D + 2*(D//N) == N*(D//N) + 2*(D//N): proven
    (D + 2*(D//N)) % (D//N) == 0: proven
    D % N == 0: proven
    (3*D) % N == 0: proven
    (D + N - 1)//N == D//N: proven
    D >= N: proven
    D//N >= 1: proven
    D % 64 == 0: unproven, D = 1 gives 1 and 64, needs D % 64 == 0
    N*(F//N) == F: unproven, F = 1, N = 2 give 0 and 1, needs F % N == 0
    B*T*N*(D//N) == B*T*D: proven
    ");
    let given = facts("D % N == 0");
    insta::assert_snapshot!(quotient(&given, "D", "N"), @"D//N");
    insta::assert_snapshot!(quotient(&given, "4*D*N", "N"), @"4*D");
    insta::assert_snapshot!(quotient(&given, "D + 2*(D//N)", "D//N"), @"N + 2");
    insta::assert_snapshot!(quotient(&given, "D", "2*N"), @"unproven, D = 1, N = 1 give 1 and 2, needs D % (2*N) == 0");
    insta::assert_snapshot!(quotient(&given, "D", "D//N"), @"N");
    insta::assert_snapshot!(quotient(&given, "N*(D//N) + 2*D", "D"), @"3");
    insta::assert_snapshot!(given.normalise(&dim("3*N*(D//N) + D//N")), @"3*D + D//N");
}

#[test]
fn multiples_that_no_size_can_be_solved_for() {
    insta::assert_snapshot!(answers("((H - 1)//16 + 1) % 2 == 0; min(D, E) % min(M, N) == 0", "
        (H + 15)//16 % 2 == 0
        ((H + 15)//16 + 2*W) % 2 == 0
        ((H + 15)//16 + 1) % 2 == 0
        (H + 15)//16 % 4 == 0
        min(D, E) % min(M, N) == 0
        min(D, E) % M == 0
        "), @"
    (H + 15)//16 % 2 == 0: proven
    ((H + 15)//16 + 2*W) % 2 == 0: proven
    ((H + 15)//16 + 1) % 2 == 0: unproven, H = 17 gives 3 and 2
    (H + 15)//16 % 4 == 0: unproven, H = 17 gives 2 and 4, needs ((H + 15)//16) % 4 == 0
    min(D, E) % min(M, N) == 0: proven
    min(D, E) % M == 0: unproven, D = 1, E = 1, M = 2 give 1 and 2, needs min(D, E) % M == 0
    ");
}

#[test]
fn chains_of_divisibility() {
    insta::assert_snapshot!(answers("D % N == 0; D % 64 == 0", "
        N*(D//N) == D
        64*(D//64) == D
        D % 32 == 0
        D//32 == 2*(D//64)
        (D + 32)//64 == D//64
        D//N*N//64*64 == D
        "), @"
    N*(D//N) == D: proven
    64*(D//64) == D: proven
    D % 32 == 0: proven
    D//32 == 2*(D//64): proven
    (D + 32)//64 == D//64: proven
    D//N*N//64*64 == D: proven
    ");
    insta::assert_snapshot!(answers("D % 64 == 0; D % N == 0", "
        N*(D//N) == D
        64*(D//64) == D
        (D + N)//N == D//N + 1
        "), @"
    N*(D//N) == D: proven
    64*(D//64) == D: proven
    (D + N)//N == D//N + 1: proven
    ");
    insta::assert_snapshot!(answers("D % G == 0; D % N == 0; N % G == 0", "
        D % G == 0
        G*(N//G) == N
        D//G == (N//G)*(D//N)
        "), @"
    D % G == 0: proven
    G*(N//G) == N: proven
    D//G == (N//G)*(D//N): proven
    ");
    insta::assert_snapshot!(answers("D % 4 == 0; D % 6 == 0", "
        D % 12 == 0
        D//2 == 6*(D//12)
        D >= 12
        D % 24 == 0
        "), @"
    D % 12 == 0: proven
    D//2 == 6*(D//12): proven
    D >= 12: proven
    D % 24 == 0: unproven, D = 12 gives 12 and 24, needs D % 24 == 0
    ");
    insta::assert_snapshot!(answers("I % 32 == 0; C % g == 0; K % g == 0", "
        I//32*32 == I
        (C//g)*g*K == C*K
        K*(C//g) == C*(K//g)
        "), @"
    I//32*32 == I: proven
    (C//g)*g*K == C*K: proven
    K*(C//g) == C*(K//g): proven
    ");
}

#[test]
fn time_and_caches() {
    insta::assert_snapshot!(answers("T >= 400", "
        (T - 400)//160 + 1 >= 1
        (T - 400)//160 + 1 == (T - 240)//160
        T == S
        T//160*160 == T
        "), @"
    (T - 400)//160 + 1 >= 1: proven
    (T - 400)//160 + 1 == (T - 240)//160: proven
    T == S: unproven, S = 1, T = 400 give 400 and 1, needs T == S
    T//160*160 == T: unproven, T = 400 gives 320 and 400, needs T % 160 == 0
    ");
    insta::assert_snapshot!(answers("S >= n + T", "
        S >= T + 1
        S >= n
        S >= S - T
        S - T >= n
        min(S, n + T) == n + T
        max(S, T) == S
        T >= S
        S == T
        "), @"
    S >= T + 1: proven
    S >= n: proven
    S >= S - T: proven
    S - T >= n: proven
    min(S, n + T) == n + T: proven
    max(S, T) == S: proven
    T >= S: refuted, S = 2, T = 1 give 1 and 2
    S == T: refuted, S = 2, T = 1 give 2 and 1
    ");
    insta::assert_snapshot!(answers("E >= k; k == 2", "
        E >= 2
        E >= k
        E*C >= k*C
        min(E, k) == 2
        E >= 3
        "), @"
    E >= 2: proven
    E >= k: proven
    E*C >= k*C: proven
    min(E, k) == 2: proven
    E >= 3: unproven, E = 2 gives 2 and 3, needs E >= 3
    ");
    insta::assert_snapshot!(answers("T == S + 1; 2*H == 3*K", "
        T - 1 == S
        T >= 2
        H % 3 == 0
        K % 2 == 0
        H >= K
        T*S == S*S + S
        "), @"
    T - 1 == S: proven
    T >= 2: proven
    H % 3 == 0: proven
    K % 2 == 0: proven
    H >= K: proven
    T*S == S*S + S: proven
    ");
    insta::assert_snapshot!(answers("512 >= T", "
        T//513 == 0
        min(T, 512) == T
        (T + 511)//512 == 1
        512 - T >= 0
        T % 513 == T
        512 >= T % 7
        7 >= T % 7 + 1
        min(T, 100) == T
        "), @"
    T//513 == 0: proven
    min(T, 512) == T: proven
    (T + 511)//512 == 1: proven
    512 - T >= 0: proven
    T % 513 == T: proven
    512 >= T % 7: proven
    7 >= T % 7 + 1: proven
    min(T, 100) == T: unproven, T = 167 gives 100 and 167, needs 100 >= T
    ");
}

#[test]
fn contradictions() {
    for given in [
        "7 % 4 == 0",
        "T == T + 1",
        "2*T == 7",
        "H % 2 == 0; (H + 1) % 2 == 0",
        "T >= 5; 4 >= T",
        "T >= S; S >= T + 1",
        "T == 3; T >= 4",
        "D % N == 0; N >= D + 1",
        "D % N == 0; N % D == 0; N >= D + 1",
    ] {
        assert!(facts(given).contradictory(), "{given}");
    }
    for given in ["", "D % N == 0; N % D == 0", "2*H == 3*K; H >= 5", "T*T == S"] {
        assert!(!facts(given).contradictory(), "{given}");
    }
}

#[test]
fn ranges() {
    let mut given = facts("H % 16 == 0; H >= 17");
    given.declare("T".into(), 0, Some(2048));
    insta::assert_debug_snapshot!(given.range(&dim("H//16")), @"
    (
        Some(
            2,
        ),
        None,
    )
    ");
    insta::assert_debug_snapshot!(given.range(&dim("H")), @"
    (
        Some(
            32,
        ),
        None,
    )
    ");
    insta::assert_debug_snapshot!(given.range(&dim("T//16 - 1")), @"
    (
        Some(
            -1,
        ),
        Some(
            127,
        ),
    )
    ");
    insta::assert_debug_snapshot!(given.range(&dim("T % 16")), @"
    (
        Some(
            -2048,
        ),
        Some(
            2048,
        ),
    )
    ");
    insta::assert_debug_snapshot!(given.range(&dim("min(T, H)")), @"
    (
        Some(
            0,
        ),
        Some(
            2048,
        ),
    )
    ");
    insta::assert_debug_snapshot!(given.range(&dim("B*T")), @"
    (
        Some(
            0,
        ),
        None,
    )
    ");
}

#[test]
fn facts_are_kept_as_given() {
    let given = facts("H % 16 == 0; H + 2*p >= k; T == S");
    let shown: Vec<String> = given.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(shown.join(", "), @"H % 16 == 0, H + 2*p >= k, T == S");
}

#[test]
fn an_equality_with_a_remainder_is_a_divisibility() {
    let remainder = |text: &str, divisor: i64, left: i64| {
        let dividend = dim(text);
        let remainder = dividend.rem(&crate::Dim::constant(divisor));
        crate::Fact::Equal(remainder, crate::Dim::constant(left))
    };
    let shown = |fact: crate::Fact| fact.canonical().to_string();
    assert_eq!(shown(remainder("D", 8, 0)), "D % 8 == 0");
    assert_eq!(shown(remainder("k", 2, 1)), "(k - 1) % 2 == 0");
    assert_eq!(shown(remainder("2*D", 4, 0)), "D % 2 == 0");
    assert_eq!(shown(remainder("H//2", 8, 0)), "(H//2) % 8 == 0");
    assert_eq!(shown(crate::Fact::Equal(dim("2*N*(D//(2*N))"), dim("D"))), "D % (2*N) == 0");
    assert_eq!(shown(crate::Fact::Equal(dim("H"), dim("16*(H//16)"))), "H % 16 == 0");
    assert_eq!(shown(crate::Fact::Equal(dim("H"), dim("16*(H//8)"))), "H == 16*(H//8)");
    insta::assert_snapshot!(answers("D - 2*N*(D//(2*N)) == 0; N - G*(N//G) == 0", "
        D % N == 0
        D//N == 2*(D//N//2)
        D//N == 2*(D//(2*N))
        D//N >= 2
        D//N//2 >= 1
        D % (4*N) == 0
        "), @"
    D % N == 0: proven
    D//N == 2*(D//N//2): proven
    D//N == 2*(D//(2*N)): proven
    D//N >= 2: proven
    D//N//2 >= 1: proven
    D % (4*N) == 0: unproven, D = 2, N = 1 give 2 and 4, needs D % (4*N) == 0
    ");
}
