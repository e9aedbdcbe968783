//! Sets of sizes and the words for them against plain evaluation.

use proptest::prelude::*;

use super::*;

/// More sizes than any stretch and period of the expressions below.
const FAR: i64 = 700;

fn name() -> Name {
    Name::new("H")
}

/// Expressions of one variable as layers make them.
fn size() -> impl Strategy<Value = Dim> {
    let leaf = prop_oneof![Just(Dim::var(name())), (-3i64..9).prop_map(Dim::constant)];
    leaf.prop_recursive(4, 12, 2, |inner| {
        prop_oneof![
            (inner.clone(), -9i64..9).prop_map(|(it, by)| it + by),
            (inner.clone(), 1i64..5).prop_map(|(it, by)| it * by),
            (inner.clone(), 1i64..5).prop_map(|(it, by)| it.floor_div(&Dim::constant(by))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a - b),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Dim::min(&a, &b)),
            (inner.clone(), inner).prop_map(|(a, b)| Dim::max(&a, &b)),
        ]
    })
}

fn fact() -> impl Strategy<Value = Fact> {
    prop_oneof![
        (size(), size()).prop_map(|(a, b)| Fact::Equal(a, b)),
        (size(), size()).prop_map(|(a, b)| Fact::AtLeast(a, b)),
        (1i64..7, size())
            .prop_map(|(divisor, of)| Fact::Divides { divisor: Dim::constant(divisor), of }),
    ]
}

/// Whether what [`SizeSet::in_words`] says holds of a size.
fn holds(words: &[String], size: i64) -> bool {
    let compare = |text: &str| {
        let text = text.strip_prefix("H").unwrap().trim();
        let (left, rest) = match text.strip_prefix("% ") {
            Some(rest) => {
                let (divisor, rest) = rest.split_once(' ').unwrap();
                (size.rem_euclid(divisor.parse().unwrap()), rest)
            }
            None => (size, text),
        };
        let (op, right) = rest.split_once(' ').unwrap();
        let right: i64 = right.parse().unwrap();
        match op {
            "==" => left == right,
            "!=" => left != right,
            "<=" => left <= right,
            ">=" => left >= right,
            other => panic!("{other}"),
        }
    };
    words.iter().all(|it| it.split(" || ").any(|it| it.split(" && ").all(compare)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_set_has_the_sizes_at_which_the_fact_holds(fact in fact(), least in 0i64..3) {
        let Some(sizes) = SizeSet::of(&fact, name(), least) else {
            return Err(TestCaseError::reject("is not decided"));
        };
        for size in 0..FAR {
            let wanted = size >= least && fact.holds(&|_| Some(size)) == Some(true);
            prop_assert_eq!(sizes.contains(size), wanted, "{} at {}: {:?}", fact, size, sizes);
        }
    }

    #[test]
    fn the_words_for_a_set_tell_its_sizes_apart(first in fact(), second in fact()) {
        let sets = [&first, &second].map(|it| SizeSet::of(it, name(), 1));
        let [Some(set), Some(within)] = sets else {
            return Err(TestCaseError::reject("is not decided"));
        };
        let Some(words) = set.in_words(&within, name()) else { return Ok(()) };
        for size in (1..FAR).filter(|it| within.contains(*it)) {
            let told = holds(&words, size);
            prop_assert_eq!(told, set.contains(size), "{:?} of {} within {} at {}", words, first, second, size);
        }
    }
}

fn words(fact: &str, within: &str) -> String {
    let set = |text: &str| SizeSet::of(&Fact::parse(text).unwrap(), name(), 1).unwrap();
    set(fact).in_words(&set(within), name()).unwrap().join(", ")
}

#[test]
fn words_are_few() {
    let all = "H >= 1";
    for (fact, within, wanted) in [
        ("(H + 1)//2 == H//2", all, "H % 2 == 0"),
        ("(H + 1)//2 + 2 == H - 2", all, "H == 8 || H == 9"),
        ("(H + 2)//4 == (H + 3)//4", all, "H % 4 != 1"),
        ("(H + 1)//4 == (H + 3)//4", all, "H % 4 == 0 || H % 4 == 3"),
        ("H//4 + (H + 3)//4 == 2*(H//4)", all, "H % 4 == 0"),
        ("(H + 1)//2 == H//2", "H % 4 == 2", ""),
        ("max(H//2, 7) == H//2", all, "H >= 14"),
        ("H//2 == 1", all, "H == 2 || H == 3"),
        ("min(H, 9) == H", all, "H >= 1 && H <= 9"),
    ] {
        assert_eq!(words(fact, within), wanted, "{fact} within {within}");
    }
}

#[test]
fn facts_that_tie_sizes_together_are_not_decided() {
    let mut facts = Facts::new();
    facts.assume(Fact::parse("H >= 3").unwrap());
    assert_eq!(facts.sizes_of(name()).and_then(|it| it.first()), Some(3));
    facts.assume(Fact::parse("H == 2*W").unwrap());
    assert_eq!(facts.sizes_of(name()), None);
}
