//! Where in a buffer a kernel reads or writes.

use crate::BufferId;
use nnc_graph::Scalar;
use nnc_shape::Dim;

/// `offset + Σ strides[i] · loop i + Σ stride · data index`, in elements.
#[derive(Clone, PartialEq, Debug)]
pub struct Address {
    pub buffer: BufferId,
    pub offset: Dim,
    /// One for each loop of the kernel or stage.
    pub strides: Vec<Dim>,
    /// Positions that come from data.
    pub data: Vec<DataIndex>,
}

/// A position along an axis that is computed from data (a gather).
#[derive(Clone, PartialEq, Debug)]
pub struct DataIndex {
    pub stride: Dim,
    /// An integer; reads inside it name addresses of the same kernel or stage.
    pub value: Scalar,
}

impl Address {
    /// The stride along a loop, if it is a known number.
    pub fn stride(&self, at: usize) -> Option<i64> {
        self.strides[at].as_constant()
    }

    /// Whether the address does not depend on a loop.
    pub fn is_invariant(&self, at: usize) -> bool {
        self.strides[at] == Dim::constant(0)
            && self.data.iter().all(|index| !uses_loop(&index.value, at))
    }
}

fn uses_loop(scalar: &Scalar, at: usize) -> bool {
    // A read inside a data index may vary along any loop; only plain arithmetic is looked into.
    let mut uses = false;
    scalar.visit(&mut |it| match it {
        Scalar::Index { value, .. } => {
            uses |= value.terms.iter().any(|(var, _)| var.0 as usize == at);
        }
        Scalar::Read { .. } => uses = true,
        _ => {}
    });
    uses
}
