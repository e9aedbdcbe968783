//! The normal form of an expression under the facts, and back to the user's words.

use nnc_base::Name;

use crate::dim::{Atom, Dim};
use crate::extremum::{Side, extremum};
use crate::floor::gcd;
use crate::solve::Solved;

/// Rules that feed each other are followed this far.
const MOST_ROUNDS: usize = 4;
/// An expression that grew beyond this many atoms is left as it was before.
const MOST_ATOMS: usize = 256;

impl Solved {
    /// Puts the replacements in.
    pub(super) fn substituted(&self, dim: &Dim) -> Dim {
        if self.replaced.is_empty() {
            return dim.clone();
        }
        dim.substitute(&|name| self.replaced.get(&name).cloned())
    }

    /// The normal form in the solver's variables.
    pub(crate) fn reduce(&self, dim: &Dim) -> Dim {
        let mut dim = self.substituted(dim);
        for _ in 0..MOST_ROUNDS {
            let mut next = self.settle(&dim);
            for (above, below, floor) in self.exact_floors() {
                next = next.exchange(&(below * floor), &above);
            }
            for zero in &self.zeros {
                if let Some((_, rest)) = zero.monic().and_then(|zero| next.div_rem(&zero)) {
                    next = rest;
                }
            }
            if next == dim || next.weight() > MOST_ATOMS {
                break;
            }
            dim = next;
        }
        dim
    }

    /// Simplifies the atoms that the facts decide.
    fn settle(&self, dim: &Dim) -> Dim {
        dim.map_atoms(&mut |atom| match atom {
            Atom::Var(_) | Atom::Group(_) => None,
            Atom::Floor(above, below) => {
                let (above, below) = (self.settle(above), self.settle(below));
                Some(self.settle_floor(&above, &below))
            }
            Atom::Min(items) => Some(self.settle_extremum(Side::Least, items)),
            Atom::Max(items) => Some(self.settle_extremum(Side::Greatest, items)),
        })
    }

    fn settle_floor(&self, above: &Dim, below: &Dim) -> Dim {
        for (multiple, divisor, quotient) in self.exact_floors() {
            let Some(times) = divisor.exact_div(below) else { continue };
            let Some((whole, rest)) = above.div_rem(&multiple) else { continue };
            if whole.terms.is_empty() {
                continue;
            }
            return whole * times * quotient + self.settle_floor(&rest, below);
        }
        let floor = above.floor_div(below);
        let Some(Atom::Floor(above, below)) = floor.as_atom() else { return floor };
        let range = self.interval(&floor);
        if let (Some(low), Some(high)) = (range.low, range.high)
            && low == high
            && let Ok(value) = i64::try_from(low)
        {
            return Dim::constant(value);
        }
        for value in [0, -1] {
            let rest = &**above - &**below * value;
            if self.is_plainly_nonnegative(&rest)
                && self.is_plainly_nonnegative(&(&**below - 1 - rest))
            {
                return Dim::constant(value);
            }
        }
        floor
    }

    fn settle_extremum(&self, side: Side, items: &[Dim]) -> Dim {
        let mut kept: Vec<Dim> = items.iter().map(|item| self.settle(item)).collect();
        let mut index = 0;
        while index < kept.len() {
            let beaten = kept.iter().enumerate().any(|(other, by)| {
                other != index
                    && match side {
                        Side::Least => self.is_plainly_nonnegative(&(&kept[index] - by)),
                        Side::Greatest => self.is_plainly_nonnegative(&(by - &kept[index])),
                    }
            });
            if beaten {
                kept.remove(index);
            } else {
                index += 1;
            }
        }
        extremum(side, &kept)
    }

    /// The same in the variables of the program.
    pub(crate) fn present(&self, dim: &Dim) -> Dim {
        if self.quotients.is_empty() {
            return dim.clone();
        }
        let mut dim = dim.map_atoms(&mut |atom| match atom {
            Atom::Var(_) | Atom::Group(_) => None,
            Atom::Floor(above, below) => Some(self.present(above).floor_div(&self.present(below))),
            Atom::Min(items) => Some(self.present_extremum(Side::Least, items)),
            Atom::Max(items) => Some(self.present_extremum(Side::Greatest, items)),
        });
        for quotient in self.quotients.iter().rev() {
            let whole = Dim::var(quotient.of) - &quotient.remainder;
            let multiple = &quotient.divisor * Dim::var(quotient.name);
            dim = dim.exchange(&multiple, &whole);
            dim = part_of_whole(&dim, quotient.name, &whole, &quotient.divisor);
            let floor = whole.floor_div(&quotient.divisor);
            dim = dim.substitute(&|name| (name == quotient.name).then(|| floor.clone()));
        }
        dim
    }

    fn present_extremum(&self, side: Side, items: &[Dim]) -> Dim {
        let items: Vec<Dim> = items.iter().map(|item| self.present(item)).collect();
        extremum(side, &items)
    }
}

/// Writes `8*q` as `whole // 2` where `whole` is `16*q`: by the divisor that is left.
fn part_of_whole(dim: &Dim, quotient: Name, whole: &Dim, divisor: &Dim) -> Dim {
    let content = divisor.content_with_constant();
    let name = Atom::Var(quotient);
    let mut result = dim.clone();
    for (monomial, value) in &dim.terms {
        let common = gcd(*value, content);
        let Some((rest, 1)) = monomial.without(&name) else { continue };
        let Some(left) = divisor.exact_div(&Dim::constant(common)) else { continue };
        if common > 1 {
            let mut factor = Dim::zero();
            factor.add_term(rest, value / common);
            result.add_term(monomial.clone(), -value);
            result = result + factor * whole.floor_div(&left);
        }
    }
    result
}
