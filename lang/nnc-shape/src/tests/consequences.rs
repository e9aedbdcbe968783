//! What is known of sizes that are divided, compared and multiplied by sizes: what follows is
//! proved, and what does not is answered with sizes that show it.

use super::obligations::{answers, shown};
use super::{fact, facts};

#[test]
fn divisors_that_are_sizes() {
    insta::assert_snapshot!(answers("", "
        (P*d - d + e)//s + 1 >= 1
        H + 2*((P*d - d + e)//s) >= (P*d - d + e)//s + 1
        (n + s - 1)//s >= 1
        s*((n + s - 1)//s) >= n
        n >= (n + s - 1)//s
        n + s - 1 >= s*((n + s - 1)//s)
        (n*s)//s == n
        (n*s + k)//s == n + k//s
        (n*s + s - 1)//s == n
        "), @"
    (P*d - d + e)//s + 1 >= 1: proven
    H + 2*((P*d - d + e)//s) >= (P*d - d + e)//s + 1: proven
    (n + s - 1)//s >= 1: proven
    s*((n + s - 1)//s) >= n: proven
    n >= (n + s - 1)//s: proven
    n + s - 1 >= s*((n + s - 1)//s): proven
    (n*s)//s == n: proven
    (n*s + k)//s == n + k//s: proven
    (n*s + s - 1)//s == n: proven
    ");
}

#[test]
fn bounds_of_floors() {
    insta::assert_snapshot!(answers("H >= 14", "
        (H - 4)//2 >= 5
        (H - 4)//2 >= 6
        (H - 4)//s >= 0
        H//2//2 >= 3
        "), @"
    (H - 4)//2 >= 5: proven
    (H - 4)//2 >= 6: unproven, H = 14 gives 5 and 6, needs H >= 16
    (H - 4)//s >= 0: proven
    H//2//2 >= 3: proven
    ");
}

#[test]
fn a_size_that_another_divides() {
    insta::assert_snapshot!(answers("D % N == 0", "
        N*(D//N) == D
        N*(D//N)*B == B*D
        D >= N
        D//N >= 1
        (3*D) % N == 0
        (D + N) % N == 0
        (D + 1) % N == 0
        (B*D) % N == 0
        (N + 2*G)*(D//N) == D + 2*G*(D//N)
        2*(D//N//2) == D//N
        (D//N) * (D//N) * N * N == D * D
        "), @"
    N*(D//N) == D: proven
    N*(D//N)*B == B*D: proven
    D >= N: proven
    D//N >= 1: proven
    (3*D) % N == 0: proven
    (D + N) % N == 0: proven
    (D + 1) % N == 0: unproven, D = 2, N = 2 give 3 and 2, needs (D + 1) % N == 0
    (B*D) % N == 0: proven
    (N + 2*G)*(D//N) == D + 2*G*(D//N): proven
    2*(D//N//2) == D//N: unproven, D = 1, N = 1 give 0 and 1, needs (D//N) % 2 == 0
    (D//N) * (D//N) * N * N == D * D: proven
    ");
}

#[test]
fn sums_that_a_size_divides() {
    insta::assert_snapshot!(answers("(D + K) % N == 0; (D + M) % N == 0; D % N == 0", "
        (D + K) % N == 0
        K % N == 0
        (K + M) % N == 0
        (K + 1) % N == 0
        "), @"
    (D + K) % N == 0: proven
    K % N == 0: proven
    (K + M) % N == 0: proven
    (K + 1) % N == 0: unproven, K = 2, N = 2 give 3 and 2, needs (K + 1) % N == 0
    ");
}

#[test]
fn a_size_that_a_size_and_a_number_divide() {
    let asked = "
        D >= 2
        D//2 >= 1
        2*(D//2) == D
        N*(D//N) == D
        D >= 3
        ";
    let answer = answers("D % N == 0; D % 2 == 0", asked);
    assert_eq!(answer, answers("D % 2 == 0; D % N == 0", asked));
    insta::assert_snapshot!(answer, @"
    D >= 2: proven
    D//2 >= 1: proven
    2*(D//2) == D: proven
    N*(D//N) == D: proven
    D >= 3: unproven, D = 2 gives 2 and 3, needs D >= 3
    ");
}

#[test]
fn divisors_that_share_a_factor() {
    insta::assert_snapshot!(answers("D % 4 == 0; D % 6 == 0", "
        D % 12 == 0
        D % 3 == 0
        D % 2 == 0
        D % 24 == 0
        D >= 12
        "), @"
    D % 12 == 0: proven
    D % 3 == 0: proven
    D % 2 == 0: proven
    D % 24 == 0: unproven, D = 12 gives 12 and 24, needs D % 24 == 0
    D >= 12: proven
    ");
}

#[test]
fn multiples_of_one_size() {
    insta::assert_snapshot!(answers("A % g == 0; B % g == 0", "
        (A + B) % g == 0
        (A - B) % g == 0
        (A*B) % (g*g) == 0
        A//g + B//g == (A + B)//g
        (A*X + B*Y) % g == 0
        (A + 1) % g == 0
        "), @"
    (A + B) % g == 0: proven
    (A - B) % g == 0: proven
    (A*B) % (g*g) == 0: proven
    A//g + B//g == (A + B)//g: proven
    (A*X + B*Y) % g == 0: proven
    (A + 1) % g == 0: unproven, A = 2, g = 2 give 3 and 2, needs (A + 1) % g == 0
    ");
}

#[test]
fn least_and_greatest() {
    insta::assert_snapshot!(answers("", "
        a >= min(a, b)
        max(a, b) >= b
        min(a, b) + max(a, b) == a + b
        min(a, min(b, c)) == min(min(a, b), c)
        min(a, a + 1) == a
        max(2*a, 2*b) == 2*max(a, b)
        max(a, b) - a >= 0
        max(a - b, 0) + min(a, b) == a
        "), @"
    a >= min(a, b): proven
    max(a, b) >= b: proven
    min(a, b) + max(a, b) == a + b: proven
    min(a, min(b, c)) == min(min(a, b), c): proven
    min(a, a + 1) == a: proven
    max(2*a, 2*b) == 2*max(a, b): proven
    max(a, b) - a >= 0: proven
    max(a - b, 0) + min(a, b) == a: proven
    ");
}

#[test]
fn least_and_greatest_of_what_is_ordered() {
    insta::assert_snapshot!(answers("b >= a", "
        min(a, b) == a
        max(a, b) == b
        max(a - b, 0) == 0
        max(b - a, 0) == b - a
        min(a, b, c) == min(a, c)
        "), @"
    min(a, b) == a: proven
    max(a, b) == b: proven
    max(a - b, 0) == 0: proven
    max(b - a, 0) == b - a: proven
    min(a, b, c) == min(a, c): proven
    ");
}

#[test]
fn remainders() {
    insta::assert_snapshot!(answers("", "
        b - 1 >= a % b
        a % b >= 0
        a % b % b == a % b
        (a + b) % b == a % b
        (a + 3*b) % b == a % b
        (a - a % b) % b == 0
        a - a % b == b*(a//b)
        a % 8 % 4 == a % 4
        a % 1 == 0
        (a + 1) % 2 + a % 2 == 1
        "), @"
    b - 1 >= a % b: proven
    a % b >= 0: proven
    a % b % b == a % b: proven
    (a + b) % b == a % b: proven
    (a + 3*b) % b == a % b: proven
    (a - a % b) % b == 0: proven
    a - a % b == b*(a//b): proven
    a % 8 % 4 == a % 4: proven
    a % 1 == 0: proven
    (a + 1) % 2 + a % 2 == 1: proven
    ");
}

#[test]
fn odd_sizes() {
    insta::assert_snapshot!(answers("k % 2 == 1", "
        2*(k//2) + 1 == k
        (k + 1)//2 == k//2 + 1
        H + 2*(k//2) - k + 1 == H
        ((k - 1)*d)//2*2 == (k - 1)*d
        k*k % 2 == 1
        "), @"
    2*(k//2) + 1 == k: proven
    (k + 1)//2 == k//2 + 1: proven
    H + 2*(k//2) - k + 1 == H: proven
    ((k - 1)*d)//2*2 == (k - 1)*d: proven
    k*k % 2 == 1: proven
    ");
}

#[test]
fn steps_that_fill_an_image() {
    insta::assert_snapshot!(answers("H + 2*p >= k; (H + 2*p - k) % s == 0", "
        s*((H + 2*p - k)//s) + k - 2*p == H
        (H + 2*p - k)//s + 1 >= 1
        "), @"
    s*((H + 2*p - k)//s) + k - 2*p == H: proven
    (H + 2*p - k)//s + 1 >= 1: proven
    ");
}

#[test]
fn equalities_with_bounds() {
    insta::assert_snapshot!(answers("T + L == S; 128 >= S", "
        127 >= T
        L == S - T
        128 >= T + L
        "), @"
    127 >= T: proven
    L == S - T: proven
    128 >= T + L: proven
    ");
}

#[test]
fn two_inequalities_that_meet() {
    insta::assert_snapshot!(answers("S >= T; T >= S", "
        S == T
        "), @"S == T: proven");
}

#[test]
fn halves() {
    insta::assert_snapshot!(answers("H >= 2*p; p >= 3", "
        H >= 6
        H//2 >= p
        H//2 >= 3
        "), @"
    H >= 6: proven
    H//2 >= p: proven
    H//2 >= 3: proven
    ");
}

#[test]
fn products_of_sizes() {
    insta::assert_snapshot!(answers("a*b == c; c % d == 0", "
        (a*b) % d == 0
        c == b*a
        "), @"
    (a*b) % d == 0: proven
    c == b*a: proven
    ");
}

#[test]
fn what_follows_in_each_of_two_cases() {
    let mut given = facts("E >= 1");
    given.assume_either(&[facts("D % 4 == 0"), facts("D % 6 == 0")]);
    let ask = |question: &str| shown(&given.ask(&fact(question)));
    assert_eq!(ask("D % 2 == 0"), "proven");
    assert_eq!(ask("D >= 4"), "proven");
    assert_eq!(ask("(D + 1) % 2 == 0"), "refuted, D = 4 gives 5 and 2");
    assert_eq!(ask("D % 4 == 0"), "unproven, D = 6 gives 6 and 4, needs D % 4 == 0");
    assert_eq!(ask("D >= 5"), "unproven, D = 4 gives 4 and 5, needs D >= 5");
    // A case that cannot be leaves the other.
    given.assume(fact("7 >= D"));
    given.assume(fact("D >= 5"));
    assert_eq!(shown(&given.ask(&fact("D % 6 == 0"))), "proven");
}

#[test]
fn what_a_floor_says_of_what_stands_above_it() {
    insta::assert_snapshot!(answers("(H - 4)//2 >= 5; a % b >= 1; min(x, y) >= 3; 7 >= n*q", "
        H - 4 >= 10
        H >= 14
        H >= 15
        b >= 2
        x + y >= 6
        7 >= n
        "), @"
    H - 4 >= 10: proven
    H >= 14: proven
    H >= 15: unproven, H = 14 gives 14 and 15, needs H >= 15
    b >= 2: proven
    x + y >= 6: proven
    7 >= n: proven
    ");
}

#[test]
fn polynomials() {
    insta::assert_snapshot!(answers("", "
        3*a*b >= a + b
        (T*(T - 1)) % 2 == 0
        (T*(T + 1)*(T + 2)) % 6 == 0
        (T*T + 1) % 4 == 0
        "), @"
    3*a*b >= a + b: proven
    (T*(T - 1)) % 2 == 0: proven
    (T*(T + 1)*(T + 2)) % 6 == 0: proven
    (T*T + 1) % 4 == 0: refuted, T = 1 gives 2 and 4
    ");
}

#[test]
fn a_size_that_has_few_values() {
    insta::assert_snapshot!(answers("2 >= s; H % 2 == 0", "
        s*s + 2 == 3*s
        H % s == 0
        s*(H//s) == H
        "), @"
    s*s + 2 == 3*s: proven
    H % s == 0: proven
    s*(H//s) == H: proven
    ");
}

#[test]
fn a_chain_of_divisors_ends() {
    let chain = |length: usize| {
        let names = |at: usize| format!("D{at}");
        let texts = (1..length).map(|at| format!("{} % {} == 0", names(at), names(at - 1)));
        facts(&texts.collect::<Vec<_>>().join(";"))
    };
    for length in 2..6 {
        let last = length - 1;
        assert!(chain(length).proves(&fact(&format!("D{last} % D0 == 0"))), "{length}");
        assert!(!chain(length).proves(&fact(&format!("D0 % D{last} == 0"))), "{length}");
    }
    // That there is an answer is what is asked of a long one.
    let long = chain(40);
    assert!(long.proves(&fact("D39 % D38 == 0")));
    assert!(!long.proves(&fact("D38 % D39 == 0")));
    assert!(!long.contradictory());
}

#[test]
fn a_product_of_many_sums_ends() {
    let product =
        |count: usize| (0..count).map(|at| format!("(D{at} + 1)")).collect::<Vec<_>>().join("*");
    for count in [2, 6, 12, 64] {
        let product = product(count);
        assert!(facts("").proves(&fact(&format!("{product} >= 2"))), "{count}");
        assert!(facts("").proves(&fact(&format!("{product} == {product}"))), "{count}");
        assert!(!facts("").proves(&fact(&format!("{product} == {product} + 1"))), "{count}");
    }
    // Multiplied out, such a product is the same however it is written.
    assert!(facts("").proves(&fact("(a + 1)*(b + 1)*(c + 1) == (c + 1)*(a + 1)*(b + 1)")));
}
