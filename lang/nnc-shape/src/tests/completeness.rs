//! Which share of what is true is proved, by what it is made of.
//!
//! A statement counts as true if it holds at all small sizes that satisfy the facts and at many
//! larger ones. `NNC_COMPLETENESS=n` looks at `n` worlds of each kind, prints the table and some
//! of what is not proved; `NNC_FUZZ_SEED=n` takes another seed.

use super::truth::setting;
use super::worlds::{Claim, KINDS, Kind, World};
use super::written::{Random, Written};

/// How many sizes have to satisfy the facts, so that little is true by accident.
const FEWEST: usize = 24;

/// Statements of the same form.
#[derive(Default)]
struct Share {
    true_: usize,
    proven: usize,
    unproven: Vec<String>,
}

/// `>=`, `==` and `% == 0`.
const FORMS: [&str; 3] = [">=", "==", "%"];

fn form(claim: &Claim) -> usize {
    match claim {
        Claim::AtLeast(..) => 0,
        Claim::Equal(..) => 1,
        Claim::Divides { .. } | Claim::Not(_) | Claim::Either(..) => 2,
    }
}

/// Whether a statement has a value at all these sizes and holds at all.
fn holds_at(claim: &Claim, points: &[[i64; 4]]) -> bool {
    points.iter().all(|point| claim.holds(point) == Some(true))
}

/// Statements that hold at all small sizes.
fn candidates(world: &World, random: &mut Random, kind: Kind) -> Vec<Claim> {
    let mut found: Vec<Claim> = (0..24).map(|_| world.statement(random, kind)).collect();
    let pool: Vec<Written> = (0..48).map(|_| random.expression(kind)).collect();
    let values: Vec<Option<Vec<i64>>> =
        pool.iter().map(|it| world.small.iter().map(|point| it.value(point)).collect()).collect();
    for (left, left_values) in pool.iter().zip(&values) {
        for (right, right_values) in pool.iter().zip(&values) {
            let (Some(left_values), Some(right_values)) = (left_values, right_values) else {
                continue;
            };
            // Each pair once.
            if left_values == right_values && left.dim() < right.dim() {
                found.push(Claim::Equal(left.clone(), right.clone()));
            }
        }
    }
    found.retain(|claim| holds_at(claim, &world.small));
    found
}

fn table(seed: u64, worlds: usize) -> Vec<(Kind, [Share; 3])> {
    let mut table: Vec<(Kind, [Share; 3])> = Vec::new();
    for kind in KINDS {
        let mut random = Random(seed);
        let mut shares: [Share; 3] = Default::default();
        let mut left = worlds;
        while left > 0 {
            let world = World::random(&mut random, 7);
            let larger = world.scattered(&mut random, 4000);
            if world.small.len() < FEWEST || larger.len() < FEWEST {
                continue;
            }
            left -= 1;
            for claim in candidates(&world, &mut random, kind) {
                let Some(fact) = claim.fact(&world.facts) else { continue };
                if !holds_at(&claim, &larger) {
                    continue;
                }
                let share = &mut shares[form(&claim)];
                share.true_ += 1;
                if world.facts.proves(&fact) {
                    share.proven += 1;
                } else {
                    share.unproven.push(format!("{world}:  {fact}"));
                }
            }
        }
        table.push((kind, shares));
    }
    table
}

#[test]
fn most_of_what_is_true_is_proved() {
    let asked = setting("NNC_COMPLETENESS", 0) as usize;
    let worlds = if asked == 0 { 12 } else { asked };
    let table = table(setting("NNC_FUZZ_SEED", 1), worlds);
    let (mut all, mut all_proven) = (0, 0);
    for (kind, shares) in &table {
        let mut line = format!("{:<14}", format!("{kind:?}"));
        for (form, share) in FORMS.iter().zip(shares) {
            let percent = 100.0 * share.proven as f64 / share.true_.max(1) as f64;
            line +=
                &format!("  {form:>2} {:>5} of {:>5} {percent:>5.1} %", share.proven, share.true_);
            all += share.true_;
            all_proven += share.proven;
        }
        if asked > 0 {
            eprintln!("{line}");
        }
    }
    let percent = 100.0 * all_proven as f64 / all as f64;
    if asked > 0 {
        eprintln!("all {all_proven} of {all} {percent:.1} %");
        for (kind, shares) in &table {
            for share in shares {
                for text in share.unproven.iter().take(asked / 4) {
                    eprintln!("{kind:?}   {text}");
                }
            }
        }
    }
    assert!(percent > 92.0, "{percent:.1} %");
}
