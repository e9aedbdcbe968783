//! The holes of a model's spaces, and what the model chooses for them.
//!
//! A hole is told by its *place*: the field path from the model's layer on, such as
//! `cells.3.mix`. What stands in a hole may have holes itself; they are there only for that
//! candidate, and their places go on behind the outer hole's as if the candidate were its
//! only layer: `cells.3.mix.inner`, or `cells.3.mix.1.inner` in the second of a chain.

use nnc_base::{Diagnostic, Span};
use nnc_hir::{Candidate, FieldValue, Model, Program, SpaceHole};
use nnc_shape::Dim;

use crate::errors;
use crate::instance::Instance;
use crate::lowerer::{Lowerer, Lowering};
use crate::params::MOST_NESTING;

/// A hole of a model. With all that can stand in it and in others, it spans the model's
/// space.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hole {
    /// Such as `cells.3.mix`, as [`nnc_hir::Chosen::hole`] has it.
    pub place: String,
    /// As a `choose` line has it: `cells[3].mix`.
    pub written: String,
    pub span: Span,
    /// The names of the candidates, in order.
    pub candidates: Vec<String>,
    /// The hole and its candidate that this one is part of, if it is not always there; the
    /// hole stands before this one.
    pub within: Option<(usize, usize)>,
}

/// All holes of a model in the order of the fields, those of candidates that are not chosen
/// included.
pub fn holes(program: &Program, model: &Model) -> Result<Vec<Hole>, Vec<Diagnostic>> {
    if !program.layers.values().any(|layer| layer.space) {
        return Ok(Vec::new());
    }
    let mut lowerer = Lowerer::new(program);
    let mut holes = Vec::new();
    let found = lowerer.root(model).and_then(|root| {
        let place = Here { written: String::new(), within: None, depth: 0 };
        lowerer.holes_in(&root, model.span, &place, &mut holes)
    });
    found.map(|()| holes).map_err(|diagnostic| vec![*diagnostic])
}

/// How many ways there are to choose a candidate for each hole; at most `u128::MAX`.
pub fn members(holes: &[Hole]) -> u128 {
    members_within(holes, None)
}

fn members_within(holes: &[Hole], within: Option<(usize, usize)>) -> u128 {
    let own = holes.iter().enumerate().filter(|(_, hole)| hole.within == within);
    own.fold(1, |product: u128, (at, hole)| {
        let ways = (0..hole.candidates.len()).map(|it| members_within(holes, Some((at, it))));
        product.saturating_mul(ways.fold(0, u128::saturating_add))
    })
}

/// The holes that a model leaves open, of those that are there by what it chooses.
pub(crate) fn open<'h>(holes: &'h [Hole], model: &Model) -> Vec<&'h Hole> {
    let chosen = |hole: &Hole| {
        let found = model.chosen.iter().find(|it| it.hole == hole.place);
        found.map(|it| it.candidate)
    };
    let is_there = |hole: &Hole| {
        let mut hole = hole;
        while let Some((outer, candidate)) = hole.within {
            let Some(outer) = holes.get(outer) else { return false };
            if chosen(outer) != Some(candidate) {
                return false;
            }
            hole = outer;
        }
        true
    };
    holes.iter().filter(|hole| is_there(hole) && chosen(hole).is_none()).collect()
}

/// Where the walk over a model's fields is.
struct Here {
    written: String,
    within: Option<(usize, usize)>,
    depth: usize,
}

impl Lowerer<'_> {
    /// What stands in the hole of a field of `owner`.
    pub(crate) fn candidate<'h>(
        &self,
        place: &str,
        hole: &'h SpaceHole,
        at: Span,
    ) -> Lowering<&'h Candidate> {
        let candidate = self.choices.get(place).and_then(|at| hole.candidates.get(*at));
        candidate.ok_or_else(|| Box::new(errors::hole_without_model(at, place)))
    }

    /// A layer of a candidate's chain, at its place in the model.
    pub(crate) fn chain_item(
        &self,
        owner: &Instance,
        candidate: &Candidate,
        (path, place): (&str, &str),
        item: usize,
        at: Span,
    ) -> Lowering<std::rc::Rc<Instance>> {
        let Some(layer) = candidate.chain.get(item) else {
            return Err(self.internal(format!("`{}` has no layer {item}", candidate.text)));
        };
        let (mut path, mut place) = (format!("{path}.{}", candidate.text), place.to_owned());
        if candidate.chain.len() > 1 {
            path.push_str(&format!(".{item}"));
            place.push_str(&format!(".{item}"));
        }
        self.instantiate(owner, layer, owner.home, (path, place), at)
    }

    fn holes_in(
        &mut self,
        instance: &Instance,
        at: Span,
        here: &Here,
        holes: &mut Vec<Hole>,
    ) -> Lowering<()> {
        let layer = &self.program.layers[instance.layer];
        if here.depth > MOST_NESTING {
            return Err(Box::new(errors::too_deep(at, layer.name.as_str(), MOST_NESTING)));
        }
        for field in &layer.fields {
            let dot = if here.written.is_empty() { "" } else { "." };
            let place = instance.field_place(field.name);
            let here = Here { written: format!("{}{dot}{}", here.written, field.name), ..*here };
            let Some((owner, value)) = instance.field_value(field) else { continue };
            self.holes_of_field((instance, owner), value, place, field.span, &here, holes)?;
        }
        Ok(())
    }

    fn holes_of_field(
        &mut self,
        (around, owner): (&Instance, &Instance),
        value: &FieldValue,
        place: String,
        span: Span,
        here: &Here,
        holes: &mut Vec<Hole>,
    ) -> Lowering<()> {
        self.span = span;
        self.count_field(&place, span)?;
        match self.chosen(owner, value)? {
            FieldValue::Layer(layer) => {
                let paths = (String::new(), place);
                let inner = self.instantiate_in(around, owner, layer, around.home, paths, span)?;
                let here = Here { depth: here.depth + 1, written: here.written.clone(), ..*here };
                self.holes_in(&inner, span, &here, holes)
            }
            FieldValue::Array(item, places) => {
                let Some(count) = owner.dim(&places.count).as_constant() else {
                    return Err(self.internal(format!("the length of `{place}` is open")));
                };
                for at in 0..count {
                    let here = Here { written: format!("{}[{at}]", here.written), ..*here };
                    let owner = owner.at_place(places, &Dim::constant(at));
                    let place = format!("{place}.{at}");
                    self.holes_of_field((around, &owner), item, place, span, &here, holes)?;
                }
                Ok(())
            }
            FieldValue::Hole(hole) => {
                let index = holes.len();
                holes.push(Hole {
                    place: place.clone(),
                    written: here.written.clone(),
                    span,
                    candidates: hole.candidates.iter().map(|it| it.text.clone()).collect(),
                    within: here.within,
                });
                for (at, candidate) in hole.candidates.iter().enumerate() {
                    for item in 0..candidate.chain.len() {
                        let inner = self.chain_item(owner, candidate, ("", &place), item, span)?;
                        let mut written = here.written.clone();
                        if candidate.chain.len() > 1 {
                            written.push_str(&format!("[{item}]"));
                        }
                        let within = Some((index, at));
                        let here = Here { written, within, depth: here.depth + 1 };
                        self.holes_in(&inner, span, &here, holes)?;
                    }
                }
                Ok(())
            }
            FieldValue::Param { .. }
            | FieldValue::Absent
            | FieldValue::If { .. }
            | FieldValue::Error => Ok(()),
        }
    }
}
