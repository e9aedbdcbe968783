//! No answer is ever wrong: random expressions and facts against plain evaluation.

use proptest::prelude::*;

use super::written::{NAMES, OPERATORS, Random, Written, env, names};
use crate::{Answer, Dim, Fact, Facts, Witness};

fn check_value(written: &Written, values: &[i64; 4]) {
    if let Some(expected) = written.value(values) {
        let dim = written.dim();
        // Multiplied out it may pass through numbers that do not fit.
        if let Some(value) = dim.eval(&env(values)) {
            assert_eq!(value, expected, "{written:?}\n= {dim}\nat {values:?}");
        } else {
            assert!(dim.to_string().len() > 20, "{written:?}\n= {dim}\nat {values:?}");
        }
    }
}

#[test]
fn normalisation_keeps_the_value() {
    let mut random = Random(1);
    for _ in 0..100_000 {
        let depth = 2 + random.below(3);
        let written = random.written(depth);
        for end in [3, 9, 200] {
            check_value(&written, &random.values(end));
        }
    }
}

#[test]
fn display_reads_back() {
    let mut random = Random(2);
    for _ in 0..20_000 {
        let dim = random.size().dim();
        assert_eq!(Dim::parse(&dim.to_string()), Ok(dim.clone()), "{dim}");
    }
    for _ in 0..10_000 {
        let written = random.written(4);
        let read = Dim::parse(&written.dim().to_string()).unwrap();
        let values = random.values(9);
        if let (Some(value), Some(expected)) = (read.eval(&env(&values)), written.value(&values)) {
            assert_eq!(value, expected, "{written:?}\n= {}\nread {read}", written.dim());
        }
    }
}

#[test]
fn substitution_keeps_the_value() {
    let mut random = Random(3);
    for _ in 0..10_000 {
        let (outer, inner) = (random.size(), random.size());
        let values = random.values(9);
        let Some(put) = inner.value(&values) else { continue };
        let [first, ..] = names();
        let dim = outer.dim().substitute(&|name| (name == first).then(|| inner.dim()));
        let (expected, value) =
            (outer.value(&[put, values[1], values[2], values[3]]), dim.eval(&env(&values)));
        if let (Some(expected), Some(value)) = (expected, value) {
            assert_eq!(value, expected, "{outer:?} with {inner:?} = {dim} at {values:?}");
        }
    }
}

type Bounds = (Option<i64>, Option<i64>);

/// Facts, and answers that any assignment may show to be wrong.
struct Case {
    facts: Facts,
    given: Vec<Fact>,
    /// Two of which one holds, in some cases.
    either: Option<[Fact; 2]>,
    questions: Vec<(Fact, Answer)>,
    /// Expressions, their normal forms and their bounds.
    dims: Vec<(Dim, Dim, Bounds)>,
}

impl Case {
    fn random(random: &mut Random) -> Case {
        let given: Vec<Fact> = (0..random.below(4)).map(|_| random.fact()).collect();
        let mut facts = Facts::new();
        for fact in &given {
            facts.assume(fact.clone());
        }
        let either = (random.below(3) == 0).then(|| [random.fact(), random.fact()]);
        if let Some(either) = &either {
            let cases = either.clone().map(|fact| {
                let mut case = facts.clone();
                case.assume(fact);
                case
            });
            facts.assume_either(&cases);
        }
        let mut questions: Vec<Fact> = (0..3).map(|_| random.fact()).collect();
        // Some that are nearly facts, since random ones are seldom proved.
        for fact in given.iter().chain(either.iter().flatten()) {
            let (left, right) = fact.sides();
            let near = left + (random.below(3) as i64 - 1);
            questions.push(Fact::AtLeast(near.clone(), right.clone()));
            questions.push(Fact::Equal(right * near.floor_div(right), left.clone()));
        }
        let ask = |question: Fact| {
            let answer = facts.ask(&question);
            (question, answer)
        };
        let questions = questions.into_iter().map(ask).collect();
        let dims = (0..3)
            .map(|_| {
                let dim = random.size().dim();
                (dim.clone(), facts.normalise(&dim), facts.range(&dim))
            })
            .collect();
        Case { facts, given, either, questions, dims }
    }

    /// The number of proofs and refutations that the assignment put to the test.
    fn check(&self, values: &[i64; 4]) -> usize {
        let env = env(values);
        let holds = |fact: &Fact| fact.holds(&env) == Some(true);
        if !self.given.iter().all(holds) || !self.either.iter().all(|it| it.iter().any(holds)) {
            return 0;
        }
        let given = self.given.iter().chain(self.either.iter().flatten());
        let given: Vec<String> = given.map(ToString::to_string).collect();
        assert!(!self.facts.contradictory(), "{given:?} hold at {values:?}");
        let mut tested = 0;
        for (question, answer) in &self.questions {
            let Some(holds) = question.holds(&env) else { continue };
            let wrong = match answer {
                Answer::Proven => !holds,
                Answer::Refuted(_) => holds,
                Answer::Unproven { .. } => continue,
            };
            tested += 1;
            assert!(!wrong, "{given:?}: {question}, {answer:?} at {values:?}");
        }
        for (dim, normal, (low, high)) in &self.dims {
            let Some(value) = dim.eval(&env) else { continue };
            if let Some(normal_value) = normal.eval(&env) {
                assert_eq!(normal_value, value, "{given:?}: {dim} = {normal} at {values:?}");
            }
            let inside = low.is_none_or(|low| low <= value) && high.is_none_or(|it| value <= it);
            assert!(inside, "{given:?}: {dim} = {value} is not in {low:?} to {high:?}");
        }
        tested
    }

    fn check_witnesses(&self) {
        for (question, answer) in &self.questions {
            let (witness, guard) = match answer {
                Answer::Proven => continue,
                Answer::Refuted(witness) => (witness, &None),
                Answer::Unproven { witness, guard } => (witness, guard),
            };
            if let Some(Witness { assignment, .. }) = witness {
                let env = |name| assignment.iter().find(|it| it.0 == name).map(|it| it.1);
                assert_eq!(question.holds(&env), Some(false), "{question}: {witness:?}");
            }
            if let Some(guard) = guard {
                let mut guarded = self.facts.clone();
                guarded.assume(guard.clone());
                assert!(guarded.proves(question), "{question}: {guard}");
            }
        }
    }
}

#[test]
fn answers_hold_wherever_the_facts_do() {
    let mut random = Random(4);
    let mut tested = 0;
    for _ in 0..500 {
        let case = Case::random(&mut random);
        case.check_witnesses();
        for end in [3, 6, 12, 40] {
            for _ in 0..60 {
                tested += case.check(&random.values(end));
            }
        }
    }
    // A solver that never answers would pass too.
    assert!(tested > 10_000, "{tested}");
}

#[test]
fn huge_numbers_give_answers_that_hold() {
    let mut random = Random(5);
    for _ in 0..150 {
        let mut facts = Facts::new();
        let [first, second, ..] = names();
        facts.declare(first, i64::MIN, Some(i64::MAX));
        facts.declare(second, i64::MAX - 3, None);
        let huge = |random: &mut Random| {
            let number = [i64::MAX, i64::MIN, i64::MAX - 1, 1 << 62, -1][random.below(5)];
            random.size().dim() * number + random.size().dim()
        };
        let given = Fact::AtLeast(huge(&mut random), huge(&mut random));
        facts.assume(given.clone());
        facts.assume_divides(&huge(&mut random), &huge(&mut random));
        let question = Fact::Equal(huge(&mut random), huge(&mut random));
        let answer = facts.ask(&question);
        facts.range(&huge(&mut random));
        for _ in 0..20 {
            let mut values = random.values(9);
            values[1] = i64::MAX - random.below(4) as i64;
            let env = env(&values);
            if facts.iter().all(|fact| fact.holds(&env) == Some(true)) {
                assert!(!facts.contradictory(), "{given} at {values:?}");
                assert!(answer != Answer::Proven || question.holds(&env) != Some(false));
                assert!(
                    !matches!(answer, Answer::Refuted(_)) || question.holds(&env) != Some(true)
                );
            }
        }
    }
}

fn any_written() -> impl Strategy<Value = Written> {
    let leaf = prop_oneof![
        (-40i64..200).prop_map(Written::Number),
        any::<i64>().prop_map(Written::Number),
        (0..NAMES.len()).prop_map(Written::Var),
        (0..NAMES.len()).prop_map(Written::Var),
    ];
    leaf.prop_recursive(5, 24, 2, |inner| {
        (0..OPERATORS.len(), inner.clone(), inner).prop_map(|(operator, left, right)| {
            Written::Binary(OPERATORS[operator], Box::new(left), Box::new(right))
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_expression_keeps_its_value(
        written in any_written(),
        values in prop::array::uniform4(1i64..1000),
    ) {
        let dim = written.dim();
        if let (Some(value), Some(expected)) = (dim.eval(&env(&values)), written.value(&values)) {
            prop_assert_eq!(value, expected, "{}", dim);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_facts_give_answers_that_hold(
        seed in any::<u64>(),
        values in prop::collection::vec(prop::array::uniform4(1i64..24), 100),
    ) {
        let case = Case::random(&mut Random(seed));
        for values in &values {
            case.check(values);
        }
    }
}
