//! Sizes at which facts hold, apart for variables that have nothing to do with one another.

use std::collections::BTreeSet;

use nnc_base::Name;

use crate::facts::Facts;
use crate::search::search;

impl Facts {
    /// These variables and all that facts tie to them.
    pub fn linked(&self, vars: &BTreeSet<Name>) -> BTreeSet<Name> {
        let choices = self.choices.iter();
        let choices = choices.map(|it| it.iter().flatten().flat_map(|fact| fact.vars()).collect());
        let mut ties: Vec<BTreeSet<Name>> =
            self.iter().map(|fact| fact.vars()).chain(choices).collect();
        let mut linked = vars.clone();
        loop {
            let before = ties.len();
            ties.retain(|tie| {
                let apart = tie.is_disjoint(&linked);
                if !apart {
                    linked.extend(tie);
                }
                apart
            });
            if ties.len() == before {
                return linked;
            }
        }
    }

    /// Values of these variables, and of those tied to them, at which the facts hold. `None`
    /// if there are none, or none were found: that there are none is known of variables that
    /// [`Facts::sizes_of`] decides.
    pub fn example(&self, vars: &BTreeSet<Name>) -> Option<Vec<(Name, i64)>> {
        if self.contradictory() {
            return None;
        }
        let mut example: Vec<(Name, i64)> = Vec::new();
        for name in vars {
            if example.iter().any(|(it, _)| it == name) {
                continue;
            }
            let own = self.linked(&BTreeSet::from([*name]));
            match (own.len(), self.sizes_of(*name)) {
                (1, Some(sizes)) => example.push((*name, sizes.first()?)),
                _ => {
                    search(self, &own, &mut |env| {
                        example.extend(own.iter().filter_map(|it| Some((*it, env(*it)?))));
                        true
                    })
                    .then_some(())?;
                }
            }
        }
        example.sort_by_key(|(name, _)| *name);
        Some(example)
    }
}
