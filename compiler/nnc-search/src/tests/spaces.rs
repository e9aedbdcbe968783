use super::{Seeded, all, flat, fresh_seed, random_space};
use crate::{Slot, Space};
use std::collections::BTreeMap;

#[test]
fn each_member_is_met_once_and_in_order() {
    let seed = fresh_seed();
    let mut dice = Seeded(seed);
    for _ in 0..200 {
        let space = random_space(&mut dice);
        let mut met = vec![space.first()];
        while let Some(next) = space.next(&met[met.len() - 1]) {
            met.push(next);
        }
        assert_eq!(met, all(&space), "seed {seed}, {space:?}");
    }
}

#[test]
fn a_slot_that_is_not_there_tells_no_members_apart() {
    let slots = vec![
        Slot { candidates: 2, within: None },
        Slot { candidates: 3, within: Some((0, 1)) },
        Slot { candidates: 2, within: Some((1, 2)) },
    ];
    let space = Space::new(slots).unwrap();
    assert_eq!(space.member(&[0, 2, 1]), space.member(&[0, 0, 0]));
    assert_eq!(space.member(&[1, 1, 1]), space.member(&[1, 1, 0]));
    assert_ne!(space.member(&[1, 2, 1]), space.member(&[1, 2, 0]));
    assert_eq!(space.member(&[1, 3, 0]), None);
    assert_eq!(space.member(&[1, 2]), None);
    // 1 + (1 + 1 + 2).
    assert_eq!(all(&space).len(), 5);
    assert_eq!(Space::new(vec![Slot { candidates: 0, within: None }]), None);
    assert_eq!(Space::new(vec![Slot { candidates: 1, within: Some((0, 0)) }]), None);
}

#[test]
fn a_mutant_differs_in_one_hole_and_what_is_there_by_it() {
    let seed = fresh_seed();
    let mut dice = Seeded(seed);
    for _ in 0..500 {
        let space = random_space(&mut dice);
        let member = space.random(&mut dice);
        assert_eq!(space.member(member.choices()), Some(member.clone()), "seed {seed}");
        let Some(mutant) = space.mutate(&member, &mut dice) else {
            assert!(all(&space).len() == 1 || !space.slots().iter().any(|it| it.candidates > 1));
            continue;
        };
        assert_eq!(space.member(mutant.choices()), Some(mutant.clone()), "seed {seed}");
        let both = (0..space.slots().len()).filter(|at| {
            space.is_there(member.choices(), *at) && space.is_there(mutant.choices(), *at)
        });
        let changed = both.filter(|at| member.choices()[*at] != mutant.choices()[*at]);
        assert_eq!(changed.count(), 1, "seed {seed}: {member:?} {mutant:?} {space:?}");
    }
}

#[test]
fn random_members_and_mutants_are_spread_evenly() {
    let space = flat(&[2, 3]);
    let mut dice = Seeded(7);
    let mut counts: BTreeMap<Vec<u32>, i32> = BTreeMap::new();
    for _ in 0..6000 {
        *counts.entry(space.random(&mut dice).choices().to_vec()).or_default() += 1;
    }
    assert_eq!(counts.len(), 6);
    assert!(counts.values().all(|it| (850..1150).contains(it)), "{counts:?}");
    // From [0, 0]: [1, 0] half of the time, [0, 1] and [0, 2] a quarter each.
    let mut counts: BTreeMap<Vec<u32>, i32> = BTreeMap::new();
    for _ in 0..4000 {
        let mutant = space.mutate(&space.first(), &mut dice).unwrap();
        *counts.entry(mutant.choices().to_vec()).or_default() += 1;
    }
    assert_eq!(counts.len(), 3);
    assert!((1850..2150).contains(&counts[&vec![1, 0]]), "{counts:?}");
    assert!((850..1150).contains(&counts[&vec![0, 2]]), "{counts:?}");
}
