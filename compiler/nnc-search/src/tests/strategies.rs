use super::{
    CHEAP, GOOD, Seeded, Sums, all, at_least_gain, cheap, flat, fresh_seed, random_space, search,
};
use crate::{Aims, Bound, Strategy, best, front, run};
use std::collections::BTreeSet;

const EVOLUTION: Strategy = Strategy::Evolution { population: 12, tournament: 4 };

fn go(search: &mut crate::Search<'_>, sums: &mut Sums) {
    run(search, sums, &mut |_| Ok(())).unwrap();
}

#[test]
fn an_exhaustive_search_finds_the_best_of_all() {
    let seed = fresh_seed();
    let mut dice = Seeded(seed);
    for _ in 0..50 {
        let space = random_space(&mut dice);
        let mut sums = Sums::new(&space, seed);
        let mut search = search(&space, &cheap(), Strategy::Exhaustive, 1 << 20, seed);
        go(&mut search, &mut sums);
        let everything = all(&space);
        assert_eq!(search.found().len(), everything.len(), "seed {seed}");
        let least = everything.iter().map(|it| sums.cost(it)).fold(f64::INFINITY, f64::min);
        let found = best(search.found(), search.aims(), &search.final_limits())[0];
        assert_eq!(sums.cost(&search.found()[found].member), least, "seed {seed}");
    }
}

#[test]
fn a_random_search_looks_at_none_twice_and_in_the_end_at_all() {
    let space = flat(&[3, 2, 4]);
    let mut sums = Sums::new(&space, 1);
    let mut search = search(&space, &cheap(), Strategy::Random, 1000, fresh_seed());
    go(&mut search, &mut sums);
    let asked: BTreeSet<_> = sums.asked.iter().collect();
    assert_eq!((sums.asked.len(), asked.len()), (24, 24));
}

#[test]
fn evolution_finds_the_best_of_a_space_that_it_sees_little_of() {
    let space = flat(&[4, 4, 4, 4, 4, 4]);
    let mut hits = 0;
    for seed in 0..20 {
        let mut sums = Sums::new(&space, 5);
        let mut search = search(&space, &cheap(), EVOLUTION, 400, seed);
        go(&mut search, &mut sums);
        assert_eq!(sums.asked.iter().collect::<BTreeSet<_>>().len(), 400);
        let least: f64 =
            sums.costs.iter().map(|row| row.iter().copied().fold(f64::INFINITY, f64::min)).sum();
        let found = best(search.found(), search.aims(), &[])[0];
        hits += usize::from((sums.cost(&search.found()[found].member) - least).abs() < 1e-9);
    }
    // A tenth of the space by chance would find it once in ten.
    assert!(hits >= 18, "{hits} of 20");
}

#[test]
fn evolution_is_the_same_by_its_seed() {
    let space = flat(&[4, 3, 5, 2]);
    let members = |seed: u64| {
        let mut sums = Sums::new(&space, 9);
        go(&mut search(&space, &cheap(), EVOLUTION, 60, seed), &mut sums);
        sums.asked
    };
    assert_eq!(members(3), members(3));
    assert_ne!(members(3), members(4));
}

#[test]
fn a_limit_is_kept_by_what_is_best_and_drives_evolution_to_it() {
    let space = flat(&[4, 4, 4, 4, 4]);
    // Of a gain of at most 45.
    let most = 45.0;
    let aims = at_least_gain(Bound::Value(most - 18.0));
    let mut sums = Sums::new(&space, 2);
    let mut search = search(&space, &aims, EVOLUTION, 300, 11);
    go(&mut search, &mut sums);
    let kept = all(&space).into_iter().filter(|it| sums.gain(it) >= most - 18.0);
    let least = kept.map(|it| sums.cost(&it)).fold(f64::INFINITY, f64::min);
    let found = best(search.found(), &aims, &search.final_limits());
    assert_eq!(sums.cost(&search.found()[found[0]].member), least);
    let kept = |it: &crate::Member| sums.gain(it) >= most - 18.0;
    let keeping = search.found().iter().filter(|it| kept(&it.member)).count();
    let everything = all(&space);
    let by_chance = everything.iter().filter(|it| kept(it)).count() * 300 / everything.len();
    assert!(keeping > 2 * by_chance, "{keeping} of 300, {by_chance} by chance");
}

#[test]
fn the_median_is_that_of_the_sample() {
    let space = flat(&[5, 5, 5]);
    let aims = at_least_gain(Bound::Median);
    let mut sums = Sums::new(&space, 4);
    let mut search = search(&space, &aims, EVOLUTION, 50, 1);
    for at in 0..13 {
        assert_eq!(search.limits().len(), usize::from(at >= 12));
        let member = search.propose().unwrap();
        let worth = crate::Evaluate::evaluate(&mut sums, &member, &[]).unwrap();
        search.record(member, worth);
    }
    let mut gains: Vec<f64> = sums.asked[..12].iter().map(|it| sums.gain(it)).collect();
    gains.sort_by(f64::total_cmp);
    assert_eq!(search.limits()[0].1, gains[5]);
    assert_eq!(search.sample().unwrap().len(), 12);
}

#[test]
fn members_that_fail_are_passed_over() {
    let space = flat(&[3, 3, 3]);
    let mut sums = Sums::new(&space, 8);
    sums.odd_fail = true;
    for strategy in [Strategy::Exhaustive, Strategy::Random, EVOLUTION] {
        sums.asked.clear();
        let mut search = search(&space, &cheap(), strategy, 27, 3);
        go(&mut search, &mut sums);
        assert_eq!(search.found().len(), 27);
        let even = |it: &&crate::Member| it.choices().iter().sum::<u32>() % 2 == 0;
        let everything = all(&space);
        let least = everything.iter().filter(even).map(|it| sums.cost(it));
        let least = least.fold(f64::INFINITY, f64::min);
        let found = best(search.found(), search.aims(), &[]);
        assert_eq!(found.len(), 14);
        assert_eq!(sums.cost(&search.found()[found[0]].member), least);
    }
}

#[test]
fn the_front_has_all_that_none_is_better_than() {
    let space = flat(&[3, 4, 3]);
    let aims = Aims { goals: vec![CHEAP, GOOD], limits: Vec::new() };
    let mut sums = Sums::new(&space, fresh_seed());
    let mut search = search(&space, &aims, Strategy::Exhaustive, 100, 0);
    go(&mut search, &mut sums);
    let found = search.found();
    let values: Vec<(f64, f64)> =
        found.iter().map(|it| (sums.cost(&it.member), sums.gain(&it.member))).collect();
    let front = front(found, &aims, &[]);
    assert!(front.len() > 2, "{front:?}");
    for at in 0..found.len() {
        let (cost, gain) = values[at];
        let better = |it: &(f64, f64)| it.0 <= cost && it.1 >= gain && *it != (cost, gain);
        let beaten = values.iter().any(better);
        let equal = front.iter().any(|it| values[*it] == (cost, gain));
        assert_eq!(equal, !beaten, "{at}");
    }
    assert!(front.windows(2).all(|pair| values[pair[0]].0 < values[pair[1]].0));
}
