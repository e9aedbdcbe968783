//! Parts of guards that always hold: `0 <= i*s + u - p` without padding.

use nnc_graph::{Affine, Binary, Compare, Scalar};
use nnc_shape::{Dim, Fact};

use crate::lowerer::{Lowerer, Lowering};
use crate::point;

impl Lowerer<'_> {
    /// The guard without the conditions that hold at every point.
    pub(crate) fn simplified_guard(&mut self, guard: Option<Scalar>) -> Lowering<Option<Scalar>> {
        let Some(guard) = guard else { return Ok(None) };
        if let Scalar::Binary(Binary::And, left, right) = guard {
            let left = self.simplified_guard(Some(*left))?;
            let right = self.simplified_guard(Some(*right))?;
            return Ok(point::and(left, right));
        }
        Ok((!self.always(&guard)?).then_some(guard))
    }

    fn always(&mut self, condition: &Scalar) -> Lowering<bool> {
        let Scalar::Compare(op, left, right) = condition else {
            return Ok(*condition == Scalar::Bool(true));
        };
        let (Some(left), Some(right)) = (affine(left), affine(right)) else { return Ok(false) };
        let (less, more, by) = match op {
            Compare::Le => (left, right, 0),
            Compare::Lt => (left, right, 1),
            Compare::Ge => (right, left, 0),
            Compare::Gt => (right, left, 1),
            Compare::Eq | Compare::Ne => return Ok(false),
        };
        let difference = more.plus(&less.times(&Dim::constant(-1)));
        let mut least = &difference.offset - by;
        for (var, coefficient) in &difference.terms {
            let Some(factor) = coefficient.as_constant() else { return Ok(false) };
            if factor < 0 {
                let last = self.extent(*var) - 1;
                least = least + &last * coefficient;
            }
        }
        if let Some(least) = least.as_constant() {
            return Ok(least >= 0);
        }
        let question = Fact::AtLeast(least, Dim::constant(0));
        Ok(self.building()?.graph.facts.proves(&question))
    }
}

fn affine(scalar: &Scalar) -> Option<Affine> {
    match scalar {
        Scalar::Index { value, .. } => Some(value.clone()),
        Scalar::Int { value, .. } => Some(Affine::constant(*value)),
        Scalar::Acc
        | Scalar::Read { .. }
        | Scalar::Float { .. }
        | Scalar::Bool(_)
        | Scalar::Unary(..)
        | Scalar::Binary(..)
        | Scalar::Compare(..)
        | Scalar::Select { .. }
        | Scalar::Cast { .. } => None,
    }
}
