//! Every answer held against all small sizes: what is proved holds wherever the facts do, what is
//! refuted nowhere, a guard is enough and can be met, and a witness is one.
//!
//! `NNC_FUZZ_SEED=n` takes another seed and `NNC_FUZZ_ANSWERS=n` another number of answers.

use nnc_base::Name;

use super::worlds::{KINDS, World};
use super::written::{NAMES, Random, env};
use crate::facts::Verdict;
use crate::{Answer, Dim, Fact, Witness};

/// One question in so many is asked for a witness and a guard too, which takes longer.
const ASKED: usize = 40;

#[derive(Default, Debug)]
struct Count {
    answers: usize,
    proven: usize,
    refuted: usize,
    unsound: usize,
    guards: usize,
    /// Guards for which a weaker one of their kind is enough, too.
    weaker: usize,
    witnesses: usize,
}

pub(super) fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|it| it.parse().ok()).unwrap_or(otherwise)
}

/// What is wrong with the answers in a world.
fn check(world: &World, random: &mut Random, count: &mut Count) -> Vec<String> {
    let mut wrong = Vec::new();
    let facts = &world.facts;
    let mut points = world.small.clone();
    points.extend(world.scattered(random, 60));
    if facts.contradictory() && !points.is_empty() {
        wrong.push(format!("contradictory, but {:?}", points[0]));
    }
    for _ in 0..12 {
        let kind = KINDS[random.below(KINDS.len())];
        let claim = world.statement(random, kind);
        let Some(question) = claim.fact(facts) else { continue };
        count.answers += 1;
        let mut failing = points.iter().filter(|it| claim.holds(it) == Some(false));
        let mut holding = points.iter().filter(|it| claim.holds(it) == Some(true));
        match facts.verdict(&question, &question.clone().canonical()) {
            Verdict::Proven => {
                count.proven += 1;
                if let Some(point) = failing.next() {
                    wrong.push(format!("{claim}: proven, but not at {point:?}"));
                }
            }
            Verdict::Refuted => {
                count.refuted += 1;
                if let Some(point) = holding.next() {
                    wrong.push(format!("{claim}: refuted, but holds at {point:?}"));
                }
            }
            Verdict::Unknown => {}
        }
        if random.below(ASKED) == 0 {
            wrong.extend(check_answer(world, &points, &question, count));
        }
        let (Fact::AtLeast(dim, _) | Fact::Equal(dim, _) | Fact::Divides { of: dim, .. }) =
            &question;
        let (normal, (low, high)) = (facts.normalise(dim), facts.range(dim));
        for point in points.iter().step_by(3) {
            let (before, after) = (dim.eval(&env(point)), normal.eval(&env(point)));
            if let Some(value) = before {
                let inside = low.is_none_or(|it| it <= value) && high.is_none_or(|it| value <= it);
                if after.is_some_and(|it| it != value) || !inside {
                    wrong.push(format!("{dim} = {normal} in {low:?}..{high:?} at {point:?}"));
                    break;
                }
            }
        }
    }
    wrong
}

/// What is wrong with the examples of an answer.
fn check_answer(
    world: &World,
    points: &[[i64; 4]],
    question: &Fact,
    count: &mut Count,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let holds = |fact: &Fact, point: &[i64; 4]| fact.holds(&env(point));
    let (witness, guard) = match world.facts.ask(question) {
        Answer::Proven => return wrong,
        Answer::Refuted(witness) => (witness, None),
        Answer::Unproven { witness, guard } => (witness, guard),
    };
    if let Some(Witness { assignment, left, right }) = &witness {
        count.witnesses += 1;
        let env = |name| assignment.iter().find(|it| it.0 == name).map(|it| it.1);
        let sides = question.sides();
        if question.holds(&env) != Some(false)
            || (sides.0.eval(&env), sides.1.eval(&env)) != (Some(*left), Some(*right))
            || !extends(world, points, assignment)
        {
            wrong.push(format!("{question}: no witness: {witness:?}"));
        }
    }
    if let Some(guard) = &guard {
        count.guards += 1;
        let guarded = |point: &&[i64; 4]| holds(guard, point) == Some(true);
        if let Some(point) =
            points.iter().filter(guarded).find(|it| holds(question, it) == Some(false))
        {
            wrong.push(format!("{question}: {guard} is not enough at {point:?}"));
        }
        let mut facts = world.facts.clone();
        facts.assume(guard.clone());
        if !facts.proves(question) {
            wrong.push(format!("{question}: does not follow from {guard}"));
        }
        // It holds at small sizes, or at those that the search knows.
        if !points.iter().any(|it| guarded(&it)) && facts.contradictory() {
            wrong.push(format!("{question}: {guard} never holds"));
        }
        let enough = |weaker: &Fact| {
            let more = points.iter().any(|it| !guarded(&it) && holds(weaker, it) == Some(true));
            more && points
                .iter()
                .all(|it| holds(weaker, it) != Some(true) || holds(question, it) != Some(false))
        };
        let weaker = weaker(guard);
        if let Some(weaker) = weaker.iter().find(|it| enough(it)) {
            count.weaker += 1;
            if std::env::var_os("NNC_FUZZ_SEED").is_some() {
                eprintln!("{world}\n   {question}: {guard}, but {weaker}");
            }
        }
    }
    wrong
}

/// Whether sizes of some variables are part of sizes that satisfy the facts, where that is
/// easy to see.
fn extends(world: &World, points: &[[i64; 4]], assignment: &[(Name, i64)]) -> bool {
    let given =
        |index: usize| assignment.iter().find(|it| it.0 == NAMES[index].into()).map(|it| it.1);
    let completed = |point: &[i64; 4]| [0, 1, 2, 3].map(|it| given(it).unwrap_or(point[it]));
    let far = assignment.iter().any(|(_, value)| *value > 20);
    if far || points.is_empty() || points.iter().any(|point| world.allows(&completed(point))) {
        return true;
    }
    fn search(world: &World, values: &mut [i64; 4], missing: &[usize], end: i64) -> bool {
        let [first, rest @ ..] = missing else { return world.allows(values) };
        (0..=end).any(|value| {
            values[*first] = value;
            search(world, values, rest, end)
        })
    }
    let missing: Vec<usize> = (0..NAMES.len()).filter(|it| given(*it).is_none()).collect();
    let end = if missing.len() == 1 { 2000 } else { 60 };
    search(world, &mut completed(&[0; 4]), &missing, end)
}

/// Weaker facts of the same kind.
fn weaker(fact: &Fact) -> Vec<Fact> {
    match fact {
        Fact::AtLeast(left, right) => vec![Fact::AtLeast(left + 1, right.clone())],
        Fact::Equal(left, right) => vec![
            Fact::AtLeast(left.clone(), right.clone()),
            Fact::AtLeast(right.clone(), left.clone()),
        ],
        Fact::Divides { divisor, of } => match divisor.as_constant() {
            Some(value) => (2..value)
                .filter(|it| value % it == 0)
                .map(|it| Fact::Divides { divisor: Dim::constant(it), of: of.clone() })
                .collect(),
            None => Vec::new(),
        },
    }
}

/// Answers until there are as many as wanted, and what is wrong with them.
fn fuzz(seed: u64, wanted: usize) -> (Count, Vec<String>) {
    let mut random = Random(seed);
    let (mut count, mut wrong) = (Count::default(), Vec::new());
    while count.answers < wanted {
        let world = World::random(&mut random, 7);
        let mistakes = check(&world, &mut random, &mut count);
        count.unsound += mistakes.len();
        wrong.extend(mistakes.into_iter().map(|it| format!("{world}\n   {it}")));
    }
    (count, wrong)
}

#[test]
fn answers_hold_at_all_small_sizes() {
    let wanted = setting("NNC_FUZZ_ANSWERS", 100_000) as usize;
    let seed = setting("NNC_FUZZ_SEED", 6);
    let halves = [seed, seed.wrapping_add(0x9e37_79b9_7f4a_7c15)];
    let found = std::thread::scope(|scope| {
        let threads = halves.map(|seed| scope.spawn(move || fuzz(seed, wanted / 2)));
        threads.map(|it| it.join().unwrap())
    });
    for (count, wrong) in found {
        if std::env::var_os("NNC_FUZZ_SEED").is_some() {
            eprintln!("{count:?}");
        }
        assert!(
            wrong.is_empty(),
            "{} wrong, such as\n{}",
            wrong.len(),
            wrong[..wrong.len().min(12)].join("\n")
        );
        // A solver that never answers would pass too.
        assert!(count.proven * 10 > count.answers, "{count:?}");
        assert!(count.guards > 0 && count.witnesses > 0, "{count:?}");
    }
}
