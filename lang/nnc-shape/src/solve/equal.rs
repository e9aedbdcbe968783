//! Solving an equality for a variable.

use crate::dim::Dim;
use crate::solve::{Pending, Solved, Step};

impl Solved {
    /// Takes in that an expression is zero.
    pub(super) fn take_zero(&mut self, zero: &Dim, inequalities: &mut Vec<Dim>) -> Step {
        let zero = self.cancel_positive(&self.substituted(zero));
        let content = zero.content();
        let constant = zero.constant_term();
        if content == 0 {
            self.contradictory |= constant != 0;
            return Step::Done;
        }
        if constant % content != 0 {
            self.contradictory = true;
            return Step::Done;
        }
        let Some(zero) = zero.exact_div(&Dim::constant(content)) else { return Step::Done };
        let mut divisibilities = Vec::new();
        for name in zero.vars().into_iter().rev() {
            let Some((coefficient, rest)) = zero.affine_in(name) else { continue };
            match coefficient.as_constant() {
                Some(1) => {
                    self.replace(name, -rest, inequalities);
                    return Step::Replaced;
                }
                Some(-1) => {
                    self.replace(name, rest, inequalities);
                    return Step::Replaced;
                }
                Some(value) => {
                    let divisor = Dim::constant(value.saturating_abs());
                    divisibilities.push(Pending::Divides { divisor, of: rest });
                }
                None => {}
            }
        }
        Step::Kept(Pending::Zero(zero), divisibilities)
    }

    /// Divides by the variables that all terms share and that are never zero.
    fn cancel_positive(&self, zero: &Dim) -> Dim {
        let mut zero = zero.clone();
        for name in zero.vars() {
            if self.range_of_var(name).low.is_none_or(|low| low < 1) {
                continue;
            }
            while let Some(quotient) =
                zero.exact_div(&Dim::var(name)).filter(|_| !zero.terms.is_empty())
            {
                zero = quotient;
            }
        }
        zero
    }
}
