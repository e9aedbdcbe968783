//! How two types are related, in one direction: whether a value of the one may stand
//! where the other is wanted, and if not, why.
//!
//! The idea is that of NeMo's neural types (Kuchaiev et al., 2019, section 3), where
//! comparing two types gives one of a few answers. Here the direction is that of a value
//! that goes somewhere: [`Relation::Less`] means that it fits when something is
//! forgotten. [`repair`] then looks for the least change that makes a value fit.

mod repair;

#[cfg(test)]
mod tests;

use nnc_hir::{Axis, AxisSize, Base, Elem, MeaningUse, Program, TensorType, Type};
use nnc_shape::{Dim, Fact, Facts};

use crate::scope::Builtins;
pub use repair::{ElementRepair, IndexRepair, Place, Repair, Source, repair};

/// How a value's type is related to one that is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Relation {
    /// They are equal.
    Same,
    /// The value fits when it forgets what it means more than is wanted.
    Less,
    /// The value means less than is wanted: it fits if that is claimed.
    Greater,
    /// The same axes in another order.
    TransposedSame,
    /// Another number of axes.
    RankIncompatible,
    /// An axis, by its place, of another kind.
    KindIncompatible { axis: usize },
    /// An axis whose size is not proved equal.
    SizeIncompatible { axis: usize },
    /// An axis over time with another rate.
    RateIncompatible { axis: usize },
    /// `_` on one side only.
    BroadcastIncompatible { axis: usize },
    /// Numbers that are stored in another way.
    StorageIncompatible,
    /// A meaning that is neither above nor below.
    MeaningIncompatible,
    /// The meaning that is wanted, with other parameters.
    ParametersIncompatible,
    /// A mask, where true says the opposite.
    Opposite,
    /// A tuple or an array with another number of parts.
    LengthIncompatible,
    /// Types of two sorts, such as a tuple and a tensor.
    Incompatible,
    /// One of them was reported as a mistake.
    Unchecked,
}

impl Relation {
    /// Whether the value may stand there without a word.
    pub fn fits(self) -> bool {
        matches!(self, Relation::Same | Relation::Less | Relation::Unchecked)
    }

    /// Of two parts of one value, the relation of the whole.
    fn and(self, other: Relation) -> Relation {
        match (self, other) {
            (Relation::Same, other) => other,
            (Relation::Less, other) if other.fits() => Relation::Less,
            (Relation::Less, other) => other,
            (before, _) => before,
        }
    }
}

/// What is known where types are compared.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    pub(crate) program: &'a Program,
    pub(crate) builtins: Builtins,
    pub(crate) facts: &'a Facts,
}

impl<'a> Known<'a> {
    /// `None` for a program that no analysis made.
    pub fn new(program: &'a Program, facts: &'a Facts) -> Option<Known<'a>> {
        Some(Known { program, builtins: Builtins::of(program)?, facts })
    }

    fn seen_as(self, meaning: &MeaningUse, wanted: &MeaningUse) -> Option<MeaningUse> {
        self.program.seen_as(meaning, wanted.id)
    }
}

/// How `found` is related to `wanted`.
pub fn compare(known: Known<'_>, found: &Type, wanted: &Type) -> Relation {
    match (found, wanted) {
        (Type::Error, _) | (_, Type::Error) => Relation::Unchecked,
        (Type::Tensor(found), Type::Tensor(wanted)) => compare_tensors(known, found, wanted),
        (Type::Dim(found), Type::Dim(wanted)) => match proved_equal(known.facts, found, wanted) {
            true => Relation::Same,
            false => Relation::SizeIncompatible { axis: 0 },
        },
        (Type::Tuple(found), Type::Tuple(wanted)) if found.len() == wanted.len() => {
            let parts = found.iter().zip(wanted).map(|(a, b)| compare(known, a, b));
            parts.fold(Relation::Same, Relation::and)
        }
        (Type::Tuple(_), Type::Tuple(_)) => Relation::LengthIncompatible,
        (Type::Array(_, places), Type::Array(_, wanted_places)) => {
            match proved_equal(known.facts, &places.count, &wanted_places.count) {
                true => match found.items(wanted) {
                    Some((found, wanted)) => compare(known, &found, &wanted),
                    None => Relation::Incompatible,
                },
                false => Relation::LengthIncompatible,
            }
        }
        (Type::Struct { id, dims, .. }, Type::Struct { id: other, dims: wanted, .. })
            if id == other =>
        {
            let unequal =
                dims.iter().zip(wanted).position(|(a, b)| !proved_equal(known.facts, a, b));
            unequal.map_or(Relation::Same, |axis| Relation::SizeIncompatible { axis })
        }
        _ => Relation::Incompatible,
    }
}

/// Axes first, then elements; a transpose is told if it is all that is missing.
pub fn compare_tensors(known: Known<'_>, found: &TensorType, wanted: &TensorType) -> Relation {
    if found.pack != wanted.pack || found.axes.len() != wanted.axes.len() {
        return Relation::RankIncompatible;
    }
    let elements = compare_elements(known, &found.elem, &wanted.elem);
    let axes = compare_axes(known.facts, &found.axes, &wanted.axes);
    if axes.fits() {
        return elements;
    }
    match elements.fits() && order(known.facts, &found.axes, &wanted.axes).is_some() {
        true => Relation::TransposedSame,
        false => axes,
    }
}

/// Axis by axis, as many on either side.
pub fn compare_axes(facts: &Facts, found: &[Axis], wanted: &[Axis]) -> Relation {
    if let Some(axis) = found.iter().zip(wanted).position(|(a, b)| !kinds_match(a, b)) {
        return Relation::KindIncompatible { axis };
    }
    for (axis, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        match (&found.size, &wanted.size) {
            (AxisSize::Dim(a), AxisSize::Dim(b)) if !proved_equal(facts, a, b) => {
                return Relation::SizeIncompatible { axis };
            }
            (AxisSize::Dim(_), AxisSize::Broadcast) | (AxisSize::Broadcast, AxisSize::Dim(_)) => {
                return Relation::BroadcastIncompatible { axis };
            }
            _ => {}
        }
        if !rates_match(found, wanted) {
            return Relation::RateIncompatible { axis };
        }
    }
    Relation::Same
}

pub fn compare_elements(known: Known<'_>, found: &Elem, wanted: &Elem) -> Relation {
    let meanings = compare_meanings(known, found, wanted);
    match meanings.fits() && found.base != wanted.base {
        true => Relation::StorageIncompatible,
        false => meanings,
    }
}

fn compare_meanings(known: Known<'_>, found: &Elem, wanted: &Elem) -> Relation {
    match (&found.meaning, &wanted.meaning) {
        (None, None) => Relation::Same,
        (Some(_), None) => Relation::Less,
        // A plain bool says of each point whether it holds, which is what Mask means.
        (None, Some(wanted)) if wanted.id == known.builtins.mask && found.base == Base::Bool => {
            Relation::Less
        }
        (None, Some(_)) => Relation::Greater,
        (Some(found), Some(wanted)) => {
            let equal = |a: &MeaningUse, b: &MeaningUse| same_args(known.facts, &a.args, &b.args);
            if let Some(seen) = known.seen_as(found, wanted) {
                return match (equal(&seen, wanted), found.id == wanted.id) {
                    (true, true) => Relation::Same,
                    (true, false) => Relation::Less,
                    (false, _) => Relation::ParametersIncompatible,
                };
            }
            if known.seen_as(wanted, found).is_some_and(|seen| equal(&seen, found)) {
                return Relation::Greater;
            }
            match opposite(known.program, known.builtins, found, wanted) {
                true => Relation::Opposite,
                false => Relation::MeaningIncompatible,
            }
        }
    }
}

/// Whether one says which places are attended to and the other which are not.
pub(crate) fn opposite(
    program: &Program,
    builtins: Builtins,
    left: &MeaningUse,
    right: &MeaningUse,
) -> bool {
    let is = |meaning: &MeaningUse, id| program.seen_as(meaning, id).is_some();
    let (mask, pad) = (builtins.mask, builtins.pad_mask);
    is(left, mask) && is(right, pad) || is(left, pad) && is(right, mask)
}

/// Parameters of one meaning that are equal wherever the facts hold.
pub(crate) fn same_args(facts: &Facts, left: &[Dim], right: &[Dim]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(a, b)| proved_equal(facts, a, b))
}

/// Whether two sizes are equal wherever the facts hold.
pub(crate) fn proved_equal(facts: &Facts, left: &Dim, right: &Dim) -> bool {
    left == right
        || facts.proves(&Fact::Equal(left.clone(), right.clone()))
        || (facts.proves(&Fact::AtLeast(left.clone(), right.clone()))
            && facts.proves(&Fact::AtLeast(right.clone(), left.clone())))
}

pub(crate) fn kinds_match(left: &Axis, right: &Axis) -> bool {
    match (left.kind, right.kind) {
        (Some(left), Some(right)) => left == right,
        _ => true,
    }
}

fn rates_match(left: &Axis, right: &Axis) -> bool {
    match (left.rate, right.rate) {
        (Some(left), Some(right)) => left == right,
        _ => true,
    }
}

/// For each axis that is wanted, the place of the one that is it; each is used once.
fn order(facts: &Facts, found: &[Axis], wanted: &[Axis]) -> Option<Vec<usize>> {
    let fits = |from: usize, to: usize| {
        compare_axes(facts, &found[from..=from], &wanted[to..=to]) == Relation::Same
    };
    let mut order: Vec<usize> = Vec::new();
    // Goes back when a later axis finds none: two axes may both fit in one place.
    let mut next = 0;
    while order.len() < wanted.len() {
        let free = (next..found.len()).find(|at| !order.contains(at) && fits(*at, order.len()));
        match free {
            Some(at) => {
                order.push(at);
                next = 0;
            }
            None => next = order.pop()? + 1,
        }
    }
    Some(order)
}
